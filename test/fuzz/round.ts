/**
 * One fuzzer for a while: inputs made from one seed after another until time or count runs out, or a promise breaks.
 */
import { createHash } from 'node:crypto';
import type { Fuzzer } from './fuzzer.ts';
import { Random } from './random.ts';

export interface RoundOptions {
  /** The first seed; the next input takes the next one. */
  readonly seed: number;
  readonly runs?: number;
  /** Milliseconds; the clock is looked at between inputs. */
  readonly forMs?: number;
  /** Told of each input before it is tried: should it never end, this is what to look at. */
  readonly before?: (input: Uint8Array) => void;
}

export interface Crash {
  readonly seed: number;
  readonly input: Uint8Array;
  readonly error: unknown;
}

export interface Round {
  readonly runs: number;
  readonly crash?: Crash;
}

export async function round(fuzzer: Fuzzer, { seed, runs, forMs, before }: RoundOptions): Promise<Round> {
  const startedAt = performance.now();
  for (let done = 0; ; done++) {
    if (done >= (runs ?? Number.POSITIVE_INFINITY)) return { runs: done };
    if (performance.now() - startedAt >= (forMs ?? Number.POSITIVE_INFINITY)) return { runs: done };
    const own = seed + done;
    const input = fuzzer.make(new Random(own));
    before?.(input);
    try {
      await fuzzer.run(input);
    } catch (error) {
      return { runs: done, crash: { seed: own, input, error } };
    }
  }
}

/** `certificates-1a2b3c4d.bin`: the same input always gets the same name. */
export function fixtureName(fuzzer: string, input: Uint8Array): string {
  return `${fuzzer}-${createHash('sha256').update(input).digest('hex').slice(0, 8)}.bin`;
}

/** The fuzzer that a fixture is for, by the name that it begins with. */
export function fuzzerOf(fixture: string, fuzzers: readonly Fuzzer[]): Fuzzer | undefined {
  return fuzzers.find(({ name }) => fixture.startsWith(`${name}-`));
}
