/**
 * The MAC of a PKCS#12 store (RFC 7292 4 and B, and PBMAC1 of RFC 9579): it knows whether a password is the right one.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { TAG } from '../x509/der.ts';
import type { BerCursor } from './ber.ts';
import type { Trouble } from './container.ts';
import { derivePbkdf2, derivePkcs12, HASH, type Hash } from './key-derivation.ts';
import type { Password } from './password.ts';
import { type Algorithm, hmacOf, readKeyDerivation, takeAlgorithm } from './password-based.ts';

export interface Mac {
  readonly algorithm: Algorithm;
  readonly digest: Uint8Array;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** HMAC's keys are no longer than its hash. */
const LONGEST_KEY = 64;

const PBMAC1 = '1.2.840.113549.1.5.14';

const HASHES: Readonly<Record<string, Hash>> = {
  '1.2.840.113549.2.5': HASH.md5,
  '1.3.14.3.2.26': HASH.sha1,
  '2.16.840.1.101.3.4.2.4': HASH.sha224,
  '2.16.840.1.101.3.4.2.1': HASH.sha256,
  '2.16.840.1.101.3.4.2.2': HASH.sha384,
  '2.16.840.1.101.3.4.2.3': HASH.sha512,
};

/** MacData { DigestInfo { algorithm, digest }, salt, iterations DEFAULT 1 } */
export function readMac(pfx: BerCursor): Mac | null {
  const data = pfx.enter(TAG.sequence);
  const info = data?.enter(TAG.sequence);
  const algorithm = info && takeAlgorithm(info);
  const digest = algorithm && info.takeOctets();
  const salt = digest && data?.takeOctets();
  if (!salt) return null;
  const iterations = data?.done ? 1 : data?.takeInteger();
  return typeof iterations === 'number' ? { algorithm, digest, salt, iterations } : null;
}

/** `unknown`: by an algorithm that is not known here, which says nothing about the password. */
export async function checkMac(
  mac: Mac,
  safe: Uint8Array,
  password: Password,
  deadline: Deadline,
): Promise<Result<'right' | 'wrong' | 'unknown', Trouble>> {
  const keyOf = mac.algorithm.oid === PBMAC1 ? pbmac1 : classic;
  const keyed = await keyOf(mac, password, deadline);
  if (!keyed.ok) return keyed;
  if (!keyed.value) return ok('unknown');
  const { hash, key } = keyed.value;
  const digest = createHmac(hash.name, key).update(safe).digest();
  return ok(digest.length === mac.digest.length && timingSafeEqual(digest, mac.digest) ? 'right' : 'wrong');
}

type Keyed = Result<{ readonly hash: Hash; readonly key: Uint8Array } | undefined, Trouble>;

async function classic({ algorithm, salt, iterations }: Mac, password: Password, deadline: Deadline): Promise<Keyed> {
  const hash = HASHES[algorithm.oid];
  if (!hash) return ok(undefined);
  const key = await derivePkcs12(password, 'mac', { hash, salt, iterations, length: hash.length }, deadline);
  return key.ok ? ok({ hash, key: key.value }) : key;
}

/** PBMAC1-params { keyDerivationFunc, messageAuthScheme } (RFC 8018 7.1); salt and count beside it are not used. */
async function pbmac1({ algorithm }: Mac, password: Password, deadline: Deadline): Promise<Keyed> {
  const fields = algorithm.parameters().enter(TAG.sequence);
  const derivation = fields && readKeyDerivation(fields);
  if (!derivation?.ok) return ok(undefined);
  const scheme = takeAlgorithm(fields!);
  const hash = scheme ? hmacOf(scheme) : undefined;
  const { length } = derivation.value;
  if (!hash || length === undefined || length > LONGEST_KEY) return ok(undefined);
  const key = await derivePbkdf2(password, { ...derivation.value, length }, deadline);
  return key.ok ? ok({ hash, key: key.value }) : key;
}
