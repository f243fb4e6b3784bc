/**
 * ProcessTable: what the lock must know of this process and of others, and how it ends one. The real one reads /proc;
 * `process.kill` and the like are handed in by `main.ts`.
 */
import { readdir } from 'node:fs/promises';
import { type Place, type ProcessInfo, readPlace, readProcess, readSinceBoot } from '../files/proc.ts';

export type { Place, ProcessInfo } from '../files/proc.ts';

export type EndSignal = 'SIGTERM' | 'SIGKILL';

export interface ProcessTable {
  /** This process. */
  readonly pid: number;
  /** The name of this machine or container. */
  readonly host: string;
  /** @returns undefined where there is no such process, or none that can be seen. */
  look(pid: number): Promise<ProcessInfo | undefined>;
  /** Is there a process with this number, seen or not? It may be another one than is meant. */
  exists(pid: number): boolean;
  place(): Promise<Place>;
  /** Milliseconds since the machine was started; undefined where that is not known. */
  sinceBootMs(): Promise<number | undefined>;
  /** All processes below this one, nearest first. */
  descendants(pid: number): Promise<readonly ProcessInfo[]>;
  /** A negative number means a process group. @returns false where nobody got the signal. */
  kill(pid: number, signal: EndSignal): boolean;
}

export interface ProcessSource {
  readonly pid: number;
  readonly host: string;
  /** As `process.kill`: throws with `code` ESRCH or EPERM. Signal 0 only asks. */
  kill(pid: number, signal: EndSignal | 0): void;
}

export function createProcessTable(source: ProcessSource): ProcessTable {
  let place: Promise<Place> | undefined;
  return {
    pid: source.pid,
    host: source.host,
    look: readProcess,
    exists(pid) {
      try {
        source.kill(pid, 0);
        return true;
      } catch (cause) {
        // EPERM: it is there, and another user's.
        return (cause as NodeJS.ErrnoException).code === 'EPERM';
      }
    },
    place() {
      place ??= readPlace();
      return place;
    },
    sinceBootMs: readSinceBoot,
    descendants,
    kill(pid, signal) {
      try {
        source.kill(pid, signal);
        return true;
      } catch {
        return false;
      }
    },
  };
}

async function descendants(root: number): Promise<readonly ProcessInfo[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name));
  const all = (await Promise.all(pids.map((pid) => readProcess(Number(pid))))).filter((info) => info !== undefined);
  const found: ProcessInfo[] = [];
  let parents = new Set([root]);
  while (parents.size > 0) {
    const children = all.filter((info) => parents.has(info.parent) && info.pid !== root && !found.includes(info));
    found.push(...children);
    parents = new Set(children.map((info) => info.pid));
  }
  return found;
}
