/**
 * Where a run's report goes on the standard output: renderers joined to it. Those that go into files: `file-outputs.ts`.
 */
import type { Outcome, Verdict } from '../../model/verdict.ts';
import type { Renderer } from '../../report/format.ts';
import type { Out } from '../io.ts';

export interface OutputSpec {
  readonly renderer: Renderer;
  /** Its text comes with each verdict, and depends on nothing else. */
  readonly streams: boolean;
}

export class Outputs {
  readonly #stdout: Out;
  readonly #specs: readonly OutputSpec[];

  constructor(specs: readonly OutputSpec[], stdout: Out) {
    this.#specs = specs;
    this.#stdout = stdout;
  }

  async begin(): Promise<void> {
    for (const { renderer } of this.#specs) await this.#stdout.write(renderer.begin());
  }

  /** Resolves when the reader has taken it: a slow one slows the run, and memory stays flat. */
  async verdict(verdict: Verdict): Promise<void> {
    for (const { renderer } of this.#specs) {
      const text = renderer.verdict(verdict);
      if (text !== '') await this.#stdout.write(text);
    }
  }

  /** Text that another process has made of a verdict. */
  async rendered(text: string): Promise<void> {
    if (text !== '') await this.#stdout.write(text);
  }

  async end(outcome: Outcome): Promise<void> {
    for (const { renderer } of this.#specs) await this.#stdout.write(renderer.end(outcome));
    await this.#stdout.flush();
  }
}
