/**
 * Is the lock that a file speaks of still held? A number of a process is not enough: numbers are used again and machines
 * are started again. Start time, boot and PID namespace decide.
 */
import { DAY, SECOND } from '../time/duration.ts';
import type { LockContent, LockOwner } from './lock-file.ts';
import type { ProcessTable } from './process-table.ts';

/** A run ends by its deadline and within a second more: a holder is stuck only after that. */
export const STUCK_GRACE_MS = SECOND;

/** A holder that cannot be asked after and has named no deadline is believed for so long. */
const LONGEST_UNSEEN_MS = DAY;

/** `unsure`: it runs, or ran, where its processes cannot be seen from here. */
export type Liveness = 'alive' | 'ended' | 'restarted' | 'unsure';

export interface Held {
  readonly owner: LockOwner;
  readonly doing: string;
  /** Milliseconds since it was taken, never negative. */
  readonly ageMs: number;
  /** Past its own deadline. */
  readonly stuck: boolean;
}

export type Holding =
  | { readonly kind: 'free' }
  /** Held by nobody any more; `why` goes after "the lock of …". */
  | { readonly kind: 'abandoned'; readonly held: Held; readonly why: string }
  | { readonly kind: 'held'; readonly held: Held };

export async function judgeHolding(content: LockContent, now: number, processes: ProcessTable): Promise<Holding> {
  if (content.released) return { kind: 'free' };
  const { owner, doing } = content;
  const ageMs = await ageOf(owner, now, processes);
  const stuck = owner.deadlineMs !== undefined && ageMs > owner.deadlineMs + STUCK_GRACE_MS;
  const held: Held = { owner, doing, ageMs, stuck };
  switch (await livenessOf(owner, processes)) {
    case 'alive':
      return { kind: 'held', held };
    case 'ended':
      return { kind: 'abandoned', held, why: 'ended without giving it back: killed, or crashed' };
    case 'restarted':
      return { kind: 'abandoned', held, why: 'ended when the machine was restarted' };
    case 'unsure':
      // certwatch itself sees to it that a run ends by its deadline: what is not seen, and past it, is over.
      if (stuck || (owner.deadlineMs === undefined && ageMs > LONGEST_UNSEEN_MS)) {
        return {
          kind: 'abandoned',
          held,
          why: `cannot be seen from here (it ran on ${owner.host}) and its time is over`,
        };
      }
      return { kind: 'held', held };
  }
}

export async function livenessOf(owner: LockOwner, processes: ProcessTable): Promise<Liveness> {
  const here = await processes.place();
  if (owner.bootId !== undefined && here.bootId !== undefined && owner.bootId !== here.bootId) {
    return owner.host === processes.host ? 'restarted' : 'unsure';
  }
  const known = owner.bootId !== undefined && here.bootId !== undefined && owner.start !== undefined;
  if (!known) return owner.host === processes.host && !processes.exists(owner.pid) ? 'ended' : 'unsure';
  if (owner.pidNamespace !== here.pidNamespace) return 'unsure';
  const seen = await processes.look(owner.pid);
  if (seen) return seen.start === owner.start ? 'alive' : 'ended';
  if (!processes.exists(owner.pid)) return 'ended';
  // There is something with that number which is not shown: a zombie, or /proc hides the processes of others.
  return (await processes.look(1)) === undefined ? 'unsure' : 'ended';
}

async function ageOf(owner: LockOwner, now: number, processes: ProcessTable): Promise<number> {
  const [here, sinceBoot] = await Promise.all([processes.place(), processes.sinceBootMs()]);
  const sameBoot = owner.bootId !== undefined && owner.bootId === here.bootId;
  if (sameBoot && sinceBoot !== undefined && owner.takenSinceBootMs !== undefined) {
    return Math.max(0, sinceBoot - owner.takenSinceBootMs);
  }
  return Math.max(0, now - owner.takenAt);
}
