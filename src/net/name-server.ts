/**
 * A name server as a person writes it: `ADDR[:PORT]`, for `--resolver`.
 */

import { err, ok, type Result } from '../model/result.ts';
import { ipVersion } from '../x509/ip.ts';

/**
 * @param text `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`.
 * @returns the form that `createResolver({ servers })` takes; the error says what was found and expected.
 */
export function parseNameServer(text: string): Result<string, string> {
  const trimmed = text.trim();
  if (ipVersion(trimmed) !== 0) return ok(trimmed);
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(trimmed) ?? [];
  const good = bracketed === undefined ? plain !== undefined && ipVersion(plain) === 4 : ipVersion(bracketed) === 6;
  const number = port === undefined ? 53 : Number(port);
  if (!good || number < 1 || number > 65_535) {
    return err(
      `expected a name server as ADDRESS[:PORT], such as 192.0.2.53 or [2001:db8::53]:5353, got ${JSON.stringify(text)}`,
    );
  }
  return ok(bracketed === undefined ? `${plain}:${number}` : `[${bracketed}]:${number}`);
}
