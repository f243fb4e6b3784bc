/**
 * The process that reads the lists of a scanner which was lost, and names the targets that it had not told (the supervisor's
 * side of it: `scan/supervised/second-reading.ts`). It looks at nothing.
 */
import type { Duplex } from 'node:stream';
import type { Target } from '../../model/target.ts';
import { reopenList } from '../../scan/open-list.ts';
import { FrameWriter } from '../../scan/supervised/frames.ts';
import type { Told } from '../../scan/supervised/role.ts';
import { type TargetSources, targetsOf } from '../../scan/target-source.ts';
import { countLines } from '../../targets/count-lines.ts';
import type { SupervisedRun } from './scanner.ts';

export interface ReadAgainOptions {
  readonly run: SupervisedRun;
  readonly sources: TargetSources;
  /** What need not be named again. */
  readonly told: Told;
  readonly pipe: Duplex;
}

/** Settings that are the same are sent once a batch: that is most of what a target weighs. */
const BATCH = 256;

/** @throws ReadOnlyOnce where a list was read from a pipe: the supervisor sees the pipe end before all was told. */
export async function readAgain({ run, sources, told, pipe }: ReadAgainOptions): Promise<void> {
  const frames = new FrameWriter<SupervisedRun>(pipe);
  await frames.write({ kind: 'run', run });
  mostTargets(sources).then(
    (count) => frames.write({ kind: 'lines', count }),
    () => {},
  );
  let { targets, errors } = told;
  let batch: Target[] = [];
  for await (const item of targetsOf({ ...sources, again: true })) {
    if (!item.ok) {
      errors -= 1;
      if (errors < 0) await frames.write({ kind: 'input-error', error: item.error });
      continue;
    }
    targets -= 1;
    if (targets >= 0) continue;
    batch.push(item.value);
    if (batch.length < BATCH) continue;
    await frames.write({ kind: 'targets', targets: batch });
    batch = [];
  }
  await frames.write({ kind: 'targets', targets: batch });
  await frames.write({ kind: 'all-told' });
  await frames.end();
}

/** @throws where a list cannot be read again. */
async function mostTargets({
  words,
  lists,
  made,
  withinMs = Number.POSITIVE_INFINITY,
}: TargetSources): Promise<number> {
  let count = words.length + made.length;
  for (const path of lists) {
    const list = await reopenList(path, { withinMs });
    if (list.ok) count += await countLines(list.value);
  }
  return count;
}
