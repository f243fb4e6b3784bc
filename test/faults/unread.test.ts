/**
 * A scanner is lost before it has read its list to the end: the report has a result for every target all the same, in the
 * order of the list, or says that some are missing.
 */

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveRun } from '../../src/config/resolve-run.ts';
import { targetsOf } from '../../src/scan/target-source.ts';
import type { Shard } from '../../src/targets/shard.ts';
import { strictReader } from '../report/readers/json.ts';
import { buildIfStale } from '../support/build.ts';
import { closedPort } from '../support/ports.ts';
import { type RunOptions, runCertwatch } from '../support/run-certwatch.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import type { JsonResult } from './lab-run.ts';

/** The first targets never answer, and take all places: hardly more of the list is read. */
const LINES = 1_000;
const PLACES = 2;
const BAD = 1;
const LATE_BAD = LINES - 50;

let folder: TempFolder;
let closed: number;

beforeAll(async () => {
  await buildIfStale();
  folder = await tempFolder('unread');
  closed = await closedPort();
}, 60_000);

afterAll(() => folder.remove());

/** With what is no target, and what is there twice, on both sides of the place where reading stops. */
function listOf(silent: number): string {
  const line = (i: number) => `h${i}.shop.example connect-to=127.0.0.1:${i < PLACES ? silent : closed} timeout=1h\n`;
  const lines = Array.from({ length: LINES }, (_, i) => line(i));
  for (const place of [LATE_BAD, BAD]) lines.splice(place, 0, 'no target at all\n', line(0), '# a comment\n', '\n');
  return lines.join('');
}

interface Lost {
  /** Where the list is written, and what becomes of it. */
  readonly file: string;
  readonly args: readonly string[];
  /** Befalls the scanner once it waits for its first target. */
  readonly befalls: (scanner: number) => void | Promise<void>;
  readonly options?: (list: string) => RunOptions;
}

async function lose({ file, args, befalls, options }: Lost) {
  await using silent = await silentServer();
  const list = listOf(silent.port);
  await folder.write(file, list);
  let acting: Promise<void> | undefined;
  const act = async (supervisor: number) => {
    while (silent.accepted < PLACES) await sleep(20);
    await sleep(200);
    await befalls(childOf(supervisor));
  };
  const report = await run(args, { ...options?.(list), onSpawn: (child) => (acting = act(child.pid!)) });
  await acting;
  return report;
}

/** Into a file: this process may be busy with another report when this one comes. */
async function run(args: readonly string[], options: RunOptions) {
  const all = ['check', '--trust', 'none', '--format', 'json', '-j', String(PLACES), ...args];
  const stdoutTo = folder.at(`${randomUUID()}.json`);
  const ended = await runCertwatch(all, { cwd: folder.path, killAfterMs: 30_000, stdoutTo, ...options });
  expect(ended).toMatchObject({ status: 3, killed: false });
  const report = JSON.parse(readFileSync(stdoutTo, 'utf8')) as {
    results: JsonResult[];
    run: { deadlineReached: boolean; errors: { code?: string; origin: string; message: string }[] };
  };
  expect(strictReader().report(report)).toEqual([]);
  const { deadlineReached, errors } = report.run;
  return {
    deadlineReached,
    names: report.results.map(({ target }) => target.name),
    codes: [...new Set(report.results.map(({ findings }) => findings[0]?.code))],
    aboutRun: errors.filter(({ code }) => code !== undefined).map(({ message }) => message),
    origins: errors.filter(({ code }) => code === undefined).map(({ origin }) => origin),
  };
}

const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);

/** What a run that nothing befalls looks at. */
async function namesIn(file: string, shard?: Shard): Promise<string[]> {
  const names: string[] = [];
  const options = resolveRun({});
  const sources = { words: [], lists: [folder.at(file)], made: [], stdin: () => process.stdin, options };
  for await (const item of targetsOf({ ...sources, ...(shard ? { shard } : {}) })) {
    if (item.ok) names.push(item.value.name);
  }
  return names;
}

const stop = (scanner: number) => void process.kill(scanner, 'SIGSTOP');
const kill = (scanner: number) => void process.kill(scanner, 'SIGKILL');

const STUCK =
  'the scanning process did not answer at its deadline and was ended; what it had not reported counts as timed out';
const KILLED = 'the scanning process was ended by SIGKILL before it was done';
const MISSING = '; what it had not read yet of its list is missing';

/** Before the scanner has said a word; `both`: the process that is to read again, too. */
async function atTheStart(deed: string, { both = false, args = [] as string[] } = {}) {
  const who = `process.env.CERTWATCH_SCANNER${both ? '' : ' && !process.env.CERTWATCH_READ_AGAIN'}`;
  const preload = await folder.write(`${deed.replace(/\W/g, '')}${both}.cjs`, `if (${who}) ${deed}`);
  const settings = ['--config', 'certwatch.yaml', '--deadline', '4s'];
  return run([...args, ...settings], { env: { NODE_OPTIONS: `--require ${preload}` } });
}

const BLOCK = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);';
const DIE = "process.kill(process.pid, 'SIGKILL')";

describe.concurrent('lost', { timeout: 40_000 }, () => {
  describe('in the middle of its list', () => {
    it('stopped: the rest is named, too, and what is wrong in it', async () => {
      const lost = await lose({ file: 'a.txt', args: ['-f', 'a.txt', '--deadline', '6s'], befalls: stop });
      expect(lost.names).toEqual(await namesIn('a.txt'));
      expect(lost.names).toHaveLength(LINES);
      expect(lost).toMatchObject({ codes: ['timeout'], aboutRun: [STUCK], deadlineReached: true });
      expect(lost.origins).toEqual([`a.txt:${BAD + 1}`, `a.txt:${LATE_BAD + 5}`]);
    });

    it('killed: the rest is named at once', async () => {
      const lost = await lose({ file: 'b.txt', args: ['-f', 'b.txt'], befalls: kill });
      expect(lost.names).toEqual(await namesIn('b.txt'));
      expect(lost).toMatchObject({ codes: ['internal-error'], aboutRun: [KILLED], deadlineReached: false });
    });

    it('a list that has changed meanwhile is not guessed at', async () => {
      const befalls = async (scanner: number) => {
        await folder.write('c.txt', `new.shop.example\n${readFileSync(folder.at('c.txt'), 'utf8')}`);
        kill(scanner);
      };
      const lost = await lose({ file: 'c.txt', args: ['-f', 'c.txt'], befalls });
      expect(lost.names).toEqual((await namesIn('c.txt')).slice(1, lost.names.length + 1));
      expect(lost.names.length).toBeLessThan(LINES);
      expect(lost.aboutRun).toEqual([expect.stringMatching(/before it was done; what it had not read .* is missing$/)]);
    });

    it('what came through a pipe cannot be read again: said, with what was read of it', async () => {
      const options = (stdin: string): RunOptions => ({ stdin });
      const lost = await lose({ file: 'd.txt', args: ['-f', '-'], befalls: kill, options });
      expect(lost.names).toEqual((await namesIn('d.txt')).slice(0, lost.names.length));
      expect(lost.names.length).toBeLessThan(LINES);
      expect(lost.aboutRun).toEqual([`${KILLED}${MISSING}`]);
    });
  });

  describe('before it has read anything', () => {
    beforeAll(async () => {
      await folder.write('certwatch.yaml', `targets: [ a.example, b.example ]\nlists: [ few.txt ]\n`);
      await folder.write('few.txt', Array.from({ length: 60 }, (_, i) => `h${i}.shop.example\n`).join(''));
    });

    it('blocked: the targets of lists and config are named', async () => {
      const lost = await atTheStart(BLOCK);
      expect(lost.names).toEqual([...(await namesIn('few.txt')), 'a.example', 'b.example']);
      expect(lost).toMatchObject({ codes: ['timeout'], aboutRun: [STUCK], deadlineReached: true });
    });

    it('killed: a shard of them', async () => {
      const lost = await atTheStart(DIE, { args: ['-f', 'few.txt', '--shard', '2/3'] });
      expect(lost.names).toEqual(await namesIn('few.txt', { index: 2, count: 3 }));
      expect(lost).toMatchObject({ codes: ['internal-error'], aboutRun: [KILLED], deadlineReached: false });
    });

    it.each([
      ['blocked', BLOCK, STUCK],
      ['killed', DIE, KILLED],
    ])('%s, and so is who would read again: a report nevertheless', async (_, deed, says) => {
      const lost = await atTheStart(deed, { both: true });
      expect(lost).toMatchObject({ names: [], aboutRun: [`${says}${MISSING}`] });
    });

    it.each([
      ['blocked', BLOCK, STUCK],
      ['killed', DIE, KILLED],
    ])('%s, and so is who would read again: those of the command line are named', async (_, deed, says) => {
      const args = ['one.example', 'two.example:8443'];
      const lost = await atTheStart(deed, { both: true, args });
      expect(lost).toMatchObject({ names: ['one.example', 'two.example:8443'], aboutRun: [says] });
    });
  });
});
