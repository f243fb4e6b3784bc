/**
 * The record layer's framing (RFC 8446 5.1) and the handshake messages inside it: bytes in segments of any size go in,
 * whole records and whole messages come out, with a cap on everything that a peer could make endless.
 */
import { type Fault, flood, surprise } from './outcome.ts';

export const CONTENT = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

export interface TlsRecord {
  readonly type: number;
  /** The five bytes in front: additional data of the AEAD in TLS 1.3. */
  readonly header: Uint8Array;
  readonly fragment: Uint8Array;
}

/** 2^14 and what a cipher of TLS 1.2 may add (RFC 5246 6.2.3). */
const LONGEST_FRAGMENT = 16_384 + 2_048;
/** A Certificate message of the longest kind, cut as small as nobody cuts, stays under these. */
const MOST_RECORDS = 20_000;
const MOST_BYTES = 4 * 1024 * 1024;
/** Real chains are a few kilobytes. */
export const LONGEST_MESSAGE = 1024 * 1024;

/** True where these bytes can be the start of a TLS record: a content type and a major version of 3. */
export function looksLikeTls(start: Uint8Array): boolean {
  const [type, major] = start;
  if (type === undefined || type < CONTENT.changeCipherSpec || type > CONTENT.applicationData) return false;
  return major === undefined || major === 3;
}

export class RecordReader {
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #header = new Uint8Array(5);
  #headerLength = 0;
  /** A fragment that came in pieces, and how much of it is there. */
  #fragment: Uint8Array | undefined;
  #filled = 0;
  #records = 0;
  #bytes = 0;

  /** Takes a segment. It must not be changed afterwards: records are views of it. Read all records before the next. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
    this.#bytes += chunk.length;
  }

  /** The next whole record; undefined when more bytes are needed. */
  next(): TlsRecord | Fault | undefined {
    if (this.#bytes > MOST_BYTES) return flood('flood', `more than ${MOST_BYTES} bytes`);
    if (!this.#fragment) {
      while (this.#headerLength < 5 && this.#at < this.#chunk.length) {
        this.#header[this.#headerLength++] = this.#chunk[this.#at++]!;
      }
      if (this.#headerLength < 5) return undefined;
      if (!looksLikeTls(this.#header)) return surprise('malformed-record', 'a record of an unknown type');
    }
    const length = this.#header[3]! * 256 + this.#header[4]!;
    if (length > LONGEST_FRAGMENT) return surprise('malformed-record', `a record of ${length} bytes`);
    const fragment = this.#take(length);
    return fragment && this.#count(fragment);
  }

  #take(length: number): Uint8Array | undefined {
    const there = this.#chunk.length - this.#at;
    if (!this.#fragment && there >= length) {
      this.#at += length;
      return this.#chunk.subarray(this.#at - length, this.#at);
    }
    this.#fragment ??= new Uint8Array(length);
    const part = this.#chunk.subarray(this.#at, this.#at + Math.min(there, length - this.#filled));
    this.#fragment.set(part, this.#filled);
    this.#filled += part.length;
    this.#at += part.length;
    return this.#filled === length ? this.#fragment : undefined;
  }

  #count(fragment: Uint8Array): TlsRecord | Fault {
    const header = this.#header;
    this.#header = new Uint8Array(5);
    this.#headerLength = 0;
    this.#fragment = undefined;
    this.#filled = 0;
    if (++this.#records > MOST_RECORDS) return flood('flood', `more than ${MOST_RECORDS} records`);
    return { type: header[0]!, header, fragment };
  }
}

export interface HandshakeMessage {
  readonly type: number;
  /** Header and body: what the transcript hashes. */
  readonly raw: Uint8Array;
  readonly body: Uint8Array;
}

/** Messages may share a record and may be spread over many (RFC 8446 5.1). */
export class MessageReader {
  #parts: Uint8Array[] = [];
  #length = 0;

  /** True between two messages: where keys may change. */
  get atBoundary(): boolean {
    return this.#length === 0;
  }

  push(fragment: Uint8Array): void {
    if (fragment.length === 0) return;
    this.#parts.push(fragment);
    this.#length += fragment.length;
  }

  next(): HandshakeMessage | Fault | undefined {
    if (this.#length < 4) return undefined;
    if (this.#parts[0]!.length < 4) this.#join();
    const first = this.#parts[0]!;
    const length = first[1]! * 65_536 + first[2]! * 256 + first[3]!;
    if (length > LONGEST_MESSAGE) return flood('too-large', `a handshake message of ${length} bytes`);
    if (this.#length < 4 + length) return undefined;
    if (first.length < 4 + length) this.#join();
    const bytes = this.#parts[0]!;
    const raw = bytes.subarray(0, 4 + length);
    this.#length -= raw.length;
    if (bytes.length > raw.length) this.#parts[0] = bytes.subarray(raw.length);
    else this.#parts.shift();
    return { type: raw[0]!, raw, body: raw.subarray(4) };
  }

  #join(): void {
    this.#parts = [Buffer.concat(this.#parts)];
  }
}
