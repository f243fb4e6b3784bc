/**
 * Io: what a command may touch of the process that it runs in. `main.ts` makes the real one.
 */
import type { Duplex } from 'node:stream';
import type { ProcessTable } from '../health/process-table.ts';
import type { InputError } from '../model/target.ts';
import type { Role, Told } from '../scan/supervised/role.ts';
import type { SupervisedProcess } from '../scan/supervised/supervised-process.ts';

/** 0 OK · 1 WARNING · 2 CRITICAL · 3 UNKNOWN. */
export type ExitCode = 0 | 1 | 2 | 3;

/** A command tells here what the process should exit with. */
export type Finish = (code: ExitCode) => void;

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

/** The other end, as this process sees it. */
export type Supervisor =
  /** `written` resolves once the reports that go into files are written, with what was wrong with them. */
  | { readonly kind: 'of-scanner'; readonly pipe: Duplex; readonly written: Promise<readonly InputError[]> }
  /** This process is not to scan, but to name the targets behind those that were told. */
  | { readonly kind: 'of-reader'; readonly pipe: Duplex; readonly told: Told }
  | { readonly kind: 'of-writer'; readonly pipe: Duplex };

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
  /** Milliseconds since this process started, on the monotonic clock: in a supervised one, since its supervisor did. */
  sinceStart(): number;
  /** Once all is reported, nothing is waited for beyond this moment, in milliseconds since the start. */
  goneBy(ms: number): void;
  /** So many milliseconds, or what is left of the time until then. */
  within(ms: number): number;
  /** Starts this program again, with the same arguments, to work for this one. */
  startSupervised(role: Role): Promise<SupervisedProcess>;
  /** Where this process works for a supervisor. */
  readonly supervisor?: Supervisor;
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
