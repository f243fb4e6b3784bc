/**
 * All targets of a run as one stream: globs expanded, the other shards' targets left out, duplicates met once. Order is
 * that of the input.
 */
import { ok, type Result } from '../model/result.ts';
import type { InputError, Target } from '../model/target.ts';
import { TargetSet } from './dedupe.ts';
import { expandFiles } from './expand-files.ts';
import { isInShard, type Shard } from './shard.ts';

type Sources = AsyncIterable<Result<Target, InputError>> | Iterable<Result<Target, InputError>>;

/**
 * @param sources arguments, config entries and lists, one after the other.
 * @param counts told how many targets were left out, as they are.
 */
export async function* targetStream(
  sources: readonly Sources[],
  { shard, counts = { duplicates: 0, otherShards: 0 } }: { shard?: Shard | undefined; counts?: StreamCounts } = {},
): AsyncGenerator<Result<Target, InputError>, void, undefined> {
  const met = new TargetSet();
  for (const source of sources) {
    for await (const given of source) {
      if (!given.ok) {
        yield given;
        continue;
      }
      const { value } = given;
      const plain = value.kind === 'endpoint';
      for await (const found of plain ? [ok(value)] : expandFiles(value)) {
        if (!found.ok) yield found;
        else if (shard && !isInShard(found.value, shard)) counts.otherShards++;
        else if (met.add(found.value)) yield found;
        else counts.duplicates++;
      }
    }
  }
}

export interface StreamCounts {
  duplicates: number;
  otherShards: number;
}
