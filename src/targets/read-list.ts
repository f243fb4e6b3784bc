/**
 * Reads a list of targets as a stream: one line at a time, so that memory does not grow with the list. A bad line is an
 * error that names list and line; the others go on.
 */

import { err, ok, type Result } from '../model/result.ts';
import type { InputError, Target } from '../model/target.ts';
import { parseLine } from './list-line.ts';
import { makeTarget, type TargetOptions } from './parse-target.ts';

/** Longer than any line that means something; the rest of a longer one is passed over without being kept. */
const LONGEST_LINE = 16_384;
const UTF_16 = 'the list is UTF-16: save it as UTF-8';
const LF = 0x0a;
const CR = 0x0d;

export interface ListOptions extends Pick<TargetOptions, 'defaults' | 'endpoint' | 'folder'> {
  /** What messages call it: the path as given, or `standard input`. */
  readonly name: string;
}

/**
 * The targets of a list, in order, blank lines and comments left out. An empty list yields nothing: that is for the
 * caller to report. UTF-8, with or without a byte order mark; lines end in LF or CRLF.
 */
export async function* readList(
  source: AsyncIterable<Uint8Array | string>,
  { name, ...options }: ListOptions,
): AsyncGenerator<Result<Target, InputError>, void, undefined> {
  let number = 0;
  for await (const line of readLines(source)) {
    number++;
    const origin = `${name}:${number}`;
    if (!line.ok) {
      yield err({ origin, message: line.error });
      if (line.error === UTF_16) return;
      continue;
    }
    const foreign = number === 1 ? refuseForeign(line.value) : undefined;
    if (foreign !== undefined) {
      yield err({ origin, message: foreign });
      return;
    }
    const parsed = parseLine(line.value);
    if (!parsed.ok) yield err({ origin, message: parsed.error });
    else if (parsed.value !== undefined) {
      const target = makeTarget(parsed.value, { ...options, origin });
      yield target.ok ? target : err({ origin, message: target.error });
    }
  }
}

/** What is no list at all gets one sentence, not one a line. */
function refuseForeign(line: string): string | undefined {
  if (line.startsWith('-----BEGIN ')) return 'this is a PEM file, not a list of targets: name it as file:PATH';
  if (line.startsWith('%YAML') || line === '---')
    return 'this is a YAML file, not a list of targets: name it with --config';
  if (/^\s*[{[]\s*("|$)/.test(line)) return 'this is a JSON file, not a list of targets: write one target a line';
  return undefined;
}

/** Lines without their ends; each a text, or a sentence about what it is instead. */
async function* readLines(
  source: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Result<string, string>, void, undefined> {
  const splitter = new LineSplitter();
  for await (const chunk of source) yield* splitter.push(toBytes(chunk, splitter));
  yield* splitter.end();
}

function toBytes(chunk: Uint8Array | string, splitter: LineSplitter): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(splitter.wholeCharacters(chunk), 'utf8') : chunk;
}

class LineSplitter {
  /** The bytes of a line whose end has not come yet. */
  #pieces: Uint8Array[] = [];
  #length = 0;
  #first = true;
  #highSurrogate = '';

  /** Text cut inside a surrogate pair: the first half waits for the second. */
  wholeCharacters(text: string): string {
    const joined = this.#highSurrogate + text;
    const cut = /[\ud800-\udbff]$/.test(joined) ? joined.length - 1 : joined.length;
    this.#highSurrogate = joined.slice(cut);
    return joined.slice(0, cut);
  }

  *push(bytes: Uint8Array): Generator<Result<string, string>, void, undefined> {
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(LF, start);
      if (end < 0) break;
      this.#keep(bytes.subarray(start, end));
      yield this.#take();
      start = end + 1;
    }
    // A copy: the chunk may be a buffer that its source fills again (`Buffer.slice` would share it).
    if (start < bytes.length) this.#keep(new Uint8Array(bytes.subarray(start)));
  }

  *end(): Generator<Result<string, string>, void, undefined> {
    if (this.#highSurrogate !== '') this.#keep(Buffer.from('\ufffd'));
    if (this.#length > 0) yield this.#take();
  }

  #keep(piece: Uint8Array): void {
    // One byte over the limit is kept, so that `#take` can tell.
    const room = LONGEST_LINE + 1 - this.#length;
    if (room > 0 && piece.length > 0) this.#pieces.push(piece.subarray(0, room));
    this.#length += piece.length;
  }

  #take(): Result<string, string> {
    const [only] = this.#pieces;
    const bytes = this.#pieces.length === 1 ? only! : Buffer.concat(this.#pieces);
    const length = this.#length;
    this.#pieces = [];
    this.#length = 0;
    const first = this.#first;
    this.#first = false;
    if (length > LONGEST_LINE) return err(`a line has at most ${LONGEST_LINE} bytes, got ${length}`);
    return decode(bytes, first);
  }
}

function decode(bytes: Uint8Array, first: boolean): Result<string, string> {
  const end = bytes.length > 0 && bytes[bytes.length - 1] === CR ? bytes.length - 1 : bytes.length;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('utf8');
  const line = first && text.startsWith('\ufeff') ? text.slice(1) : text;
  if (!line.includes('\ufffd')) return ok(line);
  if (first && (bytes[0] === 0xff || bytes[0] === 0xfe)) return err(UTF_16);
  return err('the line is not UTF-8');
}
