/**
 * The deadline is a moment: a report says whenever something was cut off by it, and the process is gone within a second.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { type RunOptions, runCertwatch } from '../support/run-certwatch.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import type { TestServer } from '../support/servers/server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

let folder: TempFolder;
let silent: TestServer;

beforeAll(async () => {
  await buildIfStale();
  folder = await tempFolder('moments');
  silent = await silentServer();
});

afterAll(async () => {
  await silent.close();
  await folder.remove();
});

const check = (args: readonly string[], options: RunOptions = {}) =>
  runCertwatch(['check', '--trust', 'none', ...args], { cwd: folder.path, ...options });

describe('what was cut off by the deadline of the run', () => {
  it.each(['1ms', '100ms', '300ms', '400ms', '500ms', '700ms', '1s', '1500ms'])('%s is said', async (deadline) => {
    const ended = await check([`127.0.0.1:${silent.port}`, '--deadline', deadline, '--format', 'json']);
    expect(ended).toMatchObject({ status: 3, killed: false });
    expect(JSON.parse(ended.stdout)).toMatchObject({
      run: { deadlineReached: true },
      results: [{ findings: [{ code: 'timeout' }] }],
    });
  });

  it('is told from what was cut off by its own timeout', async () => {
    const ended = await check([`127.0.0.1:${silent.port}`, '-t', '300ms', '--deadline', '10s', '--format', 'json']);
    expect(JSON.parse(ended.stdout)).toMatchObject({ run: { deadlineReached: false } });
  });
});

const DEADLINE_MS = 2_000;
const TRIES = 4;

it('nobody reads the report: gone within a second behind the deadline', { timeout: 40_000 }, async () => {
  const lines = Array.from({ length: 2_000 }, (_, i) => `127.0.0.1:1 name=${'long'.repeat(40)}-${i}\n`);
  await folder.write('many.txt', lines.join(''));
  const lateMs: number[] = [];
  // A machine that is busy may be late itself, but not each time.
  for (let i = 0; i < TRIES && !lateMs.some((ms) => ms < 1_000); i++) {
    let endedAt = 0;
    const startedAt = performance.now();
    await check(['-f', 'many.txt', '--retries', '0', '--deadline', `${DEADLINE_MS}ms`, '--format', 'ndjson'], {
      onSpawn(child) {
        child.stdout.pause();
        child.on('exit', () => {
          endedAt = performance.now();
          child.stdout.resume();
        });
      },
    });
    lateMs.push(endedAt - startedAt - DEADLINE_MS);
  }
  expect(Math.min(...lateMs)).toBeLessThan(1_000);
});
