/**
 * The supervisor's side of the process that writes the reports which go into files. Those are handed on from the scanner,
 * and completed by the supervisor: so they are whole, and as new as the run, whatever has become of the scanner; and a disk
 * that is dead, or a reader that takes its time, holds up neither the scan nor the report on the standard output.
 */
import type { InputError, Target } from '../../model/target.ts';
import type { Outcome } from '../../model/verdict.ts';
import type { Deadline } from '../../time/deadline.ts';
import { FrameWriter, readFrames } from './frames.ts';
import { describeEnd, endOf, type SupervisedProcess } from './supervised-process.ts';
import type { WireVerdict } from './verdict-codec.ts';

export interface FileWriterOptions<S> {
  readonly writer: SupervisedProcess;
  /** The run, as the scanner has told it. */
  readonly run: S;
  /** As they were named. */
  readonly files: readonly string[];
  readonly onError: (error: InputError) => void;
}

export class FileWriter<S> {
  readonly #options: FileWriterOptions<S>;
  readonly #frames: FrameWriter<S>;
  readonly #heard: Promise<'done' | 'lost'>;
  readonly #failed = new Set<unknown>();
  #over = false;

  constructor(options: FileWriterOptions<S>) {
    this.#options = options;
    this.#frames = new FrameWriter(options.writer.frames);
    void this.#frames.write({ kind: 'run', run: options.run });
    this.#heard = this.#hear();
  }

  target(target: Target): void {
    void this.#frames.write({ kind: 'target', target });
  }

  /**
   * For the first target that has none yet. Resolves when more may come.
   * @param deadline of the run: until then a slow reader slows it.
   */
  async verdict(verdict: WireVerdict, deadline: Deadline): Promise<void> {
    const room = this.#frames.write({ kind: 'verdict', verdict });
    if (room) await deadline.race(room);
  }

  /** Puts the files in place. Resolves when they are, or when it has been said that they are not. */
  async end(outcome: Outcome, until: Deadline): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    void this.#frames.write({ kind: 'end', outcome });
    const { writer, onError, files } = this.#options;
    const heard = await until.race(this.#heard);
    if (heard === 'done') return;
    const why =
      heard === 'lost' ? `the process that writes it ${describeEnd(await endOf(writer))}` : 'no time was left';
    writer.kill();
    for (const file of files) {
      if (!this.#failed.has(file)) onError(outputFailed(file, `${file}: cannot be written (${why})`));
    }
  }

  /** The files stay as they were. */
  async leave(until: Deadline): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    void this.#frames.write({ kind: 'leave' });
    await until.race(this.#heard);
    this.#options.writer.kill();
  }

  async #hear(): Promise<'done' | 'lost'> {
    const { writer, onError } = this.#options;
    try {
      for await (const frame of readFrames<S>(writer.frames)) {
        if (frame.kind === 'input-error') {
          this.#failed.add(frame.error.data?.file);
          onError(frame.error);
        } else if (frame.kind === 'done') return 'done';
      }
    } catch {
      // Bytes that are no frame, or a pipe that breaks.
    }
    return 'lost';
  }
}

/** @param message one sentence that names the file. */
export function outputFailed(file: string, message: string): InputError {
  return { origin: 'output', code: 'output-failed', message, data: { file } };
}
