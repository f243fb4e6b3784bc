/**
 * Runs the built program as a user would: a process of its own, a clean environment, and an end that is certain.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './repository.ts';
import { withinReach } from './unprivileged.ts';

export interface RunOptions {
  /** `certwatch` unless told otherwise. */
  readonly program?: 'certwatch' | 'check_certwatch';
  /** On top of the clean environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What the program reads on its standard input; without it the input is empty and at its end. */
  readonly stdin?: string | Uint8Array;
  /** The input is not ended behind `stdin`. */
  readonly keepStdinOpen?: boolean;
  /** The standard output goes into this file, and is not returned. */
  readonly stdoutTo?: string;
  /** SIGKILL after so many milliseconds. No test means to reach it. */
  readonly killAfterMs?: number;
  /**
   * On a pseudo-terminal of so many columns (by `script` of util-linux): all of its output is `stdout` then, with the
   * terminal's own line ends. 0 columns is what a terminal says whose size nobody has set.
   */
  readonly terminal?: { readonly columns: number };
  /** Run by this user. */
  readonly user?: { readonly uid?: number; readonly gid?: number };
  /** Called with the process as soon as it runs: to send it signals, to close its pipes. */
  readonly onSpawn?: (child: ChildProcessWithoutNullStreams) => void;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It did not end by itself: `killAfterMs` came first. */
  readonly killed: boolean;
  readonly durationMs: number;
}

/** No colour, no proxies, no extra roots, no config of whoever runs the tests. */
export const CLEAN_ENV: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  LANG: 'C.UTF-8',
  TZ: 'UTC',
};

export async function runCertwatch(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const startedAt = performance.now();
  const parts = ['bin', 'dist', 'package.json'].map((name) => join(REPOSITORY, name));
  await using copy = options.user?.uid === undefined ? undefined : await withinReach(...parts);
  const program = join(copy?.path ?? REPOSITORY, 'bin', `${options.program ?? 'certwatch'}.js`);
  const file = options.stdoutTo === undefined ? undefined : openSync(options.stdoutTo, 'w');
  const child = spawn(...commandLine([process.execPath, program, ...args], options), {
    env: { ...CLEAN_ENV, ...options.env },
    cwd: options.cwd ?? '/',
    ...options.user,
    stdio: ['pipe', file ?? 'pipe', 'pipe'],
  }) as ChildProcessWithoutNullStreams;
  if (file !== undefined) closeSync(file);
  let killed = false;
  const timer = setTimeout(() => {
    killed = true;
    child.kill('SIGKILL');
  }, options.killAfterMs ?? 15_000);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A program that ends without reading its input must not end the test run.
  child.stdin.on('error', () => {});
  child.stdin.write(options.stdin ?? '');
  if (!options.keepStdinOpen) child.stdin.end();
  options.onSpawn?.(child);
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        status,
        signal,
        killed,
        durationMs: performance.now() - startedAt,
      });
    });
  });
}

function commandLine(words: readonly string[], { terminal }: RunOptions): [string, string[]] {
  const [program = '', ...rest] = words;
  if (!terminal) return [program, rest];
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return ['script', ['-qec', `stty rows 40 cols ${terminal.columns}; exec ${quoted}`, '/dev/null']];
}
