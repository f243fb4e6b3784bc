/**
 * A bounds-checked reader of DER (X.690): one element at a time, out of bytes that nobody vouches for. It never throws,
 * never copies and never recurses: callers follow the structures they know, so depth is bounded by their code, and
 * every element lies inside the one that holds it.
 */

/** Identifier octets that X.509 uses. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  videotexString: 0x15,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  graphicString: 0x19,
  visibleString: 0x1a,
  generalString: 0x1b,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Context-specific tag `[n]`, n below 31. */
export const context = (n: number): number => 0x80 | n;
/** Constructed context-specific tag `[n]`, n below 31. */
export const contextConstructed = (n: number): number => 0xa0 | n;

/** An element's place in its buffer: header at `start`, content from `body` up to (not including) `end`. */
export interface Tlv {
  readonly tag: number;
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

/**
 * The element at `at`, which must end by `limit`.
 * @returns null for what is no DER: truncated, indefinite or non-minimal length (X.690 10.1), a tag number above 30.
 */
export function readTlv(bytes: Uint8Array, at: number, limit: number): Tlv | null {
  if (at + 2 > limit) return null;
  const tag = bytes[at]!;
  if ((tag & 0x1f) === 0x1f) return null;
  const first = bytes[at + 1]!;
  let body = at + 2;
  let length = first;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4 || body + octets > limit) return null;
    length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + bytes[body + i]!;
    if (bytes[body] === 0 || length < 0x80) return null;
    body += octets;
  }
  const end = body + length;
  return end > limit ? null : { tag, start: at, body, end };
}

/** Walks the elements inside one constructed element. `at` stays where the trouble was once `broken`. */
export class DerCursor {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  static over(bytes: Uint8Array): DerCursor {
    return new DerCursor(bytes, 0, bytes.length);
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** The next element whatever its tag; null at the end or where there is no DER. */
  next(): Tlv | null {
    const tlv = readTlv(this.bytes, this.at, this.end);
    if (tlv) this.at = tlv.end;
    return tlv;
  }

  /** The next element if it has this tag; else null, and the cursor stays. */
  take(tag: number): Tlv | null {
    if (this.at >= this.end || this.bytes[this.at] !== tag) return null;
    return this.next();
  }

  /** A cursor inside the next element if it has this tag; else null, and the cursor stays. */
  enter(tag: number): DerCursor | null {
    const tlv = this.take(tag);
    return tlv && new DerCursor(this.bytes, tlv.body, tlv.end);
  }

  inside(tlv: Tlv): DerCursor {
    return new DerCursor(this.bytes, tlv.body, tlv.end);
  }

  /** Content octets. */
  content(tlv: Tlv): Uint8Array {
    return this.bytes.subarray(tlv.body, tlv.end);
  }

  /** Identifier, length and content octets. */
  whole(tlv: Tlv): Uint8Array {
    return this.bytes.subarray(tlv.start, tlv.end);
  }
}

/** The one element that makes up all of `bytes`, entered; null when it has another tag or something follows it. */
export function enterOnly(bytes: Uint8Array, tag: number): DerCursor | null {
  const tlv = readTlv(bytes, 0, bytes.length);
  return tlv && tlv.tag === tag && tlv.end === bytes.length ? new DerCursor(bytes, tlv.body, tlv.end) : null;
}

/** @returns null where the content is not one octet, 00 or FF (X.690 11.1). */
export function readBoolean(cursor: DerCursor, tlv: Tlv): boolean | null {
  if (tlv.end - tlv.body !== 1) return null;
  const octet = cursor.bytes[tlv.body];
  return octet === 0xff ? true : octet === 0 ? false : null;
}

/** A non-negative INTEGER of at most six octets; null for anything else, non-minimal encodings included. */
export function readSmallInteger(cursor: DerCursor, tlv: Tlv): number | null {
  const { bytes } = cursor;
  const length = tlv.end - tlv.body;
  if (length < 1 || length > 7) return null;
  const first = bytes[tlv.body]!;
  if (first >= 0x80) return null;
  if (first === 0 && length > 1 && bytes[tlv.body + 1]! < 0x80) return null;
  let value = 0;
  for (let i = tlv.body; i < tlv.end; i++) value = value * 256 + bytes[i]!;
  return value <= Number.MAX_SAFE_INTEGER ? value : null;
}

/** The octets of a BIT STRING and how many bits of the last one are unused; null where that count is impossible. */
export function readBitString(cursor: DerCursor, tlv: Tlv): { octets: Uint8Array; unused: number } | null {
  const length = tlv.end - tlv.body;
  if (length < 1) return null;
  const unused = cursor.bytes[tlv.body]!;
  if (unused > 7 || (length === 1 && unused !== 0)) return null;
  return { octets: cursor.bytes.subarray(tlv.body + 1, tlv.end), unused };
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
