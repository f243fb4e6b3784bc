/**
 * Faults that befall certwatch itself: its scanning process, its input, its outputs, its users. Each is a run of the built
 * program over three targets that are well and five that never answer; what it has to come to stands beside it.
 */
import { type ChildProcessWithoutNullStreams, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunOptions, type RunResult, runCertwatch } from '../support/run-certwatch.ts';
import { lines, type Scene, STUCK, WELL } from './scene.ts';

export interface OwnFault {
  readonly id: string;
  /** One sentence for people. */
  readonly story: string;
  readonly exit: 2 | 3;
  /** Words of its report or its standard error. */
  readonly says: string;
  /** How the five that never answer are reported; absent: there is no whole report. */
  readonly rest?: 'timeout' | 'internal-error';
  /** With what reason. */
  readonly reason?: 'deadline' | 'interrupted';
  /** The report cannot be complete, since the list was not: so many results at least. */
  readonly atLeast?: number;
  readonly run: (scene: Scene) => Promise<OwnRun>;
}

export interface OwnRun extends RunResult {
  /** The scanning process, which must not outlive the run. */
  readonly scanner?: number | undefined;
}

/** A machine with too much to do needs a moment before five connections stand, */
const DEADLINE_S = 5;
/** and where it had too much, the fault befalls another run, that has more time. */
const MORE_TIME = [1, 2, 4];

interface Act {
  /** In the scene's folder, `-` for an input that brings those that are well and never ends; absent: all eight. */
  readonly list?: string;
  readonly format?: string;
  /** Seconds. */
  readonly deadline?: number;
  readonly more?: readonly string[];
  readonly options?: RunOptions;
  /** What is done to it once it has seen those that are well, and waits for the others. */
  readonly stuck?: (pids: Pids) => void | Promise<void>;
}

interface Pids {
  readonly supervisor: number;
  readonly scanner: number;
}

/** Its last verdict is on its way when the connection is closed, and needs a moment to arrive. */
const ARRIVAL_MS = 200;

export async function act(scene: Scene, act: Act): Promise<OwnRun> {
  let last: (OwnRun & { readonly early: boolean }) | undefined;
  for (const times of MORE_TIME) {
    last = await actOnce(scene, act, (act.deadline ?? DEADLINE_S) * times);
    if (!last.early) break;
  }
  return last!;
}

/** @returns `early`: its end came before it had seen those that are well, and waited for the others. */
async function actOnce(scene: Scene, act: Act, deadlineS: number): Promise<OwnRun & { readonly early: boolean }> {
  const { list, format = 'json', more = [], options = {}, stuck } = act;
  const { well, silent } = await scene.peers();
  const own = `${well.port}.txt`;
  await scene.folder.write(own, lines(WELL, well.port) + lines(STUCK, silent.port));
  const deadline = ['--deadline', `${deadlineS}s`];
  const words = ['--trust', 'none', '--ca-file', 'root.pem', '--format', format, ...deadline, ...more];
  let scanner: number | undefined;
  let early = list === undefined;
  const watch = async (child: ChildProcessWithoutNullStreams) => {
    const waits = () => well.accepted >= WELL.length && well.open === 0 && silent.accepted >= STUCK.length;
    while (child.exitCode === null && child.signalCode === null && !waits()) {
      scanner = childOf(child.pid!) ?? scanner;
      await sleep(20);
    }
    scanner = childOf(child.pid!) ?? scanner;
    await sleep(ARRIVAL_MS);
    if (child.exitCode !== null || child.signalCode !== null) return;
    early = false;
    if (stuck && scanner !== undefined) await stuck({ supervisor: child.pid!, scanner });
  };
  let acting: Promise<void> | undefined;
  const run = await runCertwatch(['check', '-f', list ?? own, ...words], {
    cwd: scene.folder.path,
    killAfterMs: (deadlineS + 15) * 1_000,
    ...(list === '-' ? { stdin: lines(WELL, well.port), keepStdinOpen: true } : {}),
    ...options,
    onSpawn(child) {
      options.onSpawn?.(child);
      acting = watch(child);
    },
  });
  await acting;
  await Promise.all([well.close(), silent.close()]);
  return { ...run, scanner, early };
}

function childOf(pid: number): number | undefined {
  try {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return first ? Number(first) : undefined;
  } catch {
    return undefined;
  }
}

const signal = (name: NodeJS.Signals) => (scene: Scene) =>
  act(scene, { stuck: ({ scanner }) => void process.kill(scanner, name) });

export const OWN_FAULTS: readonly OwnFault[] = [
  {
    id: 'stopped',
    story: 'The scanning process is stopped (SIGSTOP), as if stuck in native code.',
    exit: 3,
    says: 'the scanning process did not answer at its deadline and was ended',
    rest: 'timeout',
    reason: 'deadline',
    run: signal('SIGSTOP'),
  },
  {
    id: 'killed',
    story: 'The scanning process is killed, as for want of memory (SIGKILL).',
    exit: 3,
    says: 'the scanning process was ended by SIGKILL before it was done',
    rest: 'internal-error',
    run: signal('SIGKILL'),
  },
  {
    id: 'crashed',
    story: 'The scanning process crashes (SIGSEGV).',
    exit: 3,
    says: 'the scanning process was ended by SIGSEGV before it was done',
    rest: 'internal-error',
    run: signal('SIGSEGV'),
  },
  {
    id: 'all-stuck',
    story: 'Targets do not answer, and have more time than the whole run.',
    exit: 3,
    says: 'No answer in time in the TLS handshake',
    rest: 'timeout',
    reason: 'deadline',
    run: (scene) => act(scene, {}),
  },
  {
    id: 'no-writer',
    story: 'The list is a pipe that nobody writes to.',
    exit: 3,
    says: 'the deadline came before the list of targets had been read to its end',
    atLeast: 0,
    async run(scene) {
      execFileSync('mkfifo', [scene.folder.at('nobody')]);
      return act(scene, { list: 'nobody' });
    },
  },
  {
    id: 'endless-input',
    story: 'The standard input brings targets and never ends.',
    exit: 3,
    says: 'the deadline came before the list of targets had been read to its end',
    atLeast: 3,
    run: (scene) => act(scene, { list: '-' }),
  },
  {
    id: 'slow-reader',
    story: 'Whoever reads its output stops reading.',
    exit: 3,
    says: 'the report could not be written in full before the deadline',
    run: (scene) =>
      act(scene, {
        list: scene.longList,
        format: 'ndjson',
        deadline: 5,
        options: { onSpawn: (child) => stopReading(child) },
      }),
  },
  {
    id: 'reader-gone',
    story: 'Whoever reads its output goes away (as head -1 does).',
    exit: 3,
    says: '',
    run: (scene) =>
      act(scene, {
        list: scene.longList,
        format: 'ndjson',
        deadline: 6,
        options: { onSpawn: (child) => void child.stdout.once('data', () => child.stdout.destroy()) },
      }),
  },
  {
    id: 'disk-full',
    story: 'The disk is full where a report goes (ENOSPC); the one on the standard output still comes.',
    exit: 3,
    says: 'no space left on the device',
    rest: 'timeout',
    run: (scene) => act(scene, { more: ['--format', 'csv=/dev/full'] }),
  },
  {
    id: 'no-permission',
    story: 'It may not write where a report goes (EACCES); the one on the standard output still comes.',
    exit: 3,
    says: 'permission denied',
    rest: 'timeout',
    run: (scene) => act(scene, { more: ['--format', 'csv=/sys/report.csv'] }),
  },
  {
    id: 'stdout-full',
    story: 'The disk is full where its standard output goes.',
    exit: 3,
    says: 'no space left on the device',
    run: (scene) => act(scene, { options: { stdoutTo: '/dev/full' } }),
  },
  {
    id: 'ctrl-c',
    story: 'Ctrl-C: it stops and reports what it knows.',
    exit: 3,
    says: 'Interrupted: what was not looked at may be worse.',
    run: (scene) =>
      act(scene, {
        format: 'human',
        deadline: 15,
        stuck: ({ supervisor }) => void process.kill(supervisor, 'SIGINT'),
      }),
  },
  {
    id: 'terminated',
    story: 'It is asked to end (SIGTERM): it stops and reports what it knows.',
    exit: 3,
    says: 'the run was interrupted',
    rest: 'timeout',
    reason: 'interrupted',
    run: (scene) => act(scene, { deadline: 15, stuck: ({ supervisor }) => void process.kill(supervisor, 'SIGTERM') }),
  },
  {
    id: 'hung-up',
    story: 'Its terminal goes away (SIGHUP): it stops and reports what it knows.',
    exit: 3,
    says: 'the run was interrupted',
    rest: 'timeout',
    reason: 'interrupted',
    run: (scene) => act(scene, { deadline: 15, stuck: ({ supervisor }) => void process.kill(supervisor, 'SIGHUP') }),
  },
  {
    id: 'ctrl-c-twice',
    story: 'Ctrl-C again, while its scanning process is stuck: it ends at once, with all that it started.',
    exit: 3,
    says: '',
    run: (scene) =>
      act(scene, {
        deadline: 15,
        async stuck({ supervisor, scanner }) {
          process.kill(scanner, 'SIGSTOP');
          process.kill(supervisor, 'SIGINT');
          await sleep(100);
          process.kill(supervisor, 'SIGINT');
        },
      }),
  },
];

function stopReading(child: ChildProcessWithoutNullStreams): void {
  child.stdout.pause();
  child.on('exit', () => child.stdout.resume());
}
