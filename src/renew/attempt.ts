/**
 * One attempt at one certificate: every step is told and written to the journal before it begins and after it went well.
 */
import type { CertificateFacts, DueReason, RenewalProblem, RenewalResult, RenewalStep } from '../model/renewal.ts';
import { err, type Result } from '../model/result.ts';
import type { JournalEntry } from './journal/entry.ts';
import type { Switched } from './journal/history.ts';
import type { Journal } from './journal/journal.ts';
import type { Authority, Renewal } from './renewal.ts';
import type { Tools } from './tools.ts';

/** What is known of one line before it is dated. */
type Line = JournalEntry extends infer E ? (E extends JournalEntry ? Omit<E, 'attempt' | 'at'> : never) : never;

export interface Begun {
  readonly reasons: readonly DueReason[];
  /** The CA that is asked, where one is. */
  readonly authority?: Authority;
}

export class Attempt {
  readonly renewal: Renewal;
  readonly tools: Tools;
  readonly warnings: RenewalProblem[] = [];
  /** What lay on disk when it began, as results tell it. */
  inUse: { readonly inUse?: CertificateFacts } = {};
  readonly #journal: Journal;
  readonly #id: string;
  #step: RenewalStep = 'plan';

  constructor(renewal: Renewal, tools: Tools, journal: Journal) {
    this.renewal = renewal;
    this.tools = tools;
    this.#journal = journal;
    this.#id = tools.attemptId();
  }

  get step(): RenewalStep {
    return this.#step;
  }

  /** What each result begins with. */
  get about(): Pick<RenewalResult, 'name' | 'warnings'> {
    return { name: this.renewal.name, warnings: this.warnings };
  }

  /** The result of what failed here, with nothing changed. */
  failed(problem: RenewalProblem): RenewalResult {
    return { ...this.about, ...this.inUse, kind: 'failed', step: this.#step, problem };
  }

  warn(...problems: readonly RenewalProblem[]): void {
    for (const problem of problems) {
      if (!this.warnings.some(({ reason, detail }) => reason === problem.reason && detail === problem.detail)) {
        this.warnings.push(problem);
      }
    }
  }

  /** @returns the error where it cannot be written down that this has begun: then it must not begin. */
  async begin({ reasons, authority }: Begun): Promise<Result<void, RenewalProblem>> {
    const { renewal, tools } = this;
    tools.emit({ kind: 'begun', name: renewal.name, at: tools.now(), reasons });
    return this.#append({
      kind: 'begin',
      by: renewal.by.kind,
      reasons: reasons.map(({ code }) => code),
      domains: renewal.domains,
      ...(authority ? { authority: authority.url } : {}),
    });
  }

  /** Runs `work` as this step. Its success is written down; its failure is the end's to tell. */
  async run<T>(step: RenewalStep, work: () => Promise<Result<T, RenewalProblem>>): Promise<Result<T, RenewalProblem>> {
    const { tools } = this;
    this.#step = step;
    tools.emit({ kind: 'step', name: this.renewal.name, at: tools.now(), step });
    const noted = await this.#append({ kind: 'step', step, done: false });
    // The way back is gone whether it can be written down or not.
    if (!noted.ok) {
      if (!ON_THE_WAY_BACK.has(step)) return noted;
      this.warn(noted.error);
    }
    await tools.checkpoint?.(step, 'before');
    const done = await work();
    if (done.ok) await this.#note({ kind: 'step', step, done: true });
    await tools.checkpoint?.(step, 'after');
    return done;
  }

  detail(text: string): void {
    const { tools, renewal } = this;
    tools.emit({ kind: 'detail', name: renewal.name, at: tools.now(), text });
    void this.#append({ kind: 'detail', text });
  }

  /** Before the switch: it must be on the disk, or there is none. */
  async switching(switched: Switched & { readonly to: number }): Promise<Result<void, RenewalProblem>> {
    return this.#append({ kind: 'switch', ...switched });
  }

  async changed(switched: Switched): Promise<void> {
    const { sha256, before } = switched;
    await this.#note({ kind: 'changed', sha256, ...(before === undefined ? {} : { before }) });
  }

  async end(result: RenewalResult): Promise<void> {
    const step = 'step' in result ? { step: result.step } : {};
    const problem = 'problem' in result && result.problem ? { problem: result.problem } : {};
    const inPlace = result.kind === 'partly-served' ? { sha256: result.certificate.sha256 } : {};
    const back = result.kind === 'rolled-back' ? { restored: result.restored } : {};
    await this.#note({ kind: 'end', outcome: result.kind, ...step, ...problem, ...back, ...inPlace });
  }

  async #note(line: Line): Promise<void> {
    const noted = await this.#append(line);
    if (!noted.ok) this.warn(noted.error);
  }

  #last: Promise<unknown> = Promise.resolve();

  /** One after the other: lines must not mix. */
  async #append(line: Line): Promise<Result<void, RenewalProblem>> {
    const entry = { attempt: this.#id, at: Math.round(this.tools.now()), ...line } as JournalEntry;
    const written = this.#last.then(() => this.#journal.append(entry));
    this.#last = written;
    const result = await written;
    return result.ok ? result : err({ reason: 'journal', detail: result.error, advice: 'fix-permissions' });
  }
}

/** Once the new set is in place, to go on is safer than to stop. */
const ON_THE_WAY_BACK: ReadonlySet<RenewalStep> = new Set(['deploy-hook', 'reload', 'verify', 'put-back']);
