/**
 * Password-based encryption as PKCS#12 stores use it: PBES2 (RFC 8018 6.2, what OpenSSL 3 and Java 17 write) and the older
 * schemes of RFC 7292 C (Windows, `openssl pkcs12 -legacy`, older Java). AES and triple DES are node:crypto's; RC2, which
 * OpenSSL 3 keeps from it, is node-forge's.
 */
import { createDecipheriv } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { TAG } from '../x509/der.ts';
import { readOid } from '../x509/oid.ts';
import { BerCursor } from './ber.ts';
import { type Trouble, trouble } from './container.ts';
import { type Forge, loadForge } from './forge.ts';
import { type Derivation, derivePbkdf2, derivePkcs12, HASH, type Hash } from './key-derivation.ts';
import type { Password } from './password.ts';

/** AlgorithmIdentifier: the dotted OID, and a new cursor at its parameters whenever they are read. */
export interface Algorithm {
  readonly oid: string;
  parameters(): BerCursor;
}

export function takeAlgorithm(cursor: BerCursor): Algorithm | null {
  const fields = cursor.enter(TAG.sequence);
  const element = fields?.take(TAG.oid);
  const oid = fields && element && readOid(fields.bytes, element.body, element.bodyEnd);
  return oid ? { oid, parameters: () => new BerCursor(fields.bytes, element.end, fields.end) } : null;
}

export interface Pbkdf2Parameters extends Omit<Derivation, 'length'> {
  /** Octets, where they are given. */
  readonly length?: number;
}

const PBKDF2 = '1.2.840.113549.1.5.12';
const SCRYPT = '1.3.6.1.4.1.11591.4.11';

const HMAC: Readonly<Record<string, Hash>> = {
  '1.2.840.113549.2.7': HASH.sha1,
  '1.2.840.113549.2.8': HASH.sha224,
  '1.2.840.113549.2.9': HASH.sha256,
  '1.2.840.113549.2.10': HASH.sha384,
  '1.2.840.113549.2.11': HASH.sha512,
};

export const hmacOf = ({ oid }: Algorithm): Hash | undefined => HMAC[oid];

/** How PBES2 and PBMAC1 get their key. */
export function readKeyDerivation(cursor: BerCursor): Result<Pbkdf2Parameters, Trouble> {
  const algorithm = takeAlgorithm(cursor);
  if (!algorithm) return badParameters();
  if (algorithm.oid === SCRYPT) return unknown('derives its key by scrypt');
  if (algorithm.oid !== PBKDF2) return unknown(`derives its key by ${algorithm.oid}`);
  const parameters = algorithm.parameters().enter(TAG.sequence);
  const salt = parameters?.takeOctets();
  const iterations = parameters?.takeInteger();
  if (!parameters || !salt || typeof iterations !== 'number') return badParameters();
  const length = parameters.takeInteger();
  const prf = parameters.done ? undefined : takeAlgorithm(parameters);
  if (prf === null) return badParameters();
  const hash = prf === undefined ? HASH.sha1 : hmacOf(prf);
  if (!hash) return unknown(`derives its key by PBKDF2 with ${prf?.oid}`);
  return ok({ hash, salt, iterations, ...(length === null ? {} : { length }) });
}

/** What there is to do once there is a key. */
interface Cipher {
  readonly name: 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' | 'des-ede3-cbc' | 'rc2-cbc';
  /** Octets. */
  readonly key: number;
  readonly iv: number;
}

const PBES2 = '1.2.840.113549.1.5.13';
const CIPHERS: Readonly<Record<string, Cipher>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', key: 16, iv: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', key: 24, iv: 16 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', key: 32, iv: 16 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', key: 24, iv: 8 },
};
/** RFC 7292 C. 3DES with two keys is the one with three, the first being the third as well. */
const OLD_CIPHERS: Readonly<Record<string, Cipher>> = {
  '1.2.840.113549.1.12.1.3': { name: 'des-ede3-cbc', key: 24, iv: 8 },
  '1.2.840.113549.1.12.1.4': { name: 'des-ede3-cbc', key: 16, iv: 8 },
  '1.2.840.113549.1.12.1.5': { name: 'rc2-cbc', key: 16, iv: 8 },
  '1.2.840.113549.1.12.1.6': { name: 'rc2-cbc', key: 5, iv: 8 },
};

/**
 * @returns the plaintext; `undefined` where the padding shows that it is none: the password is wrong, as far as one can
 *   tell. The trouble is one that no other password cures.
 */
export async function decrypt(
  algorithm: Algorithm,
  encrypted: Uint8Array,
  password: Password,
  deadline: Deadline,
): Promise<Result<Uint8Array | undefined, Trouble>> {
  const keyOf = algorithm.oid === PBES2 ? keyOfPbes2 : keyOfPkcs12;
  const keyed = await keyOf(algorithm, password, deadline);
  return keyed.ok ? ok(await decipher(keyed.value, encrypted, deadline)) : keyed;
}

interface Keyed {
  readonly cipher: Cipher;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

async function keyOfPbes2(
  { parameters }: Algorithm,
  password: Password,
  deadline: Deadline,
): Promise<Result<Keyed, Trouble>> {
  const fields = parameters().enter(TAG.sequence);
  const derivation = fields ? readKeyDerivation(fields) : badParameters();
  if (!derivation.ok) return derivation;
  const scheme = fields && takeAlgorithm(fields);
  const cipher = scheme && CIPHERS[scheme.oid];
  if (scheme && !cipher) return unknown(`is encrypted by PBES2 with ${scheme.oid}`);
  const iv = scheme?.parameters().takeOctets();
  if (!cipher || iv?.length !== cipher.iv) return badParameters();
  const key = await derivePbkdf2(password, { ...derivation.value, length: cipher.key }, deadline);
  return key.ok ? ok({ cipher, key: key.value, iv }) : key;
}

async function keyOfPkcs12(
  { oid, parameters }: Algorithm,
  password: Password,
  deadline: Deadline,
): Promise<Result<Keyed, Trouble>> {
  const cipher = OLD_CIPHERS[oid];
  if (!cipher) return unknown(`is encrypted by ${oid}`);
  const fields = parameters().enter(TAG.sequence);
  const salt = fields?.takeOctets();
  const iterations = fields?.takeInteger();
  if (!salt || typeof iterations !== 'number') return badParameters();
  const wanted = { hash: HASH.sha1, salt, iterations };
  const key = await derivePkcs12(password, 'key', { ...wanted, length: cipher.key }, deadline);
  if (!key.ok) return key;
  const iv = await derivePkcs12(password, 'iv', { ...wanted, length: cipher.iv }, deadline);
  return iv.ok ? ok({ cipher, key: key.value, iv: iv.value }) : iv;
}

/** Some milliseconds of work. */
const SLICE_BYTES = { node: 128 * 1024, forge: 4 * 1024 } as const;

/** Decrypts whole blocks, each call from where the one before has left off. */
type Engine = (bytes: Uint8Array) => Uint8Array;

/** CBC; a block is as long as the initialisation vector. In slices, since a file may be 16 MiB long. */
async function decipher(keyed: Keyed, encrypted: Uint8Array, deadline: Deadline): Promise<Uint8Array | undefined> {
  const block = keyed.iv.length;
  if (encrypted.length === 0 || encrypted.length % block !== 0) return undefined;
  const isRc2 = keyed.cipher.name === 'rc2-cbc';
  const engine = isRc2 ? rc2(keyed, await loadForge()) : nodeCipher(keyed);
  const slice = isRc2 ? SLICE_BYTES.forge : SLICE_BYTES.node;
  const plain = new Uint8Array(encrypted.length);
  for (let at = 0; at < encrypted.length; at += slice) {
    if (at > 0) await setImmediate();
    if (deadline.expired) return undefined;
    plain.set(engine(encrypted.subarray(at, at + slice)), at);
  }
  return withoutPadding(plain, block);
}

/** RFC 8018 6.1.1: n octets of value n. A wrong key passes this once in 256 times: its result is looked at further. */
function withoutPadding(plain: Uint8Array, block: number): Uint8Array | undefined {
  const count = plain.at(-1)!;
  if (count < 1 || count > block) return undefined;
  return plain.subarray(-count).every((octet) => octet === count) ? plain.subarray(0, -count) : undefined;
}

function nodeCipher({ cipher, key, iv }: Keyed): Engine {
  const whole = cipher.name === 'des-ede3-cbc' && key.length === 16 ? Buffer.concat([key, key.subarray(0, 8)]) : key;
  const engine = createDecipheriv(cipher.name, whole, iv).setAutoPadding(false);
  return (bytes) => engine.update(bytes);
}

/** A new cipher for each slice: node-forge's slows down with all that went through it before (67 s for the first MiB). */
function rc2({ key, iv }: Keyed, forge: Forge): Engine {
  const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  let chained = iv;
  return (bytes) => {
    const engine = forge.rc2.createDecryptionCipher(binary(key), key.length * 8);
    engine.start(binary(chained));
    engine.update(forge.util.createBuffer(binary(bytes)));
    chained = bytes.subarray(-iv.length);
    return Buffer.from(engine.output.getBytes(), 'latin1');
  };
}

const badParameters = (): Result<never, Trouble> => trouble('malformed', 'has damaged parameters of encryption');

const unknown = (how: string): Result<never, Trouble> =>
  err({ reason: 'unsupported-format', what: `${how}, which certwatch does not read` });
