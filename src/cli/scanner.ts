/**
 * The scanning process's side of a supervised check: looks and judges, writes the reports that go into files, and tells
 * its supervisor everything else as frames.
 */
import type { Duplex } from 'node:stream';
import type { RunSettings } from '../config/resolve-run.ts';
import type { Target } from '../model/target.ts';
import type { Renderer } from '../report/format.ts';
import { ALIVE_EVERY_MS, FrameWriter } from '../scan/supervised/frames.ts';
import { VerdictEncoder } from '../scan/supervised/verdict-codec.ts';
import type { TargetSources } from '../scan/target-source.ts';
import type { CheckSettings } from './check-settings.ts';
import type { ExitCode, Io } from './io.ts';
import { outputSpecs } from './output-specs.ts';
import type { PairedLook } from './paired-look.ts';
import { type Receiver, runCheck } from './run-check.ts';
import { RunWatch } from './run-watch.ts';
import { scanHere } from './scan-here.ts';

/** The run, as the scanner tells it once it has read the config. */
export interface SupervisedRun {
  readonly run: RunSettings;
  readonly judgedAt: number;
  readonly total?: number | undefined;
}

export interface ScannerOptions {
  readonly settings: CheckSettings;
  readonly sources: TargetSources;
  readonly total: number | undefined;
  readonly pairedLook?: PairedLook | undefined;
  readonly pipe: Duplex;
}

export async function runScanner(options: ScannerOptions, io: Io): Promise<ExitCode> {
  const { settings, sources, total, pipe } = options;
  const { run } = settings;
  const frames = new FrameWriter<SupervisedRun>(pipe);
  const judgedAt = run.now ?? io.now();
  await frames.write({ kind: 'run', run: { run, judgedAt, total } });
  const pulse = setInterval(() => void frames.write({ kind: 'alive' }), ALIVE_EVERY_MS);
  // The supervisor's clock started earlier, and is the one that counts.
  const leftMs = (): number => Math.max(0, run.deadline - io.sinceStart());
  const { watch, problem } = await RunWatch.begin(run, io, leftMs());
  const turnedAway = problem?.code === 'previous-run-stuck' || problem?.code === 'previous-run-running';
  const onTarget = (target: Target) => void frames.write({ kind: 'target', target });
  const onAllTaken = () => void frames.write({ kind: 'all-told' });
  const outputs = await outputSpecs(run, io);
  const look = await pairedLookFor(settings, (name) => void frames.write({ kind: 'due', name }));
  const scanAll = turnedAway
    ? async () => onAllTaken()
    : scanHere({ run, sources, onTarget, onAllTaken, pairedLook: look }, io);
  const { code, outcome } = await runCheck(
    {
      produce: async (to) => {
        // A state folder that cannot be used must not blind the watchdog: it scans, and says so.
        if (problem) to.onInputError(problem);
        const streamed = outputs.find(({ file, streams }) => file === undefined && streams)?.renderer;
        await scanAll(telling(to, { frames, watch, total, streamed }));
      },
      deadlineMs: io.sinceStart() + watch.scanMs(leftMs()),
      judgedAt,
      outputs: outputs.filter(({ file }) => file !== undefined),
      progress: false,
      onInputError: (error) => void frames.write({ kind: 'input-error', error }),
    },
    io,
  );
  for (const error of await watch.finish(outcome)) await frames.write({ kind: 'input-error', error });
  await frames.write({ kind: 'done' });
  await watch.tell(outcome);
  clearInterval(pulse);
  await frames.end();
  return code;
}

/** Nothing of renewals is loaded where there are none. */
async function pairedLookFor(settings: CheckSettings, onDue: (name: string) => void): Promise<PairedLook | undefined> {
  if (!settings.config || settings.config.certificates.length === 0) return undefined;
  const { pairedLook } = await import('./paired-look.ts');
  return pairedLook(settings, onDue);
}

interface Listeners {
  readonly frames: FrameWriter<SupervisedRun>;
  readonly watch: RunWatch;
  readonly total: number | undefined;
  /** Renders for the standard output, where its text comes with each verdict. */
  readonly streamed: Renderer | undefined;
}

/** Each verdict is noted down, goes into the files of this process, and to the supervisor. */
function telling(to: Receiver, { frames, watch, total, streamed }: Listeners): Receiver {
  const encoder = new VerdictEncoder();
  return {
    ...to,
    onVerdict: async (judged) => {
      const verdict = await watch.note(judged, total);
      await to.onVerdict(verdict);
      await frames.write(
        streamed
          ? { kind: 'rendered', status: verdict.status, text: streamed.verdict(verdict) }
          : { kind: 'verdict', verdict: encoder.encode(verdict) },
      );
    },
  };
}
