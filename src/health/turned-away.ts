/**
 * How many runs in a row found the same holder in their way. A run that is turned away must not touch the run record, which
 * is the holder's: it appends a line to a file of its own, which needs no lock.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Beyond this the count stands still: some thousand runs. */
const LARGEST = 64 * 1024;

const NAME = 'turned-away';

/** Counts this run in. @returns how many runs this holder has turned away, this one included; 0 where it cannot be kept. */
export async function countTurnedAway(folder: string, token: string): Promise<number> {
  const { O_WRONLY, O_APPEND, O_CREAT } = constants;
  await withFile(folder, O_WRONLY | O_APPEND | O_CREAT, async (file) => {
    if ((await file.stat()).size < LARGEST) await file.appendFile(`${token}\n`);
  });
  return readTurnedAway(folder, token);
}

export async function readTurnedAway(folder: string, token: string): Promise<number> {
  let text = '';
  await withFile(folder, constants.O_RDONLY, async (file) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2 * LARGEST), 0, 2 * LARGEST, 0);
    text = buffer.toString('latin1', 0, bytesRead);
  });
  return text.split('\n').filter((line) => line === token).length;
}

/** A new holder counts from nothing. */
export async function clearTurnedAway(folder: string): Promise<void> {
  await unlink(join(folder, NAME)).catch(() => {});
}

/** What is no file is left alone: a pipe, opened as a file is, would be waited for for ever. */
async function withFile(folder: string, flags: number, use: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(join(folder, NAME), flags | constants.O_NONBLOCK).catch(() => undefined);
  try {
    if (file && (await file.stat()).isFile()) await use(file);
  } catch {
    // A count is an aid.
  } finally {
    await file?.close().catch(() => {});
  }
}
