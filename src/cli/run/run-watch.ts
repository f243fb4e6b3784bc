/**
 * What watches over a run itself in the state folder: the lock, the run record and the memory of the last run. None of it
 * can make a verdict better: what fails in it is said, and where its disk does not answer, the run goes on without.
 */
import type { RunSettings } from '../../config/resolve-run.ts';
import type { RecordedRun } from '../../health/recorded-run.ts';
import type { InputError, RunProblem } from '../../model/target.ts';
import type { Outcome, Verdict } from '../../model/verdict.ts';
import { Deadline } from '../../time/deadline.ts';
import { errorLine } from '../input-errors.ts';
import type { Io } from '../io.ts';
import { diskPatience } from './run-times.ts';

export interface RunWatchOptions {
  /** A UUID; the same that the heartbeat tells. */
  readonly runId: string;
  /** Until the run's deadline. */
  readonly leftMs: number;
}

export class RunWatch {
  readonly #io: Io;
  readonly #run: RunSettings;
  readonly #diskMs: number;
  #record: RecordedRun | undefined;
  /** Found out, and not told yet. */
  #dead: InputError | undefined;
  #seen = 0;

  private constructor(run: RunSettings, io: Io, leftMs: number) {
    this.#run = run;
    this.#io = io;
    this.#diskMs = diskPatience(leftMs);
  }

  /** @returns with what stands in the way of the run: another one, or a state folder that cannot be used. */
  static async begin(
    run: RunSettings,
    io: Io,
    options: RunWatchOptions,
  ): Promise<{ watch: RunWatch; problem?: InputError }> {
    const watch = new RunWatch(run, io, options.leftMs);
    const problem = run.state === undefined ? undefined : await watch.#beginRecord(run.state, options);
    return { watch, ...(problem ? { problem } : {}) };
  }

  /** Notes a verdict down. @returns it, with what has changed since the last run. */
  async note(verdict: Verdict, total: number | undefined): Promise<Verdict> {
    this.#seen += 1;
    if (!this.#record) return verdict;
    this.#record.doing(`check, ${this.#seen}${total === undefined ? '' : ` of ${total}`} targets`);
    const changes = (await this.#inTime(this.#record.changes(verdict))) ?? [];
    return changes.length > 0 ? { ...verdict, findings: [...verdict.findings, ...changes] } : verdict;
  }

  /** The run is over: writes it down. @returns what could not be. */
  async finish(outcome: Outcome): Promise<readonly InputError[]> {
    const { deadlineReached, interrupted } = outcome.run;
    const { exitCode: exitStatus, summary } = outcome;
    const result = { exitStatus, summary, deadlineReached, interrupted };
    const failed = this.#record && (await this.#inTime(this.#record.finish(result)));
    const problems = (failed ?? []).map((message) => stateProblem('state-unusable', message));
    return this.#dead ? [...problems, this.#dead] : problems;
  }

  async #beginRecord(dir: string, { runId, leftMs }: RunWatchOptions): Promise<InputError | undefined> {
    const [{ beginRun }, { describePreviousRun }] = await Promise.all([
      import('../../health/recorded-run.ts'),
      import('../../health/previous-run.ts'),
    ]);
    const beginning = beginRun({
      dir,
      command: 'check',
      now: () => this.#io.now(),
      deadlineAt: this.#io.now() + leftMs,
      processes: this.#io.processes,
      endStuck: this.#run['end-stuck'] === true,
      runId,
      version: this.#io.version,
      remember: true,
    });
    const begun = await this.#inTime(beginning);
    if (!begun) {
      const dead = this.#dead;
      this.#dead = undefined;
      // Should it come back to life: this run is not recorded, and holds no lock.
      void beginning.then((late) => (late.ok ? late.value.abandon() : undefined));
      return dead;
    }
    if (begun.ok) {
      this.#record = begun.value;
      for (const note of begun.value.notes) void this.#io.stderr.write(errorLine({ origin: 'state', message: note }));
      return undefined;
    }
    if (begun.error.kind === 'unusable') return stateProblem('state-unusable', begun.error.message);
    const { code, severity, data, message } = describePreviousRun(begun.error);
    return { origin: 'lock', code, message, severity: severity === 'critical' ? 'critical' : 'unknown', data };
  }

  /** @returns undefined where the disk does not answer: from then on it is left alone. */
  async #inTime<T>(work: Promise<T>): Promise<T | undefined> {
    const patience = Deadline.after(this.#diskMs);
    const done = await patience.race(work.then((value) => ({ value })));
    patience.release();
    if (done) return done.value;
    this.#record = undefined;
    this.#dead = stateProblem('state-unusable', `the state folder ${this.#run.state} does not answer: not recorded`);
    return undefined;
  }
}

const stateProblem = (code: RunProblem, message: string): InputError => ({ origin: 'state', code, message });
