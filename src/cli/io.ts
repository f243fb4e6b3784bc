/**
 * Io: what a command may touch of the process that it runs in. `main.ts` makes the real one.
 */

import type { Duplex } from 'node:stream';
import type { ProcessTable } from '../health/process-table.ts';
import type { ScannerProcess } from '../scan/supervised/scanner-process.ts';
import type { Told } from '../scan/supervised/scanner-role.ts';

/** 0 OK · 1 WARNING · 2 CRITICAL · 3 UNKNOWN. */
export type ExitCode = 0 | 1 | 2 | 3;

/** The first argument that makes this program the child of a renewal. */
export const ACME_CHILD = '__acme-child';

export interface Out {
  /**
   * Resolves when more may be written: mostly at once, since texts are gathered for a moment and go out together; later
   * where a reader is slow.
   */
  write(text: string): Promise<void>;
  /** Resolves when all that was written is out. */
  flush(): Promise<void>;
  /** Why something could not be written, other than that its reader has gone. */
  readonly problem?: string | undefined;
  readonly isTTY: boolean;
  /** 0 for a terminal that says none. */
  readonly columns: number;
  /** 0 none, 1 sixteen colours, 2 256, 3 all of them (NO_COLOR and FORCE_COLOR heeded). */
  readonly colorLevel: 0 | 1 | 2 | 3;
}

export interface Io {
  /** Arguments behind the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: Out;
  readonly stderr: Out;
  stdin(): AsyncIterable<Uint8Array>;
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Calls back at the first SIGINT, SIGTERM or SIGHUP, at once where it has come already (a second one ends the process).
   * @returns a function that takes it back.
   */
  onInterrupt(listener: () => void): () => void;
  /** Calls back when the process ends by itself. @returns a function that takes it back. */
  onExit(listener: () => void): () => void;
  /** Milliseconds since this process started, on the monotonic clock: in a scanner, since its supervisor did. */
  sinceStart(): number;
  /** Starts this program again, with the same arguments, as a scanner; with `readAgain`, to name the targets behind these. */
  spawnScanner(readAgain?: Told): Promise<ScannerProcess>;
  /** The pipe to the supervisor, where this process is a scanner. */
  readonly supervisor?: Duplex;
  /** This process is not to scan, but to name the targets behind these. */
  readonly readAgain?: Told;
  readonly processes: ProcessTable;
  /** As `process.kill`: throws where there is nobody to get the signal. A negative number means a process group. */
  signal(pid: number, signal: NodeJS.Signals | 0): void;
  /** The running Node's binary. */
  readonly execPath: string;
  readonly version: string;
  /** The running Node: `v20.19.0`. */
  readonly nodeVersion: string;
  /** The folder of the built files. */
  readonly dist: string;
}
