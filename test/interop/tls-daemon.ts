/**
 * Starts a TLS server from outside (openssl, nginx, gnutls-serv) for one test. Unlike other daemons it is never probed by
 * connecting to it: each connection is one that it serves and complains of.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import type { ReadOptions, ReadPresented } from '../../src/tls/outcome.ts';
import { freePort } from '../support/ports.ts';
import { hex, presented, read } from '../tls/dial.ts';

export interface TlsDaemon extends AsyncDisposable {
  readonly port: number;
  /** Ends it. @returns all that it wrote to stdout and stderr. */
  stop(): Promise<string>;
}

export interface TlsDaemonOptions {
  readonly program: string;
  /** Its arguments for a port; a configuration file is written on the way. */
  readonly args: (port: number) => readonly string[] | Promise<readonly string[]>;
  /** What it writes once it listens. */
  readonly ready: RegExp;
}

const PATIENCE_MS = 10_000;

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** @throws with what the program wrote, when it ends early or does not get ready. */
export async function startTlsDaemon({ program, args, ready }: TlsDaemonOptions): Promise<TlsDaemon> {
  const port = await freePort();
  // s_server ends with its standard input, so that stays open.
  const child = spawn(program, await args(port), { stdio: 'pipe' });
  alive.add(child);
  const closed = once(child, 'close').finally(() => alive.delete(child));
  let output = '';
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
    await closed;
    clearTimeout(timer);
    return output;
  };
  const listening = new Promise<void>((resolve, reject) => {
    const give = (why: string) => reject(new Error(`${program} ${why}:\n${output}`));
    const timer = setTimeout(() => give('is not ready'), PATIENCE_MS);
    const note = (text: Buffer) => {
      output += text.toString();
      if (ready.test(output)) {
        clearTimeout(timer);
        resolve();
      }
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    child.stdin.on('error', () => {});
    closed.then(
      () => give('ended'),
      (error: Error) => give(error.message),
    );
  });
  try {
    await listening;
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
  return { port, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

/** Reads the daemon's chain, which must be this one to the byte and in order. */
export async function readExactly(
  port: number,
  chain: readonly { readonly der: Uint8Array }[],
  options: Partial<ReadOptions> = {},
): Promise<ReadPresented> {
  const outcome = presented(await read(port, options));
  expect(hex(outcome.chain)).toEqual(hex(chain.map((each) => each.der)));
  return outcome;
}

export const PROVEN = { possession: { kind: 'proven' } } as const;
