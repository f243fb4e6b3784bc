/**
 * Where a run's report goes: renderers joined to the standard output and to files. Files are written whole or not at
 * all. What cannot be written is said, and never takes the report on the standard output with it.
 */
import type { AtomicFile } from '../files/atomic-file.ts';
import type { Outcome, Verdict } from '../model/verdict.ts';
import type { Renderer } from '../report/format.ts';
import type { Out } from './io.ts';

export interface OutputSpec {
  readonly renderer: Renderer;
  /** Its text comes with each verdict, and depends on nothing else. */
  readonly streams: boolean;
  /** Absent: the standard output. */
  readonly file?: string;
}

export class Outputs {
  readonly #stdout: Out;
  readonly #specs: readonly OutputSpec[];
  readonly #onError: (message: string) => void;
  readonly #files = new Map<OutputSpec, AtomicFile>();
  readonly #broken = new Set<OutputSpec>();

  /** @param onError gets one sentence for each file that cannot be written. */
  constructor(specs: readonly OutputSpec[], stdout: Out, onError: (message: string) => void) {
    this.#specs = specs;
    this.#stdout = stdout;
    this.#onError = onError;
  }

  /** Opens the files before the first target is looked at: a report that cannot be written is known at once. */
  async begin(): Promise<void> {
    for (const spec of this.#specs) {
      if (spec.file !== undefined) {
        const { AtomicFile } = await import('../files/atomic-file.ts');
        const file = await AtomicFile.create(spec.file);
        if (file.ok) this.#files.set(spec, file.value);
        else this.#fail(spec, file.error);
      }
      await this.#write(spec, spec.renderer.begin());
    }
  }

  /** Resolves when the outputs have taken it: a slow reader slows the run, and memory stays flat. */
  async verdict(verdict: Verdict): Promise<void> {
    for (const spec of this.#specs) {
      const text = spec.renderer.verdict(verdict);
      if (text !== '') await this.#write(spec, text);
    }
  }

  /** Text for the standard output that another process has made of a verdict. */
  async rendered(text: string): Promise<void> {
    if (text !== '') await this.#stdout.write(text);
  }

  /** Files first: where one fails, `outcome` is asked for again and the standard output tells the truth. */
  async end(outcome: () => Outcome): Promise<void> {
    const files = this.#specs.filter((spec) => spec.file !== undefined);
    for (const spec of files) {
      await this.#write(spec, spec.renderer.end(outcome()));
      const committed = await this.#files.get(spec)?.commit();
      if (committed && !committed.ok && !this.#broken.has(spec)) this.#fail(spec, committed.error);
    }
    for (const spec of this.#specs) {
      if (spec.file === undefined) await this.#write(spec, spec.renderer.end(outcome()));
    }
    await this.#stdout.flush();
  }

  /** Leaves the old versions of the files, and no temporary ones. */
  async abort(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.abort()));
  }

  async #write(spec: OutputSpec, text: string): Promise<void> {
    if (text === '' || this.#broken.has(spec)) return;
    if (spec.file === undefined) return this.#stdout.write(text);
    const file = this.#files.get(spec);
    const written = await file?.write(text);
    if (written && !written.ok) {
      this.#fail(spec, written.error);
      await file?.abort();
      this.#files.delete(spec);
    }
  }

  #fail(spec: OutputSpec, message: string): void {
    this.#broken.add(spec);
    this.#onError(message);
  }
}
