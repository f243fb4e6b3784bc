/**
 * Reads a file as a target would, for the tests of this room.
 */
import { readChainFile } from '../../src/files/read-chain-file.ts';
import type { Failure } from '../../src/model/observation.ts';
import { Deadline } from '../../src/time/deadline.ts';
import type { TempFolder } from '../support/temp-folder.ts';

export const hex = (ders: readonly Uint8Array[]): string[] => ders.map((der) => Buffer.from(der).toString('hex'));

export interface Seen {
  readonly ders: readonly string[];
  readonly format?: string;
  /** `*` in front: there to be trusted. */
  readonly aliases?: readonly (string | null)[];
}

export async function read(
  path: string,
  { passwordFile, deadline = Deadline.none() }: { passwordFile?: string; deadline?: Deadline } = {},
): Promise<Seen | Failure> {
  const result = await readChainFile(path, { deadline, ...(passwordFile === undefined ? {} : { passwordFile }) });
  if (!result.ok) return result.error;
  const { ders, container } = result.value;
  if (!container) return { ders: hex(ders) };
  const aliases = container.entries.map(({ alias, trusted }) => (trusted ? `*${alias}` : (alias ?? null)));
  return { ders: hex(ders), format: container.format, aliases };
}

let count = 0;

/** @param password goes into a file of its own, with a line end. */
export async function readContent(
  folder: TempFolder,
  content: string | Uint8Array,
  password?: string,
): Promise<Seen | Failure> {
  count += 1;
  const path = await folder.write(`content-${count}`, content);
  if (password === undefined) return read(path);
  return read(path, { passwordFile: await folder.write(`password-${count}`, `${password}\n`) });
}
