/**
 * A bounds-checked reader of BER (X.690 8.1): what DER allows, and the indefinite lengths and strings in pieces that
 * Microsoft's tools, NSS and old Java write around certificates. It never throws and never recurses into what it is not
 * asked to: callers follow the structures they know, and every element lies inside the one that holds it.
 */
import { TAG } from '../x509/der.ts';

/** An element's place: content from `body` up to `bodyEnd`; behind it, at `end`, the next one. */
export interface Element {
  readonly tag: number;
  readonly start: number;
  readonly body: number;
  readonly bodyEnd: number;
  readonly end: number;
}

const CONSTRUCTED = 0x20;
/** 16 MiB need three; BER may put zeros before them. */
const MOST_LENGTH_OCTETS = 6;

/** Elements behind one another in search of an end, and pieces of a string: files in use have thousands at the most. */
const MOST_STEPS = 500_000;

interface Header {
  readonly tag: number;
  readonly body: number;
  /** Undefined where it is indefinite. */
  readonly length: number | undefined;
}

function readHeader(bytes: Uint8Array, at: number, limit: number): Header | null {
  if (at + 2 > limit) return null;
  const tag = bytes[at]!;
  if ((tag & 0x1f) === 0x1f) return null;
  const first = bytes[at + 1]!;
  const body = at + 2;
  if (first < 0x80) return { tag, body, length: first };
  const octets = first & 0x7f;
  if (octets === 0) return (tag & CONSTRUCTED) === 0 ? null : { tag, body, length: undefined };
  if (octets > MOST_LENGTH_OCTETS || body + octets > limit) return null;
  let length = 0;
  for (let i = 0; i < octets; i++) length = length * 256 + bytes[body + i]!;
  return { tag, body: body + octets, length };
}

/** The element at `at`, which must end by `limit`; null for what is none. */
export function readBer(bytes: Uint8Array, at: number, limit: number): Element | null {
  const header = readHeader(bytes, at, limit);
  if (!header) return null;
  const { tag, body, length } = header;
  if (length !== undefined) {
    const end = body + length;
    return end > limit ? null : { tag, start: at, body, bodyEnd: end, end };
  }
  const bodyEnd = findEndOfContents(bytes, body, limit);
  return bodyEnd === null ? null : { tag, start: at, body, bodyEnd, end: bodyEnd + 2 };
}

/** Where the two zero octets stand that close an indefinite length whose content begins at `at`: one pass, no recursion. */
function findEndOfContents(bytes: Uint8Array, from: number, limit: number): number | null {
  let open = 1;
  let at = from;
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const header = readHeader(bytes, at, limit);
    if (!header) return null;
    const { tag, body, length } = header;
    if (length === undefined) {
      open++;
      at = body;
    } else if (tag === 0 && length === 0) {
      open--;
      if (open === 0) return at;
      at = body;
    } else {
      at = body + length;
      if (at > limit) return null;
    }
  }
  return null;
}

/** Walks the elements inside one constructed element. */
export class BerCursor {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Inside the first element of `bytes`, if it has this tag; what follows it is let pass. */
  static into(bytes: Uint8Array, tag: number): BerCursor | null {
    return new BerCursor(bytes, 0, bytes.length).enter(tag);
  }

  /** Are `bytes` one element, with nothing behind it? */
  static isOne(bytes: Uint8Array): boolean {
    return readBer(bytes, 0, bytes.length)?.end === bytes.length;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** The next element whatever its tag; null at the end or where there is none. */
  next(): Element | null {
    const element = readBer(this.bytes, this.at, this.end);
    if (element) this.at = element.end;
    return element;
  }

  /** The next element if it has this tag; else null, and the cursor stays. */
  take(tag: number): Element | null {
    return !this.done && this.bytes[this.at] === tag ? this.next() : null;
  }

  /** A cursor inside the next element if it has this tag; else null, and the cursor stays. */
  enter(tag: number): BerCursor | null {
    const element = this.take(tag);
    return element && this.inside(element);
  }

  inside({ body, bodyEnd }: Element): BerCursor {
    return new BerCursor(this.bytes, body, bodyEnd);
  }

  /** Identifier, length and content octets, as they stand. */
  whole({ start, end }: Element): Uint8Array {
    return this.bytes.subarray(start, end);
  }

  /** Content octets of what is not constructed. */
  content({ body, bodyEnd }: Element): Uint8Array {
    return this.bytes.subarray(body, bodyEnd);
  }

  /** The content of the next OCTET STRING, in one piece or in several; null where there is none. */
  takeOctets(tag: number = TAG.octetString): Uint8Array | null {
    const whole = this.take(tag);
    if (whole) return this.content(whole);
    const inPieces = this.take(tag | CONSTRUCTED);
    if (!inPieces) return null;
    return this.inside(inPieces).#joined();
  }

  /** Pieces in pieces, which X.690 8.7.3 allows, nobody writes. */
  #joined(): Uint8Array | null {
    // As long as it can be; a list of the pieces could be far longer than they are.
    const joined = new Uint8Array(this.end - this.at);
    let length = 0;
    for (let steps = 0; !this.done; steps++) {
      const piece = steps < MOST_STEPS ? this.take(TAG.octetString) : null;
      if (!piece) return null;
      joined.set(this.content(piece), length);
      length += piece.bodyEnd - piece.body;
    }
    return joined.subarray(0, length);
  }

  /** The next INTEGER if it is not negative and fits 48 bits; else null. */
  takeInteger(): number | null {
    const element = this.take(TAG.integer);
    if (!element) return null;
    const octets = this.content(element);
    if (octets.length === 0 || octets.length > 7 || octets[0]! >= 0x80) return null;
    const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
    return value < 2 ** 48 ? value : null;
  }
}
