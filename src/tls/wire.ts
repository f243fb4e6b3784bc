/**
 * The presentation language of RFC 8446 section 3, both ways: a cursor that never reads past its end, and the few
 * encodings that a client sends.
 */

const NOTHING = new Uint8Array(0);

/**
 * Reads numbers and length-prefixed vectors from bytes that cannot be trusted. A read past the end gives zero or nothing
 * and spoils the cursor for good: `ok` is asked once, after a whole structure was read, and no read can throw.
 */
export class Cursor {
  readonly bytes: Uint8Array;
  /** Offset of the next byte. */
  at = 0;
  /** False once anything was read past the end. */
  ok = true;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get remaining(): number {
    return this.bytes.length - this.at;
  }

  /** Everything was there and nothing is left over. */
  get complete(): boolean {
    return this.ok && this.at === this.bytes.length;
  }

  u8(): number {
    return this.#number(1);
  }

  u16(): number {
    return this.#number(2);
  }

  u24(): number {
    return this.#number(3);
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    if (!this.ok || length > this.remaining) {
      this.ok = false;
      return NOTHING;
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** A vector with a length prefix of one, two or three bytes; a view. */
  vector8(): Uint8Array {
    return this.take(this.u8());
  }

  vector16(): Uint8Array {
    return this.take(this.u16());
  }

  vector24(): Uint8Array {
    return this.take(this.u24());
  }

  #number(width: number): number {
    if (!this.ok || width > this.remaining) {
      this.ok = false;
      return 0;
    }
    let value = 0;
    for (let i = 0; i < width; i++) value = value * 256 + this.bytes[this.at++]!;
    return value;
  }
}

export const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff);

export const u16List = (values: readonly number[]): Uint8Array => Buffer.concat(values.map(u16));

export const vector8 = (content: Uint8Array): Uint8Array => Buffer.concat([Uint8Array.of(content.length), content]);

export const vector16 = (content: Uint8Array): Uint8Array => Buffer.concat([u16(content.length), content]);

/** A handshake message: type, 24-bit length, body (RFC 8446 4). */
export function handshakeMessage(type: number, ...body: Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of body) length += part.length;
  return Buffer.concat([Uint8Array.of(type, length >> 16, (length >> 8) & 0xff, length & 0xff), ...body]);
}

/** A plaintext record (RFC 8446 5.1). */
export function record(type: number, version: number, fragment: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(5 + fragment.length);
  out[0] = type;
  out.writeUInt16BE(version, 1);
  out.writeUInt16BE(fragment.length, 3);
  out.set(fragment, 5);
  return out;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
