/**
 * The only file that touches `process`: arguments, environment, standard streams, signals, exit.
 */
import { Socket } from 'node:net';
import { hostname } from 'node:os';
import { ACME_CHILD, type ExitCode, type Io, type Supervisor } from './cli/io.ts';
import { TextOut } from './cli/text-out.ts';
import { createProcessTable } from './health/process-table.ts';
import { err, ok, type Result } from './model/result.ts';
import { type Employment, employmentOf, STRAY } from './scan/supervised/role.ts';
import { SupervisorLink } from './scan/supervised/supervisor-link.ts';
import { Deadline } from './time/deadline.ts';

declare const CERTWATCH_VERSION: string;

export type ProgramName = 'certwatch' | 'check_certwatch';

/** How long open connections may take to end politely once all is reported. */
const LINGER_MS = 250;

export function main(name: ProgramName): void {
  const employed = name === 'certwatch' && process.argv[2] === 'check' ? employmentOf(process.env) : ok(undefined);
  const supervisor = employed.ok && employed.value ? meetSupervisor(employed.value) : undefined;
  if (!employed.ok || (supervisor && !supervisor.ok)) {
    process.exitCode = 3;
    process.stderr.write(`certwatch: ${employed.ok ? STRAY : employed.error}\n`);
    return;
  }
  // A bug is UNKNOWN, never OK: also one that escapes every promise.
  process.exitCode = 3;
  process.on('uncaughtException', (bug) => die(bug));
  process.on('unhandledRejection', (bug) => die(bug));
  const io = processIo(employed.value?.startedAt, supervisor?.value);
  if (io.argv[0] === ACME_CHILD) {
    acmeChild();
    return;
  }
  run(name, io).then(async (code) => {
    await flushed(io);
    leave(await admitted(code, io), io);
  }, die);
}

/** A reader that takes nothing any more does not hold up the end. */
async function flushed(io: Io): Promise<void> {
  const { stdout, stderr } = io;
  const patience = Deadline.after(io.within(LINGER_MS));
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
  if (io.supervisor?.kind === 'of-writer')
    return (await import('./cli/supervised/writer.ts')).runWriter(io.supervisor.pipe, io);
  if (name === 'certwatch') return (await import('./cli/program.ts')).runProgram(io);
  return (await import('./cli/plugin.ts')).runPlugin(io);
}

/** This process was started by a renewal, to run one order; it ends by itself (`renew/acme/child.ts`). */
function acmeChild(): void {
  import('./renew/acme/child.ts').then(({ runAcmeChild }) => runAcmeChild(process), die);
}

/**
 * As soon as nothing is open any more, at once where something lingers. Node's own way out takes its time, and gives the signals
 * back before it is over: the second word of a session that goes would make this an end by SIGHUP.
 */
function leave(code: ExitCode, io: Io): void {
  process.exitCode = code;
  process.once('beforeExit', () => exit(code));
  setTimeout(() => exit(code), io.within(LINGER_MS)).unref();
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

/** It may have been removed under us (a deploy, a clean-up): relative paths lead nowhere then, but the rest is looked at. */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    process.chdir('/');
    return '/';
  }
}

function processIo(supervisorStartedAt: bigint | undefined, employer: Employer | undefined): Io {
  // From the start of the process, not of this line: whoever set a deadline counts Node's own start-up, too.
  const bootNs = BigInt(Math.round(performance.now() * 1e6));
  const startedAt = supervisorStartedAt ?? process.hrtime.bigint() - bootNs;
  const sinceStart = (): number => Number(process.hrtime.bigint() - startedAt) / 1e6;
  let goneBy = Number.POSITIVE_INFINITY;
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: workingFolder(),
    stdout: new TextOut(1, () => process.stdout, process.env),
    stderr: new TextOut(2, () => process.stderr, process.env),
    stdin: () => process.stdin,
    now: () => Date.now(),
    onInterrupt: employer ? employer.onInterrupt : interrupts(),
    sinceStart,
    goneBy(ms) {
      goneBy = Math.min(goneBy, ms);
    },
    within: (ms) => Math.max(0, Math.min(ms, goneBy - sinceStart())),
    startSupervised: async (role) => {
      const { startSupervised } = await import('./scan/supervised/supervised-process.ts');
      const argv = process.argv.slice(1);
      const started = startSupervised({ execPath: process.execPath, argv, env: process.env, startedAt, role });
      // Whatever ends this process early (a second Ctrl-C, a bug): what is stuck over there does not notice by itself.
      onExit(() => started.kill());
      return started;
    },
    onExit,
    ...(employer ? { supervisor: employer.supervisor } : {}),
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

interface Employer {
  readonly supervisor: Supervisor;
  readonly onInterrupt: Io['onInterrupt'];
}

/** @returns the error where nobody is at the other end. */
function meetSupervisor({ role, fd }: Employment): Result<Employer, unknown> {
  let pipe: Socket;
  try {
    pipe = new Socket({ fd, readable: true, writable: true });
  } catch (cause) {
    return err(cause);
  }
  if (role.kind === 'writer') {
    // It takes back what it has begun.
    pipe.on('close', () => setTimeout(() => exit(3), LINGER_MS).unref());
    return ok({ supervisor: { kind: 'of-writer', pipe }, onInterrupt: () => () => {} });
  }
  // Without a supervisor there is nobody to report to.
  pipe.on('close', () => exit(3));
  const link = new SupervisorLink(pipe);
  const supervisor: Supervisor =
    role.kind === 'reader'
      ? { kind: 'of-reader', pipe, told: role.told }
      : { kind: 'of-scanner', pipe, written: link.written };
  return ok({ supervisor, onInterrupt: (listener) => link.onInterrupt(listener) });
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
  let listens = false;
  const listen = (does: boolean): void => {
    if (does === listens) return;
    listens = does;
    for (const signal of signals) process[does ? 'on' : 'off'](signal, handle);
  };
  return (listener) => {
    listen(true);
    listeners.add(listener);
    if (asked) listener();
    return () => {
      listeners.delete(listener);
      // What has been asked to end may be told again, and be it in the middle of its report.
      if (!asked) listen(listeners.size > 0);
    };
  };
}
