/**
 * Chance that can be had again: a seeded generator, and the ways in which it bends bytes.
 */

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** mulberry32: 32 bits of state are enough to find an input again. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** From 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

/** Bytes at which parsers go wrong: signs, lengths, tags, line ends, quotes. */
const TELLING = Buffer.from([
  0, 1, 2, 3, 4, 5, 6, 10, 13, 0x1b, 0x22, 0x27, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xa3, 0xff,
]);

const EDITS: readonly ((bytes: Buffer, at: number, random: Random) => Buffer)[] = [
  (bytes, at, random) => replaced(bytes, at, bytes[at]! ^ (1 << random.below(8))),
  (bytes, at, random) => replaced(bytes, at, random.pick([...TELLING])),
  (bytes, at, random) => replaced(bytes, at, bytes[at]! + random.pick([1, -1, 2, -2])),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(8)), bytes.subarray(at)]),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))]),
  (bytes, at, random) => {
    const piece = bytes.subarray(at, at + 1 + random.below(32));
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  },
  (bytes, at) => bytes.subarray(0, at),
  (bytes, at, random) => {
    const from = random.below(bytes.length);
    const piece = bytes.subarray(from, from + 1 + random.below(32));
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + piece.length)]);
  },
];

function replaced(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = value & 0xff;
  return copy;
}

/** The same bytes with a few edits: mostly one or two, so that what lies behind the first check is reached as well. */
export function bend(bytes: Uint8Array, random: Random): Buffer {
  let bent = Buffer.from(bytes);
  for (let edits = 1 + random.below(random.pick([1, 2, 6])); edits > 0; edits--) {
    if (bent.length === 0) return random.bytes(random.below(16));
    bent = Buffer.from(random.pick(EDITS)(bent, random.below(bent.length), random));
  }
  return bent;
}
