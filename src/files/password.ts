/**
 * The password of a key store, out of the file that was named for it. It is kept as bytes, handed to key derivation, and
 * never part of any message.
 */
import type { Failure } from '../model/observation.ts';
import { ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { readFailure, readRegularFile } from './regular-file.ts';

/** One password in the encodings that key derivations want. */
export interface Password {
  /** As in the file: PBES2 and PBMAC1 take it as it is (RFC 8018: UTF-8). */
  readonly bytes: Uint8Array;
  /** UTF-16, big endian, with two zero octets at its end (RFC 7292 B.1). */
  readonly bmp: Uint8Array;
}

const MOST_BYTES = 4_096;

const EMPTY = new Uint8Array(0);

/** Both are in use for "none": no octets at all, and the empty text with its two octets at the end. */
export const NO_PASSWORDS: readonly Password[] = [
  { bytes: EMPTY, bmp: new Uint8Array(2) },
  { bytes: EMPTY, bmp: EMPTY },
];

/** @param bytes UTF-8; what is not is taken for Latin-1, as OpenSSL does. */
export function passwordOf(bytes: Uint8Array): Password {
  const buffer = Buffer.from(bytes);
  const utf8 = buffer.toString('utf8');
  const text = Buffer.from(utf8).equals(buffer) ? utf8 : buffer.toString('latin1');
  return { bytes: buffer, bmp: Buffer.from(`${text}\0`, 'utf16le').swap16() };
}

/**
 * The first and only line of the file at `path`: its content, at most 4 KiB, without one line end.
 * @returns else the failure of the target whose store it is for.
 */
export async function readPassword(path: string, deadline: Deadline): Promise<Result<Password, Failure>> {
  const read = await readRegularFile(path, { deadline, mostBytes: MOST_BYTES + 2, isWhat: 'password file' });
  if (!read.ok) {
    const { detail = read.error.reason } = read.error;
    return read.error.code === 'timeout' ? read : readFailure('password-file', `the file with its password: ${detail}`);
  }
  const text = Buffer.from(read.value);
  const end = text.at(-1) === 0x0a ? (text.at(-2) === 0x0d ? 2 : 1) : 0;
  return ok(passwordOf(text.subarray(0, text.length - end)));
}
