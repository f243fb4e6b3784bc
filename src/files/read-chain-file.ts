/**
 * Reads the certificates of a file: PEM, DER, PKCS#7, PKCS#12 and Java keystores, told apart by content.
 */
import type { Container, ContainerFormat, Failure } from '../model/observation.ts';
import { ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { readTlv, TAG } from '../x509/der.ts';
import { decodePemBlocks } from '../x509/pem.ts';
import { chainFormat, PKCS7_LABELS } from './chain-format.ts';
import { MOST_CERTIFICATES, type Stored } from './container.ts';
import { readFailure, readRegularFile, readTimeout } from './regular-file.ts';

/** Bundles of every public root stay under 1 MB. */
const MOST_BYTES = 16 * 1024 * 1024;

export interface ChainFileOptions {
  readonly deadline: Deadline;
  /** The file with the password of PKCS#12 and Java keystores; not touched for what needs none. */
  readonly passwordFile?: string;
}

export interface ChainFile {
  /** At least one; bytes that parse as no certificate are among them where they stood in place of one. */
  readonly ders: readonly Uint8Array[];
  /** Where it is one. */
  readonly container?: Container;
}

/**
 * @returns the DER of each certificate in the file's order. Else `read-failed` (`not-found`, `no-permission`, `not-a-file`,
 * `too-large`, `empty`, `no-certificate`, `unsupported-format`, `malformed`, `read-error`, and of key stores
 * `password-needed`, `wrong-password`, `password-file`, `too-costly`) with a sentence that holds nothing of the content, or
 * `timeout` in phase `read`.
 */
export async function readChainFile(path: string, options: ChainFileOptions): Promise<Result<ChainFile, Failure>> {
  const read = await readRegularFile(path, {
    deadline: options.deadline,
    mostBytes: MOST_BYTES,
    isWhat: 'certificate file',
  });
  if (!read.ok) return read;
  const file = await options.deadline.race(certificatesOf(path, read.value, options));
  if (!file) return readTimeout(path);
  if (file.ok && file.value.ders.length > MOST_CERTIFICATES) return tooMany(path);
  return file;
}

async function certificatesOf(
  path: string,
  bytes: Uint8Array,
  options: ChainFileOptions,
): Promise<Result<ChainFile, Failure>> {
  const format = chainFormat(bytes);
  switch (format.kind) {
    case 'empty':
      return readFailure('empty', `${path} is empty`);
    case 'no-certificate':
      return readFailure('no-certificate', `${path} holds ${format.what}, but no certificate`);
    case 'unsupported':
      return readFailure(
        'unsupported-format',
        `${path} looks like ${format.what}; certwatch reads PEM, DER, PKCS#7, PKCS#12 and Java keystores`,
      );
    case 'der':
      return splitDer(path, bytes);
    case 'pem':
      return readPem(path, bytes, options);
    case 'container':
      return readContainer(path, bytes, format.format, options);
  }
}

async function readContainer(
  path: string,
  bytes: Uint8Array,
  format: ContainerFormat,
  options: ChainFileOptions,
): Promise<Result<ChainFile, Failure>> {
  const { openContainer } = await import('./open-container.ts');
  const opened = await openContainer(path, bytes, format, options);
  return opened.ok ? ok(asFile(format, opened.value)) : opened;
}

function asFile(format: ContainerFormat, stored: readonly Stored[]): ChainFile {
  return {
    ders: stored.map(({ der }) => der),
    container: { format, entries: stored.map(({ entry }) => entry) },
  };
}

/** Certificates, and the ones in blocks of PKCS#7; a file with nothing but the latter is a container. */
async function readPem(
  path: string,
  bytes: Uint8Array,
  options: ChainFileOptions,
): Promise<Result<ChainFile, Failure>> {
  const blocks = decodePemBlocks(bytes, PKCS7_LABELS);
  if (!blocks.ok) return readFailure('malformed', `${path}: ${blocks.error}`);
  const ders: Uint8Array[] = [];
  for (const block of blocks.value) {
    if (!PKCS7_LABELS.has(block.label)) ders.push(block.bytes);
    else {
      const opened = await readContainer(path, block.bytes, 'pkcs7', options);
      if (!opened.ok) return opened;
      ders.push(...opened.value.ders);
    }
    if (ders.length > MOST_CERTIFICATES) return tooMany(path);
  }
  if (ders.length === 0) return readFailure('no-certificate', `${path} holds no certificate`);
  const isContainer = blocks.value.every(({ label }) => PKCS7_LABELS.has(label));
  return ok(
    isContainer
      ? asFile(
          'pkcs7',
          ders.map((der) => ({ der, entry: {} })),
        )
      : { ders },
  );
}

/** One DER certificate behind the other; white space or padding with zeros at the end is let pass. */
function splitDer(path: string, bytes: Uint8Array): Result<ChainFile, Failure> {
  const ders: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (ders.length > MOST_CERTIFICATES) return tooMany(path);
    const element = readTlv(bytes, at, bytes.length);
    if (!element || element.tag !== TAG.sequence) {
      if (ders.length > 0 && isPadding(bytes.subarray(at))) break;
      const what = ders.length === 0 ? 'begins like DER, but is cut short or damaged' : 'has something else';
      const where = ders.length === 0 ? '' : ` behind certificate ${ders.length} (at byte ${at})`;
      return readFailure('malformed', `${path} ${what}${where}`);
    }
    ders.push(bytes.slice(element.start, element.end));
    at = element.end;
  }
  return ok({ ders });
}

function isPadding(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0 || byte === 0x0a || byte === 0x0d || byte === 0x20);
}

function tooMany(path: string): Result<never, Failure> {
  return readFailure(
    'too-large',
    `${path} holds more than ${MOST_CERTIFICATES} certificates: that is no certificate file`,
  );
}
