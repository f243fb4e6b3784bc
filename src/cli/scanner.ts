/**
 * The scanning process's side of a supervised check: looks and judges, keeps the state folder, and tells its supervisor
 * everything as frames.
 */
import { randomUUID } from 'node:crypto';
import type { RunSettings } from '../config/resolve-run.ts';
import type { InputError, Target } from '../model/target.ts';
import { ALIVE_EVERY_MS, FrameWriter } from '../scan/supervised/frames.ts';
import { VerdictEncoder } from '../scan/supervised/verdict-codec.ts';
import type { TargetSources } from '../scan/target-source.ts';
import { withErrors } from '../verdict/status.ts';
import type { CheckSettings } from './check-settings.ts';
import type { ExitCode, Io, Supervisor } from './io.ts';
import { filesOf, stdoutSpecs } from './output-specs.ts';
import type { PairedLook } from './paired-look.ts';
import { type Produce, type Receiver, runCheck } from './run-check.ts';
import { workMs } from './run-heartbeat.ts';
import { RunWatch } from './run-watch.ts';
import { scanHere } from './scan-here.ts';

/** The run, as the scanner tells it once it has read the config. */
export interface SupervisedRun {
  readonly run: RunSettings;
  readonly judgedAt: number;
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

export async function runScanner(options: ScannerOptions, io: Io): Promise<ExitCode> {
  const { settings, sources, total, supervisor } = options;
  const { run } = settings;
  const frames = new FrameWriter<SupervisedRun>(supervisor.pipe);
  const judgedAt = run.now ?? io.now();
  const runId = randomUUID();
  await frames.write({ kind: 'run', run: { run, judgedAt, runId, total } });
  const pulse = setInterval(() => void frames.write({ kind: 'alive' }), ALIVE_EVERY_MS);
  // The supervisor's clock started earlier, and is the one that counts.
  const leftMs = (): number => Math.max(0, run.deadline - io.sinceStart());
  const { watch, problem } = await RunWatch.begin(run, io, { runId, leftMs: leftMs() });
  const onTarget = (target: Target) => void frames.write({ kind: 'target', target });
  const onAllTaken = () => void frames.write({ kind: 'all-told' });
  const look = await pairedLookFor(settings, (name) => void frames.write({ kind: 'due', name }));
  const scanAll: Produce = isTurnedAway(problem)
    ? async () => onAllTaken()
    : scanHere({ run, sources, onTarget, onAllTaken, pairedLook: look }, io);
  const telling = await tellerOf({ run, frames, watch, total }, io);
  const { code, outcome } = await runCheck(
    {
      produce: async (to) => {
        // A state folder that cannot be used must not blind the watchdog: it scans, and says so.
        if (problem) to.onInputError(problem);
        await scanAll(telling(to));
      },
      deadlineMs: io.sinceStart() + workMs(leftMs(), run.ping !== undefined),
      judgedAt,
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

const isTurnedAway = (problem: InputError | undefined): boolean =>
  problem?.code === 'previous-run-stuck' || problem?.code === 'previous-run-running';

/** Nothing of renewals is loaded where there are none. */
async function pairedLookFor(settings: CheckSettings, onDue: (name: string) => void): Promise<PairedLook | undefined> {
  if (!settings.config || settings.config.certificates.length === 0) return undefined;
  const { pairedLook } = await import('./paired-look.ts');
  return pairedLook(settings, onDue);
}

interface Listeners {
  readonly run: RunSettings;
  readonly frames: FrameWriter<SupervisedRun>;
  readonly watch: RunWatch;
  readonly total: number | undefined;
}

/**
 * Each verdict is noted down and goes to the supervisor: as the text that it has in the report, where that is streamed, and
 * as it is for who needs more of it.
 */
async function tellerOf({ run, frames, watch, total }: Listeners, io: Io): Promise<(to: Receiver) => Receiver> {
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
