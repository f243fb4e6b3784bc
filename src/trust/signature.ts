/**
 * Who signed what: certificate signatures by node:crypto over the exact TBS bytes. Keys are imported once per certificate
 * and answers remembered, so that an intermediate which recurs with every host costs one verification a run.
 */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Certificate, KeyType } from '../model/certificate.ts';
import { RecentMap } from '../x509/recent.ts';
import { type PssParameters, readPssParameters } from '../x509/signature-algorithm.ts';
import { spkiSha256 } from '../x509/spki.ts';

export type SignatureAnswer = 'good' | 'bad' | 'unsupported-algorithm' | 'unsupported-key';

/** Two generations of about 150 bytes each: under 1 MB. */
const answers = new RecentMap<string, SignatureAnswer>(2048);
const keys = new WeakMap<Certificate, KeyObject | 'unsupported'>();

/** The key type that a signature algorithm goes with, by its OID's arc (RFC 3279, 4055, 5758, 8410). */
function keyTypeFor(oid: string): KeyType | undefined {
  if (oid.startsWith('1.2.840.113549.1.1.') || oid === '1.3.14.3.2.29') return 'rsa';
  if (oid.startsWith('1.2.840.10045.4.')) return 'ec';
  if (oid === '1.3.101.112') return 'ed25519';
  if (oid === '1.3.101.113') return 'ed448';
  if (oid === '1.2.840.10040.4.3' || oid.startsWith('2.16.840.1.101.3.4.3.')) return 'dsa';
  return undefined;
}

function keyOf(certificate: Certificate): KeyObject | 'unsupported' {
  let key = keys.get(certificate);
  if (!key) {
    const { spki } = certificate.publicKey;
    try {
      const der = Buffer.from(spki.buffer, spki.byteOffset, spki.length);
      key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    } catch {
      // OpenSSL does not know the algorithm or curve, or the point is not on it.
      key = 'unsupported';
    }
    keys.set(certificate, key);
  }
  return key;
}

/** MGF1 with another hash than the message's cannot be said to node:crypto; nobody uses it. */
const pssUsable = (pss: PssParameters | null): pss is PssParameters => pss !== null && pss.hash === pss.mgfHash;

/** What a CA signs: a certificate, a revocation list, an OCSP answer. */
export type Signed = Pick<Certificate, 'tbs' | 'signatureAlgorithm' | 'signature'>;

/** Are these bytes signed by the key in `issuer`? Says nothing about names, dates or permissions, and remembers nothing. */
export function checkSigned({ tbs, signatureAlgorithm, signature }: Signed, issuer: Certificate): SignatureAnswer {
  const { oid, hash, der } = signatureAlgorithm;
  const type = keyTypeFor(oid);
  if (type === undefined) return 'unsupported-algorithm';
  // A signature of another kind of key was not made by this one.
  if (type !== issuer.publicKey.type) return 'bad';
  const pss = oid === '1.2.840.113549.1.1.10' ? readPssParameters(der) : undefined;
  if (pss === null || (pss && !pssUsable(pss))) return 'unsupported-algorithm';
  if (hash === undefined && type !== 'ed25519' && type !== 'ed448') return 'unsupported-algorithm';
  const key = keyOf(issuer);
  if (key === 'unsupported') return 'unsupported-key';
  const input = pss ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: pss.saltLength } : key;
  try {
    return verify(hash ?? null, tbs, input, signature) ? 'good' : 'bad';
  } catch {
    return 'unsupported-algorithm';
  }
}

const signatureAnswerKey = (child: Certificate, issuer: Certificate): string => `${spkiSha256(issuer)}:${child.sha256}`;

/** What was answered before about this pair, at no cost. */
export const knownSignature = (child: Certificate, issuer: Certificate): SignatureAnswer | undefined =>
  answers.get(signatureAnswerKey(child, issuer));

/** Is `child` signed by the key in `issuer`? Says nothing about names, dates or permissions. */
export function checkSignature(child: Certificate, issuer: Certificate): SignatureAnswer {
  const key = signatureAnswerKey(child, issuer);
  let answer = answers.get(key);
  if (answer === undefined) {
    answer = checkSigned(child, issuer);
    answers.set(key, answer);
  }
  return answer;
}
