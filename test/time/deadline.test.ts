import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadline } from '../../src/time/deadline.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('comes once, at its time, and tells who listens', () => {
  const deadline = Deadline.after(1_000);
  const told = vi.fn();
  deadline.onExpire(told);
  vi.advanceTimersByTime(999);
  expect(deadline.expired).toBe(false);
  expect(deadline.remainingMs).toBe(1);
  vi.advanceTimersByTime(1);
  expect(deadline.expired).toBe(true);
  expect(deadline.remainingMs).toBe(0);
  deadline.expire();
  expect(told).toHaveBeenCalledTimes(1);
});

test('a listener that was taken back is not told; one that comes late is told at once', () => {
  const deadline = Deadline.after(10);
  const back = vi.fn();
  deadline.onExpire(back)();
  vi.advanceTimersByTime(10);
  expect(back).not.toHaveBeenCalled();
  const late = vi.fn();
  deadline.onExpire(late);
  expect(late).toHaveBeenCalledTimes(1);
});

test('never outlives its parent, and is ended with it', () => {
  const run = Deadline.after(100);
  const target = Deadline.after(1_000, run);
  expect(target.at).toBe(run.at);
  const other = Deadline.after(50, run);
  run.expire();
  expect(target.expired).toBe(true);
  expect(other.expired).toBe(true);
  expect(Deadline.after(1_000, run).expired).toBe(true);
});

test('tells whether its time had come, or somebody brought it', () => {
  const run = Deadline.after(100);
  const target = Deadline.after(50, run);
  const other = Deadline.after(1_000, run);
  vi.advanceTimersByTime(50);
  expect([target.expired, target.cutShort]).toEqual([true, false]);
  run.expire();
  expect([run.cutShort, other.cutShort, Deadline.after(1, run).cutShort]).toEqual([true, true, true]);
  const late = Deadline.after(10);
  const child = Deadline.after(20, late);
  vi.advanceTimersByTime(10);
  expect([late.expired, late.cutShort, child.expired, child.cutShort]).toEqual([true, false, true, false]);
});

test('one that would outlast its parent comes with it, never before', () => {
  const order: string[] = [];
  const run = Deadline.after(100);
  const target = Deadline.after(5_000, run);
  target.onExpire(() => order.push(`target, run ${run.expired ? 'over' : 'on'}`));
  vi.advanceTimersByTime(100);
  expect(order).toEqual(['target, run over']);
  expect(vi.getTimerCount()).toBe(0);
});

test('lets go: after release neither its timer nor its parent reaches it', () => {
  const run = Deadline.none();
  const target = Deadline.after(10, run);
  target.release();
  expect(vi.getTimerCount()).toBe(0);
  run.expire();
  expect(target.expired).toBe(false);
});

test('a wait longer than a timer can count is not cut to a millisecond', () => {
  const days = 40 * 86_400_000;
  const deadline = Deadline.after(days);
  vi.advanceTimersByTime(days - 1);
  expect(deadline.expired).toBe(false);
  vi.advanceTimersByTime(1);
  expect(deadline.expired).toBe(true);
});

test('race gives the work its answer, or undefined once the deadline has come', async () => {
  const deadline = Deadline.after(5);
  expect(await deadline.race(Promise.resolve('done'))).toBe('done');
  const stuck = deadline.race(new Promise(() => {}));
  vi.advanceTimersByTime(5);
  expect(await stuck).toBeUndefined();
});

test('a grace begins when the other has come, early or not', () => {
  const run = Deadline.after(1_000);
  const flush = Deadline.shortlyAfter(run, 50);
  run.expire();
  vi.advanceTimersByTime(49);
  expect(flush.expired).toBe(false);
  vi.advanceTimersByTime(1);
  expect(flush.expired).toBe(true);
  const dropped = Deadline.shortlyAfter(Deadline.after(10), 10);
  dropped.release();
  vi.advanceTimersByTime(100);
  expect(dropped.expired).toBe(false);
});
