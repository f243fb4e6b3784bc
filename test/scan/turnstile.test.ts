import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Turnstile } from '../../src/scan/turnstile.ts';

const later = (ticks: number): Promise<void> =>
  ticks === 0 ? Promise.resolve() : new Promise((resolve) => setImmediate(() => resolve(later(ticks - 1))));

test('whatever the order in which they become known, items leave in the order in which they entered', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(5), { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      fc.nat(2),
      async (delays, capacity, slowness) => {
        const left: number[] = [];
        let inside = 0;
        let most = 0;
        const turnstile = new Turnstile<number>(async (item) => {
          await later(slowness);
          left.push(item);
          inside -= 1;
        }, capacity);
        for (const [i, delay] of delays.entries()) {
          inside += 1;
          most = Math.max(most, inside);
          turnstile.enter(later(delay).then(() => i));
          await turnstile.room();
        }
        await turnstile.empty();
        expect(left).toEqual(delays.map((_, i) => i));
        expect(most).toBeLessThanOrEqual(capacity + 1);
      },
    ),
    { numRuns: 60 },
  );
});

test('what breaks at the exit reaches who waits, and who comes later', async () => {
  const turnstile = new Turnstile<number>(() => {
    throw new Error('the pipe is gone');
  }, 1);
  turnstile.enter(later(2).then(() => 1));
  await expect(turnstile.room()).rejects.toThrow('the pipe is gone');
  await expect(turnstile.empty()).rejects.toThrow('the pipe is gone');
});
