/**
 * Processes as Linux shows them under /proc (proc(5)): enough to tell a process from a later one with the same number.
 * On systems without /proc each answer is `undefined`, and whoever asks must say what that means to them.
 */
import { promises as fs } from 'node:fs';

export interface ProcessInfo {
  readonly pid: number;
  /** Parent process, 0 for none. */
  readonly parent: number;
  /** Process group. */
  readonly group: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot, as text; with the boot it names a process for ever. */
  readonly start: string;
}

/** Where a process number means something: one boot of one machine, one PID namespace (containers have their own). */
export interface Place {
  readonly bootId?: string;
  readonly pidNamespace?: string;
}

/** Zombies, and what is just being taken down: they run nothing and hold nothing. */
const ENDED = new Set(['Z', 'X', 'x']);

/** @returns undefined where there is no such process, where it has ended, and where it cannot be seen. */
export async function readProcess(pid: number | 'self'): Promise<ProcessInfo | undefined> {
  const text = await readSmall(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/** One line of /proc/PID/stat. The name in brackets may hold anything, brackets and spaces included. */
export function parseStat(text: string): ProcessInfo | undefined {
  const open = text.indexOf(' (');
  const close = text.lastIndexOf(') ');
  if (open < 1 || close < open) return undefined;
  const [state, parent, group, ...rest] = text.slice(close + 2).split(' ');
  // Field 22; the state is field 3.
  const start = rest[22 - 6];
  const pid = Number(text.slice(0, open));
  if (!Number.isSafeInteger(pid) || pid < 1 || start === undefined || !/^\d{1,20}$/.test(start)) return undefined;
  if (state === undefined || ENDED.has(state)) return undefined;
  return { pid, parent: Number(parent), group: Number(group), start };
}

export async function readPlace(): Promise<Place> {
  const bootId = (await readSmall('/proc/sys/kernel/random/boot_id'))?.trim();
  const pidNamespace = await fs.readlink('/proc/self/ns/pid').catch(() => undefined);
  return { ...(bootId ? { bootId } : {}), ...(pidNamespace ? { pidNamespace } : {}) };
}

/** Milliseconds since the machine was started, time asleep included. A clock that is set does not move it. */
export async function readSinceBoot(): Promise<number | undefined> {
  const seconds = Number.parseFloat((await readSmall('/proc/uptime')) ?? '');
  return Number.isFinite(seconds) ? Math.round(seconds * 1000) : undefined;
}

async function readSmall(path: string): Promise<string | undefined> {
  return fs.readFile(path, 'latin1').catch(() => undefined);
}
