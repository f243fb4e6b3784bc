/**
 * What watches over a run itself: the lock, the run record and the memory of the last run in the state folder, and the
 * heartbeat. None of it can make a verdict better; what fails in it is said.
 */
import { randomUUID } from 'node:crypto';
import type { RunSettings } from '../config/resolve-run.ts';
import type { RecordedRun } from '../health/recorded-run.ts';
import type { InputError } from '../model/target.ts';
import type { Outcome, Verdict } from '../model/verdict.ts';
import { runSummary } from '../report/summary.ts';
import { errorLine } from './input-errors.ts';
import type { Io } from './io.ts';
import { RunHeartbeat } from './run-heartbeat.ts';

export class RunWatch {
  readonly #io: Io;
  readonly #run: RunSettings;
  readonly #endsAt: number;
  readonly #heartbeat: RunHeartbeat;
  #record: RecordedRun | undefined;
  #seen = 0;

  private constructor(run: RunSettings, io: Io, { endsAt, heartbeat }: { endsAt: number; heartbeat: RunHeartbeat }) {
    this.#run = run;
    this.#io = io;
    this.#endsAt = endsAt;
    this.#heartbeat = heartbeat;
  }

  /**
   * @param leftMs until the run's deadline.
   * @returns with what stands in the way of the run: another one, or a state folder that cannot be used.
   */
  static async begin(run: RunSettings, io: Io, leftMs: number): Promise<{ watch: RunWatch; problem?: InputError }> {
    const endsAt = io.now() + leftMs;
    const runId = randomUUID();
    const heartbeat = await RunHeartbeat.begin({ url: run.ping, runId, servers: run.resolver, leftMs }, io);
    const watch = new RunWatch(run, io, { endsAt, heartbeat });
    const problem = run.state === undefined ? undefined : await watch.#beginRecord(run.state, runId);
    return { watch, ...(problem ? { problem } : {}) };
  }

  /** How much of the time that is left the scan may take. */
  scanMs(leftMs: number): number {
    return this.#heartbeat.workMs(leftMs);
  }

  /** Notes a verdict down. @returns it, with what has changed since the last run. */
  async note(verdict: Verdict, total: number | undefined): Promise<Verdict> {
    this.#seen += 1;
    if (!this.#record) return verdict;
    this.#record.doing(`check, ${this.#seen}${total === undefined ? '' : ` of ${total}`} targets`);
    const changes = await this.#record.changes(verdict);
    return changes.length > 0 ? { ...verdict, findings: [...verdict.findings, ...changes] } : verdict;
  }

  /** The run is over: writes it down. @returns what could not be. */
  async finish(outcome: Outcome): Promise<readonly InputError[]> {
    const { deadlineReached, interrupted } = outcome.run;
    const failed = await this.#record?.finish({
      exitStatus: outcome.exitCode,
      summary: outcome.summary,
      deadlineReached,
      interrupted,
    });
    return (failed ?? []).map((message) => ({ origin: 'state', code: 'state-unusable', message }));
  }

  async #beginRecord(dir: string, runId: string): Promise<InputError | undefined> {
    const [{ beginRun }, { describePreviousRun }] = await Promise.all([
      import('../health/recorded-run.ts'),
      import('../health/previous-run.ts'),
    ]);
    const begun = await beginRun({
      dir,
      command: 'check',
      now: () => this.#io.now(),
      deadlineAt: this.#endsAt,
      processes: this.#io.processes,
      endStuck: this.#run['end-stuck'] === true,
      runId,
      version: this.#io.version,
      remember: true,
    });
    if (begun.ok) {
      this.#record = begun.value;
      for (const note of begun.value.notes) this.#say('state', note);
      return undefined;
    }
    if (begun.error.kind === 'unusable') {
      return { origin: 'state', code: 'state-unusable', message: begun.error.message };
    }
    const { code, severity, message } = describePreviousRun(begun.error);
    return { origin: 'lock', code, message, severity: severity === 'critical' ? 'critical' : 'unknown' };
  }

  /** Tells of the end; last of all, since nothing else should wait for it. */
  async tell(outcome: Outcome): Promise<void> {
    const problems = outcome.run.errors.map(({ origin, message }) => `${origin}: ${message}`);
    await this.#heartbeat.tell(outcome.exitCode, [runSummary(outcome), ...problems].join('\n'));
  }

  #say(origin: string, message: string): void {
    void this.#io.stderr.write(errorLine({ origin, message }));
  }
}
