import { expect, test } from 'vitest';
import { Slices } from '../../src/time/slices.ts';

const SLICE_MS = 5;

function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** As a connection does it: at once where there is time, else later. */
function ask(slices: Slices, work: () => void): void {
  if (slices.hasTime()) work();
  else slices.later(work);
}

test('what all ask for at once is done in turns, in the order of asking, and others come in between', async () => {
  const slices = new Slices(SLICE_MS);
  const done: number[] = [];
  let turns = 0;
  let over = false;
  const turn = (): void => {
    turns += 1;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  await new Promise<void>((resolve) => {
    for (let i = 0; i < 20; i++)
      ask(slices, () => {
        busy(SLICE_MS);
        done.push(i);
        if (done.length === 20) resolve();
      });
    // One slice is one piece here.
    expect(done).toEqual([0]);
  });
  over = true;
  expect(done).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(turns).toBeGreaterThanOrEqual(18);
});

test('what is asked for in the midst of it waits behind those that were first', async () => {
  const slices = new Slices(SLICE_MS);
  const done: string[] = [];
  await new Promise<void>((resolve) => {
    ask(slices, () => busy(SLICE_MS));
    ask(slices, () => {
      ask(slices, () => {
        done.push('third');
        resolve();
      });
      done.push('first');
    });
    ask(slices, () => done.push('second'));
  });
  expect(done).toEqual(['first', 'second', 'third']);
});

test('after a turn there is time again', async () => {
  const slices = new Slices(SLICE_MS);
  expect(slices.hasTime()).toBe(true);
  busy(SLICE_MS);
  expect(slices.hasTime()).toBe(false);
  await new Promise((resolve) => setImmediate(resolve));
  expect(slices.hasTime()).toBe(true);
});
