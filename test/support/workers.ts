/**
 * The processes that work for a supervisor, by what they are.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export type WorkerKind = 'scanner' | 'writer';

const VARIABLES: Readonly<Record<WorkerKind, string>> = { scanner: 'CERTWATCH_SCANNER', writer: 'CERTWATCH_WRITER' };

export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** @returns undefined where it has not started, or has ended. */
export function workerOf(pid: number, kind: WorkerKind): number | undefined {
  return childrenOf(pid).find((child) => {
    try {
      return readFileSync(`/proc/${child}/environ`, 'latin1').includes(`${VARIABLES[kind]}=`);
    } catch {
      return false;
    }
  });
}

export async function startedWorker(pid: number, kind: WorkerKind): Promise<number> {
  for (;;) {
    const worker = workerOf(pid, kind);
    if (worker !== undefined) return worker;
    await sleep(10);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
