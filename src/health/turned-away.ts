/**
 * How many runs in a row found the same holder in their way. A run that is turned away must not touch the run record, which
 * is the holder's: it appends a line to a file of its own, which needs no lock.
 */
import { appendFile, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Beyond this the count stands still: some thousand runs. */
const LARGEST = 64 * 1024;

const NAME = 'turned-away';

/** Counts this run in. @returns how many runs this holder has turned away, this one included; 0 where it cannot be kept. */
export async function countTurnedAway(folder: string, token: string): Promise<number> {
  const path = join(folder, NAME);
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size < LARGEST) await appendFile(path, `${token}\n`).catch(() => {});
  return readTurnedAway(folder, token);
}

export async function readTurnedAway(folder: string, token: string): Promise<number> {
  const text = await readFile(join(folder, NAME), 'latin1').catch(() => '');
  return text.split('\n').filter((line) => line === token).length;
}

/** A new holder counts from nothing. */
export async function clearTurnedAway(folder: string): Promise<void> {
  await unlink(join(folder, NAME)).catch(() => {});
}
