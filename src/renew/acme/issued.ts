/**
 * Is what came back what was asked for? The questions are those of the installation, asked before anything is written, and
 * answered in the words of an order; and each name has to stand there as it was asked for. Pure.
 */
import type { Certificate } from '../../model/certificate.ts';
import { ok, type Result } from '../../model/result.ts';
import { parseIp } from '../../x509/ip.ts';
import { type CertificateSet, checkSet, parseSet } from '../install/certificate-set.ts';
import type { InstallProblem, InstallReason } from '../install/trouble.ts';
import { type AcmeReason, fail, type Trouble } from './failure.ts';

/** No CA sends more; 10 is what browsers follow. */
const LONGEST_CHAIN = 10;

export interface Expected {
  readonly keyPem: string;
  /** As in the job. */
  readonly identifiers: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const REASONS: Partial<Record<InstallReason, AcmeReason>> = {
  'key-unreadable': 'key-file',
  'key-mismatch': 'other-key',
  'names-missing': 'other-names',
  'not-valid-now': 'not-valid-now',
};

export function checkIssued(chainPem: string, { keyPem, identifiers, now }: Expected): Result<CertificateSet, Trouble> {
  const set = parseSet(keyPem, chainPem, 'the chain');
  if (!set.ok) return refused(set.error);
  const checked = checkSet(set.value, { domains: identifiers, now });
  if (!checked.ok) return refused(checked.error);
  const { chain } = set.value;
  if (chain.length > LONGEST_CHAIN) return fail('bad-chain', `the CA sent ${chain.length} certificates`);
  const [leaf] = chain;
  const missing = identifiers.filter((name) => !names(leaf, name));
  return missing.length === 0
    ? ok(set.value)
    : fail('other-names', `the CA sent a certificate that does not name ${missing.join(', ')}`);
}

const refused = ({ reason, detail }: InstallProblem): Result<never, Trouble> =>
  fail(REASONS[reason] ?? 'bad-chain', `what the CA sent is not what was asked for: ${detail}`);

/** A wildcard would cover the name; it is not what was asked for. */
const names = ({ subjectAltName = [] }: Certificate, name: string): boolean =>
  parseIp(name) !== undefined || subjectAltName.some((san) => san.kind === 'dns' && san.value.toLowerCase() === name);

const COMMON_NAME = '2.5.4.3';

/** Does a certificate of the chain have an issuer of that common name? */
export function hasIssuer(chain: readonly Certificate[], commonName: string): boolean {
  return chain.some(({ issuer }) =>
    issuer.rdns.some((rdn) => rdn.some(({ oid, value }) => oid === COMMON_NAME && value === commonName)),
  );
}
