/**
 * Frames: what the scanning process tells its supervisor, and that tells the one that writes files. Each is a length (4 bytes, big
 * endian) and a value as `node:v8` serialises it. Both ends are the same program, of the same version.
 */
import type { Duplex, Readable } from 'node:stream';
import { deserialize, serialize } from 'node:v8';
import type { Status } from '../../model/finding.ts';
import type { InputError, Target } from '../../model/target.ts';
import type { Outcome } from '../../model/verdict.ts';
import type { WireVerdict } from './verdict-codec.ts';

export type Frame<S> =
  /** The run as it was asked for: comes first, once the config has been read. */
  | { readonly kind: 'run'; readonly run: S }
  /** A target has been read from its list; its verdict will follow, in this order. */
  | { readonly kind: 'target'; readonly target: Target }
  /** For the first target that has none yet. `text`: it stands so in the report on the standard output. */
  | { readonly kind: 'verdict'; readonly verdict: WireVerdict; readonly text?: string }
  /** The same, where the report is streamed and there is no other: the text is all that is needed of it. */
  | { readonly kind: 'rendered'; readonly status: Status; readonly text: string }
  | { readonly kind: 'input-error'; readonly error: InputError }
  /** Every target has been told, or it was said why not. */
  | { readonly kind: 'all-told' }
  /** Nothing new, but the event loop turns. */
  | { readonly kind: 'alive' }
  /** More targets, from a process that reads the lists of a scanner that was lost (`cli/supervised/read-again.ts`). */
  | { readonly kind: 'targets'; readonly targets: readonly Target[] }
  /** How many targets the lists have at most; from that same process. */
  | { readonly kind: 'lines'; readonly count: number }
  /** A certificate of the config was found due. */
  | { readonly kind: 'due'; readonly name: string }
  /** Every verdict has been told. Where there are reports in files, the word that they are written is waited for. */
  | { readonly kind: 'scanned'; readonly deadlineReached: boolean }
  /** To who writes files: what the run has come to; the files are to be put in place. */
  | { readonly kind: 'end'; readonly outcome: Outcome }
  /** To who writes files: they are to stay as they were. */
  | { readonly kind: 'leave' }
  /** All that there was to do has been done. */
  | { readonly kind: 'done' };

/** However little there is to be told. */
export const ALIVE_EVERY_MS = 500;

const LENGTH_BYTES = 4;
const GATHER_BYTES = 64 * 1024;
const GATHER_MS = 5;
/** A chain of a thousand certificates fits; what is longer is no frame. */
const LONGEST = 64 * 1024 * 1024;

export class FrameWriter<S> {
  readonly #pipe: Duplex;
  /** Of all who wait for the same room: one listener, however many frames were written meanwhile. */
  #room: Promise<void> | undefined;
  #gathered: Uint8Array[] = [];
  #size = 0;
  #flushing: NodeJS.Timeout | undefined;

  constructor(pipe: Duplex) {
    this.#pipe = pipe;
    // Whoever read it has gone: where that was the supervisor, this process ends by it (`main.ts`).
    pipe.on('error', () => {});
  }

  /** Resolves once there is room for more. */
  write(frame: Frame<S>): Promise<void> | undefined {
    const body = serialize(frame);
    const head = Buffer.allocUnsafe(LENGTH_BYTES);
    head.writeUInt32BE(body.length);
    this.#gathered.push(head, body);
    this.#size += LENGTH_BYTES + body.length;
    if (this.#size >= GATHER_BYTES) this.#flush();
    // A system call for each frame would cost more than making it: those of a moment go together.
    else this.#flushing ??= setTimeout(() => this.#flush(), GATHER_MS);
    return this.#pipe.writableNeedDrain ? this.#untilRoom() : undefined;
  }

  end(): Promise<void> {
    this.#flush();
    return new Promise((resolve) => {
      this.#pipe.once('close', resolve);
      this.#pipe.end(resolve);
    });
  }

  #flush(): void {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    if (this.#size > 0 && !this.#pipe.destroyed) this.#pipe.write(Buffer.concat(this.#gathered, this.#size));
    this.#gathered = [];
    this.#size = 0;
  }

  #untilRoom(): Promise<void> {
    this.#room ??= new Promise((resolve) => {
      const go = (): void => {
        this.#pipe.off('drain', go).off('close', go);
        this.#room = undefined;
        resolve();
      };
      this.#pipe.on('drain', go).on('close', go);
    });
    return this.#room;
  }
}

/** @throws on what is no frame: the scanning process then counts as crashed. */
export async function* readFrames<S>(pipe: Readable): AsyncGenerator<Frame<S>, void, undefined> {
  let pieces: Buffer[] = [];
  let have = 0;
  let need = LENGTH_BYTES;
  for await (const piece of pipe) {
    pieces.push(piece);
    have += piece.length;
    if (have < need) continue;
    let bytes = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    for (;;) {
      need = bytes.length < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + bytes.readUInt32BE(0);
      if (need > LONGEST) throw new Error(`a frame of ${need} bytes`);
      if (bytes.length < need || need === LENGTH_BYTES) break;
      yield deserialize(bytes.subarray(LENGTH_BYTES, need)) as Frame<S>;
      bytes = bytes.subarray(need);
    }
    pieces = bytes.length > 0 ? [bytes] : [];
    have = bytes.length;
  }
}
