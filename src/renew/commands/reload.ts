/**
 * The commands around an order: the pre-hook before it, and what makes servers take up the files that are in place: deploy
 * hook, then reload. Each runs under a limit of its own.
 */

import type { RenewalProblem } from '../../model/renewal.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Deadline } from '../../time/deadline.ts';
import type { Attempt } from '../attempt.ts';
import { runCommand } from './command.ts';
import { TERM_GRACE_MS } from './process-group.ts';
import { SharedReloads } from './shared-reloads.ts';

export interface TakeUp {
  readonly deadline: Deadline;
  readonly puttingBack?: boolean;
}

/** Of what is left: the order comes after it. */
const PRE_HOOK_SHARE = 0.5;

/** Of a hook, in shares of what is left: the reload and the proof come after it; on the way back they matter more. */
const HOOK_SHARE = 0.6;
const HOOK_SHARE_BACK = 0.3;

/** The config's `reload-timeout` counts, but something must be left to see what it came to. */
const RELOAD_SHARE = 0.7;

/** What ignores SIGTERM has a second more than it was given. */
function shareOf({ remainingMs }: Deadline, share: number): number {
  return Math.max(remainingMs - TERM_GRACE_MS, remainingMs / 2) * share;
}

export async function prepare(
  attempt: Attempt,
  { deadline }: { readonly deadline: Deadline },
): Promise<Result<void, RenewalProblem>> {
  const { renewal, tools } = attempt;
  const { preHook } = renewal;
  if (!preHook) return ok(undefined);
  const timeoutMs = shareOf(deadline, PRE_HOOK_SHARE);
  const { env, kill } = tools;
  const run = () => runCommand(preHook, { renewal, step: 'pre-hook', deadline, timeoutMs, env, kill });
  const done = await attempt.run('pre-hook', run);
  return done.ok ? ok(undefined) : done;
}

export async function deploy(
  attempt: Attempt,
  { deadline, puttingBack = false }: TakeUp,
): Promise<Result<void, RenewalProblem>> {
  const { renewal, tools } = attempt;
  const { deployHook } = renewal;
  if (!deployHook) return ok(undefined);
  const timeoutMs = shareOf(deadline, puttingBack ? HOOK_SHARE_BACK : HOOK_SHARE);
  const { env, kill } = tools;
  const run = () =>
    runCommand(deployHook, { renewal, step: 'deploy-hook', deadline, timeoutMs, env, kill, puttingBack });
  const done = puttingBack ? await run() : await attempt.run('deploy-hook', run);
  return done.ok ? ok(undefined) : err(withLimit(done.error, SHARE));
}

export async function reload(
  attempt: Attempt,
  { deadline, puttingBack = false }: TakeUp,
): Promise<Result<void, RenewalProblem>> {
  const { renewal, tools } = attempt;
  const { reload: command, reloadTimeoutMs } = renewal;
  if (!command) return ok(undefined);
  const share = shareOf(deadline, RELOAD_SHARE);
  const timeoutMs = Math.min(reloadTimeoutMs, share);
  const { reloads = new SharedReloads(tools) } = tools;
  const run = () => reloads.run({ renewal, command, puttingBack, deadline, timeoutMs });
  const done = puttingBack ? await run() : await attempt.run('reload', run);
  return done.ok ? ok(undefined) : err(withLimit(done.error, reloadTimeoutMs <= share ? 'its reload-timeout' : SHARE));
}

const SHARE = 'its share of the time that was left';

/** Which limit it was that a command did not keep. */
const withLimit = (problem: RenewalProblem, limit: string): RenewalProblem =>
  problem.reason.endsWith('-timeout') ? { ...problem, detail: `${problem.detail}; the limit was ${limit}` } : problem;
