/**
 * Reports that go into files, as the process that writes them handles them: each is written whole or not at all. What cannot
 * be written is said, and never takes the others with it.
 */
import { AtomicFile } from '../../files/atomic-file.ts';
import type { Result } from '../../model/result.ts';
import type { Outcome, Verdict } from '../../model/verdict.ts';
import type { Renderer } from '../../report/format.ts';
import { Deadline } from '../../time/deadline.ts';
import { SECOND } from '../../time/duration.ts';

export interface FileSpec {
  readonly renderer: Renderer;
  readonly file: string;
}

/** A disk that takes longer over one piece of a report is dead. A reader of a pipe may take all the time that there is. */
const DISK_MS = 20 * SECOND;

/** Gets one sentence that names the file. */
type Failed = (file: string, message: string) => void;

export class FileOutputs {
  readonly #outputs: readonly FileOutput[];

  /** @param onError is told of each file that cannot be written, once. */
  constructor(specs: readonly FileSpec[], onError: Failed) {
    this.#outputs = specs.map((spec) => new FileOutput(spec, onError));
  }

  async begin(): Promise<void> {
    await Promise.all(this.#outputs.map((output) => output.begin()));
  }

  async verdict(verdict: Verdict): Promise<void> {
    for (const output of this.#outputs) await output.verdict(verdict);
  }

  /** @param outcome is asked for each file: what is wrong with one stands in the next. */
  async end(outcome: () => Outcome): Promise<void> {
    for (const output of this.#outputs) await output.end(outcome());
  }

  /** Leaves the old versions of the files, and no temporary ones. */
  async abort(): Promise<void> {
    await Promise.all(this.#outputs.map((output) => output.abort()));
  }
}

class FileOutput {
  readonly #spec: FileSpec;
  readonly #onError: Failed;
  #file: AtomicFile | undefined;

  constructor(spec: FileSpec, onError: Failed) {
    this.#spec = spec;
    this.#onError = onError;
  }

  async begin(): Promise<void> {
    const { file: path, renderer } = this.#spec;
    const created = await this.#inTime(AtomicFile.create(path));
    if (!created?.ok) return this.#fail(created);
    this.#file = created.value;
    await this.#write(renderer.begin());
  }

  /** Resolves when it is taken: a slow reader slows the run, and memory stays flat. */
  async verdict(verdict: Verdict): Promise<void> {
    if (this.#file) await this.#write(this.#spec.renderer.verdict(verdict));
  }

  async end(outcome: Outcome): Promise<void> {
    if (!this.#file) return;
    await this.#write(this.#spec.renderer.end(outcome));
    const file = this.#file;
    if (file) await this.#settle(file, file.commit());
    this.#file = undefined;
  }

  async abort(): Promise<void> {
    await this.#file?.abort();
  }

  async #write(text: string): Promise<void> {
    const file = this.#file;
    if (file && text !== '') await this.#settle(file, file.write(text));
  }

  async #settle(file: AtomicFile, work: Promise<Result<void, string>>): Promise<void> {
    const done = await (file.hasReader ? work : this.#inTime(work));
    if (done?.ok) return;
    this.#file = undefined;
    this.#fail(done);
    // Of a disk that does not answer there is nothing to be had back, either.
    if (done) await file.abort();
  }

  #fail(failed: { readonly error: string } | undefined): void {
    const { file } = this.#spec;
    this.#onError(file, failed?.error ?? `${file}: cannot be written (its disk does not answer)`);
  }

  /** @returns undefined where the disk does not answer. */
  async #inTime<T>(work: Promise<T>): Promise<T | undefined> {
    const patience = Deadline.after(DISK_MS);
    const done = await patience.race(work);
    patience.release();
    return done;
  }
}
