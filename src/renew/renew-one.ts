/**
 * One certificate: read what is on disk, see what is served, plan, and carry the plan out. Whatever happens is a value.
 */
import type { RenewalProblem, RenewalResult } from '../model/renewal.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { startAgain } from './after-pre-hook.ts';
import { Attempt } from './attempt.ts';
import { prepare } from './commands/reload.ts';
import { conclude, fail, RAISE, TOO_LATE } from './ending.ts';
import { factsOf } from './install/certificate-set.ts';
import { historyOf } from './journal/history.ts';
import { Journal } from './journal/journal.ts';
import { lookAround, notForUs } from './look-around.ts';
import { mendAfterKill, putBackSaved } from './obtain/existing-client.ts';
import { obtain } from './obtain/obtain.ts';
import { forgetOrders } from './obtain/order-folder.ts';
import type { Obtained, Wish } from './obtain/wish.ts';
import type { Plan } from './plan/plan.ts';
import { type Course, type InPlace, install, prove } from './put-in-place.ts';
import type { Renewal } from './renewal.ts';
import { lookAgain, resume } from './resume.ts';
import { findChanged } from './served/verify-served.ts';
import { enoughToInstall, forOrder, forward, type Limit, sayLimit } from './shares.ts';
import type { Situation } from './situation.ts';
import type { Tools } from './tools.ts';
import type { Turn } from './turns.ts';

export interface RenewOptions {
  readonly force?: boolean;
  /** Of this certificate: everything is over by then. */
  readonly deadline: Deadline;
  /** What that comes from; for messages. */
  readonly limit?: Limit;
  /** Where it may have to listen on a port that others listen on, too. */
  readonly turn?: Turn;
}

export async function renewOne(renewal: Renewal, tools: Tools, options: RenewOptions): Promise<RenewalResult> {
  const opened = await Journal.open(tools.state, renewal.name);
  if (!opened.ok) {
    const problem: RenewalProblem = { reason: 'journal', detail: opened.error, advice: 'fix-permissions' };
    return { name: renewal.name, warnings: [], kind: 'failed', step: 'plan', problem };
  }
  const history = historyOf(opened.value.entries);
  const attempt = new Attempt(renewal, tools, opened.value);
  const { force = false, deadline, turn } = options;
  const limit = options.limit ?? { by: 'timeout', ms: deadline.remainingMs };
  const warn = (problem: RenewalProblem) => attempt.warn(problem);
  await mendAfterKill(attempt);
  const around = await lookAround(renewal, tools, { history, force, deadline, warn });
  if (around.disk.kind === 'set') attempt.inUse = { inUse: factsOf(around.disk.leaf) };
  return carryOut(attempt, { ...around, history, deadline, limit, ...(turn ? { turn } : {}) });
}

async function carryOut(attempt: Attempt, situation: Situation): Promise<RenewalResult> {
  const { planned, turn } = situation;
  const { renewal, about, inUse } = attempt;
  switch (planned.action) {
    case 'denied':
      return attempt.failed(notForUs(planned.detail));
    case 'none':
      // What an attempt that has come to its end has left there is of no use any more, and keys are among it.
      await forgetOrders(attempt.tools.state, renewal.name);
      return { ...about, kind: 'not-due', renewAt: planned.renewAt, certificate: factsOf(planned.leaf) };
    case 'wait':
      return { ...about, ...inUse, kind: 'skipped-backoff', reasons: planned.reasons, ...planned.backoff };
    case 'renew':
    case 'reload': {
      if (renewal.targets.length === 0) return attempt.failed(NOWHERE);
      const mayListen = planned.action === 'renew' && !planned.issued;
      const deadline = mayListen && turn ? await turn.take() : situation.deadline;
      if (!deadline) return { ...about, ...inUse, ...TOO_LATE };
      const begun = await attempt.begin(planned);
      if (!begun.ok) return attempt.failed(begun.error);
      const now = { ...situation, deadline };
      return planned.action === 'renew' ? renew(attempt, planned, now) : resume(attempt, planned, now);
    }
    case 'verify':
      return lookAgain(attempt, planned, situation);
  }
}

const NOWHERE: RenewalProblem = {
  reason: 'nowhere-to-verify',
  detail: 'nothing says where this certificate is served, so nothing could show that it was renewed',
  advice: 'fix-config',
};

async function renew(
  attempt: Attempt,
  planned: Extract<Plan, { action: 'renew' }>,
  situation: Situation,
): Promise<RenewalResult> {
  const { disk, seen, deadline } = situation;
  const inPlace = await obtainAndInstall(attempt, planned, situation);
  if (!inPlace.ok) {
    await startAgain(attempt, situation);
    return fail(attempt, inPlace.error, situation);
  }
  const ahead = forward(deadline);
  try {
    const course: Course = { disk, baseline: seen.places, forward: ahead, deadline };
    const proven = await prove(attempt, inPlace.value, course);
    return await conclude(attempt, proven, { kind: 'renewed', reasons: planned.reasons });
  } finally {
    ahead.release();
  }
}

async function obtainAndInstall(
  attempt: Attempt,
  planned: Extract<Plan, { action: 'renew' }>,
  { disk, seen, deadline, limit, turn }: Situation,
): Promise<Result<InPlace, RenewalProblem>> {
  const { renewal } = attempt;
  const allMs = deadline.remainingMs;
  const obtained = await order(attempt, { disk, authority: planned.authority, deadline });
  // What a pre-hook has stopped to free the port is started again by what comes after the order.
  if (!renewal.preHook) turn?.over();
  if (!obtained.ok) return obtained;
  if (obtained.value.kind === 'in-place') return inPlaceOf(attempt, obtained.value, { seen, deadline });
  if (!enoughToInstall(deadline, allMs)) return err(tooLate(limit));
  const { set } = obtained.value;
  return attempt.run('install', () => install(attempt, set, { disk }));
}

async function order(attempt: Attempt, wish: Wish): Promise<Result<Obtained, RenewalProblem>> {
  const deadline = forOrder(wish.deadline, attempt.renewal.by.kind);
  try {
    const hooked = await prepare(attempt, { deadline });
    return hooked.ok ? await attempt.run('order', () => obtain(attempt, { ...wish, deadline })) : hooked;
  } finally {
    deadline.release();
  }
}

/** By an existing client. Without a live folder only the servers can tell what it has done. */
async function inPlaceOf(
  attempt: Attempt,
  { leaf: known, back }: Extract<Obtained, { kind: 'in-place' }>,
  { seen, deadline }: Pick<Situation, 'seen' | 'deadline'>,
): Promise<Result<InPlace, RenewalProblem>> {
  const { targets } = attempt.renewal;
  const { look } = attempt.tools;
  const ahead = forward(deadline);
  const leaf = known ?? (await findChanged({ targets, look, deadline: ahead, baseline: seen.places }));
  ahead.release();
  if (!leaf) return err(UNCHANGED);
  return ok({ certificate: factsOf(leaf), ...(back ? { back: () => putBackSaved(attempt, back) } : {}) });
}

const tooLate = (limit: Limit): RenewalProblem => ({
  reason: 'too-late-to-install',
  detail: `it was issued, but too late to be installed and, should it not be served, to be put back before the end of ${sayLimit(limit)}; the next run installs it, and orders nothing`,
  advice: RAISE[limit.by],
});

const UNCHANGED: RenewalProblem = {
  reason: 'unchanged',
  detail: 'the command ended well, but no address serves another certificate than before',
  advice: 'check-command',
};
