/**
 * One order by the real child process, as the tests of ACME make it: sensible settings for whatever a test leaves out,
 * everything that the child told, and a certain end.
 */

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { AcmeEvent, AcmeJob, AcmeResult } from '../../../src/renew/acme/job.ts';
import { orderByAcme } from '../../../src/renew/acme/spawn.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { REPOSITORY } from '../repository.ts';
import type { TempFolder } from '../temp-folder.ts';

/** What leads to the child of the built program. */
export const ACME_CHILD: readonly string[] = [join(REPOSITORY, 'bin', 'certwatch.js'), '__acme-child'];

export interface OrderWith {
  /** Holds the account and the order's files. */
  readonly folder: TempFolder;
  readonly job: Partial<AcmeJob> & Pick<AcmeJob, 'directory' | 'challenge'>;
  readonly deadlineMs?: number;
  /** Node unless told otherwise. */
  readonly execPath?: string;
  readonly entry?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly onEvent?: (event: AcmeEvent) => void;
  readonly onSpawn?: (pid: number) => void;
}

export interface Ordered {
  readonly result: AcmeResult;
  readonly events: readonly AcmeEvent[];
  readonly pid: number;
  readonly tookMs: number;
}

export function jobFor({ folder, job }: Pick<OrderWith, 'folder' | 'job'>): AcmeJob {
  return {
    account: { folder: folder.at('accounts'), contact: ['admin@shop.example'], agreeTos: true },
    identifiers: ['www.shop.example'],
    key: { kind: 'new', type: 'ec256' },
    outDir: folder.at('out'),
    preflight: { skip: true },
    ...job,
  };
}

export async function orderWith(options: OrderWith): Promise<Ordered> {
  const events: AcmeEvent[] = [];
  let pid = 0;
  const startedAt = performance.now();
  const deadline = Deadline.after(options.deadlineMs ?? 60_000);
  const result = await orderByAcme(jobFor(options), {
    deadline,
    now: () => Date.now(),
    execPath: options.execPath ?? process.execPath,
    entry: options.entry ?? ACME_CHILD,
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: '/nonexistent', ...options.env },
    kill: (target, signal) => process.kill(target, signal),
    onEvent: (event) => {
      events.push(event);
      options.onEvent?.(event);
    },
    onSpawn: (number) => {
      pid = number;
      options.onSpawn?.(number);
    },
  });
  deadline.release();
  return { result, events, pid, tookMs: performance.now() - startedAt };
}

/** Once none of the group is left. What was killed is buried by whoever adopts it, and that takes a moment. */
export async function groupGone(pgid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(-pgid, 0);
    } catch {
      return;
    }
    await pause(10);
  }
}
