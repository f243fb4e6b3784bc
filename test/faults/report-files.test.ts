/**
 * Reports that go into files, while things go wrong: what stands in them is either what stood there before or a whole report
 * of this run, and whoever reads them alone is not told that all is well when it is not known.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pingService } from '../alert/ping-service.ts';
import { readCsv } from '../report/readers/csv.ts';
import { strictReader } from '../report/readers/json.ts';
import { readPrometheus } from '../report/readers/prometheus.ts';
import { buildIfStale } from '../support/build.ts';
import { canDie, DEAD, type DeadDisk, deadDisk } from '../support/dead-disk.ts';
import { createCa } from '../support/pki/pki.ts';
import { REPOSITORY } from '../support/repository.ts';
import { CLEAN_ENV, type RunOptions, runCertwatch } from '../support/run-certwatch.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import type { TestServer } from '../support/servers/server.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { isAlive, startedWorker, type WorkerKind } from '../support/workers.ts';
import type { JsonResult } from './lab-run.ts';

let well: TestServer;
let root: string;
let disk: DeadDisk | undefined;

beforeAll(async () => {
  await buildIfStale();
  const ca = createCa({ now: Date.now() });
  root = ca.pem;
  well = await tlsServer({ leaf: ca.issue({ sans: ['ip:127.0.0.1'] }) });
  if (canDie) disk = await deadDisk();
});

afterAll(async () => {
  await well.close();
  await disk?.[Symbol.asyncDispose]();
});

interface Stage extends AsyncDisposable {
  readonly folder: TempFolder;
  readonly silent: TestServer;
  /** A check of the server that is well and of the one that is silent, which is waited for so long, into files. */
  argv(patience: string, ...more: string[]): string[];
  run(args: readonly string[], options?: RunOptions): ReturnType<typeof runCertwatch>;
  read(file: string): string;
  /** What is in the folder that holds reports. */
  files(): string[];
}

const FILES = ['report.json', 'report.ndjson', 'report.csv', 'report.prom'];
const OLD = 'from yesterday\n';

async function stage(): Promise<Stage> {
  const folder = await tempFolder('reports');
  const silent = await silentServer();
  await folder.write('root.pem', root);
  for (const file of FILES) await folder.write(`out/${file}`, OLD);
  const formats = ['json', 'ndjson', 'csv', 'prometheus'].flatMap((format, i) => [
    '--format',
    `${format}=out/${FILES[i]}`,
  ]);
  return {
    folder,
    silent,
    argv(patience, ...more) {
      const targets = [`127.0.0.1:${well.port}`, `127.0.0.1:${silent.port} timeout=${patience}`];
      return ['check', ...targets, '--trust', 'none', '--ca-file', 'root.pem', ...formats, ...more];
    },
    run: (args, options = {}) => runCertwatch(args, { cwd: folder.path, ...options }),
    read: (file) => readFileSync(folder.at('out', file), 'utf8'),
    files: () => readdirSync(folder.at('out')).sort(),
    async [Symbol.asyncDispose]() {
      await silent.close();
      await folder.remove();
    },
  };
}

/** The statuses of the targets, as each file has them: all the same, or the test fails. */
function statusesIn({ read }: Stage): string[] {
  const report = JSON.parse(read('report.json')) as { status: string; results: JsonResult[] };
  expect(strictReader().report(report)).toEqual([]);
  const statuses = report.results.map(({ status }) => status);
  const lines = read('report.ndjson').trimEnd().split('\n');
  expect(lines.slice(0, -1).map((line) => (JSON.parse(line) as JsonResult).status)).toEqual(statuses);
  const [header = [], ...rows] = readCsv(read('report.csv'));
  expect(rows.map((row) => row[header.indexOf('status')])).toEqual(statuses);
  const samples = readPrometheus(read('report.prom'));
  const figures = samples.filter(({ metric }) => metric === 'certwatch_target_status').map(({ value }) => value);
  expect(figures).toEqual(statuses.map((status) => (status === 'ok' ? 0 : 3)));
  expect(samples.find(({ metric }) => metric === 'certwatch_run_status')?.value).toBe(report.status === 'ok' ? 0 : 3);
  return statuses;
}

const signalTo =
  (kind: WorkerKind, signal: NodeJS.Signals, silent: TestServer) =>
  async (supervisor: number): Promise<void> => {
    while (silent.accepted === 0) await sleep(10);
    process.kill(await startedWorker(supervisor, kind), signal);
  };

describe.concurrent('reports in files', { timeout: 30_000 }, () => {
  it.each(['SIGSTOP', 'SIGKILL'] as const)('a scanner that gets %s: each file has all targets', async (signal) => {
    await using s = await stage();
    await using service = await pingService([{ status: 200 }]);
    const deed = signalTo('scanner', signal, s.silent);
    const ping = `http://127.0.0.1:${service.port}/x`;
    // A tenth of it is kept for the ping.
    const ended = await s.run(s.argv('1m', '--deadline', '10s', '--ping', ping), {
      onSpawn: (child) => void deed(child.pid!),
    });
    expect(ended).toMatchObject({ status: 3, killed: false });
    expect(statusesIn(s)[1]).toBe('unknown');
    expect(s.files()).toEqual([...FILES].sort());
    // Whoever waits for its end hears of it, too.
    expect(service.received.map(({ url }) => url.replace(/\?.*/, ''))).toEqual(['/x/start', '/x/3']);
  });

  it('a run that is turned away by another leaves them as they are', async () => {
    await using s = await stage();
    let first: ChildProcess | undefined;
    const other = s.run(['check', `127.0.0.1:${s.silent.port}`, '-t', '20s', '--state', 'state'], {
      onSpawn: (child) => (first = child),
    });
    while (s.silent.accepted === 0) await sleep(10);
    const ended = await s.run(s.argv('20s', '--state', 'state', '--format', 'json'));
    first?.kill('SIGTERM');
    await other;
    expect(ended.status).toBe(3);
    const report = JSON.parse(ended.stdout);
    expect(strictReader().report(report)).toEqual([]);
    const data = { pid: expect.any(Number), ageSeconds: expect.any(Number), doing: expect.any(String), runsInARow: 1 };
    expect(report.run.errors).toMatchObject([{ code: 'previous-run-running', data }]);
    for (const file of FILES) expect(s.read(file)).toBe(OLD);
    expect(s.files()).toEqual([...FILES].sort());
  });

  it('who writes them is killed: the report says so, they stay, and the next run writes them', async () => {
    await using s = await stage();
    const deed = signalTo('writer', 'SIGKILL', s.silent);
    const ended = await s.run(s.argv('2s'), { onSpawn: (child) => void deed(child.pid!) });
    expect(ended).toMatchObject({ status: 3, killed: false });
    for (const file of FILES) {
      expect(ended.stdout.replace(/\s+/g, ' ')).toContain(
        `out/${file}: cannot be written (the process that writes it was ended by SIGKILL)`,
      );
      expect(s.read(file)).toBe(OLD);
    }
    await s.run(s.argv('1s'));
    expect(statusesIn(s)).toEqual(['ok', 'unknown']);
    expect(s.files()).toEqual([...FILES].sort());
  });

  it('the supervisor is killed: they stay, nothing is left beside them, and nobody behind', async () => {
    await using s = await stage();
    let workers: number[] = [];
    const ended = await s.run(s.argv('10s'), {
      onSpawn: async (child) => {
        while (s.silent.accepted === 0 || s.files().length < 2 * FILES.length) await sleep(10);
        workers = [await startedWorker(child.pid!, 'scanner'), await startedWorker(child.pid!, 'writer')];
        child.kill('SIGKILL');
      },
    });
    expect(ended.signal).toBe('SIGKILL');
    while (workers.some(isAlive)) await sleep(30);
    expect(s.files()).toEqual([...FILES].sort());
    for (const file of FILES) expect(s.read(file)).toBe(OLD);
  });

  it.skipIf(!canDie)('a disk that does not answer holds up neither the scan nor the others', async () => {
    await using s = await stage();
    await s.folder.write(`${DEAD}/report.json`, OLD);
    const args = s.argv('1s', '--deadline', '6s', '--format', `json=${DEAD}/report.json`);
    const ended = await s.run(args, { env: disk!.env });
    expect(ended).toMatchObject({ status: 3, killed: false });
    const said = ended.stdout.replace(/\s+/g, ' ');
    expect(said).toContain(`${DEAD}/report.json: cannot be written`);
    expect(said).toContain('2 targets in');
    expect(said).toContain('1 unknown, 1 ok');
  });
});

/** By a shell, since it is the shell that hands over descriptors. */
async function byShell(folder: TempFolder, script: string) {
  const program = join(REPOSITORY, 'bin', 'certwatch.js');
  const child = spawn('bash', ['-c', script], {
    cwd: folder.path,
    env: { ...CLEAN_ENV, NODE: process.execPath, CERTWATCH: program },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  const status = await new Promise((resolve) => child.on('close', resolve));
  return { status, stdout, stderr };
}

const CHECK = '"$NODE" "$CERTWATCH" check --trust none --ca-file root.pem';
const results = (text: string) => (JSON.parse(text) as { results: JsonResult[] }).results.map(({ status }) => status);

describe.concurrent('descriptors and pipes in place of files', { timeout: 30_000 }, () => {
  it.each(['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'])('json=%s is the standard output', async (path) => {
    await using s = await stage();
    const script = `${CHECK} 127.0.0.1:${well.port} --format json=${path} >into.json; echo $?`;
    expect(await byShell(s.folder, script)).toMatchObject({ stdout: '0\n', stderr: '' });
    expect(results(readFileSync(s.folder.at('into.json'), 'utf8'))).toEqual(['ok']);
    expect(readdirSync(s.folder.path)).not.toContain('-');
  });

  it.each([3, 4, 9, 20])('a pipe at descriptor %d gets its report', async (fd) => {
    await using s = await stage();
    // Nobody waits for who reads at the other end.
    const reader = '(cat >into.tmp; mv into.tmp into.json)';
    const script = `${CHECK} 127.0.0.1:${well.port} --format json=/dev/fd/${fd} ${fd}> >${reader}`;
    expect(await byShell(s.folder, script)).toMatchObject({ stderr: '', stdout: expect.stringContaining('1 ok.') });
    while (!existsSync(s.folder.at('into.json'))) await sleep(10);
    expect(results(readFileSync(s.folder.at('into.json'), 'utf8'))).toEqual(['ok']);
  });

  it('a file at a descriptor is written to, and not replaced', async () => {
    await using s = await stage();
    const script = `echo first >&3; ${CHECK} 127.0.0.1:${well.port} --format ndjson=/dev/fd/3; echo last >&3`;
    await byShell(s.folder, `{ ${script}; } 3>into.txt`);
    expect(readFileSync(s.folder.at('into.txt'), 'utf8')).toMatch(/^first\n\{"target".*\n\{"run".*\nlast\n$/);
  });

  it('a descriptor that is not open is said, and is no silence', async () => {
    await using s = await stage();
    const ended = await byShell(s.folder, `${CHECK} 127.0.0.1:${well.port} --format json=/dev/fd/77`);
    expect(ended).toMatchObject({ status: 3, stdout: expect.stringContaining('/dev/fd/77: cannot be written') });
  });

  it.each([3, 5, 12])('lists come from descriptor %d and from a substituted process', async (fd) => {
    await using s = await stage();
    await s.folder.write('hosts.txt', `127.0.0.1:${well.port} name=a\n`);
    const other = `<(echo 127.0.0.1:${well.port} name=b)`;
    const script = `${CHECK} --format json -f /dev/fd/${fd} -f ${other} ${fd}<hosts.txt`;
    const ended = await byShell(s.folder, script);
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(results(ended.stdout)).toEqual(['ok', 'ok']);
  });

  it('a named pipe whose reader takes its time gets all of it', async () => {
    await using s = await stage();
    execFileSync('mkfifo', [s.folder.at('pipe')]);
    const names = Array.from({ length: 400 }, (_, i) => `127.0.0.1:${well.port} name=many-${i}\n`);
    await s.folder.write('many.txt', names.join(''));
    const slow = '{ sleep 1; head -c 100000; sleep 1; cat; } <pipe | wc -l';
    const script = `${CHECK} -f many.txt -q --format ndjson=pipe & ${slow}; wait $!; echo $?`;
    expect(await byShell(s.folder, script)).toMatchObject({ stdout: '401\n0\n', stderr: '' });
  });

  it('a named pipe whose reader stops is waited for until the deadline, and said', async () => {
    await using s = await stage();
    execFileSync('mkfifo', [s.folder.at('pipe')]);
    const names = Array.from({ length: 400 }, (_, i) => `127.0.0.1:${well.port} name=many-${i}\n`);
    await s.folder.write('many.txt', names.join(''));
    const script = `sleep 20 <pipe & ${CHECK} -f many.txt -q --format ndjson=pipe --deadline 5s; echo $?; kill $!`;
    const { stdout } = await byShell(s.folder, script);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/pipe: cannot be written \(no time was left\).* 3 $/);
  });
});
