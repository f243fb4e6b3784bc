/**
 * The text of a lock file: a first line of fixed length that its owner overwrites in place (held or released, and what it
 * is doing), and a second line, never changed, that says who owns it. Overwriting in place needs no space on the disk.
 */
import { err, ok, type Result } from '../model/result.ts';
import type { Place } from './process-table.ts';

const SCHEMA = 'certwatch/lock@1';

/** Bytes of the first line, its newline included. */
const STATE_BYTES = 192;
const LONGEST_DOING = 120;

/** What is longer than this is no lock file of ours. */
export const LONGEST_LOCK_FILE = 4096;

/** Who took a lock, and when. Never changes while the lock is held. */
export interface LockOwner extends Place {
  /** Random, so that two locks are never taken for one. */
  readonly token: string;
  readonly command: string;
  readonly pid: number;
  /** Start time as /proc has it; absent where there is no /proc. */
  readonly start?: string;
  readonly host: string;
  /** Milliseconds since the epoch. */
  readonly takenAt: number;
  /** Milliseconds since boot when it was taken: a clock that is set later does not change the lock's age. */
  readonly takenSinceBootMs?: number;
  /** Milliseconds from taking to its own deadline; absent for none. */
  readonly deadlineMs?: number;
}

export interface LockContent {
  readonly owner: LockOwner;
  readonly released: boolean;
  /** What the owner last said that it was doing. */
  readonly doing: string;
}

/** The first line: always the same number of bytes. `doing` is cut, and held to printable ASCII. */
export function formatState(state: 'held' | 'released', doing: string): string {
  const plain = doing.replace(/[^ -~]|["\\]/g, '?').slice(0, LONGEST_DOING);
  return `${JSON.stringify({ state, doing: plain }).padEnd(STATE_BYTES - 1)}\n`;
}

export function formatLock(owner: LockOwner, doing: string): string {
  return `${formatState('held', doing)}${JSON.stringify({ schema: SCHEMA, ...owner })}\n`;
}

/** @returns the error as what is wrong with it, for a sentence. */
export function parseLock(text: string): Result<LockContent, string> {
  const end = text.indexOf('\n');
  if (end < 0 || !text.endsWith('\n')) return err('it is cut short');
  const owner = parseOwner(text.slice(end + 1));
  if (!owner) return err('it is no lock file');
  // Read in the middle of an update the first line may be torn; who holds the lock is known all the same.
  const state = parseObject(text.slice(0, end));
  const doing = typeof state?.doing === 'string' ? state.doing.slice(0, LONGEST_DOING) : '';
  return ok({ owner, released: state?.state === 'released', doing });
}

function parseOwner(text: string): LockOwner | undefined {
  const o = parseObject(text);
  if (o?.schema !== SCHEMA) return undefined;
  const { token, command, pid, start, host, bootId, pidNamespace, takenAt, takenSinceBootMs, deadlineMs } = o;
  if (!isText(token) || !isText(command) || !isText(host) || !isCount(pid) || pid < 1 || !isCount(takenAt)) return;
  const optionalTexts = [start, bootId, pidNamespace].every((value) => value === undefined || isText(value));
  const optionalCounts = [takenSinceBootMs, deadlineMs].every((value) => value === undefined || isCount(value));
  return optionalTexts && optionalCounts ? (o as unknown as LockOwner) : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 256;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
