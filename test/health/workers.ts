/**
 * Builds a test's process to one plain file, and starts it: a loader would cost more than what is tested.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';

/** @param source a file beside this one. @returns the path of the built file, in `folder`. */
export async function buildWorker(source: string, folder: string): Promise<string> {
  const outfile = `${folder}/${source.replace(/\.ts$/, '.mjs')}`;
  await build({
    entryPoints: [`${import.meta.dirname}/${source}`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  return outfile;
}

export interface Worker {
  readonly child: ChildProcess;
  /** The next line that it says; undefined once it has ended. */
  next(): Promise<Record<string, unknown> | undefined>;
  /** Resolves when it has ended and its pipes are closed. */
  readonly ended: Promise<{ readonly signal: NodeJS.Signals | null; readonly status: number | null }>;
}

/** What it says on its standard error goes to the test's own. */
export function startWorker(file: string, args: readonly string[], options: { detached?: boolean } = {}): Worker {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    child,
    async next() {
      const line = await lines.next();
      return line.done ? undefined : (JSON.parse(line.value) as Record<string, unknown>);
    },
    ended: new Promise((resolve) => child.on('close', (status, signal) => resolve({ status, signal }))),
  };
}
