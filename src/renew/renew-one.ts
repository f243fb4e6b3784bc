/**
 * One certificate: read what is on disk, see what is served, plan, and carry the plan out. Whatever happens is a value.
 */
import type { Certificate } from '../model/certificate.ts';
import type { DueReason, RenewalProblem, RenewalResult } from '../model/renewal.ts';
import { err, ok, type Result } from '../model/result.ts';
import { Deadline } from '../time/deadline.ts';
import { Attempt } from './attempt.ts';
import { mendAfterKill, putBackSaved, savedBefore } from './existing-client.ts';
import { factsOf } from './install/certificate-set.ts';
import { LiveFolder } from './install/live-folder.ts';
import { type History, historyOf } from './journal/history.ts';
import { Journal } from './journal/journal.ts';
import { type Around, lookAround, readDisk } from './look-around.ts';
import { obtain } from './obtain.ts';
import { forgetOrders } from './order-folder.ts';
import type { OnDisk, Plan } from './plan.ts';
import { silentOnes, verifyStep } from './proof.ts';
import { type Course, type InPlace, install, type Proven, prove, writeDerived } from './put-in-place.ts';
import { prepare } from './reload.ts';
import type { Renewal } from './renewal.ts';
import type { Tools } from './tools.ts';
import { findChanged, reachOf } from './verify-served.ts';

export interface RenewOptions {
  readonly force?: boolean;
  /** Of this certificate: everything is over by then. */
  readonly deadline: Deadline;
}

/** The way back has a share of the time, within these bounds. */
const BACK_SHARE = 0.2;
const BACK_MS = { least: 2_000, most: 60_000 } as const;

/** Install, reload and proof have a share of the way forward. */
const PLACE_SHARE = 0.3;
const PLACE_MOST_MS = 90_000;

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
  return carryOut(attempt, { ...around, history, deadline });
}

interface Situation extends Around {
  readonly history: History;
  readonly deadline: Deadline;
}

async function carryOut(attempt: Attempt, situation: Situation): Promise<RenewalResult> {
  const { planned } = situation;
  const { renewal, warnings } = attempt;
  const about = { name: renewal.name, warnings };
  switch (planned.action) {
    case 'none':
      // What an attempt that has come to its end has left there is of no use any more, and keys are among it.
      await forgetOrders(attempt.tools.state, renewal.name);
      return { ...about, kind: 'not-due', renewAt: planned.renewAt, certificate: factsOf(planned.leaf) };
    case 'wait':
      return { ...about, kind: 'skipped-backoff', reasons: planned.reasons, ...planned.backoff };
    case 'renew':
    case 'reload': {
      if (renewal.targets.length === 0) return { ...about, kind: 'failed', step: 'plan', problem: NOWHERE };
      const begun = await begin(attempt, planned);
      if (!begun.ok) return { ...about, kind: 'failed', step: 'plan', problem: begun.error };
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

async function begin(
  attempt: Attempt,
  planned: Plan & { reasons: readonly DueReason[] },
): Promise<Result<void, RenewalProblem>> {
  const { renewal, tools } = attempt;
  const { reasons } = planned;
  tools.emit({ kind: 'begun', name: renewal.name, at: tools.now(), reasons });
  const authority = 'authority' in planned && planned.authority ? { authority: planned.authority.url } : {};
  const codes = reasons.map(({ code }) => code);
  return attempt.begin({ by: renewal.by.kind, reasons: codes, domains: renewal.domains, ...authority });
}

/** How the time up to the deadline is shared out: for the order, for all that goes forward, for the way back. */
function shareOut(deadline: Deadline): { ordering: Deadline; forward: Deadline } {
  const all = deadline.remainingMs;
  const back = Math.min(Math.max(all * BACK_SHARE, BACK_MS.least), BACK_MS.most, all / 2);
  const forward = all - back;
  const ordering = forward - Math.min(forward * PLACE_SHARE, PLACE_MOST_MS);
  return { ordering: Deadline.after(ordering, deadline), forward: Deadline.after(forward, deadline) };
}

async function renew(
  attempt: Attempt,
  planned: Extract<Plan, { action: 'renew' }>,
  { disk, seen, deadline }: Situation,
): Promise<RenewalResult> {
  const { ordering, forward } = shareOut(deadline);
  try {
    const course: Course = { disk, baseline: seen.places, forward, deadline };
    const inPlace = await obtainAndInstall(attempt, course, { planned, ordering });
    if (!inPlace.ok) return await fail(attempt, inPlace.error, deadline);
    const proven = await prove(attempt, inPlace.value, course);
    return await conclude(attempt, proven, { kind: 'renewed', reasons: planned.reasons });
  } finally {
    ordering.release();
    forward.release();
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

/** A run that somebody has ended has not failed: without an end in the journal, the next one goes on at once. */
async function fail(attempt: Attempt, problem: RenewalProblem, deadline: Deadline): Promise<RenewalResult> {
  const { renewal, warnings, step } = attempt;
  const result = { name: renewal.name, warnings, kind: 'failed', step, problem } as const;
  if (!deadline.cutShort) await attempt.end(result);
  return result;
}

async function conclude(
  attempt: Attempt,
  proven: Proven,
  how: { readonly kind: 'renewed' | 'resumed'; readonly reasons: readonly DueReason[] },
): Promise<RenewalResult> {
  const { renewal, tools, warnings } = attempt;
  switch (proven.kind) {
    case 'interrupted':
      return proven.result;
    case 'ended':
      await attempt.end(proven.result);
      if (proven.result.kind === 'rolled-back') await (await savedBefore(attempt))?.forget();
      return proven.result;
    case 'partly':
    case 'proven': {
      const { certificate, served } = proven;
      const about = { name: renewal.name, warnings, certificate, served };
      const result: RenewalResult =
        proven.kind === 'proven'
          ? { ...about, ...how }
          : { ...about, kind: 'partly-served', reasons: how.reasons, problem: silentOnes(served) };
      await attempt.end(result);
      // What was ordered is in use now; what a run before this point has ordered, the next one makes use of.
      await forgetOrders(tools.state, renewal.name);
      await (await savedBefore(attempt))?.forget();
      return result;
    }
  }
}

/** On disk already: only to be taken up and proven. Where an earlier run had put it there, the way back is the one it had. */
async function resume(
  attempt: Attempt,
  { leaf, reasons }: Extract<Plan, { action: 'reload' }>,
  { disk, seen, history, deadline }: Situation,
): Promise<RenewalResult> {
  const { forward, ordering } = shareOut(deadline);
  try {
    const back = await wayBack(attempt, leaf, history);
    const course: Course = { disk: back?.disk ?? disk, baseline: seen.places, forward, deadline };
    const inPlace: InPlace = { certificate: factsOf(leaf), ...(back ? { back: back.to } : {}) };
    if (attempt.renewal.live !== undefined) await writeDerived(attempt, attempt.renewal.live);
    const proven = await prove(attempt, inPlace, course);
    return await conclude(attempt, proven, { kind: 'resumed', reasons });
  } finally {
    ordering.release();
    forward.release();
  }
}

interface WayBack {
  readonly disk: OnDisk;
  readonly to: NonNullable<InPlace['back']>;
}

/** Out of the journal, where the disk bears it out. */
async function wayBack(attempt: Attempt, leaf: Certificate, { unproven }: History): Promise<WayBack | undefined> {
  const { renewal } = attempt;
  if (renewal.live === undefined) return undefined;
  if (renewal.by.kind === 'command') {
    const saved = await savedBefore(attempt);
    if (unproven?.sha256 === leaf.sha256) await attempt.changed(unproven);
    const disk = saved ? await readDisk({ live: saved.folder }) : undefined;
    return saved && disk?.kind === 'set' ? { disk, to: () => putBackSaved(attempt, saved) } : undefined;
  }
  if (unproven?.sha256 !== leaf.sha256) return undefined;
  const { from, to } = unproven;
  if (from === undefined || to === undefined) return undefined;
  await attempt.switching({ ...unproven, to });
  const live = await LiveFolder.open(renewal.live);
  if (!live.ok || (await live.value.current()) !== to) return undefined;
  const disk = await readDisk({ live: live.value.folderOf(from) });
  return disk.kind === 'set' ? { disk, to: () => live.value.switchTo(from) } : undefined;
}

/**
 * Served wherever anything answered, by an earlier run. While nothing else is seen, nothing is done and nothing written
 * down; when all answer and serve it, it is done.
 */
async function lookAgain(
  attempt: Attempt,
  planned: Extract<Plan, { action: 'verify' }>,
  { seen, deadline }: Situation,
): Promise<RenewalResult> {
  const { renewal, warnings } = attempt;
  const { leaf, reasons } = planned;
  const certificate = factsOf(leaf);
  const wanted = certificate.sha256;
  const about = { name: renewal.name, warnings, certificate };
  const reach = reachOf(seen.places, { wanted, baseline: seen.places });
  const silent = { ...about, problem: silentOnes(seen.at), served: seen.at };
  if (reach === 'but-silent') return { ...silent, kind: 'partly-served', reasons };
  if (reach === 'no') return { ...silent, kind: 'not-served', step: 'verify', noWayBack: 'nothing-answers' };
  const begun = await begin(attempt, planned);
  if (!begun.ok) return { ...about, kind: 'failed', step: 'plan', problem: begun.error };
  const verified = await verifyStep(attempt, { wanted, named: { new: wanted }, deadline, patienceMs: 0 });
  const served = verified.seen;
  const result: RenewalResult = verified.ok
    ? { ...about, kind: 'resumed', reasons, served }
    : { ...about, kind: 'partly-served', reasons, problem: verified.error, served };
  if (verified.ok || !deadline.cutShort) await attempt.end(result);
  return result;
}
