/**
 * A process that works for a supervisor, as the supervisor sees it: the same program with the same arguments, told by its
 * environment what it is to do, and a socket between the two.
 */
import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';
import { type Duplex, PassThrough } from 'node:stream';
import type { InputError } from '../../model/target.ts';
import { Deadline } from '../../time/deadline.ts';
import { type Employment, type Environment, environmentOf, type Role } from './role.ts';
import { formatInterrupt, formatWritten } from './supervisor-link.ts';

export interface ProcessEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SupervisedProcess {
  readonly frames: Duplex;
  /** Asks a scanner to come to an end and to say what it knows. */
  interrupt(): void;
  /** Tells a scanner that the files are written, or what was wrong with them. */
  tellWritten(errors: readonly InputError[]): void;
  /** Ends it at once, whatever it is doing. */
  kill(): void;
  readonly ended: Promise<ProcessEnd>;
}

export interface StartOptions {
  readonly execPath: string;
  /** The program and its arguments. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Nanoseconds of the monotonic clock. */
  readonly startedAt: bigint;
  readonly role: Role;
}

/**
 * What a look leaves behind is garbage at once: a small young generation, collected often, costs nothing to speak of and
 * keeps the process tens of megabytes smaller over a long list. Megabytes.
 */
const YOUNG_GENERATION = '--max-semi-space-size=4';

/** A descriptor of whoever started this process, by the path that names it. */
const DESCRIPTOR = /\/(?:dev|proc\/self)\/fd\/(\d{1,3})(?!\d)/g;

type Stdio = 'inherit' | 'ignore' | 'pipe' | number;

/** Who reads again has nothing to say that the scanner has not said, and no right to the input. */
const STDIO: Readonly<Record<Role['kind'], readonly [Stdio, Stdio, Stdio]>> = {
  scanner: ['inherit', 'ignore', 'inherit'],
  reader: ['ignore', 'ignore', 'ignore'],
  writer: ['ignore', 'inherit', 'inherit'],
};

export function startSupervised({ execPath, argv, env, startedAt, role }: StartOptions): SupervisedProcess {
  const passed = descriptorsIn(argv);
  let fd = STDIO[role.kind].length;
  while (passed.has(fd)) fd += 1;
  const stdio: Stdio[] = [...STDIO[role.kind]];
  for (let at = stdio.length; at <= Math.max(fd, ...passed); at++) stdio[at] = passed.has(at) ? at : 'ignore';
  stdio[fd] = 'pipe';
  const employment: Employment = { role, startedAt, fd };
  const child = spawn(execPath, [YOUNG_GENERATION, ...argv], {
    env: { ...env, ...environmentOf(employment) },
    stdio,
    // A process group of its own: Ctrl-C reaches the supervisor alone, which asks the scanner to say what it knows.
    detached: true,
  });
  // Without a descriptor left there is no process and no pipe: as one that has ended at once.
  const pipe = ((child.stdio as readonly unknown[] | undefined)?.[fd] as Duplex | undefined) ?? new PassThrough().end();
  pipe.on('error', () => {});
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('error', () => resolve({ status: null, signal: null }));
    child.once('exit', (status, signal) => resolve({ status, signal }));
  });
  return {
    frames: pipe,
    interrupt: () => void pipe.write(formatInterrupt()),
    tellWritten: (errors) => void pipe.write(formatWritten(errors)),
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
}

/** Those that the arguments name and that are open: Node lets go of low numbers when it starts another program. */
function descriptorsIn(argv: readonly string[]): Set<number> {
  const named = argv.flatMap((word) => [...word.matchAll(DESCRIPTOR)].map(([, number]) => Number(number)));
  return new Set(named.filter((fd) => fd > 2 && isOpen(fd)));
}

function isOpen(fd: number): boolean {
  try {
    const stats = fstatSync(fd);
    // What is none of these is Node's own.
    return stats.isFIFO() || stats.isFile() || stats.isSocket() || stats.isCharacterDevice();
  } catch {
    return false;
  }
}

/** How long a process may take to end by itself once it has nothing more to say: it leaves its connections politely. */
export const LEAVE_MS = 400;

/** Of a process whose pipe has ended: so has the process, or will in a moment. */
export async function endOf(ending: SupervisedProcess): Promise<ProcessEnd | undefined> {
  const patience = Deadline.after(LEAVE_MS);
  const end = await patience.race(ending.ended);
  patience.release();
  if (!end) ending.kill();
  return end;
}

/** How it ended, as the words behind `the scanning process`. */
export function describeEnd(end: ProcessEnd | undefined): string {
  if (!end) return 'closed its pipe';
  return end.signal ? `was ended by ${end.signal}` : `ended with status ${end.status}`;
}
