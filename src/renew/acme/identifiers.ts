/**
 * The names of a job as ACME identifiers (RFC 8555 7.1.4, RFC 8738), checked before anything is asked of a CA. Pure.
 */
import { isIP } from 'node:net';
import { err, ok, type Result } from '../../model/result.ts';
import { parseIp } from '../../x509/ip.ts';
import type { Identifier } from './ca/objects.ts';
import { fail, type Trouble } from './failure.ts';
import type { ChallengeConfig } from './job.ts';

const LABEL = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9])?$/;
const LONGEST_NAME = 253;
const MOST = 100;

/** @returns identifiers in the job's order, lower case; the error names the value. */
export function readIdentifiers(
  names: readonly string[],
  challenge: ChallengeConfig,
): Result<readonly Identifier[], Trouble> {
  if (names.length === 0) return fail('bad-job', 'expected at least one name for the certificate, got none');
  if (names.length > MOST) return fail('bad-job', `expected at most ${MOST} names, got ${names.length}`);
  const identifiers: Identifier[] = [];
  for (const name of names) {
    const identifier = readIdentifier(name);
    if (!identifier.ok) return fail('bad-job', identifier.error);
    const { type, value } = identifier.value;
    if (value.startsWith('*.') && challenge.type !== 'dns-01') {
      return fail('wildcard-needs-dns', `${value} can only be proven by dns-01, not by ${challenge.type}`);
    }
    if (type === 'ip' && challenge.type === 'dns-01') {
      return fail('ip-needs-http-or-alpn', `${value} can only be proven by http-01 or tls-alpn-01`);
    }
    if (!identifiers.some((each) => each.value === value)) identifiers.push(identifier.value);
  }
  return ok(identifiers);
}

function readIdentifier(text: string): Result<Identifier, string> {
  const value = text.trim().toLowerCase().replace(/\.$/, '');
  // RFC 8738 3: as RFC 5952 writes it; URL does.
  if (isIP(value) === 6) return ok({ type: 'ip', value: new URL(`http://[${value}]`).hostname.slice(1, -1) });
  if (parseIp(value)) return ok({ type: 'ip', value });
  const labels = (value.startsWith('*.') ? value.slice(2) : value).split('.');
  const good = value.length <= LONGEST_NAME && labels.every((label) => label.length <= 63 && LABEL.test(label));
  return good
    ? ok({ type: 'dns', value })
    : err(`expected a DNS name (in A-label form) or an IP address, got ${JSON.stringify(text)}`);
}
