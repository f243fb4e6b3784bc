/**
 * One run of the main job: verdicts come from a producer and go through the outputs, and the exit status comes out.
 * `check`, `show` and `check_certwatch` differ only in where their settings and words come from; whether the scan happens
 * here or in a process of its own is the producer's affair.
 */
import type { Status } from '../../model/finding.ts';
import type { InputError } from '../../model/target.ts';
import type { Outcome, Verdict } from '../../model/verdict.ts';
import type { Deadline } from '../../time/deadline.ts';
import type { ExitCode, Io } from '../io.ts';
import { guardLoop, type LoopGuardOptions } from './loop-guard.ts';
import { type OutputSpec, Outputs } from './outputs.ts';
import { RunState } from './run-state.ts';
import { RunTimes } from './run-times.ts';

/** Where a producer hands over what it knows. */
export interface Receiver {
  /** Of the scan. */
  readonly deadline: Deadline;
  /** Milliseconds since the epoch. */
  readonly judgedAt: number;
  /** True once somebody asked the run to stop; the deadline has then come, too. */
  readonly interrupted: () => boolean;
  /** In input order; while it is pending, the producer should wait. */
  readonly onVerdict: (verdict: Verdict) => Promise<void>;
  /** A verdict whose text for the standard output is made already. */
  readonly onRendered: (status: Status, text: string) => Promise<void>;
  readonly onInputError: (error: InputError) => void;
  /** Every verdict has been handed over. Puts the reports that go into files in place. @returns what went wrong with them. */
  readonly endFiles: () => Promise<readonly InputError[]>;
  /** The producer is giving up because of the deadline, a little early so that all can be written by then. */
  readonly onGivenUp: () => void;
}

/** Resolves when each target has its verdict. */
export type Produce = (to: Receiver) => Promise<void>;

export interface CheckRun {
  readonly produce: Produce;
  /** Of the whole run, from the start of the process. */
  readonly deadlineMs: number;
  /** So long before it the scan ends, for what comes behind it. */
  readonly reserveMs?: number;
  /** Milliseconds since the epoch; absent: now. */
  readonly startedAt?: number | undefined;
  /** Milliseconds since the epoch; absent: the start of the run. */
  readonly judgedAt?: number | undefined;
  /** On the standard output. */
  readonly outputs: readonly OutputSpec[];
  /** Reports that go into files; they are put in place before the one on the standard output ends. */
  readonly files?: ReportFiles | undefined;
  /** What the run has come to, before the last of the report is written. */
  readonly onOutcome?: (outcome: Outcome) => void;
  /** For a check that nobody supervises: what is printed should its event loop be blocked past its time. */
  readonly guard?: LoopGuardOptions;
  /** Shows how far the run is, where the standard error is a terminal. */
  readonly progress: boolean;
  /** How many targets there are, where that is known. */
  readonly total?: number | undefined;
  /** Where errors of input are told as they come; the report repeats them at its end. */
  readonly onInputError?: (error: InputError) => void;
}

/** Both may be called more than once: the first call counts. */
export interface ReportFiles {
  end(outcome: Outcome, until: Deadline): Promise<void>;
  /** The files stay as they were: nothing was looked at, since another run is on, and they are that one's. */
  leave(until: Deadline): Promise<void>;
}

export interface Ended {
  readonly code: ExitCode;
  readonly outcome: Outcome;
}

/** @returns what the run came to. */
export async function runCheck(run: CheckRun, io: Io): Promise<Ended> {
  const state = new RunState({ ...run, io });
  const outputs = new Outputs(run.outputs, io.stdout);
  const times = new RunTimes({ reserveMs: 0, ...run }, io);
  const onGivenUp = (): void => state.giveUp();
  times.scanned.onExpire(onGivenUp);
  const release = io.onInterrupt(() => {
    state.interrupted = true;
    times.interrupt();
  });
  const letGo = run.guard ? guardLoop(run.guard) : () => {};
  const endFiles = async (): Promise<readonly InputError[]> => {
    if (state.turnedAway) await run.files?.leave(times.filesWritten);
    else await run.files?.end(state.outcome(), times.filesWritten);
    return state.outputErrors;
  };
  const work = async (): Promise<'done'> => {
    await outputs.begin();
    await run.produce({
      deadline: times.scanned,
      judgedAt: state.judgedAt,
      interrupted: () => state.interrupted,
      onVerdict: (verdict) => {
        state.count(verdict.status);
        return outputs.verdict(verdict);
      },
      onRendered: (status, text) => {
        state.count(status);
        return outputs.rendered(text);
      },
      onInputError: (error) => state.inputError(error),
      endFiles,
      onGivenUp,
    });
    state.progress.stop();
    await endFiles();
    run.onOutcome?.(state.outcome());
    await outputs.end(state.outcome());
    return 'done';
  };
  const reported = await times.reported.race(work());
  letGo();
  release();
  times.release();
  const outcome = state.outcome();
  if (reported) return { code: outcome.exitCode, outcome };
  // Of a scanner, its supervisor says it.
  if (!io.supervisor) void io.stderr.write('certwatch: the report could not be written in full before the deadline\n');
  return { code: outcome.exitCode === 2 ? 2 : 3, outcome };
}
