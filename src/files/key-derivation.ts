/**
 * From a password to a key. PBKDF2 runs in node:crypto, off the event loop; the derivation of RFC 7292, which node:crypto
 * does not offer, is done here over its hashes, in slices. Both stop where the file asks for more work than any key store
 * in use: the count comes from the file, and one line can ask for an hour.
 */
import { hash, pbkdf2 } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { type Trouble, trouble } from './container.ts';
import type { Password } from './password.ts';

/** node:crypto's name, the length of the hash and of the block that it works on, in octets. */
export interface Hash {
  readonly name: 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';
  readonly length: number;
  readonly block: number;
}

export const HASH = {
  md5: { name: 'md5', length: 16, block: 64 },
  sha1: { name: 'sha1', length: 20, block: 64 },
  sha224: { name: 'sha224', length: 28, block: 64 },
  sha256: { name: 'sha256', length: 32, block: 64 },
  sha384: { name: 'sha384', length: 48, block: 128 },
  sha512: { name: 'sha512', length: 64, block: 128 },
} as const satisfies Record<string, Hash>;

/** OpenSSL writes 2,048, Java up to 100,000, NSS and OWASP's advice about 600,000. A second of work:
 * once begun, PBKDF2 cannot be ended, and the process waits for it. */
const MOST_ITERATIONS = 2_000_000;
/** 8 to 32 octets in use. */
const LONGEST_SALT = 1_024;
/** Some 2 ms. */
const SLICE = 2_048;

export interface Derivation {
  readonly hash: Hash;
  readonly salt: Uint8Array;
  readonly iterations: number;
  /** Octets. */
  readonly length: number;
}

/** Nobody waits for the key any more. */
const TOO_LATE = trouble('deadline', 'could not be opened in time');

const pbkdf2Async = promisify(pbkdf2);

function tooMuch({ iterations, salt }: Derivation): Result<never, Trouble> | undefined {
  if (iterations < 1 || salt.length > LONGEST_SALT)
    return trouble('malformed', 'has impossible parameters of key derivation');
  if (iterations <= MOST_ITERATIONS) return undefined;
  const most = `certwatch does ${MOST_ITERATIONS} at most`;
  return trouble('too-costly', `asks for ${iterations} rounds of key derivation; ${most}`);
}

/** RFC 8018 5.2. */
export async function derivePbkdf2(
  password: Password,
  wanted: Derivation,
  deadline: Deadline,
): Promise<Result<Uint8Array, Trouble>> {
  const refused = deadline.expired ? TOO_LATE : tooMuch(wanted);
  if (refused) return refused;
  return ok(await pbkdf2Async(password.bytes, wanted.salt, wanted.iterations, wanted.length, wanted.hash.name));
}

/** What the derived octets are for: RFC 7292 B.3. */
export type Purpose = 'key' | 'iv' | 'mac';
const ID: Readonly<Record<Purpose, number>> = { key: 1, iv: 2, mac: 3 };

/** RFC 7292 B.2, by its letters. */
export async function derivePkcs12(
  password: Password,
  purpose: Purpose,
  wanted: Derivation,
  deadline: Deadline,
): Promise<Result<Uint8Array, Trouble>> {
  const refused = deadline.expired ? TOO_LATE : tooMuch(wanted);
  if (refused) return refused;
  const { block: v, name, length: u } = wanted.hash;
  const diversifier = Buffer.alloc(v, ID[purpose]);
  const I = Buffer.concat([filled(wanted.salt, v), filled(password.bmp, v)]);
  const out: Buffer[] = [];
  for (let done = 0; done < wanted.length; done += u) {
    let a = hash(name, Buffer.concat([diversifier, I]), 'buffer');
    for (let i = 1; i < wanted.iterations; i++) {
      a = hash(name, a, 'buffer');
      if (i % SLICE !== 0) continue;
      await setImmediate();
      if (deadline.expired) return TOO_LATE;
    }
    out.push(a);
    addToBlocks(I, filled(a, v), v);
  }
  return ok(Buffer.concat(out).subarray(0, wanted.length));
}

/** As many whole blocks as hold `bytes`, filled with them again and again; none for nothing. */
function filled(bytes: Uint8Array, v: number): Buffer {
  return bytes.length === 0 ? Buffer.alloc(0) : Buffer.alloc(v * Math.ceil(bytes.length / v), bytes);
}

/** Each block I_j becomes (I_j + B + 1) mod 2^8v. */
function addToBlocks(I: Buffer, B: Buffer, v: number): void {
  for (let from = 0; from < I.length; from += v) {
    let carry = 1;
    for (let i = v - 1; i >= 0; i--) {
      carry += I[from + i]! + B[i]!;
      I[from + i] = carry & 0xff;
      carry >>= 8;
    }
  }
}
