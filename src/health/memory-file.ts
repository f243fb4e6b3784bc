/**
 * The memory of the last run as it lies on the disk: read once from end to end for an index, then line by line where it is
 * asked for. A run over the same list asks in the order of the file, so one block read serves some hundred targets.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { err, ok, type Result } from '../model/result.ts';
import { LineIndex } from './line-index.ts';
import { LONGEST_LINE, parseLine, type Remembered } from './remembered.ts';

/** The file's first line. */
export const HEADER = '{"schema":"certwatch/targets@1"}\n';

const BLOCK = 128 * 1024;
const NEWLINE = 0x0a;

/** `["` and 32 hex digits. */
const KEY_AT = 2;
const KEY_END = KEY_AT + 32;

export class MemoryFile {
  readonly index = new LineIndex();
  /** Lines that are none. */
  damaged = 0;
  readonly #handle: FileHandle | undefined;
  #block = Buffer.alloc(0);
  #blockAt = 0;
  /** Behind the line that was read last. */
  #nextAt = 0;

  private constructor(handle?: FileHandle) {
    this.#handle = handle;
  }

  static empty(): MemoryFile {
    return new MemoryFile();
  }

  /** @returns undefined where there is no such file; the error is why it cannot be used. */
  static async open(path: string): Promise<Result<MemoryFile | undefined, string>> {
    let handle: FileHandle;
    try {
      handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code;
      return code === 'ENOENT' ? ok(undefined) : err(`it cannot be read (${code})`);
    }
    const file = new MemoryFile(handle);
    const problem = await file.#readIndex().catch((cause) => `it cannot be read (${cause.code ?? cause})`);
    if (problem === undefined) return ok(file);
    await file.close();
    return err(problem);
  }

  async find(key: string): Promise<Remembered | undefined> {
    const place = this.index.get(key);
    if (!place || place.length === 0) return undefined;
    const found = parseLine(await this.#read(place.offset, place.length));
    if (!found) this.damaged++;
    return found?.key === key ? found : undefined;
  }

  /** What no target of this run has asked for, in the order of the file. */
  async *unvisited(): AsyncGenerator<Remembered> {
    if (!this.#handle) return;
    for await (const { key, offset, length } of this.#lines()) {
      // Of two lines with the same key the later one counts.
      if (this.index.isVisited(key) || this.index.get(key)?.offset !== offset) continue;
      const found = parseLine(await this.#read(offset, length));
      if (found) yield found;
      else this.damaged++;
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close().catch(() => {});
  }

  async #readIndex(): Promise<string | undefined> {
    if (!(await this.#handle!.stat()).isFile()) return 'it is no file';
    if ((await this.#read(0, HEADER.length)) !== HEADER) return 'it is not of this version, or damaged';
    for await (const { key, offset, length } of this.#lines()) {
      if (/^[0-9a-f]{32}$/.test(key)) this.index.set(key, { offset, length });
      else this.damaged++;
    }
    return undefined;
  }

  /** Each line behind the header with what stands where its key should be. */
  async *#lines(): AsyncGenerator<{ key: string; offset: number; length: number }> {
    const buffer = Buffer.alloc(Math.max(BLOCK, 2 * LONGEST_LINE));
    let offset = HEADER.length;
    for (;;) {
      const { bytesRead } = await this.#handle!.read(buffer, 0, buffer.length, offset);
      if (bytesRead === 0) return;
      let start = 0;
      for (;;) {
        const end = buffer.subarray(0, bytesRead).indexOf(NEWLINE, start);
        if (end < 0) break;
        const length = end + 1 - start;
        const key =
          length > LONGEST_LINE ? '' : buffer.toString('latin1', start + KEY_AT, Math.min(end, start + KEY_END));
        yield { key, offset: offset + start, length };
        start = end + 1;
      }
      // A line without an end, or without end: none of ours, and what is behind it is skipped with it.
      if (start === 0) {
        this.damaged++;
        start = bytesRead;
      }
      offset += start;
    }
  }

  async #read(offset: number, length: number): Promise<string> {
    try {
      return await this.#readBlock(offset, length);
    } finally {
      this.#nextAt = offset + length;
    }
  }

  async #readBlock(offset: number, length: number): Promise<string> {
    const from = offset - this.#blockAt;
    if (from >= 0 && from + length <= this.#block.length) return this.#block.toString('utf8', from, from + length);
    // Asked for in another order than the file's, a block would be read for one line.
    const inOrder = offset === this.#nextAt;
    const buffer = Buffer.alloc(inOrder ? Math.max(BLOCK, length) : length);
    const { bytesRead } = await this.#handle!.read(buffer, 0, buffer.length, offset);
    this.#block = buffer.subarray(0, bytesRead);
    this.#blockAt = offset;
    return this.#block.toString('utf8', 0, Math.min(length, bytesRead));
  }
}
