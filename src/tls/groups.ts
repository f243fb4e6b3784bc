/**
 * Named groups (RFC 8446 4.2.7): which are offered, and key agreement in those that node:crypto can do. Nothing that is
 * encrypted here is secret, so one key pair a group serves the whole process.
 */
import {
  createECDH,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

export interface KeyPair {
  readonly group: number;
  /** As it goes into key_share or ClientKeyExchange. */
  readonly share: Uint8Array;
  /** @returns the shared secret, or undefined where the peer's share is no point of the group. */
  agree(peer: Uint8Array): Uint8Array | undefined;
}

export const X25519 = 0x001d;

const MONTGOMERY: Readonly<Record<number, { readonly type: 'x25519' | 'x448'; readonly crv: string }>> = {
  [X25519]: { type: 'x25519', crv: 'X25519' },
  30: { type: 'x448', crv: 'X448' },
};

const CURVES: Readonly<Record<number, string>> = {
  23: 'prime256v1',
  24: 'secp384r1',
  25: 'secp521r1',
  21: 'secp224r1',
  22: 'secp256k1',
  26: 'brainpoolP256r1',
  27: 'brainpoolP384r1',
  28: 'brainpoolP512r1',
  // The same three under their TLS 1.3 numbers (RFC 8734).
  31: 'brainpoolP256r1',
  32: 'brainpoolP384r1',
  33: 'brainpoolP512r1',
};

/** RFC 7919 appendix A: bits, and the number that makes 2^b − 2^(b−64) + (⌊2^(b−130)·e⌋ + X)·2^64 − 1 a safe prime. */
const FFDHE: Readonly<Record<number, readonly [bits: number, x: number]>> = {
  256: [2048, 560316],
  257: [3072, 2625351],
  258: [4096, 5736041],
  259: [6144, 15705020],
  260: [8192, 10965728],
};

/**
 * The offer, in OpenSSL's order; behind it the curves that a certificate below TLS 1.3 may only use when they are offered
 * (RFC 8422 5.1.1), and the brainpool groups of 1.3.
 */
export const OFFERED_GROUPS: readonly number[] = [
  X25519,
  23,
  30,
  25,
  24,
  256,
  257,
  258,
  259,
  260,
  26,
  27,
  28,
  22,
  21,
  31,
  32,
  33,
];

const pairs = new Map<number, KeyPair>();

/** @returns the process's pair for this group, made at its first use; undefined for a group that is not known. */
export function keyPair(group: number): KeyPair | undefined {
  let pair = pairs.get(group);
  if (!pair) {
    pair = makePair(group);
    if (pair) pairs.set(group, pair);
  }
  return pair;
}

function makePair(group: number): KeyPair | undefined {
  const montgomery = MONTGOMERY[group];
  if (montgomery) return montgomeryPair(group, montgomery.type, montgomery.crv);
  const curve = CURVES[group];
  if (curve) return curvePair(group, curve);
  const field = FFDHE[group];
  return field ? fieldPair(group, field[0], field[1]) : undefined;
}

function montgomeryPair(group: number, type: 'x25519' | 'x448', crv: string): KeyPair {
  // The overloads of generateKeyPairSync want one literal each.
  const { privateKey, publicKey } = type === 'x25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('x448');
  const length = type === 'x25519' ? 32 : 56;
  // Never export({format: 'jwk'}) here: on Node 20 it can deadlock in a GC right after generateKeyPairSync.
  const share = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-length));
  return {
    group,
    share,
    agree: (peer) => (peer.length === length ? montgomeryAgree(privateKey, crv, peer) : undefined),
  };
}

function montgomeryAgree(privateKey: KeyObject, crv: string, peer: Uint8Array): Uint8Array | undefined {
  try {
    // Import by JWK is an order of magnitude cheaper than by SPKI on Node 20.
    const x = Buffer.from(peer.buffer, peer.byteOffset, peer.length).toString('base64url');
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv, x }, format: 'jwk' });
    return diffieHellman({ privateKey, publicKey });
  } catch {
    return undefined;
  }
}

function curvePair(group: number, curve: string): KeyPair | undefined {
  try {
    const ecdh = createECDH(curve);
    return { group, share: ecdh.generateKeys(), agree: (peer) => attempt(() => ecdh.computeSecret(peer)) };
  } catch {
    return undefined; // a build of OpenSSL without this curve
  }
}

/**
 * By BigInt, since OpenSSL's DH objects differ too much between versions: some test an 8192-bit prime for seconds before
 * they use it. A short exponent will do where there is nothing to protect.
 */
function fieldPair(group: number, bits: number, x: number): KeyPair {
  const prime = ffdhePrime(bits, x);
  const exponent = BigInt(`0x${randomBytes(16).toString('hex')}`) | 1n;
  const encode = (value: bigint) => Buffer.from(value.toString(16).padStart(bits / 4, '0'), 'hex');
  return {
    group,
    share: encode(power(2n, exponent, prime)),
    agree: (peer) => {
      const value = BigInt(`0x0${Buffer.from(peer).toString('hex')}`);
      // RFC 8446 4.2.8.1: 1 < Y < p − 1.
      if (peer.length !== bits / 8 || value <= 1n || value >= prime - 1n) return undefined;
      return encode(power(value, exponent, prime));
    },
  };
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function attempt(work: () => Uint8Array): Uint8Array | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Computed rather than carried: 3 kB of hex that nobody could proofread. */
function ffdhePrime(bits: number, x: number): bigint {
  const b = BigInt(bits);
  // e = Σ 1/n!, with 64 guard bits against the divisions' rounding.
  let term = 1n << (b - 130n + 64n);
  let e = 0n;
  for (let n = 1n; term > 0n; n++) {
    e += term;
    term /= n;
  }
  return (1n << b) - (1n << (b - 64n)) + (((e >> 64n) + BigInt(x)) << 64n) - 1n;
}
