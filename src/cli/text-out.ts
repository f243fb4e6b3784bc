/**
 * A standard stream as text: what is written within one turn of the event loop goes out in one piece, since a system call
 * for each line costs more than making it.
 */
import { isatty } from 'node:tty';
import { colorLevel } from './color-level.ts';
import type { Out } from './io.ts';

/** More than this is not gathered: whoever writes waits until it is out. */
const GATHER = 64 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

export class TextOut implements Out {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly colorLevel: Out['colorLevel'];
  readonly #open: () => NodeJS.WriteStream;
  #stream: NodeJS.WriteStream | undefined;
  #broken = false;
  #problem: string | undefined;
  #gathered = '';
  #flushing: Promise<void> | undefined;

  /** @param open opens the stream, which costs a moment of start-up: only once there is something to write. */
  constructor(fd: 1 | 2, open: () => NodeJS.WriteStream, env: Environment) {
    this.#open = open;
    this.isTTY = isatty(fd);
    this.columns = this.isTTY ? this.#opened().columns : 100;
    this.colorLevel = colorLevel(this.isTTY, env);
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  // Properties and not methods, so that they go along where an Out is spread into another one.
  readonly write = async (text: string): Promise<void> => {
    if (text === '' || this.#broken) return;
    this.#gathered += text;
    this.#flushing ??= new Promise((resolve) => {
      setImmediate(() => this.#flush(resolve));
    });
    if (this.#gathered.length >= GATHER) await this.#flushing;
  };

  readonly flush = async (): Promise<void> => {
    while (this.#flushing) await this.#flushing;
  };

  #flush(done: () => void): void {
    const text = this.#gathered;
    this.#gathered = '';
    this.#opened().write(text, () => {
      this.#flushing = undefined;
      done();
      // What was written meanwhile.
      if (this.#gathered !== '') {
        this.#flushing = new Promise((resolve) => {
          setImmediate(() => this.#flush(resolve));
        });
      }
    });
  }

  #opened(): NodeJS.WriteStream {
    if (!this.#stream) {
      this.#stream = this.#open();
      this.#stream.on('error', (cause: NodeJS.ErrnoException) => {
        this.#broken = true;
        // The reader has gone (`| head`). Nobody is left to tell, and the verdict stands: the exit status carries it.
        if (cause.code !== 'EPIPE')
          this.#problem ??= cause.code === 'ENOSPC' ? 'no space left on the device' : cause.message;
      });
    }
    return this.#stream;
  }
}
