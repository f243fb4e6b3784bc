/**
 * The scanning process's side of a supervised check: looks and judges, writes the reports that go into files, and tells
 * its supervisor everything else as frames.
 */
import type { Duplex } from 'node:stream';
import type { RunSettings } from '../config/resolve-run.ts';
import { FrameWriter } from '../scan/supervised/frames.ts';
import { VerdictEncoder } from '../scan/supervised/verdict-codec.ts';
import type { TargetSources } from '../scan/target-source.ts';
import type { ExitCode, Io } from './io.ts';
import { outputSpecs } from './output-specs.ts';
import { type Produce, runCheck } from './run-check.ts';
import { scanHere } from './scan-here.ts';

/** The run, as the scanner tells it once it has read the config. */
export interface SupervisedRun {
  readonly run: RunSettings;
  readonly judgedAt: number;
  readonly total?: number | undefined;
}

export interface ScannerOptions {
  readonly run: RunSettings;
  readonly sources: TargetSources;
  readonly total: number | undefined;
  readonly pipe: Duplex;
}

export async function runScanner({ run, sources, total, pipe }: ScannerOptions, io: Io): Promise<ExitCode> {
  const frames = new FrameWriter<SupervisedRun>(pipe);
  const encoder = new VerdictEncoder();
  const judgedAt = run.now ?? io.now();
  await frames.write({ kind: 'run', run: { run, judgedAt, total } });
  const produce = scanHere({ run, sources, onTarget: (target) => void frames.write({ kind: 'target', target }) }, io);
  const tell: Produce = (to) =>
    produce({
      ...to,
      onVerdict: async (verdict) => {
        await to.onVerdict(verdict);
        await frames.write({ kind: 'verdict', verdict: encoder.encode(verdict) });
      },
    });
  const code = await runCheck(
    {
      produce: tell,
      // The supervisor's clock started earlier, and is the one that counts.
      deadlineMs: Math.max(0, run.deadline - io.sinceStart()),
      judgedAt,
      outputs: outputSpecs(run, io).filter(({ file }) => file !== undefined),
      progress: false,
      onInputError: (error) => void frames.write({ kind: 'input-error', error }),
    },
    io,
  );
  await frames.write({ kind: 'done' });
  await frames.end();
  return code;
}
