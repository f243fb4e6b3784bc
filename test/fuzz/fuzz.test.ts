/**
 * A short, always the same round of every fuzzer, and every input that once broke a promise.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FORMATS } from '../../src/report/formats/index.ts';
import { REPOSITORY } from '../support/repository.ts';
import { ensure, type Fuzzer, join as joined, split } from './fuzzer.ts';
import { FUZZERS } from './fuzzers/index.ts';
import { READERS } from './fuzzers/outputs.ts';
import { bend, Random } from './random.ts';
import { fixtureName, fuzzerOf, round } from './round.ts';

const folder = join(REPOSITORY, 'fixtures', 'crashes');
const crashes = existsSync(folder) ? readdirSync(folder) : [];

test.runIf(crashes.length > 0).each(crashes)('fixtures/crashes/%s', async (name) => {
  const fuzzer = fuzzerOf(name, FUZZERS);
  expect(fuzzer, 'the name of a fuzzer').toBeDefined();
  await fuzzer!.run(readFileSync(join(folder, name)));
});

const RUNS: Readonly<Record<string, number>> = { starttls: 60, outputs: 60, 'config-files': 150, 'tls-messages': 300 };

test.each(FUZZERS)('$name: $promise', async (fuzzer) => {
  const runs = RUNS[fuzzer.name] ?? 400;
  const { crash, runs: done } = await round(fuzzer, { seed: 20_261_124, runs });
  if (crash) throw new Error(`seed ${crash.seed}: ${String(crash.error)}`, { cause: crash.error });
  expect(done).toBe(runs);
});

test('every output format has its strict reader', () => {
  expect(FORMATS).toEqual(Object.keys(READERS));
});

describe('the fuzzer itself', () => {
  const picky: Fuzzer = {
    name: 'picky',
    promise: 'no input begins with 7',
    make: (random) => random.bytes(2),
    run: (input) => ensure(input[0] !== 7, 'it does'),
  };

  test('finds what is there to be found, and the seed finds it again', async () => {
    const { crash } = await round(picky, { seed: 1, runs: 10_000 });
    expect(crash?.input[0]).toBe(7);
    expect(picky.make(new Random(crash!.seed))).toEqual(crash!.input);
    expect(fixtureName('picky', crash!.input)).toMatch(/^picky-[0-9a-f]{8}\.bin$/);
    expect(fuzzerOf(fixtureName('picky', crash!.input), [picky])).toBe(picky);
  });

  test('bends most inputs, and joins and splits pieces', () => {
    const given = Buffer.from('a chain of certificates');
    const bent = Array.from({ length: 200 }, (_, seed) => bend(given, new Random(seed)).toString('hex'));
    expect(new Set(bent).size).toBeGreaterThan(120);
    const pieces = [Buffer.alloc(0), given, Buffer.of(1)];
    expect(split(joined(pieces))).toEqual(pieces);
  });
});
