/**
 * Where a run's targets come from: arguments, lists, the config; in that order, as one stream. Globs are spread out,
 * what is the same in every respect comes once, and a shard lets only its own through.
 */
import { dirname } from 'node:path';
import { err, ok, type Result } from '../model/result.ts';
import type { FileTarget, InputError, Target } from '../model/target.ts';
import { TargetSet } from '../targets/dedupe.ts';
import { expandGlob, isGlob } from '../targets/glob.ts';
import { parseTarget, type TargetOptions } from '../targets/parse-target.ts';
import { readList } from '../targets/read-list.ts';
import { formatShard, isInShard, type Shard } from '../targets/shard.ts';
import { openList, ReadOnlyOnce, reopenList } from './open-list.ts';

export interface TargetSources {
  /** Targets given as arguments. */
  readonly words: readonly string[];
  /** Paths of lists, `-` for the standard input. */
  readonly lists: readonly string[];
  /** Targets that were made already, out of the config, and what is wrong in its entries. */
  readonly made: readonly Result<Target, InputError>[];
  readonly stdin: () => AsyncIterable<Uint8Array>;
  /** How long a piece of a list that is a file may take to come: what does not come holds up the others. */
  readonly withinMs?: number;
  readonly options: Omit<TargetOptions, 'origin'>;
  readonly shard?: Shard;
  /** This is not the first time that they are read: an input that can be read only once ends the stream with `ReadOnlyOnce`. */
  readonly again?: boolean;
}

type Source = AsyncGenerator<Result<Target, InputError>, void, undefined>;

export async function* targetsOf(sources: TargetSources): Source {
  const { shard } = sources;
  const seen = new TargetSet();
  let [own, others] = [0, 0];
  for await (const item of spread(gather(sources))) {
    if (!item.ok) yield item;
    else if (shard && !isInShard(item.value, shard)) others += 1;
    else if (seen.add(item.value)) {
      own += 1;
      yield item;
    }
  }
  if (shard && own === 0 && others > 0) yield err(emptyShard(shard, others));
}

/** Nothing checked is never OK; but it is the parts that are too many, and not the targets too few. */
const emptyShard = (shard: Shard, others: number): InputError => ({
  origin: `--shard ${formatShard(shard)}`,
  code: 'empty-shard',
  message: `this part is empty: ${others === 1 ? 'the only target is' : `all ${others} targets are`} in others`,
});

async function* gather(sources: TargetSources): Source {
  const { words, lists, made, stdin, again, withinMs = Number.POSITIVE_INFINITY, options: given } = sources;
  // Only a word of the command line may be a file by mistake; no line of a list is worth a look at the disk.
  const { fileExists, ...options } = given;
  for (const word of words) {
    const target = parseTarget(word, { ...given, origin: 'command line' });
    yield target.ok ? target : err({ origin: 'command line', message: target.error });
  }
  for (const [i, path] of lists.entries()) {
    // The standard input comes once, however often it is named.
    if (path === '-' && lists.indexOf(path) < i) continue;
    if (path === '') {
      yield err({ origin: 'command line', message: '--file: expected the path of a list, got ""' });
      continue;
    }
    const name = path === '-' ? 'standard input' : path;
    if (again && path === '-') throw new ReadOnlyOnce(path);
    const source = path === '-' ? ok(stdin()) : await (again ? reopenList : openList)(path, { withinMs });
    if (!source.ok) {
      yield err({ origin: path, message: source.error });
      continue;
    }
    // Paths in a list are relative to the list, as those in a config are to the config.
    const folder = path === '-' ? options.folder : dirname(path);
    let empty = true;
    for await (const item of guarded(
      readList(source.value, { ...options, ...(folder ? { folder } : {}), name }),
      name,
    )) {
      empty = false;
      yield item;
    }
    if (empty) yield err({ origin: name, message: 'there is no target in this list' });
  }
  yield* made;
}

/** A list that breaks off (a disk error, a pipe that is reset) is an error of that list; what came before it stands. */
async function* guarded(source: Source, name: string): Source {
  try {
    yield* source;
  } catch (cause) {
    yield err({ origin: name, message: `cannot be read further (${codeOf(cause)})` });
  }
}

async function* spread(source: Source): Source {
  for await (const item of source) {
    if (item.ok && item.value.kind === 'file' && isGlob(item.value.path)) yield* spreadGlob(item.value);
    else yield item;
  }
}

async function* spreadGlob(target: FileTarget): Source {
  let found = false;
  for await (const path of expandGlob(target.path)) {
    if (!path.ok) yield err({ origin: target.origin, message: path.error });
    else {
      found = true;
      yield ok({ ...target, path: path.value, name: target.named ? `${target.name} ${path.value}` : path.value });
    }
  }
  if (!found) yield err({ origin: target.origin, message: `no file matches ${JSON.stringify(target.input)}` });
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? String(cause);
}
