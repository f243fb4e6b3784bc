/**
 * Keys and signatures too weak to build trust on. By default a path with one of them is still trusted: reports carry that
 * as findings of their own (`weak-key`, `weak-signature`), which say more to the reader than "not trusted" and do not drown
 * an expiry. `strength: 'reject'` makes them problems of the path, as browsers do and conformance suites ask.
 */
import type { Certificate } from '../model/certificate.ts';

/**
 * CA/B Forum BR 6.1.5 and 6.1.6: RSA from 2048 bits, in whole octets; EC on P-256 or above (smaller fields are P-192 and
 * P-224); no DSA.
 */
export function hasWeakKey(certificate: Certificate): boolean {
  const { type, bits } = certificate.publicKey;
  switch (type) {
    case 'rsa':
      return bits < 2048 || bits % 8 !== 0;
    case 'ec':
      return bits < 256;
    case 'dsa':
      return true;
    default:
      return false;
  }
}

const BROKEN: ReadonlySet<string> = new Set(['md2', 'md4', 'md5', 'sha1']);

/** Signed over a hash whose collisions have been made. An anchor's own signature vouches for nothing and is not asked. */
export const hasBrokenSignature = (certificate: Certificate): boolean =>
  certificate.signatureAlgorithm.hash !== undefined && BROKEN.has(certificate.signatureAlgorithm.hash);
