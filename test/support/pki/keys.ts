/**
 * Key pairs for minted certificates. They live in memory only. RSA keys are slow to make, so a process keeps a few of each
 * size and hands them out in turn; every other kind is made afresh.
 */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';

export type KeyKind =
  | 'ec256'
  | 'ec384'
  | 'ec521'
  | 'secp256k1'
  | 'brainpool256'
  | 'rsa512'
  | 'rsa1024'
  | 'rsa2048'
  | 'rsa3072'
  | 'rsa4096'
  | 'rsa-pss2048'
  | 'dsa1024'
  | 'ed25519'
  | 'ed448'
  | 'x25519';

export interface KeyPair {
  readonly kind: KeyKind;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Buffer;
}

const EC_CURVES: Readonly<Partial<Record<KeyKind, string>>> = {
  ec256: 'prime256v1',
  ec384: 'secp384r1',
  ec521: 'secp521r1',
  secp256k1: 'secp256k1',
  brainpool256: 'brainpoolP256r1',
};

/** How many RSA (and DSA) keys of a kind one process makes before it hands the first one out again. */
const POOL_SIZE = 4;
const pools = new Map<string, { readonly pairs: KeyPair[]; next: number }>();

/** @param exponent RSA only: 3 and 65537 are what OpenSSL makes. */
export function makeKey(kind: KeyKind = 'ec256', exponent = 65537): KeyPair {
  if (!/^(rsa|dsa)/.test(kind)) return pairOf(kind, generate(kind, exponent));
  const slot = `${kind}/${exponent}`;
  const pool = pools.get(slot) ?? { pairs: [], next: 0 };
  pools.set(slot, pool);
  if (pool.pairs.length < POOL_SIZE) {
    const pair = pairOf(kind, generate(kind, exponent));
    pool.pairs.push(pair);
    return pair;
  }
  const pair = pool.pairs[pool.next % POOL_SIZE]!;
  pool.next += 1;
  return pair;
}

/** PKCS#8 PEM, for a server's `key` option. Never write it anywhere but into a temporary folder. */
export function privateKeyPem(pair: KeyPair): string {
  return pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** RFC 5280 4.2.1.2 (1): SHA-1 over the subjectPublicKey bits, without tag, length and unused bits. */
export function keyIdentifier(spki: Uint8Array): Buffer {
  return createHash('sha1').update(subjectPublicKeyBits(spki)).digest();
}

/** The content of the BIT STRING of a SubjectPublicKeyInfo: for EC keys the point, for RSA keys RSAPublicKey DER. */
export function subjectPublicKeyBits(spki: Uint8Array): Buffer {
  const der = Buffer.from(spki);
  const outer = header(der, 0);
  const algorithm = header(der, outer.start);
  const bits = header(der, algorithm.end);
  return der.subarray(bits.start + 1, bits.end);
}

function header(der: Buffer, at: number): { start: number; end: number } {
  const first = der[at + 1] ?? 0;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  const length = octets === 0 ? first : der.readUIntBE(at + 2, octets);
  const start = at + 2 + octets;
  return { start, end: start + length };
}

function generate(kind: KeyKind, publicExponent: number): { publicKey: KeyObject; privateKey: KeyObject } {
  const namedCurve = EC_CURVES[kind];
  if (namedCurve) return generateKeyPairSync('ec', { namedCurve });
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'ed448') return generateKeyPairSync('ed448');
  if (kind === 'x25519') return generateKeyPairSync('x25519');
  const modulusLength = Number(/\d+$/.exec(kind)![0]);
  if (kind.startsWith('dsa')) return generateKeyPairSync('dsa', { modulusLength, divisorLength: 160 });
  if (kind.startsWith('rsa-pss')) return generateKeyPairSync('rsa-pss', { modulusLength, publicExponent });
  return generateKeyPairSync('rsa', { modulusLength, publicExponent });
}

function pairOf(kind: KeyKind, keys: { publicKey: KeyObject; privateKey: KeyObject }): KeyPair {
  return { kind, ...keys, spki: keys.publicKey.export({ type: 'spki', format: 'der' }) };
}
