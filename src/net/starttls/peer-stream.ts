/**
 * The plaintext side of a STARTTLS dialogue: bytes are taken from the socket only while someone waits for them, up to caps,
 * under one deadline. At the end the socket goes to its next owner paused, without any listener of ours.
 */
import type { Socket } from 'node:net';
import { err, ok, type Result } from '../../model/result.ts';
import type { Deadline } from '../../time/deadline.ts';

/** Why no more can be read. */
export type StreamEnd = 'deadline' | 'closed' | 'reset' | 'line-too-long' | 'too-many-lines' | 'too-much-data';

/** What a peer may say, all told, before TLS begins; real ones stay under 2 kB. */
const MOST_BYTES = 64 * 1024;
/** RFC 5321 has 512 octets, IMAP capability lines reach 2 kB. */
const LONGEST_LINE = 4 * 1024;

export class PeerStream {
  readonly #socket: Socket;
  #deadline: Deadline;
  #buffer: Buffer = Buffer.alloc(0);
  #taken = 0;
  #end: StreamEnd | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: Socket, deadline: Deadline) {
    this.#socket = socket;
    this.#deadline = deadline;
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd).on('error', this.#onError);
    if (socket.errored) this.#onError();
    else if (socket.destroyed || socket.readableEnded) this.#onEnd();
  }

  /** Bytes that came and that nobody has asked for: for messages. Not a copy. */
  get unread(): Buffer {
    return this.#buffer;
  }

  /** Queued; a failure to send shows in the next read. */
  write(data: string | Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(data);
  }

  /** One line without its CRLF or LF, decoded as UTF-8 (other bytes come as U+FFFD). */
  async line(): Promise<Result<string, StreamEnd>> {
    for (let searched = 0; ; ) {
      const at = this.#buffer.indexOf(0x0a, searched);
      if (at > LONGEST_LINE || (at < 0 && this.#buffer.length > LONGEST_LINE)) return err('line-too-long');
      if (at >= 0) {
        const line = this.#take(at + 1).toString('utf8', 0, at);
        return ok(line.endsWith('\r') ? line.slice(0, -1) : line);
      }
      searched = this.#buffer.length;
      const end = await this.#more();
      if (end) return err(end);
    }
  }

  /** Exactly `length` bytes. */
  async bytes(length: number): Promise<Result<Buffer, StreamEnd>> {
    while (this.#buffer.length < length) {
      const end = await this.#more();
      if (end) return err(end);
    }
    return ok(this.#take(length));
  }

  /**
   * Text up to and including the first match of `pattern`, which must match in linear time.
   * @param most characters; one byte is one character here (Latin-1), so that offsets are those of the bytes.
   */
  async until(pattern: RegExp, most: number): Promise<Result<string, StreamEnd>> {
    for (;;) {
      const match = pattern.exec(this.#buffer.toString('latin1', 0, most));
      if (match) return ok(this.#take(match.index + match[0].length).toString('utf8'));
      if (this.#buffer.length > most) return err('too-much-data');
      const end = await this.#more();
      if (end) return err(end);
    }
  }

  /** Lets go of the socket: paused, our listeners gone. @returns what came and was not read. */
  release(): Buffer {
    const socket = this.#socket;
    socket.pause();
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd).off('error', this.#onError);
    return this.#buffer;
  }

  #take(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }

  /** Waits for at least one more byte. @returns why there will be none, otherwise. */
  async #more(): Promise<StreamEnd | undefined> {
    if (this.#end) return this.#end;
    if (this.#taken > MOST_BYTES) return 'too-much-data';
    const before = this.#taken;
    await this.#deadline.race(
      new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#socket.resume();
      }),
    );
    this.#wake = undefined;
    // At the deadline everything ends, even for a peer that just then sends another byte.
    if (this.#deadline.expired) return 'deadline';
    return this.#taken === before ? (this.#end ?? 'closed') : undefined;
  }

  #onData = (chunk: Buffer): void => {
    this.#socket.pause();
    this.#taken += chunk.length;
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    this.#wake?.();
  };

  #onEnd = (): void => {
    this.#end ??= 'closed';
    this.#wake?.();
  };

  #onError = (): void => {
    this.#end ??= 'reset';
    this.#wake?.();
  };
}
