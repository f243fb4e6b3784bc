/**
 * One run of `certwatch renew`: settings → lock → renewals → report and heartbeat → exit status. Loaded only when it runs.
 */
import { randomUUID } from 'node:crypto';
import { describePreviousRun } from '../../health/previous-run.ts';
import { traces } from '../../health/read-health.ts';
import { beginRun, type RecordedRun } from '../../health/recorded-run.ts';
import type { RenewalOutcome } from '../../model/renewal.ts';
import { err, type Result } from '../../model/result.ts';
import type { InputError } from '../../model/target.ts';
import { withBroken } from '../../renew/broken.ts';
import { planOnly } from '../../renew/dry-run.ts';
import { exitCodeOf } from '../../renew/run-renewals.ts';
import { renderRenewalsJson } from '../../report/renewal-json.ts';
import { renderRenewals, renewalSummary } from '../../report/renewal-text.ts';
import { Deadline } from '../../time/deadline.ts';
import { worstExitCode } from '../../verdict/status.ts';
import { answersFor } from '../files-answer.ts';
import { errorLine, refuse } from '../input-errors.ts';
import type { ExitCode, Io } from '../io.ts';
import { RunHeartbeat } from '../run/run-heartbeat.ts';
import { diskPatience } from '../run/run-times.ts';
import type { RenewAsked } from './renew-settings.ts';
import { type RenewSettings, readRenewSettings } from './renew-settings.ts';
import { showRenewalStatus } from './renew-status.ts';
import { renewTools } from './renew-tools.ts';
import { performRenewals } from './renewal-run.ts';

/** Past the run's deadline, a slow reader has this long to take the report. */
const FLUSH_MS = 850;

export async function renew(asked: RenewAsked, io: Io): Promise<ExitCode> {
  const settings = await readRenewSettings(asked, io);
  if (!settings.ok) return refuse(settings.error, io);
  // On a terminal, the report for people says it where the eye is.
  const repeats = io.stdout.isTTY && settings.value.format === 'human' && !asked.flags.status;
  if (!repeats) await refuse(settings.value.errors, io);
  const dead = await deadState(settings.value, io);
  if (dead && (asked.flags.status || asked.flags.dryRun)) return refuse([dead], io);
  if (asked.flags.status) return showRenewalStatus(settings.value, io);
  if (asked.flags.dryRun) return dryRun(settings.value, io);
  const { run, ping } = settings.value;
  const runId = randomUUID();
  const leftMs = Math.max(0, run.deadline - io.sinceStart());
  const heartbeat = await RunHeartbeat.begin({ url: ping, runId, servers: run.resolver, leftMs }, io);
  const tell = (code: ExitCode, body: string) => heartbeat.tell(worstExitCode([code, asked.after ?? 0]), body);
  const begun = dead ? err(dead) : await begin(settings.value, io, { runId, leftMs });
  if (!begun.ok) {
    const { severity, message } = begun.error;
    const code = severity === 'critical' ? 2 : 3;
    await io.stderr.write(errorLine(begun.error));
    await tell(code, message);
    return code;
  }
  const outcome = await performRenewals(settings.value, begun.value, { io, leftMs: heartbeat.workMs(leftMs) });
  // Neither waits for the other: a reader may be slow, and so may whoever listens for the heartbeat.
  const [code] = await Promise.all([
    report(outcome, settings.value, io),
    tell(outcome.exitCode, renewalSummary(outcome)),
  ]);
  return code;
}

/** Nothing can be renewed without the state folder, and a process that has begun to read a dead disk cannot end by itself. */
async function deadState({ run, state }: RenewSettings, io: Io): Promise<InputError | undefined> {
  const withinMs = diskPatience(run.deadline - io.sinceStart());
  if ((await answersFor(io, withinMs)?.(traces(state))) ?? true) return undefined;
  return { origin: 'state', code: 'state-unusable', message: `the state folder ${state} does not answer` };
}

async function dryRun(settings: RenewSettings, io: Io): Promise<ExitCode> {
  const startedAt = io.now();
  const tools = renewTools(settings, io, { emit: () => {}, deadline: Deadline.none() });
  const { renewals, force } = settings;
  const planned = await Promise.all(renewals.map((renewal) => planOnly(renewal, tools, { force })));
  const results = withBroken(planned, settings.broken);
  const about = { startedAt, finishedAt: io.now(), results, notes: [], interrupted: false, deadlineReached: false };
  return report({ ...about, exitCode: exitCodeOf(results, about) }, settings, io);
}

/** By the lock, one run at a time: two orders for one certificate, or two installations, help nobody. */
async function begin(
  { run, state }: RenewSettings,
  io: Io,
  { runId, leftMs }: { readonly runId: string; readonly leftMs: number },
): Promise<Result<RecordedRun, InputError>> {
  const begun = await beginRun({
    dir: state,
    command: 'renew',
    now: () => io.now(),
    deadlineAt: io.now() + leftMs,
    processes: io.processes,
    endStuck: run['end-stuck'] === true,
    runId,
    version: io.version,
  });
  if (begun.ok) return begun;
  if (begun.error.kind === 'unusable') {
    return err({ origin: 'state', code: 'state-unusable', message: begun.error.message });
  }
  const { code, severity, message } = describePreviousRun(begun.error);
  return err({ origin: 'lock', code, message, severity: severity === 'critical' ? 'critical' : 'unknown' });
}

async function report(outcome: RenewalOutcome, { run, format }: RenewSettings, io: Io): Promise<ExitCode> {
  const { verbose, quiet } = run;
  const { exitCode, finishedAt: now } = outcome;
  const color = run.color ?? io.stdout.colorLevel > 0;
  const options = { verbose, quiet, color, columns: io.stdout.columns, now };
  const text = format === 'json' ? renderRenewalsJson(outcome, io.version) : renderRenewals(outcome, options);
  const patience = Deadline.after(Math.max(0, run.deadline - io.sinceStart()) + FLUSH_MS);
  const written = await patience.race(io.stdout.write(text).then(() => true));
  patience.release();
  if (written) return exitCode;
  await io.stderr.write('certwatch: the report could not be written in full before the deadline\n');
  return exitCode === 2 ? 2 : 3;
}
