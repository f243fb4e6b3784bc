/**
 * Trust anchors from files: PEM with any number of certificates, or one certificate in DER. Reads are bounded: regular
 * files only (a FIFO would be waited for), up to a size, and not beyond the deadline.
 */
import { constants, promises as fs } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Certificate } from '../model/certificate.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { looksLikeCertificate, parseCertificate } from '../x509/parse-certificate.ts';
import { decodePem } from '../x509/pem.ts';

/** A system's bundle is near 250 kB. */
const LARGEST_FILE = 16 * 1024 * 1024;

/** Bytes of a regular file. The error is what is wrong with it, without its name. */
async function readBounded(path: string, limit: number): Promise<Result<Uint8Array, string>> {
  let handle: FileHandle | undefined;
  try {
    // Non-blocking: opening a FIFO that nobody writes to would wait for ever.
    handle = await fs.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size } = await checkRegular(handle);
    if (size > limit) return err(`is larger than ${limit / 1024 / 1024} MB`);
    const buffer = Buffer.alloc(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await handle.read(buffer, filled, size - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return ok(buffer.subarray(0, filled));
  } catch (error) {
    return err(describe(error));
  } finally {
    await handle?.close().catch(() => {});
  }
}

class NotRegular extends Error {}

async function checkRegular(handle: FileHandle): Promise<{ size: number }> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new NotRegular();
  return stat;
}

function describe(error: unknown): string {
  if (error instanceof NotRegular) return 'is not a regular file';
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read (permission denied)';
  if (code === undefined) throw error;
  return `cannot be read (${code})`;
}

export interface CaFileOptions {
  readonly deadline: Deadline;
  /** Pass over certificates that cannot be read instead of failing: a system's bundle is not the user's to repair. */
  readonly lenient?: boolean;
}

/** The certificates of `path`, at least one. The error names the file, and the block or certificate in it. */
export async function readCaFile(path: string, options: CaFileOptions): Promise<Result<Certificate[], string>> {
  const read = await options.deadline.race(readBounded(path, LARGEST_FILE));
  if (!read) return err(`${path}: could not be read before the deadline`);
  if (!read.ok) return err(`${path}: ${read.error}`);
  const parsed = parseCaFile(read.value, options.lenient ?? false);
  return parsed.ok ? parsed : err(`${path}: ${parsed.error}`);
}

/** As `readCaFile`, of bytes; the error does not name the file. */
export function parseCaFile(bytes: Uint8Array, lenient: boolean): Result<Certificate[], string> {
  const decoded = looksLikeCertificate(bytes) ? ok([bytes]) : decodePem(bytes);
  if (!decoded.ok) return decoded;
  const certificates: Certificate[] = [];
  for (const [i, der] of decoded.value.entries()) {
    const parsed = parseCertificate(der);
    if (parsed.ok) certificates.push(parsed.value);
    else if (!lenient) return err(`certificate ${i + 1} cannot be read: ${parsed.error}`);
  }
  return certificates.length > 0 ? ok(certificates) : err('holds no certificate (expected PEM or DER)');
}
