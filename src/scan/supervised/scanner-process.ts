/**
 * The scanning process, as its supervisor sees it: the same program with the same arguments, told by its environment to
 * scan and to report over a pipe of its own (descriptor 3, a socket: the way back carries the wish to stop).
 */
import { spawn } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { formatTold, READ_AGAIN_VARIABLE, SCANNER_PIPE_FD, SCANNER_VARIABLE, type Told } from './scanner-role.ts';

export interface ScannerEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ScannerProcess {
  readonly frames: Readable;
  /** Asks it to come to an end and to say what it knows. */
  interrupt(): void;
  /** Ends it at once, whatever it is doing. */
  kill(): void;
  readonly ended: Promise<ScannerEnd>;
}

export interface SpawnScannerOptions {
  readonly execPath: string;
  /** The program and its arguments. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Nanoseconds of the monotonic clock. */
  readonly startedAt: bigint;
  /** It is not to scan, but to name the targets behind these. */
  readonly readAgain?: Told;
}

/**
 * What a look leaves behind is garbage at once: a small young generation, collected often, costs nothing to speak of and
 * keeps the process tens of megabytes smaller over a long list. Megabytes.
 */
const YOUNG_GENERATION = '--max-semi-space-size=4';

export function spawnScanner({ execPath, argv, env, startedAt, readAgain }: SpawnScannerOptions): ScannerProcess {
  const own = readAgain ? { [READ_AGAIN_VARIABLE]: formatTold(readAgain) } : {};
  const child = spawn(execPath, [YOUNG_GENERATION, ...argv], {
    env: { ...env, [SCANNER_VARIABLE]: String(startedAt), ...own },
    // Who reads again has nothing to say that the scanner has not said, and no right to the input.
    stdio: readAgain ? ['ignore', 'ignore', 'ignore', 'pipe'] : ['inherit', 'ignore', 'inherit', 'pipe'],
    // A process group of its own: Ctrl-C reaches the supervisor alone, which asks the scanner to say what it knows.
    detached: true,
  });
  const pipe = child.stdio[SCANNER_PIPE_FD] as Duplex;
  pipe.on('error', () => {});
  const ended = new Promise<ScannerEnd>((resolve) => {
    child.once('error', () => resolve({ status: null, signal: null }));
    child.once('exit', (status, signal) => resolve({ status, signal }));
  });
  return {
    frames: pipe,
    interrupt: () => void pipe.write('i'),
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
}
