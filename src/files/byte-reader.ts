/**
 * Big-endian numbers and pieces of octets, one behind the other. Past the end it gives zeros and nothing, and says so once
 * for all: `broken` stays.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #broken = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** It has been read beyond the end, or given up. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Nothing is left. */
  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Gives up: what was read makes no sense. */
  break(): void {
    this.#broken = true;
  }

  u8(): number {
    return this.#number(1);
  }

  u16(): number {
    return this.#number(2);
  }

  u32(): number {
    return this.#number(4);
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    if (this.#broken || length > this.#bytes.length - this.#at) {
      this.#broken = true;
      return new Uint8Array(0);
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  skip(length: number): void {
    this.take(length);
  }

  #number(octets: number): number {
    return this.take(octets).reduce((sum, octet) => sum * 256 + octet, 0);
  }
}
