/**
 * Opens containers of certificates, whatever their kind. Loaded only where a file is one, and of the readers only the one
 * that is needed.
 */
import type { ContainerFormat, Failure } from '../model/observation.ts';
import type { Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import type { OpenOptions, Stored, Trouble } from './container.ts';
import { type Password, readPassword } from './password.ts';
import { readFailure } from './regular-file.ts';

export interface OpenFileOptions {
  readonly deadline: Deadline;
  /** The file with the password; not touched for PKCS#7, which needs none. */
  readonly passwordFile?: string;
}

/** @returns all certificates of the container at `path`, in its order, at least one; else the failure as `readChainFile` tells it. */
export async function openContainer(
  path: string,
  bytes: Uint8Array,
  format: ContainerFormat,
  { deadline, passwordFile }: OpenFileOptions,
): Promise<Result<readonly Stored[], Failure>> {
  let password: Password | undefined;
  if (passwordFile !== undefined && format !== 'pkcs7') {
    const read = await readPassword(passwordFile, deadline);
    if (!read.ok) return read;
    password = read.value;
  }
  const opened = await readerOf(format)(bytes, { deadline, ...(password ? { password } : {}) });
  if (opened.ok) return opened;
  const { reason, what } = opened.error;
  const given = reason === 'wrong-password' ? ` (${passwordFile})` : '';
  return readFailure(reason, `${path} ${what}${given}`);
}

type Reader = (bytes: Uint8Array, options: OpenOptions) => Promise<Result<readonly Stored[], Trouble>>;

function readerOf(format: ContainerFormat): Reader {
  switch (format) {
    case 'pkcs7':
      return async (bytes) => (await import('./pkcs7.ts')).readPkcs7(bytes);
    case 'pkcs12':
      return async (bytes, options) => (await import('./pkcs12.ts')).readPkcs12(bytes, options);
    case 'jks':
    case 'jceks':
      return async (bytes, options) => (await import('./java-keystore.ts')).readJavaKeystore(bytes, options);
  }
}
