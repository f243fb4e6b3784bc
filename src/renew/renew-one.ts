/**
 * One certificate: read what is on disk, see what is served, plan, and carry the plan out. Whatever happens is a value.
 */
import type { RenewalProblem, RenewalResult } from '../model/renewal.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { Attempt } from './attempt.ts';
import { conclude, fail } from './ending.ts';
import { mendAfterKill, putBackSaved } from './existing-client.ts';
import { factsOf } from './install/certificate-set.ts';
import { type History, historyOf } from './journal/history.ts';
import { Journal } from './journal/journal.ts';
import { type Around, lookAround } from './look-around.ts';
import { obtain } from './obtain.ts';
import { forgetOrders } from './order-folder.ts';
import type { Plan } from './plan.ts';
import { type Course, type InPlace, install, prove } from './put-in-place.ts';
import { prepare } from './reload.ts';
import type { Renewal } from './renewal.ts';
import { lookAgain, resume } from './resume.ts';
import { shareOut } from './shares.ts';
import type { Tools } from './tools.ts';
import { findChanged } from './verify-served.ts';

export interface RenewOptions {
  readonly force?: boolean;
  /** Of this certificate: everything is over by then. */
  readonly deadline: Deadline;
}

export async function renewOne(renewal: Renewal, tools: Tools, options: RenewOptions): Promise<RenewalResult> {
  const opened = await Journal.open(tools.state, renewal.name);
  if (!opened.ok) {
    const problem: RenewalProblem = { reason: 'journal', detail: opened.error, advice: 'fix-permissions' };
    return { name: renewal.name, warnings: [], kind: 'failed', step: 'plan', problem };
  }
  const history = historyOf(opened.value.entries);
  const attempt = new Attempt(renewal, tools, opened.value);
  const { force = false, deadline } = options;
  const warn = (problem: RenewalProblem) => attempt.warn(problem);
  await mendAfterKill(attempt);
  const around = await lookAround(renewal, tools, { history, force, deadline, warn });
  if (around.disk.kind === 'set') attempt.inUse = { inUse: factsOf(around.disk.leaf) };
  return carryOut(attempt, { ...around, history, deadline });
}

export interface Situation extends Around {
  readonly history: History;
  readonly deadline: Deadline;
}

async function carryOut(attempt: Attempt, situation: Situation): Promise<RenewalResult> {
  const { planned } = situation;
  const { renewal, about, inUse } = attempt;
  switch (planned.action) {
    case 'none':
      // What an attempt that has come to its end has left there is of no use any more, and keys are among it.
      await forgetOrders(attempt.tools.state, renewal.name);
      return { ...about, kind: 'not-due', renewAt: planned.renewAt, certificate: factsOf(planned.leaf) };
    case 'wait':
      return { ...about, ...inUse, kind: 'skipped-backoff', reasons: planned.reasons, ...planned.backoff };
    case 'renew':
    case 'reload': {
      if (renewal.targets.length === 0) return attempt.failed(NOWHERE);
      const begun = await attempt.begin(planned);
      if (!begun.ok) return attempt.failed(begun.error);
      return planned.action === 'renew' ? renew(attempt, planned, situation) : resume(attempt, planned, situation);
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
  { disk, seen, deadline }: Situation,
): Promise<RenewalResult> {
  const shares = shareOut(deadline);
  const { ordering, forward } = shares;
  try {
    const course: Course = { disk, baseline: seen.places, forward, deadline };
    const inPlace = await obtainAndInstall(attempt, course, { planned, ordering });
    if (!inPlace.ok) return await fail(attempt, inPlace.error, deadline);
    const proven = await prove(attempt, inPlace.value, course);
    return await conclude(attempt, proven, { kind: 'renewed', reasons: planned.reasons });
  } finally {
    shares.release();
  }
}

async function obtainAndInstall(
  attempt: Attempt,
  course: Course,
  { planned, ordering }: { readonly planned: Extract<Plan, { action: 'renew' }>; readonly ordering: Deadline },
): Promise<Result<InPlace, RenewalProblem>> {
  const { renewal, tools } = attempt;
  const hooked = await prepare(attempt, { deadline: ordering });
  if (!hooked.ok) return hooked;
  const wish = { disk: course.disk, authority: planned.authority, deadline: ordering };
  const obtained = await attempt.run('order', () => obtain(attempt, wish));
  if (!obtained.ok) return obtained;
  if (obtained.value.kind === 'issued') {
    const { set } = obtained.value;
    return attempt.run('install', () => install(attempt, set, course));
  }
  const { targets } = renewal;
  const { look } = tools;
  const { back } = obtained.value;
  const leaf =
    obtained.value.leaf ?? (await findChanged({ targets, look, deadline: course.forward, baseline: course.baseline }));
  if (!leaf) return err(UNCHANGED);
  return ok({ certificate: factsOf(leaf), ...(back ? { back: () => putBackSaved(attempt, back) } : {}) });
}

const UNCHANGED: RenewalProblem = {
  reason: 'unchanged',
  detail: 'the command ended well, but no address serves another certificate than before',
  advice: 'check-command',
};
