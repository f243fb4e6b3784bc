/**
 * What a supervisor says to its scanner, line by line: light, since a scanner listens for it from its first moment on.
 */
import type { Duplex } from 'node:stream';
import type { InputError } from '../../model/target.ts';

const INTERRUPT = 'interrupt';
const WRITTEN = 'written ';

export const formatInterrupt = (): string => `${INTERRUPT}\n`;
export const formatWritten = (errors: readonly InputError[]): string => `${WRITTEN}${JSON.stringify(errors)}\n`;

/** The scanner's end. */
export class SupervisorLink {
  readonly pipe: Duplex;
  /** The reports that go into files are written; with what was wrong with them. */
  readonly written: Promise<readonly InputError[]>;
  #onWritten: (errors: readonly InputError[]) => void = () => {};
  readonly #listeners = new Set<() => void>();
  #interrupted = false;
  #line = '';

  constructor(pipe: Duplex) {
    this.pipe = pipe;
    this.written = new Promise((resolve) => {
      this.#onWritten = resolve;
    });
    pipe.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#line + text).split('\n');
      this.#line = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
    });
  }

  /** Calls back once the supervisor wants an end, at once where it has said so already. @returns takes it back. */
  onInterrupt(listener: () => void): () => void {
    if (this.#interrupted) listener();
    else this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #take(line: string): void {
    if (line.startsWith(WRITTEN)) this.#onWritten(JSON.parse(line.slice(WRITTEN.length)) as InputError[]);
    if (line !== INTERRUPT) return;
    this.#interrupted = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}
