/**
 * Reads the certificates of a file, PEM or DER told apart by content, without ever blocking on what is no regular file.
 */

import { constants, promises as fs, type Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Failure } from '../model/observation.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { readTlv, TAG } from '../x509/der.ts';
import { decodePem } from '../x509/pem.ts';
import { chainFormat } from './chain-format.ts';

/** Bundles of every public root stay under 1 MB. */
const MOST_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/**
 * @returns the DER of each certificate in the file's order, at least one; bytes that parse as no certificate are among
 * them where they stood in place of one. Else `read-failed` (`not-found`, `no-permission`, `not-a-file`, `too-large`,
 * `empty`, `no-certificate`, `unsupported-format`, `malformed`, `read-error`) with a sentence that holds nothing of the
 * content, or `timeout` in phase `read`.
 */
export async function readChainFile(
  path: string,
  { deadline }: { readonly deadline: Deadline },
): Promise<Result<Uint8Array[], Failure>> {
  const bytes = deadline.expired ? undefined : await deadline.race(readRegularFile(path, deadline));
  if (!bytes) {
    return err({ code: 'timeout', phase: 'read', reason: 'deadline', detail: `${path} could not be read in time` });
  }
  return bytes.ok ? certificatesOf(path, bytes.value) : bytes;
}

function certificatesOf(path: string, bytes: Uint8Array): Result<Uint8Array[], Failure> {
  const format = chainFormat(bytes);
  switch (format.kind) {
    case 'empty':
      return failure('empty', `${path} is empty`);
    case 'no-certificate':
      return failure('no-certificate', `${path} holds ${format.what}, but no certificate`);
    case 'unsupported':
      return failure('unsupported-format', `${path} looks like ${format.what}; certwatch reads PEM and DER`);
    case 'der':
      return splitDer(path, bytes);
    case 'pem': {
      const ders = decodePem(bytes);
      if (!ders.ok) return failure('malformed', `${path}: ${ders.error}`);
      return ders.value.length > 0 ? ders : failure('no-certificate', `${path} holds no certificate`);
    }
  }
}

/** One DER certificate behind the other; white space or padding with zeros at the end is let pass. */
function splitDer(path: string, bytes: Uint8Array): Result<Uint8Array[], Failure> {
  const ders: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const element = readTlv(bytes, at, bytes.length);
    if (!element || element.tag !== TAG.sequence) {
      if (ders.length > 0 && isPadding(bytes.subarray(at))) break;
      const what = ders.length === 0 ? 'begins like DER, but is cut short or damaged' : 'has something else';
      const where = ders.length === 0 ? '' : ` behind certificate ${ders.length} (at byte ${at})`;
      return failure('malformed', `${path} ${what}${where}`);
    }
    ders.push(bytes.slice(element.start, element.end));
    at = element.end;
  }
  return ok(ders);
}

function isPadding(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0 || byte === 0x0a || byte === 0x0d || byte === 0x20);
}

/** Looked at before it is opened, since opening a device can do things; and again after, since it may have been swapped. */
async function readRegularFile(path: string, deadline: Deadline): Promise<Result<Uint8Array, Failure>> {
  let file: FileHandle | undefined;
  try {
    const refused = refuse(path, await fs.stat(path));
    if (refused) return refused;
    // Without O_NONBLOCK a FIFO that came in between would hold one of libuv's four threads for ever.
    file = await fs.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    return refuse(path, stats) ?? (await readAll(path, file, deadline));
  } catch (cause) {
    return failure(...systemError(path, cause as NodeJS.ErrnoException));
  } finally {
    await file?.close();
  }
}

function refuse(path: string, stats: Stats): Result<never, Failure> | undefined {
  if (!stats.isFile()) return failure('not-a-file', `${path} is ${kindOf(stats)}, not a file`);
  return stats.size > MOST_BYTES ? tooLarge(path) : undefined;
}

function tooLarge(path: string): Result<never, Failure> {
  return failure('too-large', `${path} is larger than ${MOST_BYTES / 1024 / 1024} MiB: that is no certificate file`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

/** To the end, whatever size was told: files below /proc tell 0, others grow. */
async function readAll(path: string, file: FileHandle, deadline: Deadline): Promise<Result<Uint8Array, Failure>> {
  const chunks: Buffer[] = [];
  let total = 0;
  while (!deadline.expired) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, null);
    if (bytesRead === 0) break;
    total += bytesRead;
    if (total > MOST_BYTES) return tooLarge(path);
    chunks.push(chunk.subarray(0, bytesRead));
  }
  return ok(Buffer.concat(chunks, total));
}

function systemError(path: string, cause: NodeJS.ErrnoException): [reason: string, detail: string] {
  switch (cause.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return ['not-found', `there is no file ${path}`];
    case 'EACCES':
    case 'EPERM':
      return ['no-permission', `no permission to read ${path}`];
    case 'ELOOP':
      return ['not-found', `the symbolic links of ${path} go in a circle`];
    case 'ENXIO':
      return ['not-a-file', `${path} is not a file`];
    case 'EMFILE':
    case 'ENFILE':
      return ['too-many-open-files', 'this process has too many open files (raise `ulimit -n` or lower --concurrency)'];
    default:
      return ['read-error', `${path} could not be read (${cause.code ?? cause.message})`];
  }
}

function failure(reason: string, detail: string): Result<never, Failure> {
  return err({ code: 'read-failed', phase: 'read', reason, detail });
}
