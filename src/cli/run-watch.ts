/**
 * What watches over a run itself: the lock, the run record and the memory of the last run in the state folder, and the
 * heartbeat. None of it can make a verdict better; what fails in it is said.
 */
import { randomUUID } from 'node:crypto';
import type { Heartbeat } from '../alert/heartbeat.ts';
import type { RunSettings } from '../config/resolve-run.ts';
import type { RecordedRun } from '../health/recorded-run.ts';
import { err, ok } from '../model/result.ts';
import type { InputError } from '../model/target.ts';
import type { Outcome, Verdict } from '../model/verdict.ts';
import { createResolver } from '../net/resolve.ts';
import { runSummary } from '../report/summary.ts';
import { Deadline } from '../time/deadline.ts';
import { errorLine } from './input-errors.ts';
import type { Io } from './io.ts';

/** What is kept of the time before the deadline for telling how the run ended. */
const PING_SHARE = 0.1;
const LONGEST_PING_MS = 5_000;
/** A run that is over long before its deadline tells so for this long at most. */
export const PATIENT_PING_MS = 15_000;
/** Past the deadline, a last attempt. */
export const HASTY_PING_MS = 300;

export class RunWatch {
  readonly #io: Io;
  readonly #run: RunSettings;
  readonly #endsAt: number;
  readonly #startDeadline: Deadline;
  #record: RecordedRun | undefined;
  #heartbeat: Heartbeat | undefined;
  #seen = 0;

  private constructor(run: RunSettings, io: Io, leftMs: number) {
    this.#run = run;
    this.#io = io;
    this.#endsAt = io.now() + leftMs;
    this.#startDeadline = Deadline.after(leftMs);
  }

  /**
   * @param leftMs until the run's deadline.
   * @returns with what stands in the way of the run: another one, or a state folder that cannot be used.
   */
  static async begin(run: RunSettings, io: Io, leftMs: number): Promise<{ watch: RunWatch; problem?: InputError }> {
    const watch = new RunWatch(run, io, leftMs);
    const runId = randomUUID();
    if (run.ping !== undefined) await watch.#startHeartbeat(run.ping, runId);
    const problem = run.state === undefined ? undefined : await watch.#beginRecord(run.state, runId);
    return { watch, ...(problem ? { problem } : {}) };
  }

  /** How much of the time that is left the scan may take. */
  scanMs(leftMs: number): number {
    return this.#heartbeat ? leftMs - Math.min(LONGEST_PING_MS, leftMs * PING_SHARE) : leftMs;
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

  async #startHeartbeat(url: string, runId: string): Promise<void> {
    const { createHeartbeat } = await import('../alert/heartbeat.ts');
    const resolver = createResolver(this.#run.resolver ? { servers: this.#run.resolver } : {});
    this.#heartbeat = createHeartbeat({
      url: new URL(url),
      runId,
      version: this.#io.version,
      resolve: async (host, deadline) => {
        const found = await resolver.resolve(host, { family: 0, deadline });
        return found.ok ? ok(found.value) : err(found.error.detail ?? found.error.reason);
      },
    });
    // Not waited for: the scan begins at once.
    void this.#heartbeat.start(this.#startDeadline).then((sent) => {
      if (!sent.ok) this.#say('ping', sent.error);
    });
  }

  /** Tells of the end; last of all, since nothing else should wait for it. */
  async tell(outcome: Outcome): Promise<void> {
    this.#startDeadline.release();
    if (!this.#heartbeat) return;
    const left = Math.max(0, this.#endsAt - this.#io.now());
    const deadline = Deadline.after(Math.min(PATIENT_PING_MS, left + HASTY_PING_MS));
    const problems = outcome.run.errors.map(({ origin, message }) => `${origin}: ${message}`);
    const sent = await this.#heartbeat.end(outcome.exitCode, [runSummary(outcome), ...problems].join('\n'), deadline);
    deadline.release();
    if (!sent.ok) this.#say('ping', sent.error);
  }

  #say(origin: string, message: string): void {
    void this.#io.stderr.write(errorLine({ origin, message }));
  }
}
