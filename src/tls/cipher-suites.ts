/**
 * Cipher suites that are offered, and what their names say. Up to TLS 1.2 the Certificate message is not encrypted, so a
 * suite can be offered that nothing here could ever encrypt with: devices that speak only RC4 or 3DES still show theirs.
 */

import type { KeyKind } from '../model/target.ts';

export type AeadAlgorithm = 'aes-128-gcm' | 'aes-256-gcm' | 'aes-128-ccm' | 'aes-256-ccm' | 'chacha20-poly1305';

export interface Aead {
  readonly algorithm: AeadAlgorithm;
  readonly keyLength: number;
  readonly tagLength: number;
  /** TLS 1.2 only: 8 bytes of the nonce come with each record (RFC 5288, 6655); not so for ChaCha20 (RFC 7905). */
  readonly explicitNonce: boolean;
}

export interface CipherSuite {
  readonly id: number;
  /** IANA name. */
  readonly name: string;
  readonly keyExchange: 'tls13' | 'ecdhe' | 'dhe' | 'rsa';
  /** Of the key schedule (1.3) and of the PRF (1.2). */
  readonly hash: 'sha256' | 'sha384';
  /** Absent for CBC and stream suites, and for ciphers that are not worth having. */
  readonly aead?: Aead;
}

/** In the order of the offer: OpenSSL's, strongest first, with what OpenSSL 3 no longer speaks behind it. */
const OFFERED: readonly (readonly [number, string])[] = [
  [0x1302, 'TLS_AES_256_GCM_SHA384'],
  [0x1303, 'TLS_CHACHA20_POLY1305_SHA256'],
  [0x1301, 'TLS_AES_128_GCM_SHA256'],
  [0x1304, 'TLS_AES_128_CCM_SHA256'],
  [0x1305, 'TLS_AES_128_CCM_8_SHA256'],
  [0xc02c, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
  [0xc030, 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  [0x009f, 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384'],
  [0x00a3, 'TLS_DHE_DSS_WITH_AES_256_GCM_SHA384'],
  [0xcca9, 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'],
  [0xcca8, 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256'],
  [0xccaa, 'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256'],
  [0xc0af, 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8'],
  [0xc0ad, 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM'],
  [0xc0a3, 'TLS_DHE_RSA_WITH_AES_256_CCM_8'],
  [0xc09f, 'TLS_DHE_RSA_WITH_AES_256_CCM'],
  [0xc02b, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
  [0xc02f, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
  [0x009e, 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256'],
  [0x00a2, 'TLS_DHE_DSS_WITH_AES_128_GCM_SHA256'],
  [0xc0ae, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'],
  [0xc0ac, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM'],
  [0xc0a2, 'TLS_DHE_RSA_WITH_AES_128_CCM_8'],
  [0xc09e, 'TLS_DHE_RSA_WITH_AES_128_CCM'],
  [0xc024, 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384'],
  [0xc028, 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384'],
  [0x006b, 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA256'],
  [0x006a, 'TLS_DHE_DSS_WITH_AES_256_CBC_SHA256'],
  [0xc023, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256'],
  [0xc027, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256'],
  [0x0067, 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA256'],
  [0x0040, 'TLS_DHE_DSS_WITH_AES_128_CBC_SHA256'],
  [0xc00a, 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA'],
  [0xc014, 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
  [0x0039, 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA'],
  [0x0038, 'TLS_DHE_DSS_WITH_AES_256_CBC_SHA'],
  [0xc009, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'],
  [0xc013, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'],
  [0x0033, 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA'],
  [0x0032, 'TLS_DHE_DSS_WITH_AES_128_CBC_SHA'],
  [0x009d, 'TLS_RSA_WITH_AES_256_GCM_SHA384'],
  [0xc0a1, 'TLS_RSA_WITH_AES_256_CCM_8'],
  [0xc09d, 'TLS_RSA_WITH_AES_256_CCM'],
  [0x009c, 'TLS_RSA_WITH_AES_128_GCM_SHA256'],
  [0xc0a0, 'TLS_RSA_WITH_AES_128_CCM_8'],
  [0xc09c, 'TLS_RSA_WITH_AES_128_CCM'],
  [0x003d, 'TLS_RSA_WITH_AES_256_CBC_SHA256'],
  [0x003c, 'TLS_RSA_WITH_AES_128_CBC_SHA256'],
  [0x0035, 'TLS_RSA_WITH_AES_256_CBC_SHA'],
  [0x002f, 'TLS_RSA_WITH_AES_128_CBC_SHA'],
  [0xc073, 'TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384'],
  [0xc077, 'TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384'],
  [0x0088, 'TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA'],
  [0x0045, 'TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA'],
  [0x0084, 'TLS_RSA_WITH_CAMELLIA_256_CBC_SHA'],
  [0x0041, 'TLS_RSA_WITH_CAMELLIA_128_CBC_SHA'],
  [0xc05c, 'TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256'],
  [0xc060, 'TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256'],
  [0x0096, 'TLS_RSA_WITH_SEED_CBC_SHA'],
  [0xc008, 'TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA'],
  [0xc012, 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA'],
  [0x0016, 'TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA'],
  [0x0013, 'TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA'],
  [0x000a, 'TLS_RSA_WITH_3DES_EDE_CBC_SHA'],
  [0xc007, 'TLS_ECDHE_ECDSA_WITH_RC4_128_SHA'],
  [0xc011, 'TLS_ECDHE_RSA_WITH_RC4_128_SHA'],
  [0x0005, 'TLS_RSA_WITH_RC4_128_SHA'],
  [0x0004, 'TLS_RSA_WITH_RC4_128_MD5'],
  [0x0009, 'TLS_RSA_WITH_DES_CBC_SHA'],
];

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 3.3): servers that insist on secure renegotiation want to see it. */
const RENEGOTIATION_SCSV = 0x00ff;

export const OFFERED_SUITES: readonly number[] = [...OFFERED.map(([id]) => id), RENEGOTIATION_SCSV];

/** Up to TLS 1.2 the suite says which kind of key the certificate has. */
const OF_KIND: Readonly<Record<KeyKind, RegExp>> = {
  ec: /^TLS_(AES|CHACHA20|ECDHE_ECDSA)_/,
  rsa: /^TLS_(AES|CHACHA20|(ECDHE_|DHE_)?RSA)_/,
};

/** Those that fit a certificate with such a key. */
export const suitesFor = (kind: KeyKind): readonly number[] => [
  ...OFFERED.filter(([, name]) => OF_KIND[kind].test(name)).map(([id]) => id),
  RENEGOTIATION_SCSV,
];

const names = new Map(OFFERED);
const known = new Map<number, CipherSuite>();

/** @returns undefined for a suite that was not offered. */
export function cipherSuite(id: number): CipherSuite | undefined {
  const name = names.get(id);
  if (name === undefined) return undefined;
  let suite = known.get(id);
  if (!suite) {
    suite = describe(id, name);
    known.set(id, suite);
  }
  return suite;
}

function describe(id: number, name: string): CipherSuite {
  const exchange = /^TLS_(ECDHE|DHE|RSA)_/.exec(name)?.[1]?.toLowerCase() as 'ecdhe' | 'dhe' | 'rsa' | undefined;
  const aead = aeadOf(name);
  return {
    id,
    name,
    keyExchange: exchange ?? 'tls13',
    hash: name.endsWith('SHA384') ? 'sha384' : 'sha256',
    ...(aead ? { aead } : {}),
  };
}

function aeadOf(name: string): Aead | undefined {
  if (name.includes('CHACHA20')) {
    return { algorithm: 'chacha20-poly1305', keyLength: 32, tagLength: 16, explicitNonce: false };
  }
  const aes = /_AES_(128|256)_(GCM|CCM)(_8)?/.exec(name);
  if (!aes) return undefined;
  return {
    algorithm: `aes-${aes[1]}-${aes[2]?.toLowerCase()}` as AeadAlgorithm,
    keyLength: Number(aes[1]) / 8,
    tagLength: aes[3] ? 8 : 16,
    explicitNonce: true,
  };
}
