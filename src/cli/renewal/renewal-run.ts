/**
 * The renewals of one run, between the lock and the report: under the run's deadline, which holds whatever hangs; followed
 * on the standard error; written down in the run record.
 */
import type { RecordedRun } from '../../health/recorded-run.ts';
import type { RenewalEvent, RenewalOutcome, RenewalProblem, RenewalResult, RenewalStep } from '../../model/renewal.ts';
import type { Summary } from '../../model/verdict.ts';
import { withBroken } from '../../renew/broken.ts';
import { rehearse } from '../../renew/rehearse.ts';
import type { Renewal } from '../../renew/renewal.ts';
import { exitCodeOf, runRenewals } from '../../renew/run-renewals.ts';
import { renewalEventLine } from '../../report/renewal-text.ts';
import { Deadline } from '../../time/deadline.ts';
import type { Io } from '../io.ts';
import type { RenewSettings } from './renew-settings.ts';
import { renewTools } from './renew-tools.ts';

/** What is kept of the time for what is cut off: it is ended, undone and written down. */
const CUT_OFF_SHARE = 0.1;
const CUT_OFF_MS = 2_500;

export interface RenewalRun {
  readonly io: Io;
  /** From now on; all is over by then. */
  readonly leftMs: number;
}

/** Gives the lock back at its end. */
export async function performRenewals(
  settings: RenewSettings,
  record: RecordedRun,
  { io, leftMs }: RenewalRun,
): Promise<RenewalOutcome> {
  const { renewals, concurrency, force, rehearsal } = settings;
  const startedAt = io.now();
  const cutOffMs = Math.min(CUT_OFF_MS, leftMs * CUT_OFF_SHARE);
  const deadline = Deadline.after(leftMs - cutOffMs);
  let interrupted = false;
  // Never taken back: what ends a session may tell twice, and the report is still to be written.
  io.onInterrupt(() => {
    interrupted = true;
    deadline.expire();
  });
  const ended: RenewalResult[] = [];
  const steps = new Map<string, RenewalStep>();
  const tell = teller(settings, record, io);
  const emit = (event: RenewalEvent) => {
    if (event.kind === 'ended') ended.push(event.result);
    if (event.kind === 'step') steps.set(event.name, event.step);
    tell(event, ended.length);
  };
  const tools = renewTools(settings, io, { deadline, emit });
  const perform = rehearsal ? { perform: rehearse } : {};
  const end = Deadline.shortlyAfter(deadline, cutOffMs);
  const done = await end.race(runRenewals({ renewals, concurrency, deadline, force, ...perform }, tools));
  end.release();
  const deadlineReached = deadline.expired && !interrupted;
  deadline.release();
  const results = withBroken(done ?? inOrder(renewals, ended, steps), settings.broken);
  const exitCode = exitCodeOf(results, { interrupted });
  const problems = await record.finish({
    exitStatus: exitCode,
    summary: summaryOf(results),
    deadlineReached,
    interrupted,
  });
  // Where both are one terminal, the report stands by itself.
  if (isToldAloud(settings.run, io) && io.stdout.isTTY && io.stderr.isTTY) void io.stderr.write('\n');
  const notes = [...record.notes, ...(done ? [] : [STUCK]), ...problems];
  return { exitCode, startedAt, finishedAt: io.now(), deadlineReached, interrupted, results, notes };
}

const STUCK = 'something did not end by the deadline, and was left where it was';

/** On a terminal, or where more was asked for; never among what a script reads. */
const isToldAloud = (run: RenewSettings['run'], io: Io): boolean => !run.quiet && (io.stderr.isTTY || run.verbose);

/** In the lock's note always. What goes on inside an order is for those who asked for more. */
function teller({ renewals, run }: RenewSettings, record: RecordedRun, io: Io) {
  const aloud = isToldAloud(run, io);
  return (event: RenewalEvent, ended: number): void => {
    const line = renewalEventLine(event);
    if (event.kind !== 'detail') record.doing(`renew, ${ended} of ${renewals.length}: ${line}`);
    if (aloud && (event.kind !== 'detail' || run.verbose)) void io.stderr.write(`certwatch: ${line}\n`);
  };
}

/** What has not ended is reported by where it was. */
function inOrder(
  renewals: readonly Renewal[],
  ended: readonly RenewalResult[],
  steps: ReadonlyMap<string, RenewalStep>,
): RenewalResult[] {
  const problem: RenewalProblem = {
    reason: 'timeout',
    detail: 'the deadline came before it had ended',
    advice: 'raise-deadline',
  };
  return renewals.map(({ name }): RenewalResult => {
    const step = steps.get(name) ?? 'queue';
    return ended.find((result) => result.name === name) ?? { name, warnings: [], kind: 'failed', step, problem };
  });
}

function summaryOf(results: readonly RenewalResult[]): Summary {
  const codes = results.map((result) => exitCodeOf([result], { interrupted: false }));
  const count = (code: number) => codes.filter((each) => each === code).length;
  return { targets: results.length, ok: count(0), warning: 0, critical: count(2), unknown: count(3) };
}
