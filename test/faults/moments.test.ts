/**
 * The deadline is a moment: a report says whenever something was cut off by it, and the process is gone within a second.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCsv } from '../report/readers/csv.ts';
import { buildIfStale } from '../support/build.ts';
import { createCa } from '../support/pki/pki.ts';
import { REPOSITORY } from '../support/repository.ts';
import { CLEAN_ENV, type RunOptions, runCertwatch } from '../support/run-certwatch.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import type { TestServer } from '../support/servers/server.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
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

  it.each([
    { words: ['-t', '1m', '--deadline', '4s'], deadlineReached: true, limit: 'run', advice: 'Give the run more time' },
    { words: ['-t', '300ms', '--deadline', '10s'], deadlineReached: false, limit: undefined, advice: 'more patience' },
  ])('is told from what was cut off by its own timeout: $words', async ({ words, deadlineReached, limit, advice }) => {
    const ended = await check([`127.0.0.1:${silent.port}`, ...words, '--format', 'json=report.json']);
    expect(ended.stdout.replace(/\s+/g, ' ')).toContain(advice);
    const { run, results } = JSON.parse(readFileSync(folder.at('report.json'), 'utf8'));
    expect(run.deadlineReached).toBe(deadlineReached);
    expect(results[0].findings[0].data).toEqual({ phase: 'handshake', reason: 'deadline', limit });
  });
});

const DEADLINE_MS = 2_000;
const TRIES = 4;

/** Each process says at its end for how many nanoseconds it could have run, and others did: that is not its own lateness. */
const SAYS_WAITED = `process.on('exit', () => {
  const { readFileSync, writeFileSync } = require('node:fs');
  writeFileSync(\`waited-\${process.pid}\`, readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]);
});`;

it('nobody reads the report: gone within a second behind the deadline', { timeout: 60_000 }, async () => {
  const lines = Array.from({ length: 2_000 }, (_, i) => `127.0.0.1:1 name=${'long'.repeat(25)}-${i}\n`);
  await folder.write('many.txt', lines.join(''));
  const env = { NODE_OPTIONS: `--require ${await folder.write('says-waited.cjs', SAYS_WAITED)}` };
  const late: { readonly ms: number; readonly waitedMs: number }[] = [];
  const inTime = () => late.some(({ ms, waitedMs }) => ms - waitedMs < 1_000);
  for (let i = 0; i < TRIES && !inTime(); i++) {
    let endedAt = 0;
    let pid = 0;
    const startedAt = performance.now();
    await check(['-f', 'many.txt', '--retries', '0', '--deadline', `${DEADLINE_MS}ms`, '--format', 'ndjson'], {
      env,
      onSpawn(child) {
        pid = child.pid!;
        child.stdout.pause();
        child.on('exit', () => {
          endedAt = performance.now();
          child.stdout.resume();
        });
      },
    });
    const waitedMs = Number(readFileSync(folder.at(`waited-${pid}`), 'utf8')) / 1e6;
    late.push({ ms: endedAt - startedAt - DEADLINE_MS, waitedMs });
  }
  expect(Math.min(...late.map(({ ms }) => ms))).toBeGreaterThan(0);
  expect(inTime(), JSON.stringify(late)).toBe(true);
});

it('more targets than descriptors: those that are silent do not take them from the others', async () => {
  const ca = createCa({ now: Date.now() });
  await folder.write('root.pem', ca.pem);
  await using well = await tlsServer({ leaf: ca.issue({ sans: ['ip:127.0.0.1'] }) });
  const line = (name: string, port: number, timeout: string) => `127.0.0.1:${port} name=${name} timeout=${timeout}\n`;
  const silents = Array.from({ length: 50 }, (_, i) => line(`silent-${i}`, silent.port, '1s'));
  const wells = Array.from({ length: 10 }, (_, i) => line(`well-${i}`, well.port, '1m'));
  await folder.write('mixed.txt', [...silents, ...wells].join(''));
  const program = join(REPOSITORY, 'bin', 'certwatch.js');
  const words = 'check -f mixed.txt --trust none --ca-file root.pem --deadline 15s --format csv';
  const script = `ulimit -n 40; exec "${process.execPath}" "${program}" ${words}`;
  const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
    execFile('bash', ['-c', script], { cwd: folder.path, env: CLEAN_ENV }, (_error, stdout) => resolve({ stdout }));
  });
  const [header = [], ...rows] = readCsv(stdout);
  const statuses = rows.map((row) => row[header.indexOf('status')]);
  expect(statuses).toEqual([...silents.map(() => 'unknown'), ...wells.map(() => 'ok')]);
});
