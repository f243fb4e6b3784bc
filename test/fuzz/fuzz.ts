/**
 * `npm run fuzz -- [--seconds N] [--seed N] [--only NAME]`: every fuzzer in turn, a second each, until the time is over or
 * a promise breaks. The input that broke it is kept under fixtures/crashes/, where the tests try it for ever after.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../support/repository.ts';
import type { Fuzzer } from './fuzzer.ts';
import { FUZZERS } from './fuzzers/index.ts';
import { HangGuard } from './hang-guard.ts';
import { type Crash, fixtureName, round } from './round.ts';

const CRASHES = join(REPOSITORY, 'fixtures', 'crashes');
const SLICE_MS = 1_000;
/** Seeds of one slice: no two slices share any. */
const STRIDE = 1_000_003;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, only: { type: 'string' } },
});

async function fuzz(seconds: number, seed: number, fuzzers: readonly Fuzzer[]): Promise<number> {
  print(`${fuzzers.length} fuzzers for ${seconds} s; the same inputs again: --seed ${seed}`);
  const guard = new HangGuard(CRASHES);
  const tally = new Map(fuzzers.map(({ name }) => [name, { runs: 0, ms: 0 }]));
  const endAt = performance.now() + seconds * 1_000;
  let crashes = 0;
  for (let slice = 0; performance.now() < endAt && crashes === 0; slice++) {
    const fuzzer = fuzzers[slice % fuzzers.length]!;
    const forMs = Math.min(SLICE_MS, (seconds * 1_000) / fuzzers.length);
    const startedAt = performance.now();
    const before = (input: Uint8Array) => guard.before(fuzzer.name, input);
    const { runs, crash } = await round(fuzzer, { seed: seed + slice * STRIDE, forMs, before });
    const own = tally.get(fuzzer.name)!;
    own.runs += runs;
    own.ms += performance.now() - startedAt;
    if (crash) {
      crashes++;
      await keep(fuzzer, crash);
    }
  }
  await guard.end();
  for (const [name, { runs, ms }] of tally) {
    print(
      `${name.padEnd(14)} ${String(runs).padStart(8)} inputs, ${Math.round((runs / Math.max(ms, 1)) * 1_000)} a second`,
    );
  }
  return crashes > 0 ? 1 : 0;
}

async function keep({ name, promise }: Fuzzer, { seed, input, error }: Crash): Promise<void> {
  await mkdir(CRASHES, { recursive: true });
  const file = join(CRASHES, fixtureName(name, input));
  await writeFile(file, input);
  print(`${name}: broken is the promise that ${promise}`);
  print(`  seed ${seed}; the input is in ${file}`);
  print(`  ${error instanceof Error ? error.stack : String(error)}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const chosen = FUZZERS.filter(({ name }) => values.only === undefined || name === values.only);
const seconds = Number(values.seconds);
if (chosen.length === 0 || !(seconds > 0)) {
  print(`usage: npm run fuzz -- [--seconds N] [--seed N] [--only ${FUZZERS.map(({ name }) => name).join('|')}]`);
  process.exitCode = 1;
} else {
  process.exitCode = await fuzz(seconds, Number(values.seed ?? Date.now() % 2 ** 31), chosen);
}
