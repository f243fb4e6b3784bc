/**
 * Turns: a bounded number at once, in order, given up by those who hang, never lost.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/net/turns.ts';
import { Deadline } from '../../src/time/deadline.ts';

const NEVER_MS = 60_000;
const soon = () => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  it('come in the order of asking', async () => {
    const turns = new Turns(1, NEVER_MS);
    const end = await turns.take(Deadline.none());
    const order: number[] = [];
    const take = (n: number) =>
      turns.take(Deadline.none()).then((done) => {
        order.push(n);
        done?.();
      });
    const all = [take(1), take(2), take(3)];
    await soon();
    expect(order).toEqual([]);
    end?.();
    end?.();
    await Promise.all(all);
    expect(order).toEqual([1, 2, 3]);
  });

  it('are given up by who hangs', async () => {
    const turns = new Turns(1, 10);
    const hanging = await turns.take(Deadline.none());
    const next = await turns.take(Deadline.none());
    expect(next).toBeDefined();
    // Ending a turn that was given up frees no second one.
    hanging?.();
    let third = false;
    const waiting = turns.take(Deadline.none()).then((end) => {
      third = true;
      end?.();
    });
    await soon();
    expect(third).toBe(false);
    next?.();
    await waiting;
  });

  it('are not waited for beyond a deadline', async () => {
    const turns = new Turns(1, NEVER_MS);
    const end = await turns.take(Deadline.none());
    const deadline = Deadline.none();
    const late = turns.take(deadline);
    deadline.expire();
    expect(await late).toBeUndefined();
    expect(await turns.take(deadline)).toBeUndefined();
    end?.();
    const after = await turns.take(Deadline.none());
    expect(after).toBeDefined();
    after?.();
  });

  it('are never more than the most, and none is lost', async () => {
    const step = fc.record({ leave: fc.boolean(), which: fc.nat(20) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 40 }), async (most, steps) => {
        const turns = new Turns(most, NEVER_MS);
        const running: (() => void)[] = [];
        const waits: { deadline: Deadline; settled: Promise<void> }[] = [];
        for (const { leave, which } of steps) {
          if (leave && running.length > 0) running.splice(which % running.length, 1)[0]?.();
          else if (leave && waits.length > 0) waits[which % waits.length]?.deadline.expire();
          else {
            const deadline = Deadline.none();
            const settled = turns.take(deadline).then((end) => void (end && running.push(end)));
            waits.push({ deadline, settled });
          }
          if (which % 3 === 0) await soon();
          expect(running.length).toBeLessThanOrEqual(most);
        }
        await soon();
        // Whoever still waits gets a turn once the others have ended theirs.
        let ended = 0;
        while (running.length > 0) {
          running.pop()?.();
          ended += 1;
          await soon();
        }
        await Promise.all(waits.map(({ settled }) => settled));
        expect(ended).toBeLessThanOrEqual(waits.length);
      }),
    );
  });
});
