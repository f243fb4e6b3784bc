/**
 * The scanning process's side of a supervised check: looks and judges, keeps the state folder, and tells its supervisor
 * everything as frames.
 */
import { randomUUID } from 'node:crypto';
import type { RunSettings } from '../../config/resolve-run.ts';
import type { InputError, Target } from '../../model/target.ts';
import { ALIVE_EVERY_MS, FrameWriter } from '../../scan/supervised/frames.ts';
import { VerdictEncoder } from '../../scan/supervised/verdict-codec.ts';
import type { TargetSources } from '../../scan/target-source.ts';
import { Deadline } from '../../time/deadline.ts';
import { withErrors } from '../../verdict/status.ts';
import type { CheckSettings } from '../check-settings.ts';
import type { ExitCode, Io, Supervisor } from '../io.ts';
import { filesOf, stdoutSpecs } from '../run/output-specs.ts';
import type { PairedLook } from '../run/paired-look.ts';
import { type Produce, type Receiver, runCheck } from '../run/run-check.ts';
import { isTurnedAway } from '../run/run-state.ts';
import { reserveOf } from '../run/run-times.ts';
import { RunWatch } from '../run/run-watch.ts';
import { scanHere } from '../run/scan-here.ts';

/** The run, as the scanner tells it once it has read the config. */
export interface SupervisedRun {
  readonly run: RunSettings;
  /** Milliseconds since the epoch: the supervisor's report says so, too. */
  readonly startedAt: number;
  /** A UUID, for the run record and the heartbeat. */
  readonly runId: string;
  readonly total?: number | undefined;
}

export interface ScannerOptions {
  readonly settings: CheckSettings;
  readonly sources: TargetSources;
  readonly total: number | undefined;
  readonly supervisor: Extract<Supervisor, { kind: 'of-scanner' }>;
}

/** So much of the time may go into reading what is known of this installation's own renewals. */
const PAIRING_SHARE = 0.2;
const NO_PAIRING =
  'what is known of the renewals of this installation could not be read in time: its targets are looked at as any';

export async function runScanner(options: ScannerOptions, io: Io): Promise<ExitCode> {
  const { settings, total, supervisor } = options;
  const { run } = settings;
  const frames = new FrameWriter<SupervisedRun>(supervisor.pipe);
  const told: SupervisedRun = { run, startedAt: io.now(), runId: randomUUID(), total };
  await frames.write({ kind: 'run', run: told });
  const pulse = setInterval(() => void frames.write({ kind: 'alive' }), ALIVE_EVERY_MS);
  const { watch, problems, scanAll } = await prepare(told, options, { frames, io });
  const telling = await tellerOf({ told, frames, watch }, io);
  const { code, outcome } = await runCheck(
    {
      produce: async (to) => {
        to.deadline.onExpire(() => void frames.write({ kind: 'alive' }));
        for (const problem of problems) to.onInputError(problem);
        await scanAll(telling(to));
      },
      deadlineMs: run.deadline - reserveOf(run),
      startedAt: told.startedAt,
      judgedAt: run.now,
      outputs: [],
      progress: false,
      onInputError: (error) => void frames.write({ kind: 'input-error', error }),
    },
    io,
  );
  await frames.write({ kind: 'scanned', deadlineReached: outcome.run.deadlineReached });
  const unwritten = filesOf(run).length > 0 ? await supervisor.written : [];
  for (const error of await watch.finish(withErrors(outcome, unwritten))) {
    await frames.write({ kind: 'input-error', error });
  }
  await frames.write({ kind: 'done' });
  clearInterval(pulse);
  await frames.end();
  return code;
}

interface Prepared {
  readonly watch: RunWatch;
  readonly problems: readonly InputError[];
  readonly scanAll: Produce;
}

/** What is on a disk may make the scan know more, and must not keep it from beginning: what is missing of it is said. */
async function prepare(
  { runId }: SupervisedRun,
  { settings, sources }: ScannerOptions,
  { frames, io }: { readonly frames: FrameWriter<SupervisedRun>; readonly io: Io },
): Promise<Prepared> {
  const { run } = settings;
  const onTarget = (target: Target) => void frames.write({ kind: 'target', target });
  const onAllTaken = () => void frames.write({ kind: 'all-told' });
  const leftMs = Math.max(0, run.deadline - io.sinceStart());
  const { watch, problem } = await RunWatch.begin(run, io, { runId, leftMs });
  if (problem && isTurnedAway(problem)) return { watch, problems: [problem], scanAll: async () => onAllTaken() };
  const pairing = pairedLookFor(settings, (name) => void frames.write({ kind: 'due', name }), io);
  const patience = Deadline.after(leftMs * PAIRING_SHARE);
  const look = await patience.race(pairing.then((pairedLook) => ({ pairedLook })));
  patience.release();
  const unread: InputError = { origin: 'state', code: 'state-unusable', message: NO_PAIRING };
  return {
    watch,
    problems: [...(problem ? [problem] : []), ...(look ? [] : [unread])],
    scanAll: scanHere({ run, sources, onTarget, onAllTaken, ...look }, io),
  };
}

/** Nothing of renewals is loaded where there are none. */
async function pairedLookFor(
  settings: CheckSettings,
  onDue: (name: string) => void,
  io: Io,
): Promise<PairedLook | undefined> {
  if (!settings.config || settings.config.certificates.length === 0) return undefined;
  const { pairedLook } = await import('../run/paired-look.ts');
  const isRenewing = async (): Promise<boolean> => {
    const { state: dir } = settings.run;
    if (dir === undefined) return false;
    const { readLock } = await import('../../health/lock.ts');
    const held = await readLock({ dir, command: 'renew', now: () => io.now(), processes: io.processes });
    return held.ok && held.value !== undefined && !held.value.stuck;
  };
  return pairedLook(settings, { onDue, isRenewing, now: () => io.now() });
}

interface Listeners {
  readonly told: SupervisedRun;
  readonly frames: FrameWriter<SupervisedRun>;
  readonly watch: RunWatch;
}

/**
 * Each verdict is noted down and goes to the supervisor: as the text that it has in the report, where that is streamed, and
 * as it is for who needs more of it.
 */
async function tellerOf({ told, frames, watch }: Listeners, io: Io): Promise<(to: Receiver) => Receiver> {
  const { run, total } = told;
  const encoder = new VerdictEncoder();
  const streamed = (await stdoutSpecs(run, io)).find(({ streams }) => streams)?.renderer;
  const hasFiles = filesOf(run).length > 0;
  return (to) => ({
    ...to,
    onVerdict: async (judged) => {
      const verdict = await watch.note(judged, total);
      await to.onVerdict(verdict);
      const text = streamed?.verdict(verdict);
      await frames.write(
        text !== undefined && !hasFiles
          ? { kind: 'rendered', status: verdict.status, text }
          : { kind: 'verdict', verdict: encoder.encode(verdict), ...(text === undefined ? {} : { text }) },
      );
    },
  });
}
