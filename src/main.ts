/**
 * The only file that touches `process`: arguments, environment, standard streams, signals, exit.
 */
import { Socket } from 'node:net';
import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import { ACME_CHILD, type ExitCode, type Io } from './cli/io.ts';
import { TextOut } from './cli/text-out.ts';
import { createProcessTable } from './health/process-table.ts';
import { parseTold, READ_AGAIN_VARIABLE, SCANNER_PIPE_FD, SCANNER_VARIABLE } from './scan/supervised/scanner-role.ts';
import { Deadline } from './time/deadline.ts';

declare const CERTWATCH_VERSION: string;

export type ProgramName = 'certwatch' | 'check_certwatch';

/** How long open connections may take to end politely once all is reported. */
const LINGER_MS = 250;

export function main(name: ProgramName): void {
  const io = processIo();
  // A bug is UNKNOWN, never OK: also one that escapes every promise.
  process.exitCode = 3;
  process.on('uncaughtException', (bug) => die(bug));
  process.on('unhandledRejection', (bug) => die(bug));
  if (io.argv[0] === ACME_CHILD) {
    acmeChild();
    return;
  }
  run(name, io).then(async (code) => {
    await flushed(io);
    leave(await admitted(code, io));
  }, die);
}

/** A reader that takes nothing any more does not hold up the end. */
async function flushed({ stdout, stderr }: Io): Promise<void> {
  const patience = Deadline.after(LINGER_MS);
  await patience.race(Promise.all([stdout.flush(), stderr.flush()]));
  patience.release();
}

/** A report that could not be written is not OK, whatever it would have said. */
async function admitted(code: ExitCode, { stdout, stderr }: Io): Promise<ExitCode> {
  if (stdout.problem === undefined) return code;
  await stderr.write(`certwatch: the standard output cannot be written (${stdout.problem})\n`);
  await stderr.flush();
  return code === 2 ? 2 : 3;
}

/** Only the program that is asked for is loaded. */
async function run(name: ProgramName, io: Io): Promise<ExitCode> {
  if (name === 'certwatch') return (await import('./cli/program.ts')).runProgram(io);
  return (await import('./cli/plugin.ts')).runPlugin(io);
}

/** This process was started by a renewal, to run one order; it ends by itself (`renew/acme/child.ts`). */
function acmeChild(): void {
  import('./renew/acme/child.ts').then(({ runAcmeChild }) => runAcmeChild(process), die);
}

/** By itself where nothing is open any more, at once where something lingers. */
function leave(code: ExitCode): void {
  process.exitCode = code;
  setTimeout(() => exit(code), LINGER_MS).unref();
}

/**
 * Exit waits for the threads that handle files, and for one that is stuck in a dead file system it would wait for ever. What
 * may get stuck is in another process wherever that is possible; of what got stuck all the same, nothing stays behind.
 */
function exit(code: ExitCode): void {
  const isStuck = process.getActiveResourcesInfo().some((kind) => kind.startsWith('FSReq'));
  if (isStuck) void import('./files/killed-soon.ts').then(({ killedSoon }) => process.exit(killedSoon(code)));
  else process.exit(code);
}

function die(bug: unknown): void {
  const stack = bug instanceof Error && process.argv.includes('-v') ? bug.stack : String(bug);
  process.stderr.write(`certwatch: internal error: ${stack}\n`);
  exit(3);
}

function processIo(): Io {
  const supervised = process.env[SCANNER_VARIABLE];
  const toldBefore = process.env[READ_AGAIN_VARIABLE];
  const supervisor = supervised === undefined ? undefined : openSupervisorPipe();
  // From the start of the process, not of this line: whoever set a deadline counts Node's own start-up, too.
  const bootNs = BigInt(Math.round(performance.now() * 1e6));
  const startedAt = supervised === undefined ? process.hrtime.bigint() - bootNs : BigInt(supervised);
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdout: new TextOut(1, () => process.stdout, process.env),
    stderr: new TextOut(2, () => process.stderr, process.env),
    stdin: () => process.stdin,
    now: () => Date.now(),
    onInterrupt: supervisor ? (listener) => onSupervisorsWish(supervisor, listener) : interrupts(),
    sinceStart: () => Number(process.hrtime.bigint() - startedAt) / 1e6,
    spawnScanner: async (readAgain) => {
      const { spawnScanner } = await import('./scan/supervised/scanner-process.ts');
      const argv = process.argv.slice(1);
      const scanner = spawnScanner({
        execPath: process.execPath,
        argv,
        env: process.env,
        startedAt,
        ...(readAgain ? { readAgain } : {}),
      });
      // Whatever ends this process early (a second Ctrl-C, a bug): what is stuck over there does not notice by itself.
      onExit(() => scanner.kill());
      return scanner;
    },
    onExit,
    ...(supervisor ? { supervisor } : {}),
    ...(supervisor && toldBefore !== undefined ? { readAgain: parseTold(toldBefore) } : {}),
    processes: createProcessTable({
      pid: process.pid,
      host: hostname(),
      kill: (pid, signal) => void process.kill(pid, signal),
    }),
    signal: (pid, signal) => void process.kill(pid, signal),
    execPath: process.execPath,
    version: CERTWATCH_VERSION,
    nodeVersion: process.version,
    dist: __dirname,
  };
}

const onExit: Io['onExit'] = (listener) => {
  process.once('exit', listener);
  return () => process.off('exit', listener);
};

/** A scanner without a supervisor has nobody to report to. */
function openSupervisorPipe(): Duplex {
  const pipe = new Socket({ fd: SCANNER_PIPE_FD, readable: true, writable: true });
  pipe.on('close', () => exit(3));
  return pipe;
}

function onSupervisorsWish(pipe: Duplex, listener: () => void): () => void {
  pipe.once('data', listener);
  return () => pipe.off('data', listener);
}

/** @returns what calls its listeners at the first signal to end, and those that come later at once. */
function interrupts(): Io['onInterrupt'] {
  let asked = false;
  const listeners = new Set<() => void>();
  const handle = (signal: NodeJS.Signals): void => {
    // Who is in a hurry says so once more. Not so a session that goes: its shell and its terminal each tell.
    if (asked && signal !== 'SIGHUP') exit(3);
    if (asked) return;
    asked = true;
    for (const listener of listeners) listener();
  };
  // SIGHUP: the terminal has gone, or the session that this was started in.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  return (listener) => {
    if (listeners.size === 0) for (const signal of signals) process.on(signal, handle);
    listeners.add(listener);
    if (asked) listener();
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) for (const signal of signals) process.off(signal, handle);
    };
  };
}
