/**
 * Measuring whole processes: CPU and wall time as the operating system counts them, memory as /proc shows it.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { CLEAN_ENV } from '../support/run-certwatch.ts';

export interface Usage {
  /** User and system time, milliseconds. */
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly status: number | null;
  readonly stdout: string;
}

/** Runs `argv` to its end under bash's `time`, which counts what the process and its children used. */
export function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Usage> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', 'TIMEFORMAT="%U %S %R"; time "$@"', 'time', ...argv], {
      env: { ...CLEAN_ENV, ...env },
    });
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    child.stdin.on('error', () => {});
    child.stdin.end();
    child.on('error', reject);
    child.on('close', (status) => {
      const [user = Number.NaN, system = Number.NaN, wall = Number.NaN] = (stderr.trim().split('\n').at(-1) ?? '')
        .split(' ')
        .map((seconds) => 1_000 * Number(seconds));
      resolve({ cpuMs: user + system, wallMs: wall, status, stdout: Buffer.concat(stdout).toString() });
    });
  });
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Runs the commands in turn, A B C A B C …, so that a machine that changes its speed changes it for all. */
export async function inTurn<K extends string>(
  commands: Readonly<Record<K, readonly string[]>>,
  runs: number,
): Promise<Record<K, Usage[]>> {
  const names = Object.keys(commands) as K[];
  const usages = Object.fromEntries(names.map((name) => [name, [] as Usage[]])) as Record<K, Usage[]>;
  for (let i = -1; i < runs; i++) {
    for (const name of names) {
      const usage = await run(commands[name]);
      if (i >= 0) usages[name].push(usage);
    }
  }
  return usages;
}

export interface MemoryProfile {
  /** Resident memory in MB, of both processes together (shared pages once): highest up to the first `mark` lines of output, over the whole run, and over its last tenth. */
  readonly early: number;
  readonly peak: number;
  readonly late: number;
  readonly lines: number;
}

/** Runs `argv` and watches its resident memory while it prints lines. Linux only. */
export function profileMemory(argv: readonly string[], mark: number, total: number): Promise<MemoryProfile> {
  return new Promise((resolve, reject) => {
    const [command = '', ...args] = argv;
    const child = spawn(command, args, { env: CLEAN_ENV, stdio: ['ignore', 'pipe', 'inherit'] });
    let lines = 0;
    let early = 0;
    let peak = 0;
    let late = 0;
    const timer = setInterval(() => {
      const resident = residentMb(child.pid as number);
      if (lines <= mark) early = Math.max(early, resident);
      if (lines >= total * 0.9) late = Math.max(late, resident);
      peak = Math.max(peak, resident);
    }, 20);
    child.stdout.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
    });
    child.on('error', reject);
    child.on('close', () => {
      clearInterval(timer);
      resolve({ early, peak, late, lines });
    });
  });
}

/** Of the process and those below it (a supervised check is two): what they share, Node itself, is counted once. */
function residentMb(pid: number): number {
  const parts = [pid, ...childrenOf(pid)].map(residentParts);
  return parts.reduce((sum, { own }) => sum + own, 0) + Math.max(...parts.map(({ shared }) => shared));
}

function residentParts(pid: number): { own: number; shared: number } {
  const status = readIfThere(`/proc/${pid}/status`);
  const kb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0);
  return { own: (kb('RssAnon') + kb('RssShmem')) / 1_024, shared: kb('RssFile') / 1_024 };
}

const childrenOf = (pid: number): number[] =>
  readIfThere(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
