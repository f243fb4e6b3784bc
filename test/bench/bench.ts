/**
 * `npm run bench [-- start-up pipeline stuck loop-lag neighbours memory]`: what certwatch costs, as ratios against a reference in
 * the same run. Figures of a machine mean nothing alone; nothing here fails a test.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildIfStale } from '../support/build.ts';
import { REPOSITORY } from '../support/repository.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { inTurn, median, profileMemory, run } from './measure.ts';

interface Fleet {
  readonly healthy: number;
  readonly silent: number;
  readonly root: string;
}

interface Bench {
  readonly fleet: Fleet;
  readonly folder: TempFolder;
  readonly caFile: string;
}

const NODE = process.execPath;
const CERTWATCH = [NODE, join(REPOSITORY, 'bin', 'certwatch.js')];
const PLUGIN = [NODE, join(REPOSITORY, 'bin', 'check_certwatch.js')];

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const figure = (value: number, digits = 2): string => value.toFixed(digits);

async function startUp({ fleet, caFile }: Bench): Promise<void> {
  const target = `localhost:${fleet.healthy}`;
  const usages = await inTurn(
    {
      node: [NODE, '-e', '0'],
      version: [...CERTWATCH, '--version'],
      check: [...CERTWATCH, 'check', target, '--ca-file', caFile],
      plugin: [...PLUGIN, '-H', 'localhost', '-p', String(fleet.healthy), '--ca-file', caFile],
    },
    31,
  );
  if (usages.check.some((usage) => usage.status !== 0))
    throw new Error(`the check failed:\n${usages.check[0]?.stdout}`);
  say('start-up, medians of 31 runs in turn (goal: at most 1.6 times `node -e 0`)');
  const base = median(usages.node.map((usage) => usage.wallMs));
  for (const [name, list] of Object.entries(usages)) {
    const wall = median(list.map((usage) => usage.wallMs));
    const ratios = list.map((usage, i) => usage.wallMs / (usages.node[i]?.wallMs as number));
    say(
      `  ${name.padEnd(10)} ${figure(wall, 1).padStart(7)} ms   ${figure(wall / base)} × (by pairs ${figure(median(ratios))} ×)`,
    );
  }
}

/** As usually written: a connection, the peer's certificate, the end. */
const PLAIN_NODE_TLS = `
const tls = require('node:tls');
const [port, total] = process.argv.slice(1).map(Number);
let started = 0;
const next = () => {
  if (started++ >= total) return;
  const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false }, () => {
    socket.getPeerCertificate(true);
    socket.end();
  });
  socket.on('error', () => {}).on('close', next).resume();
};
for (let i = 0; i < 64; i++) next();
`;

async function pipeline({ fleet, folder, caFile }: Bench): Promise<void> {
  const reads = 5_000;
  const lines = Array.from({ length: reads }, (_, i) => `h${i}.bench.example\n`);
  const list = await folder.write('pipeline.txt', lines.join(''));
  const here = `127.0.0.1:${fleet.healthy}`;
  const usages = await inTurn(
    {
      'node:tls': [NODE, '-e', PLAIN_NODE_TLS, String(fleet.healthy), String(reads)],
      certwatch: [...CERTWATCH, 'check', '-f', list, '--format', 'ndjson', '--ca-file', caFile, '--connect-to', here],
    },
    3,
  );
  const wrong = usages.certwatch.find((usage) => usage.status !== 0);
  if (wrong) throw new Error(`the check failed with ${wrong.status}: ${wrong.stdout.slice(0, 2_000)}`);
  say(`CPU a host over ${reads} reads, EC chain, TLS 1.3 (goal: at most 0.61 times plain node:tls)`);
  const base = median(usages['node:tls'].map((usage) => usage.cpuMs)) / reads;
  for (const [name, list] of Object.entries(usages)) {
    const cpu = median(list.map((usage) => usage.cpuMs)) / reads;
    say(`  ${name.padEnd(10)} ${figure(cpu)} ms a host   ${figure(cpu / base)} ×`);
  }
}

async function memory({ fleet, folder, caFile }: Bench): Promise<void> {
  const total = 100_000;
  const lines = Array.from({ length: total }, (_, i) => `h${i}.bench.example\n`);
  const list = await folder.write('memory.txt', lines.join(''));
  const here = `127.0.0.1:${fleet.healthy}`;
  const argv = [
    ...CERTWATCH,
    ...['check', '-f', list, '-j', '256', '--format', 'ndjson', '--ca-file', caFile, '--connect-to', here],
  ];
  const { early, peak, late, lines: printed } = await profileMemory(argv, 10_000, total);
  say(
    `memory over ${printed - 1} of ${total} lines at concurrency 256 (goal: under 200 MB, at the end no more than at first)`,
  );
  say(
    `  first 10,000 ${figure(early, 0)} MB, last 10,000 ${figure(late, 0)} MB (${figure(late / early)} ×), peak ${figure(peak, 0)} MB`,
  );
}

async function stuck({ fleet, folder, caFile }: Bench): Promise<void> {
  const line = (i: number, port: number): string => `h${i}.bench.example connect-to=127.0.0.1:${port}\n`;
  const mixed = Array.from({ length: 1_000 }, (_, i) => line(i, i % 5 === 2 ? fleet.silent : fleet.healthy));
  const all = Array.from({ length: 5_000 }, (_, i) => line(i, fleet.silent));
  const runs = [
    { name: '1,000 targets, 200 stuck', list: mixed, flags: ['-j', '64', '-t', '2s', '--deadline', '30s'], goal: 31 },
    { name: '5,000 targets, all stuck', list: all, flags: ['--deadline', '20s'], goal: 21 },
  ];
  say('stuck hosts');
  for (const { name, list, flags, goal } of runs) {
    const file = await folder.write('stuck.txt', list.join(''));
    const usage = await run([...CERTWATCH, 'check', '-f', file, '--format', 'json', '--ca-file', caFile, ...flags]);
    const { summary } = JSON.parse(usage.stdout) as { summary: Record<string, number> };
    say(
      `  ${name}: ${figure(usage.wallMs / 1_000, 1)} s (goal ${goal}), ${JSON.stringify(summary)}, exit ${usage.status}`,
    );
  }
}

type Lag = Readonly<Record<'p50' | 'p99' | 'max', number>>;

const describeLag = ({ p50, p99, max }: Lag): string =>
  `median ${figure(p50, 1)} ms, 99 % ${figure(p99, 1)} ms, worst ${figure(max, 1)} ms`;

/** The loop of each of the two processes is watched while they are at it. */
async function loopLag({ fleet, folder, caFile }: Bench): Promise<void> {
  const preload = join(import.meta.dirname, 'loop-lag.cjs');
  const runs = [
    { name: '1,000 targets, 200 of them stuck', lines: 1_000, stuckEvery: 5 },
    { name: '20,000 targets', lines: 20_000, stuckEvery: Number.POSITIVE_INFINITY },
  ];
  say('loop lag while scanning (goal: 99th percentile under 100 ms)');
  for (const { name, lines, stuckEvery } of runs) {
    const port = (i: number) => (i % stuckEvery === stuckEvery - 1 ? fleet.silent : fleet.healthy);
    const texts = Array.from({ length: lines }, (_, i) => `h${i}.bench.example connect-to=127.0.0.1:${port(i)}\n`);
    const list = await folder.write('lag.txt', texts.join(''));
    const argv = [...CERTWATCH, 'check', '-f', list, '--format', 'ndjson', '--ca-file', caFile, '-t', '2s'];
    const file = await folder.write('lag.json', '');
    const usage = await run(argv, { NODE_OPTIONS: `--require ${preload}`, LOOP_LAG_FILE: file });
    say(`  ${name}: ${figure(usage.wallMs / 1_000, 1)} s`);
    for (const text of readFileSync(file, 'utf8').trim().split('\n').sort()) {
      const { role, lag, own } = JSON.parse(text) as { role: string; lag: Lag; own: Lag };
      say(`    ${role.padEnd(10)} ${describeLag(lag)}; of that, own work: ${describeLag(own)}`);
    }
  }
}

async function neighbours({ fleet, caFile }: Bench): Promise<void> {
  const port = String(fleet.healthy);
  const others = {
    'check_http -C': {
      path: '/usr/lib/nagios/plugins/check_http',
      args: ['-H', 'localhost', '-p', port, '-S', '-C', '7'],
    },
    check_ssl_cert: {
      path: '/usr/lib/nagios/plugins/check_ssl_cert',
      args: ['-H', 'localhost', '-p', port, '-r', caFile, '--ignore-sct', '--ignore-ocsp'],
    },
  };
  const commands: Record<string, readonly string[]> = {
    check_certwatch: [...PLUGIN, '-H', 'localhost', '-p', port, '--ca-file', caFile],
  };
  for (const [name, { path, args }] of Object.entries(others)) {
    if (existsSync(path)) commands[name] = [path, ...args];
    else say(`  ${name}: not installed (Debian: monitoring-plugins-basic, nagios-plugins-contrib), skipped`);
  }
  const usages = await inTurn(commands, 7);
  say('one host as a plugin, a process each, medians of 7 runs in turn');
  const base = median(usages.check_certwatch?.map((usage) => usage.cpuMs) ?? []);
  for (const [name, list] of Object.entries(usages)) {
    const cpu = median(list.map((usage) => usage.cpuMs));
    say(
      `  ${name.padEnd(16)} ${figure(cpu, 0).padStart(6)} ms CPU   ${figure(cpu / base)} ×   exit ${list[0]?.status}`,
    );
  }
}

const PARTS = { 'start-up': startUp, pipeline, stuck, 'loop-lag': loopLag, neighbours, memory };

async function main(): Promise<void> {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !(name in PARTS));
  if (unknown.length > 0)
    throw new Error(`expected some of ${Object.keys(PARTS).join(', ')}, got ${unknown.join(', ')}`);
  await buildIfStale();
  await using folder = await tempFolder('bench');
  const servers = spawn(NODE, ['--import', 'tsx', join(import.meta.dirname, 'fleet.ts')], {
    cwd: REPOSITORY,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const [line] = await new Promise<string[]>((resolve) =>
      createInterface(servers.stdout).once('line', (l) => resolve([l])),
    );
    const fleet = JSON.parse(line as string) as Fleet;
    const bench = { fleet, folder, caFile: await folder.write('root.pem', fleet.root) };
    for (const [name, part] of Object.entries(PARTS)) {
      if (asked.length === 0 || asked.includes(name)) await part(bench);
    }
  } finally {
    servers.kill();
  }
}

await main();
