/**
 * One run of the main job: targets in, verdicts through the outputs, exit status out. `check` and `check_certwatch` differ
 * only in where their settings and their words come from.
 */
import type { Result } from '../model/result.ts';
import type { InputError, Target } from '../model/target.ts';
import type { Outcome, Verdict } from '../model/verdict.ts';
import { createResolver } from '../net/resolve.ts';
import { Looker } from '../scan/look.ts';
import { scan } from '../scan/scan.ts';
import { Deadline } from '../time/deadline.ts';
import { Tally } from '../verdict/status.ts';
import { ChainReader } from '../x509/chain-reader.ts';
import { rootsFileOf } from './installed-files.ts';
import type { ExitCode, Io } from './io.ts';
import type { OutputSpec } from './outputs.ts';
import { Outputs } from './outputs.ts';
import { Progress } from './progress.ts';

export interface CheckRun {
  readonly targets: AsyncIterable<Result<Target, InputError>>;
  readonly concurrency: number;
  /** Of the whole run, from now; also the longest that a list may keep it waiting. */
  readonly deadlineMs: number;
  /** Milliseconds since the epoch; absent: the start of the run. */
  readonly judgedAt?: number;
  /** Name servers in place of the system's. */
  readonly nameServers?: readonly string[];
  readonly outputs: readonly OutputSpec[];
  /** Shows how far the run is, where the standard error is a terminal. */
  readonly progress: boolean;
  /** How many targets there are, where that is known. */
  readonly total?: number;
  /** Where errors of input are told as they come; the report repeats them at its end. */
  readonly onInputError?: (error: InputError) => void;
}

/** How many errors of input a report lists; a list of another format would fill it with thousands. */
const MOST_ERRORS_KEPT = 100;

/** The outputs are written, whole, once the run's deadline has come, but not for longer than this. */
const FLUSH_MS = 700;

export async function runCheck(run: CheckRun, io: Io): Promise<ExitCode> {
  const state = new RunState(run, io);
  const outputs = new Outputs(run.outputs, io.stdout, (message) => state.inputError({ origin: 'output', message }));
  const deadline = Deadline.after(run.deadlineMs);
  const release = io.onInterrupt(() => {
    state.interrupted = true;
    deadline.expire();
  });
  deadline.onExpire(() => {
    state.deadlineReached = !state.interrupted;
    state.progress.stop();
  });
  const looker = new Looker({
    resolver: createResolver(run.nameServers ? { servers: run.nameServers } : {}),
    chainReader: new ChainReader(),
    judgedAt: state.judgedAt,
    runDeadline: deadline,
    rootsFile: rootsFileOf(io.dist),
    rootsTag: io.nodeVersion,
    ...(io.env.SSL_CERT_FILE ? { systemBundle: io.env.SSL_CERT_FILE } : {}),
  });
  const work = async (): Promise<'done'> => {
    await outputs.begin();
    await scan({
      targets: run.targets,
      concurrency: run.concurrency,
      deadline,
      look: (target, own) => looker.look(target, own),
      notLooked: (target) => looker.notLooked(target, state.interrupted ? 'interrupted' : 'deadline'),
      onVerdict: (verdict) => {
        state.count(verdict);
        return outputs.verdict(verdict);
      },
      onInputError: (error) => state.inputError(error),
    });
    state.progress.stop();
    await outputs.end(() => state.outcome());
    return 'done';
  };
  const end = Deadline.shortlyAfter(deadline, FLUSH_MS);
  const flushed = await end.race(work());
  release();
  end.release();
  deadline.release();
  if (flushed) return state.outcome().exitCode;
  await outputs.abort();
  io.stderr.write('certwatch: the report could not be written in full before the deadline\n');
  return state.outcome().exitCode === 2 ? 2 : 3;
}

/** What is known of the run so far. */
class RunState {
  interrupted = false;
  deadlineReached = false;
  readonly judgedAt: number;
  readonly progress: Progress;
  readonly #run: CheckRun;
  readonly #io: Io;
  readonly #startedAt: number;
  readonly #tally = new Tally();
  readonly #errors: InputError[] = [];

  constructor(run: CheckRun, io: Io) {
    this.#run = run;
    this.#io = io;
    this.#startedAt = io.now();
    this.judgedAt = run.judgedAt ?? this.#startedAt;
    this.progress = new Progress({
      stderr: run.progress ? io.stderr : { ...io.stderr, isTTY: false },
      now: () => io.now(),
      ...(run.total === undefined ? {} : { total: run.total }),
    });
  }

  count(verdict: Verdict): void {
    this.#tally.add(verdict.status);
    this.progress.count(verdict.status !== 'ok');
  }

  inputError(error: InputError): void {
    if (this.#errors.length < MOST_ERRORS_KEPT) this.#errors.push(error);
    this.#run.onInputError?.(error);
  }

  outcome(): Outcome {
    return this.#tally.outcome({
      startedAt: this.#startedAt,
      finishedAt: this.#io.now(),
      judgedAt: this.judgedAt,
      deadlineReached: this.deadlineReached,
      interrupted: this.interrupted,
      errors: this.#errors,
      version: this.#io.version,
    });
  }
}
