/**
 * A fuzzer: makes inputs by chance, and says of any input whether the promise holds. Inputs are bytes, so that one that
 * breaks the promise can be kept as a file and tried again for ever.
 */
import type { Random } from './random.ts';

export interface Fuzzer {
  /** In kebab case: fixtures of what it found begin with it. */
  readonly name: string;
  /** What may never happen, in a few words. */
  readonly promise: string;
  make(random: Random): Uint8Array;
  /** @throws when the promise is broken. */
  run(input: Uint8Array): void | Promise<void>;
}

export function ensure(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence);
}

/** Several pieces as one input: each behind its length in four bytes. */
export function join(pieces: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    pieces.flatMap((piece) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(piece.length);
      return [length, piece];
    }),
  );
}

export function split(input: Uint8Array): Buffer[] {
  const bytes = Buffer.from(input);
  const pieces: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    pieces.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return pieces;
}
