/**
 * What goes on around a supervised run, beside its report on the standard output: the files that it is written into, by a
 * process of their own, and the heartbeat. What goes wrong there stands in the report for as long as that is not out.
 */
import type { InputError } from '../../model/target.ts';
import type { Outcome } from '../../model/verdict.ts';
import { runSummary } from '../../report/summary.ts';
import { FileWriter } from '../../scan/supervised/file-writer.ts';
import { errorLine } from '../input-errors.ts';
import type { Io } from '../io.ts';
import { filesOf } from '../run/output-specs.ts';
import { RunHeartbeat } from '../run/run-heartbeat.ts';
import type { SupervisedRun } from './scanner.ts';

type Report = (error: InputError) => void;

export class Surroundings {
  files: FileWriter<SupervisedRun> | undefined;
  readonly #io: Io;
  #heartbeat: RunHeartbeat | undefined;
  #telling: Promise<void> | undefined;
  #early: InputError[] = [];
  #report: Report = (error) => void this.#early.push(error);

  private constructor(io: Io) {
    this.#io = io;
  }

  static async begin(told: SupervisedRun, io: Io): Promise<Surroundings> {
    const { run, runId } = told;
    const around = new Surroundings(io);
    const files = filesOf(run);
    if (files.length > 0) {
      const writer = await io.startSupervised({ kind: 'writer' });
      around.files = new FileWriter({ writer, run: told, files, onError: (error) => around.#report(error) });
    }
    const leftMs = Math.max(0, run.deadline - io.sinceStart());
    const say = (message: string) => around.#report({ origin: 'ping', code: 'ping-failed', severity: 'info', message });
    around.#heartbeat = await RunHeartbeat.begin({ url: run.ping, runId, servers: run.resolver, leftMs, say }, io);
    return around;
  }

  reportTo(report: Report): void {
    this.#report = report;
    for (const error of this.#early.splice(0)) report(error);
  }

  /** The report is about to end: what goes wrong from now on is said beside it. Tells the heartbeat, once. */
  tell(outcome: Outcome): Promise<void> {
    if (this.#telling) return this.#telling;
    this.#report = (error) => void this.#io.stderr.write(errorLine(error));
    const problems = outcome.run.errors.map(({ origin, message }) => `${origin}: ${message}`);
    const body = [runSummary(outcome), ...problems].join('\n');
    this.#telling = this.#heartbeat?.tell(outcome.exitCode, body) ?? Promise.resolve();
    return this.#telling;
  }
}
