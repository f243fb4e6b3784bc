/**
 * Is what came back what was asked for? Checked before anything is handed on: the certificate belongs to the key, covers
 * every name, is valid now, and what follows it leads upwards. Pure but for the key's public half.
 */
import { createPublicKey, verify } from 'node:crypto';
import type { Certificate } from '../../model/certificate.ts';
import { ok, type Result } from '../../model/result.ts';
import { bytesEqual } from '../../x509/der.ts';
import { matchesHostname } from '../../x509/hostname.ts';
import { parseIp } from '../../x509/ip.ts';
import { formatGeneralName, namesMatch } from '../../x509/name.ts';
import { parseCertificate } from '../../x509/parse-certificate.ts';
import { decodePem } from '../../x509/pem.ts';
import { fail, type Trouble } from './failure.ts';

export interface IssuedChain {
  readonly leaf: Certificate;
  /** Leaf first. */
  readonly chain: readonly Certificate[];
}

/** No CA sends more; 10 is what browsers follow. */
const LONGEST_CHAIN = 10;

/** A CA may date a certificate back, and clocks differ: this much of a future notBefore is let pass. */
const CLOCK_SKEW_MS = 5 * 60_000;

export interface Expected {
  readonly keyPem: string;
  /** As in the job. */
  readonly identifiers: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function checkIssued(pem: string, expected: Expected): Result<IssuedChain, Trouble> {
  const parsed = parseChain(pem);
  if (!parsed.ok) return parsed;
  const { leaf } = parsed.value;
  const own = createPublicKey(expected.keyPem).export({ type: 'spki', format: 'der' });
  if (!bytesEqual(own, leaf.publicKey.spki)) {
    return fail('other-key', 'the CA sent a certificate for another key than the one that was asked for');
  }
  const missing = expected.identifiers.filter((name) => !covers(leaf, name));
  if (missing.length > 0) {
    const names = (leaf.subjectAltName ?? []).map(formatGeneralName).join(', ') || 'no name at all';
    return fail('other-names', `the CA sent a certificate for ${names}, which leaves out ${missing.join(', ')}`);
  }
  const { notBefore, notAfter } = leaf;
  if (notBefore > expected.now + CLOCK_SKEW_MS || notAfter < expected.now) {
    const span = `${new Date(notBefore).toISOString()} to ${new Date(notAfter).toISOString()}`;
    return fail('not-valid-now', `the certificate is valid from ${span}, which is not now: is this clock right?`);
  }
  return parsed;
}

function parseChain(pem: string): Result<IssuedChain, Trouble> {
  const ders = decodePem(pem);
  if (!ders.ok) return fail('bad-chain', `the CA sent a chain that is no PEM: ${ders.error}`);
  if (ders.value.length === 0) return fail('bad-chain', 'the CA sent a chain without a certificate');
  if (ders.value.length > LONGEST_CHAIN) return fail('bad-chain', `the CA sent ${ders.value.length} certificates`);
  const chain: Certificate[] = [];
  for (const der of ders.value) {
    const certificate = parseCertificate(der);
    if (!certificate.ok) return fail('bad-chain', `certificate ${chain.length} of the chain: ${certificate.error}`);
    const below = chain.at(-1);
    if (below && !isIssuedBy(below, certificate.value)) {
      return fail('bad-chain', `certificate ${chain.length} of the chain did not issue the one before it`);
    }
    chain.push(certificate.value);
  }
  return ok({ leaf: chain[0]!, chain });
}

function isIssuedBy(below: Certificate, above: Certificate): boolean {
  if (!namesMatch(below.issuer, above.subject)) return false;
  const key = { key: Buffer.from(above.publicKey.spki), format: 'der', type: 'spki' } as const;
  const { hash } = below.signatureAlgorithm;
  // A scheme that is not known here (PSS, something new) is no reason to refuse what the CA sent.
  if (!hash || below.signatureAlgorithm.name === 'rsassaPss') return true;
  try {
    return verify(hash, below.tbs, key, below.signature);
  } catch {
    return true;
  }
}

const COMMON_NAME = '2.5.4.3';

/** Does a certificate of the chain have an issuer of that common name? */
export function hasIssuer(chain: readonly Certificate[], commonName: string): boolean {
  return chain.some(({ issuer }) =>
    issuer.rdns.some((rdn) => rdn.some(({ oid, value }) => oid === COMMON_NAME && value === commonName)),
  );
}

/** A wildcard that was asked for must be there as such: covering one name by it would prove nothing. */
function covers(leaf: Certificate, name: string): boolean {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  if (parseIp(wanted)) return matchesHostname(leaf, wanted);
  return (leaf.subjectAltName ?? []).some((san) => san.kind === 'dns' && san.value.toLowerCase() === wanted);
}
