/**
 * `npm run demo`: a fleet of real TLS servers on this machine, and the real certwatch looking at it.
 *
 * The servers run in this process, certwatch in one of its own. Ends by itself within 20 seconds; exits 0 when the run came
 * out as it should, and 1 when it did not. `npm run demo -- --faults` takes the fleet of servers that misbehave,
 * `npm run demo -- --renew` shows a renewal.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import chalk from 'chalk';
import { buildIfStale } from '../support/build.ts';
import { REPOSITORY } from '../support/repository.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { compare, type DemoReport, expectedExitCode, explain } from './expectation.ts';
import { FAULTS } from './faults.ts';
import { createPki, FLEET, type FleetMember, type Listening } from './fleet.ts';

/** certwatch ends by its own deadline. This is for a certwatch that does not: so long after it, the demo has failed. */
const KILL_AFTER_MS = 4_000;

async function demo(fleet: readonly FleetMember[]): Promise<number> {
  await buildIfStale();
  const folder = await tempFolder('demo');
  const running: Listening[] = [];
  try {
    const pki = createPki(Date.now());
    for (const member of fleet) running.push(await member.start(pki));
    const list = hostList(fleet, running);
    await folder.write('root.pem', pki.root.pem);
    await folder.write('hosts.txt', list.map((line) => `${line}\n`).join(''));
    introduce(fleet, list);
    const { code, durationMs } = await runCheck(fleet, folder);
    return conclude(fleet, code, { durationMs, report: await readReport(folder) });
  } finally {
    await Promise.all(running.map((server) => server.close()));
    await folder.remove();
  }
}

/** Names as in real life; `connect-to=` leads to this machine. */
function hostList(fleet: readonly FleetMember[], running: readonly Listening[]): string[] {
  return fleet.map(({ host, name, options }, i) => {
    const { host: address = '127.0.0.1', port } = running[i]!;
    return [host, `connect-to=${address}:${port}`, `name=${name}`, options].filter(Boolean).join(' ');
  });
}

function introduce(fleet: readonly FleetMember[], list: readonly string[]): void {
  print(chalk.bold(`${fleet.length} servers run on this machine, with certificates made a moment ago:`));
  print('');
  for (const { host, story } of fleet) print(`  ${host.padEnd(22)} ${story}`);
  print('');
  print('hosts.txt has a line for each, where connect-to= leads the name to this machine:');
  print('');
  print(`  ${list[0]}`);
  print(`  … and ${list.length - 1} more`);
  print('');
}

/**
 * Some of those that misbehave are busy at it: on a slow machine none of them may look silent that is not. Those that are have
 * their own timeout in the list.
 */
const patienceFor = (fleet: readonly FleetMember[]) =>
  fleet === FAULTS ? { timeout: 25, deadline: 28 } : { timeout: 2, deadline: 10 };

const argumentsFor = (fleet: readonly FleetMember[]): string[] => [
  'check',
  '--file',
  'hosts.txt',
  '--ca-file',
  'root.pem',
  '--timeout',
  `${patienceFor(fleet).timeout}s`,
  '--deadline',
  `${patienceFor(fleet).deadline}s`,
];

/** The report goes straight to this demo's own output, in colour where that is a terminal. */
async function runCheck(
  fleet: readonly FleetMember[],
  { path }: TempFolder,
): Promise<{ code: number | null; durationMs: number }> {
  const words = argumentsFor(fleet);
  print(chalk.bold(`$ certwatch ${words.join(' ')}`));
  print('');
  const startedAt = performance.now();
  const program = join(REPOSITORY, 'bin', 'certwatch.js');
  const child = spawn(process.execPath, [program, ...words, '--format', 'human', '--format', 'json=report.json'], {
    cwd: path,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceFor(fleet).deadline * 1_000 + KILL_AFTER_MS);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, durationMs: performance.now() - startedAt });
    });
  });
}

async function readReport(folder: TempFolder): Promise<DemoReport | undefined> {
  try {
    return JSON.parse(await readFile(folder.at('report.json'), 'utf8')) as DemoReport;
  } catch {
    return undefined;
  }
}

interface Outcome {
  readonly durationMs: number;
  readonly report: DemoReport | undefined;
}

/** @returns the demo's own exit status. */
function conclude(fleet: readonly FleetMember[], code: number | null, { durationMs, report }: Outcome): number {
  print('');
  if (code === null) print(chalk.bold('certwatch did not end by itself.'));
  else
    print(`${chalk.bold(`Exit status ${code} after ${(durationMs / 1000).toFixed(1)} s.`)} ${explain(code, report)}`);
  const differences = compare(fleet, report);
  if (code !== expectedExitCode(fleet))
    differences.unshift(`exit status ${expectedExitCode(fleet)} was expected, ${code} came`);
  print('');
  if (differences.length === 0) {
    print('Each server was judged as it should be. The servers, the keys and the list are gone again.');
    return 0;
  }
  print(chalk.red.bold('The run did not come out as it should:'));
  for (const difference of differences) print(`  ${difference}`);
  return 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

// Ctrl-C goes to certwatch too, which ends: what was started here is then closed in order.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
if (process.argv.includes('--renew')) {
  const { demoRenew } = await import('./renew.ts');
  process.exitCode = await demoRenew();
} else process.exitCode = await demo(process.argv.includes('--faults') ? FAULTS : FLEET);
