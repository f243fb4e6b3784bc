/**
 * Nothing leaks: after each of many runs over the fault lab in one process no connection, timer or look-up is left, and memory
 * is where it was.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { openLab } from '../support/faults/lab.ts';
import { REPOSITORY } from '../support/repository.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { SHOWN } from './lab-run.ts';
import type { Round } from './rounds.ts';

const ROUNDS = 7;
/** Caches fill, functions are compiled. */
const WARM = 3;
/** Whatever hangs in one: it is told, and no time-out without a word. */
const ROUND_MS = 20_000;
const ALL_MS = ROUNDS * ROUND_MS + 30_000;
const MB = 1024 * 1024;

/** Each is thousands of records or certificates: they would be most of the time, and the first test has them. */
const HEAVY = /huge$|-many$|many-names|one-byte|^mesh$/;

let rounds: readonly Round[];
let targets: number;

beforeAll(async () => {
  await using folder = await tempFolder('leaks');
  const faults = SHOWN.filter(({ id }) => !HEAVY.test(id));
  await using lab = await openLab(faults, { now: Date.UTC(2026, 5, 1), patience: '400ms' });
  await folder.write('root.pem', lab.rootPem);
  await folder.write('hosts.txt', lab.lines.map(({ line }) => line).join('\n'));
  targets = lab.lines.length;
  const program = join(REPOSITORY, 'test', 'faults', 'rounds.ts');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', '--import', 'tsx', program, folder.path, lab.resolver, String(ROUNDS), String(ROUND_MS)],
    { cwd: REPOSITORY, timeout: ALL_MS },
  );
  rounds = JSON.parse(stdout) as Round[];
}, ALL_MS + 10_000);

it('every round has all results, and none hangs until the end of it', () => {
  expect(rounds.map(({ results }) => results)).toEqual(Array.from({ length: ROUNDS }, () => targets));
  expect(rounds.flatMap(({ cutOff }) => cutOff)).toEqual([]);
});

it('no connection, timer or look-up is left behind', () => {
  for (const { resources } of rounds) expect(resources).toEqual([]);
});

it('memory is flat', () => {
  const [early, late] = [rounds[WARM - 1]!, rounds.at(-1)!].map(({ memory }) => memory / MB) as [number, number];
  // Over the rounds that are left: a chain or a connection kept for each target would be several times this.
  expect(late - early).toBeLessThan(1);
});
