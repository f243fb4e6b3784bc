/**
 * Keys that are too short or broken in kind (NIST SP 800-57 part 1: 112 bits of strength; RFC 8017 3.1 for exponents).
 */
import type { PublicKey } from '../../model/certificate.ts';
import type { Finding, FindingData } from '../../model/finding.ts';
import type { Rule } from './rule.ts';

const RSA_MINIMUM_BITS = 2048;
const EC_MINIMUM_BITS = 224;

export const weakKey: Rule = ({ path }) =>
  path.flatMap(({ certificate, index }): Finding[] => {
    const data = weakness(certificate.publicKey);
    return data ? [{ code: 'weak-key', severity: 'warning', certificate: index, data }] : [];
  });

function weakness({ type, bits, curve, exponent }: PublicKey): FindingData['weak-key'] | undefined {
  switch (type) {
    case 'rsa':
      if (bits < RSA_MINIMUM_BITS) return { type, bits, minimumBits: RSA_MINIMUM_BITS };
      // With exponent 1 the signature is the message; an even one has no inverse.
      return exponent !== undefined && (exponent === 1 || exponent % 2 === 0) ? { type, bits, exponent } : undefined;
    case 'ec':
      // 0: a curve that is not known here, of which nothing can be said.
      if (bits === 0 || bits >= EC_MINIMUM_BITS) return undefined;
      return { type, bits, minimumBits: EC_MINIMUM_BITS, ...(curve === undefined ? {} : { curve }) };
    case 'dsa':
      return { type, bits };
    case 'ed25519':
    case 'ed448':
    case 'other':
      return undefined;
  }
}
