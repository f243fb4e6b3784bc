/**
 * Does the peer hold the leaf's private key? The signature of CertificateVerify (RFC 8446 4.4.3) or of ServerKeyExchange
 * (RFC 5246 7.4.3, RFC 4346 7.4.3), checked against the key in the leaf.
 */
import { constants, type KeyObject, verify } from 'node:crypto';
import type { Possession } from '../model/observation.ts';

interface Scheme {
  /** Types of key it goes with, as `asymmetricKeyType` calls them. */
  readonly key: 'rsa' | 'rsa-pss' | 'ec' | 'dsa' | 'ed25519' | 'ed448';
  /** As node:crypto calls it; undefined for EdDSA. */
  readonly hash?: string;
  readonly pss?: true;
  /** TLS 1.3 ties ECDSA schemes to one curve; absent on what 1.3 forbids in CertificateVerify. */
  readonly tls13?: true;
  readonly curve?: string;
}

const PSS = { pss: true, tls13: true } as const;

/** SignatureScheme (RFC 8446 4.2.3, RFC 8734); the pairs of hash and algorithm of RFC 5246 are the same numbers. */
const SCHEMES: Readonly<Record<number, Scheme>> = {
  257: { key: 'rsa', hash: 'md5' },
  513: { key: 'rsa', hash: 'sha1' },
  514: { key: 'dsa', hash: 'sha1' },
  515: { key: 'ec', hash: 'sha1' },
  769: { key: 'rsa', hash: 'sha224' },
  770: { key: 'dsa', hash: 'sha224' },
  771: { key: 'ec', hash: 'sha224' },
  1025: { key: 'rsa', hash: 'sha256' },
  1026: { key: 'dsa', hash: 'sha256' },
  1027: { key: 'ec', hash: 'sha256', tls13: true, curve: 'prime256v1' },
  1281: { key: 'rsa', hash: 'sha384' },
  1282: { key: 'dsa', hash: 'sha384' },
  1283: { key: 'ec', hash: 'sha384', tls13: true, curve: 'secp384r1' },
  1537: { key: 'rsa', hash: 'sha512' },
  1538: { key: 'dsa', hash: 'sha512' },
  1539: { key: 'ec', hash: 'sha512', tls13: true, curve: 'secp521r1' },
  2052: { key: 'rsa', hash: 'sha256', ...PSS },
  2053: { key: 'rsa', hash: 'sha384', ...PSS },
  2054: { key: 'rsa', hash: 'sha512', ...PSS },
  2055: { key: 'ed25519', tls13: true },
  2056: { key: 'ed448', tls13: true },
  2057: { key: 'rsa-pss', hash: 'sha256', ...PSS },
  2058: { key: 'rsa-pss', hash: 'sha384', ...PSS },
  2059: { key: 'rsa-pss', hash: 'sha512', ...PSS },
  2074: { key: 'ec', hash: 'sha256', tls13: true, curve: 'brainpoolP256r1' },
  2075: { key: 'ec', hash: 'sha384', tls13: true, curve: 'brainpoolP384r1' },
  2076: { key: 'ec', hash: 'sha512', tls13: true, curve: 'brainpoolP512r1' },
};

/** Below TLS 1.2 the key decides: MD5 and SHA-1 side by side for RSA, SHA-1 for the others (RFC 4346 4.7, RFC 8422 5.4). */
const BELOW_TLS12: Readonly<Record<string, Scheme>> = {
  rsa: { key: 'rsa', hash: 'md5-sha1' },
  dsa: { key: 'dsa', hash: 'sha1' },
  ec: { key: 'ec', hash: 'sha1' },
};

export interface SignedContent {
  readonly version: 'tls13' | 'tls12' | 'older';
  /** As the peer named it; undefined below TLS 1.2. */
  readonly scheme: number | undefined;
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
}

/** @returns `wrong` where the signature does not verify, or the scheme cannot belong to the key. */
export function checkPossession(key: KeyObject | undefined, signed: SignedContent): Possession | 'wrong' {
  if (!key) return { kind: 'not-shown', reason: 'unreadable-key' };
  const scheme = schemeOf(key, signed);
  if (!scheme) return { kind: 'not-shown', reason: 'unknown-signature-algorithm' };
  if (key.asymmetricKeyType !== scheme.key) return 'wrong';
  if (signed.version === 'tls13') {
    const curve = key.asymmetricKeyDetails?.namedCurve;
    if (!scheme.tls13 || (scheme.curve && curve !== scheme.curve)) return 'wrong';
  }
  const padding = scheme.pss
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  try {
    const options = scheme.pss ? { key, ...padding } : key;
    return verify(scheme.hash, signed.content, options, signed.signature) ? { kind: 'proven' } : 'wrong';
  } catch {
    // A hash that this build of OpenSSL does not have (MD5 under FIPS), a key too small for its own scheme.
    return { kind: 'not-shown', reason: 'unsupported-signature-algorithm' };
  }
}

function schemeOf(key: KeyObject, signed: SignedContent): Scheme | undefined {
  if (signed.version === 'older') return BELOW_TLS12[key.asymmetricKeyType ?? ''];
  return signed.scheme === undefined ? undefined : SCHEMES[signed.scheme];
}

const SERVER_CONTEXT = Buffer.from(`${' '.repeat(64)}TLS 1.3, server CertificateVerify\0`, 'latin1');

/** What the server signs in TLS 1.3 (RFC 8446 4.4.3). */
export const certificateVerifyContent = (transcript: Uint8Array): Uint8Array =>
  Buffer.concat([SERVER_CONTEXT, transcript]);
