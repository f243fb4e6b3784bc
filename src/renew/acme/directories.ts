/**
 * The directories that have a name, and what certwatch knows about the CAs behind them.
 */
import { err, ok, type Result } from '../../model/result.ts';

export const DIRECTORIES: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
  zerossl: 'https://acme.zerossl.com/v2/DV90',
  google: 'https://dv.acme-v02.api.pki.goog/directory',
};

/** Where `--rehearse` goes: each CA's own staging directory; a URL of one's own has none. */
export const STAGING: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-staging-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
  google: 'https://dv.acme-v02.test-api.pki.goog/directory',
};

/**
 * The directory's URL for a known name or a URL.
 * RFC 8555 6.1: ACME is spoken over HTTPS only.
 * @returns the error as one sentence with the value and what was expected.
 */
export function directoryUrl(directory: string): Result<string, string> {
  const known = Object.hasOwn(DIRECTORIES, directory) ? DIRECTORIES[directory] : undefined;
  if (known) return ok(known);
  const url = URL.canParse(directory) ? new URL(directory) : undefined;
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return ok(url.href);
  const names = Object.keys(DIRECTORIES).join(', ');
  return err(`expected an ACME directory: ${names}, or an https URL, got ${JSON.stringify(directory)}`);
}
