/**
 * Real programs as parts of a test: started on ports of their own, waited for until they answer, and gone with the test,
 * also when the test run is cut short.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'vitest';

export interface Daemon extends AsyncDisposable {
  readonly pid: number;
  /** Both streams so far. */
  output(): string;
  stop(): Promise<void>;
}

export interface DaemonOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A TCP port on loopback that it listens at when it is ready. */
  readonly port: number;
  readonly readyMs?: number;
}

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** @throws with what the program printed, when it ends or does not listen in time. */
export async function startDaemon(command: string, options: DaemonOptions): Promise<Daemon> {
  const child = spawn(command, options.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...options.env },
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  alive.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-200_000);
    });
  }
  let ended: string | undefined;
  child.on('error', (cause) => {
    ended = cause.message;
  });
  child.on('exit', (code, signal) => {
    alive.delete(child);
    ended = `ended with ${signal ?? code}`;
  });
  const stop = async () => {
    if (ended !== undefined) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await exited;
    clearTimeout(timer);
  };
  const giveUpAt = performance.now() + (options.readyMs ?? 10_000);
  while (!(await listens(options.port))) {
    if (ended !== undefined || performance.now() > giveUpAt) {
      const why = ended ?? `does not listen at port ${options.port}`;
      await stop();
      throw new Error(`${command} ${why}:\n${output}`);
    }
    await pause(25);
  }
  return { pid: child.pid!, output: () => output, stop, [Symbol.asyncDispose]: stop };
}

/** For a daemon that opens more than one port, and not all at once. */
export async function untilListens(port: number): Promise<void> {
  for (let tries = 0; !(await listens(port)); tries++) {
    if (tries >= 100) throw new Error(`nothing listens at port ${port}`);
    await pause(50);
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Where a program stands; undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  try {
    return execFileSync('/bin/sh', ['-c', 'PATH="$PATH:/usr/sbin:/sbin"; command -v "$0"', name]).toString().trim();
  } catch {
    return undefined;
  }
}

/**
 * `test` where the program is there; else a test that is skipped by name, and under CI one that fails: an absent program
 * must not pass for a good one.
 */
export function testWith(programs: Readonly<Record<string, string | undefined>>): typeof test {
  const missing = Object.keys(programs).filter((name) => programs[name] === undefined);
  if (missing.length === 0) return test;
  if (!process.env.CI) return test.skip as typeof test;
  return ((name: string) =>
    test(name, () => {
      throw new Error(`not installed: ${missing.join(', ')}`);
    })) as unknown as typeof test;
}
