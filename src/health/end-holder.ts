/**
 * Ends a process that holds the lock past its own deadline: SIGTERM, then SIGKILL for it and what it has started. Before
 * each signal it is asked again whether the number still means that process.
 */
import { Deadline } from '../time/deadline.ts';
import { pause } from '../time/pause.ts';
import { livenessOf } from './holder.ts';
import type { LockOwner } from './lock-file.ts';
import type { ProcessInfo, ProcessTable } from './process-table.ts';

export interface Patience {
  /** How long it may take to end by itself after SIGTERM, in milliseconds. */
  readonly termMs: number;
  /** How long the system may take to end it after SIGKILL. */
  readonly killMs: number;
}

const USUAL_PATIENCE: Patience = { termMs: 3_000, killMs: 2_000 };

/** The usual patience, or as much of it as there is time for. */
export function patienceWithin(ms: number): Patience {
  const { termMs, killMs } = USUAL_PATIENCE;
  const share = Math.min(1, Math.max(0, ms) / (termMs + killMs));
  return { termMs: termMs * share, killMs: killMs * share };
}

const POLL_MS = 25;

/**
 * @param within nothing is waited for beyond it.
 * @returns undefined once it has ended; else why it has not, as a sentence.
 */
export async function endHolder(
  owner: LockOwner,
  processes: ProcessTable,
  { patience, within }: { readonly patience: Patience; readonly within: Deadline },
): Promise<string | undefined> {
  const isAlive = async () => (await livenessOf(owner, processes)) === 'alive';
  if (!(await isAlive())) return undefined;
  if (owner.pid === processes.pid) return 'it is this very process';
  const below = await processes.descendants(owner.pid);
  if (!processes.kill(owner.pid, 'SIGTERM') && (await isAlive())) {
    return `process ${owner.pid} cannot be ended: it belongs to another user`;
  }
  if (!(await endsWithin(patience.termMs, isAlive, within))) {
    await killGroup(owner, processes);
    if (!(await endsWithin(patience.killMs, isAlive, within))) {
      return `process ${owner.pid} does not end, even by SIGKILL: it is stuck inside the system`;
    }
  }
  // A hook that is stuck outlives the run that started it, and may be what the run was stuck on.
  for (const process of below) await killLeftOver(process, processes);
  return undefined;
}

async function killGroup(owner: LockOwner, processes: ProcessTable): Promise<void> {
  const [holder, self] = await Promise.all([processes.look(owner.pid), processes.look(processes.pid)]);
  if (holder?.start !== owner.start || holder === undefined) return;
  processes.kill(isOwnGroup(holder, self) ? -holder.pid : holder.pid, 'SIGKILL');
}

/** Only a group that it leads is its own: the group of a cron job or of a shell script holds others too, maybe this run. */
function isOwnGroup(process: ProcessInfo, self: ProcessInfo | undefined): boolean {
  return process.group === process.pid && process.group !== self?.group;
}

async function killLeftOver(process: ProcessInfo, processes: ProcessTable): Promise<void> {
  const [now, self] = await Promise.all([processes.look(process.pid), processes.look(processes.pid)]);
  if (now === undefined || now.start !== process.start || now.pid === processes.pid) return;
  processes.kill(isOwnGroup(now, self) ? -now.pid : now.pid, 'SIGKILL');
}

async function endsWithin(ms: number, isAlive: () => Promise<boolean>, within: Deadline): Promise<boolean> {
  const deadline = Deadline.after(ms, within);
  try {
    while (!deadline.expired) {
      if (!(await isAlive())) return true;
      await pause(POLL_MS, deadline);
    }
    return !(await isAlive());
  } finally {
    deadline.release();
  }
}
