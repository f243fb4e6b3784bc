/**
 * Progress of a long run: one line on the standard error, on a terminal only. The spinner is loaded when it first shows,
 * so that a quick check pays nothing for it.
 */
import type { Ora } from 'ora';
import { progressText } from '../../report/progress.ts';
import type { Out } from '../io.ts';

export interface ProgressOptions {
  readonly stderr: Out;
  readonly now: () => number;
  /** How many targets there are, where that is known. */
  readonly total?: number;
}

/** A run that is over sooner than this shows nothing. */
const SHOW_AFTER_MS = 400;

export class Progress {
  readonly #options: ProgressOptions;
  readonly #startedAt: number;
  #done = 0;
  #bad = 0;
  #spinner: Ora | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#startedAt = options.now();
    // A terminal without a width (nobody has set one: `script`, `docker -t`) cannot show a line that is redrawn.
    if (options.stderr.isTTY && options.stderr.columns > 0)
      this.#timer = setTimeout(() => void this.#show(), SHOW_AFTER_MS);
    this.#timer?.unref();
  }

  count(bad: boolean): void {
    this.#done += 1;
    if (bad) this.#bad += 1;
    if (this.#spinner) this.#spinner.text = this.#text();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#spinner?.stop();
  }

  async #show(): Promise<void> {
    const { default: ora } = await import('ora');
    if (this.#stopped) return;
    // discardStdin would swallow a list that is being piped in, and Ctrl-C with it.
    this.#spinner = ora({ text: this.#text(), discardStdin: false }).start();
  }

  #text(): string {
    const { total } = this.#options;
    return progressText({
      done: this.#done,
      bad: this.#bad,
      elapsedMs: this.#options.now() - this.#startedAt,
      ...(total === undefined ? {} : { total }),
    });
  }
}
