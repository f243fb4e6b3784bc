/**
 * Temporary files that say who writes them, so that what a killed writer left behind is cleared away by the next one and
 * what a live writer is at work on is left alone.
 */

import { createHash, randomBytes } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { dirname, join } from 'node:path';
import { readPlace, readProcess } from './proc.ts';

/** `.NAME.WHERE-PID-START.RANDOM.tmp`; without /proc the mark in the middle is `-`. */
const MARK = /^(?:([0-9a-f]{8})-(\d{1,10})-(\d{1,20})|-)\.[0-9a-f]{12}$/;

/** Where its writer cannot be asked after (another boot, another container, no /proc), a temporary file is given this long. */
const LEFT_BEHIND_MS = 24 * 60 * 60 * 1000;

interface Writer {
  /** Eight hex digits for boot and PID namespace. */
  readonly where: string;
  readonly pid: number;
  readonly start: string;
}

let writer: Promise<Writer | undefined> | undefined;

/** This process; read once. */
function thisWriter(): Promise<Writer | undefined> {
  writer ??= (async () => {
    const [place, self] = await Promise.all([readPlace(), readProcess('self')]);
    if (!self || place.bootId === undefined) return undefined;
    const where = createHash('sha256').update(`${place.bootId}\0${place.pidNamespace}`).digest('hex').slice(0, 8);
    return { where, pid: self.pid, start: self.start };
  })();
  return writer;
}

/** A name in the same folder that no other writer uses, for the new version of the file called `name`. */
export async function tempName(name: string): Promise<string> {
  const self = await thisWriter();
  const mark = self ? `${self.where}-${self.pid}-${self.start}` : '-';
  return `.${name}.${mark}.${randomBytes(6).toString('hex')}.tmp`;
}

/**
 * Clears away what killed writers of the file called `name` left in its folder. What cannot be removed is left: it is in
 * nobody's way.
 */
export async function clearStaleTemps(folder: string, name: string): Promise<void> {
  const names = await fs.readdir(folder).catch(() => []);
  const prefix = `.${name}.`;
  for (const found of names) {
    if (!found.startsWith(prefix) || !found.endsWith('.tmp')) continue;
    const mark = MARK.exec(found.slice(prefix.length, -'.tmp'.length));
    if (!mark) continue;
    const path = join(folder, found);
    if (await isStale(path, mark)) await fs.unlink(path).catch(() => {});
  }
}

async function isStale(path: string, [, where, pid, start]: RegExpExecArray): Promise<boolean> {
  const self = await thisWriter();
  if (self && where === self.where) return (await readProcess(Number(pid)))?.start !== start && (await canSeeOthers());
  // Both by the file system's own clock: the folder's time is when something in it last came or went.
  const [found, folder] = await Promise.all([fs.lstat(path), fs.lstat(dirname(path))]).catch(() => []);
  return found !== undefined && folder !== undefined && folder.mtimeMs - found.mtimeMs > LEFT_BEHIND_MS;
}

/** With `hidepid`, /proc hides other users' processes, and their absence says nothing. PID 1 is always there. */
async function canSeeOthers(): Promise<boolean> {
  return (await readProcess(1)) !== undefined;
}
