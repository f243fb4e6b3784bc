/**
 * One run of `certwatch renew`: settings → lock → renewals → report → exit status. Loaded only when it runs.
 */
import { randomUUID } from 'node:crypto';
import { describePreviousRun } from '../health/previous-run.ts';
import { beginRun, type RecordedRun } from '../health/recorded-run.ts';
import type { RenewalOutcome, RenewalResult } from '../model/renewal.ts';
import { err, type Result } from '../model/result.ts';
import type { InputError } from '../model/target.ts';
import type { Summary } from '../model/verdict.ts';
import { planOnly } from '../renew/dry-run.ts';
import { rehearse } from '../renew/rehearse.ts';
import type { Renewal } from '../renew/renewal.ts';
import { exitCodeOf, runRenewals } from '../renew/run-renewals.ts';
import { renderRenewalsJson } from '../report/renewal-json.ts';
import { renderRenewals, renewalEventLine } from '../report/renewal-text.ts';
import { Deadline } from '../time/deadline.ts';
import { errorLine, refuse } from './input-errors.ts';
import type { ExitCode, Io } from './io.ts';
import type { RenewAsked } from './renew.ts';
import { type RenewSettings, readRenewSettings } from './renew-settings.ts';
import { showRenewalStatus } from './renew-status.ts';
import { renewTools } from './renew-tools.ts';

/** Once the run's deadline has come, what is cut off may take this long to be written down. */
const FLUSH_MS = 2_500;

export async function renew(asked: RenewAsked, io: Io): Promise<ExitCode> {
  const settings = await readRenewSettings(asked, io);
  if (!settings.ok) return refuse(settings.error, io);
  if (asked.flags.status) return showRenewalStatus(settings.value, io);
  if (asked.flags.dryRun) return dryRun(settings.value, io);
  const begun = await begin(settings.value, io);
  if (!begun.ok) {
    await io.stderr.write(errorLine(begun.error));
    return begun.error.severity === 'critical' ? 2 : 3;
  }
  return run(settings.value, begun.value, io);
}

async function dryRun(settings: RenewSettings, io: Io): Promise<ExitCode> {
  const startedAt = io.now();
  const tools = renewTools(settings, io, { emit: () => {}, deadline: Deadline.none() });
  const { renewals, force } = settings;
  const results = await Promise.all(renewals.map((renewal) => planOnly(renewal, tools, { force })));
  return report({ startedAt, results, notes: [], interrupted: false, deadlineReached: false }, settings, io);
}

/** By the lock, one run at a time: two orders for one certificate, or two installations, help nobody. */
async function begin({ run, state }: RenewSettings, io: Io): Promise<Result<RecordedRun, InputError>> {
  const begun = await beginRun({
    dir: state,
    command: 'renew',
    now: () => io.now(),
    deadlineAt: io.now() + run.deadline + FLUSH_MS,
    processes: io.processes,
    endStuck: run['end-stuck'] === true,
    runId: randomUUID(),
    version: io.version,
  });
  if (begun.ok) return begun;
  if (begun.error.kind === 'unusable') {
    return err({ origin: 'state', code: 'state-unusable', message: begun.error.message });
  }
  const { code, severity, message } = describePreviousRun(begun.error);
  return err({ origin: 'lock', code, message, severity: severity === 'critical' ? 'critical' : 'unknown' });
}

async function run(settings: RenewSettings, record: RecordedRun, io: Io): Promise<ExitCode> {
  const { renewals, concurrency, force, rehearsal } = settings;
  const startedAt = io.now();
  const deadline = Deadline.after(settings.run.deadline);
  let interrupted = false;
  const release = io.onInterrupt(() => {
    interrupted = true;
    deadline.expire();
  });
  const ended: RenewalResult[] = [];
  const tools = renewTools(settings, io, {
    deadline,
    emit: (event) => {
      if (event.kind === 'ended') ended.push(event.result);
      if (event.kind !== 'detail')
        record.doing(`renew, ${ended.length} of ${renewals.length}: ${renewalEventLine(event)}`);
      if (tellsProgress(settings, io)) void io.stderr.write(`certwatch: ${renewalEventLine(event)}\n`);
    },
  });
  const perform = rehearsal ? { perform: rehearse } : {};
  const end = Deadline.shortlyAfter(deadline, FLUSH_MS);
  const done = await end.race(runRenewals({ renewals, concurrency, deadline, force, ...perform }, tools));
  release();
  end.release();
  const deadlineReached = deadline.expired && !interrupted;
  deadline.release();
  const results = done ?? inOrder(renewals, ended);
  const notes = [...record.notes, ...(done ? [] : [STUCK])];
  const outcome = { startedAt, results, notes, interrupted, deadlineReached };
  const exitStatus = exitCodeOf(results, outcome);
  const problems = await record.finish({ exitStatus, summary: summaryOf(results), deadlineReached, interrupted });
  return report({ ...outcome, notes: [...notes, ...problems] }, settings, io);
}

const STUCK = 'something did not end by the deadline, and was left where it was';

/** On a terminal, or where more was asked for; never among what a script reads. */
const tellsProgress = ({ run }: RenewSettings, io: Io): boolean => !run.quiet && (io.stderr.isTTY || run.verbose);

function inOrder(renewals: readonly Renewal[], ended: readonly RenewalResult[]): RenewalResult[] {
  return renewals.map(
    ({ name }): RenewalResult =>
      ended.find((result) => result.name === name) ?? {
        name,
        warnings: [],
        kind: 'failed',
        step: 'queue',
        problem: { reason: 'timeout', detail: 'the deadline came before it had ended', advice: 'raise-timeout' },
      },
  );
}

function summaryOf(results: readonly RenewalResult[]): Summary {
  const codes = results.map((result) => exitCodeOf([result], { interrupted: false }));
  const count = (code: number) => codes.filter((each) => each === code).length;
  return { targets: results.length, ok: count(0), warning: 0, critical: count(2), unknown: count(3) };
}

async function report(
  { results, ...rest }: Omit<RenewalOutcome, 'exitCode' | 'finishedAt'>,
  { run, format }: RenewSettings,
  io: Io,
): Promise<ExitCode> {
  const now = io.now();
  const exitCode = exitCodeOf(results, rest);
  const outcome: RenewalOutcome = { ...rest, results, exitCode, finishedAt: now };
  const { verbose, quiet } = run;
  const color = run.color ?? io.stdout.colorLevel > 0;
  const options = { verbose, quiet, color, columns: io.stdout.columns, now };
  await io.stdout.write(format === 'json' ? renderRenewalsJson(outcome, io.version) : renderRenewals(outcome, options));
  return exitCode;
}
