/**
 * How the time up to the deadline is shared out, and a child that cannot do its work.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AcmeJob } from '../../../src/renew/acme/job.ts';
import { orderByAcme, shareOut } from '../../../src/renew/acme/spawn.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { groupGone } from '../../support/acme/order-with.ts';

const job: AcmeJob = {
  directory: 'https://ca.example/dir',
  account: { folder: '/nonexistent', contact: [], agreeTos: true },
  identifiers: ['www.shop.example'],
  key: { kind: 'new', type: 'ec256' },
  challenge: { type: 'http-01', webroot: '/nonexistent' },
  outDir: '/nonexistent',
};

const order = async (entry: readonly string[], deadlineMs: number, execPath = process.execPath) => {
  const deadline = Deadline.after(deadlineMs);
  const pids: number[] = [];
  const result = await orderByAcme(job, {
    deadline,
    now: () => 0,
    execPath,
    entry,
    env: {},
    kill: process.kill,
    onSpawn: (pid) => pids.push(pid),
  });
  deadline.release();
  return { result, pids };
};

test('work ends before SIGTERM, SIGTERM before the end of life, and that before the deadline', () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 1e9, noNaN: true }), (remaining) => {
      const { workMs, termMs, lifeMs } = shareOut(remaining);
      expect(0 < workMs && workMs < termMs && termMs < lifeMs && lifeMs < remaining).toBe(true);
    }),
  );
});

test('a program that cannot be started', async () => {
  const { result } = await order([], 5_000, '/nonexistent/node');
  expect(result).toMatchObject({
    ok: false,
    reason: 'child-died',
    detail: expect.stringContaining('/nonexistent/node'),
  });
});

test('a child that ends at once: its status and what it said', async () => {
  const { result } = await order(['-e', 'console.error("out of luck"); process.exit(9)'], 5_000);
  expect(result).toMatchObject({
    ok: false,
    step: 'prepare',
    reason: 'child-died',
    detail: expect.stringContaining('status 9'),
    output: expect.stringContaining('out of luck'),
  });
});

test('a child that never asks for its job, deaf to SIGTERM, with a process of its own', async () => {
  const script = `
    process.on('SIGTERM', () => {});
    require('child_process').spawn('sleep', ['300'], { stdio: 'inherit' });
    setInterval(() => {}, 1000);`;
  const { result, pids } = await order(['-e', script], 1_000);
  expect(result).toMatchObject({ ok: false, reason: 'timeout' });
  await groupGone(pids[0]!);
});

test('a deadline that has passed starts nothing', async () => {
  const deadline = Deadline.after(60_000);
  deadline.expire();
  const pids: number[] = [];
  const result = await orderByAcme(job, {
    deadline,
    now: () => 0,
    execPath: process.execPath,
    entry: [],
    env: {},
    kill: process.kill,
    onSpawn: (pid) => pids.push(pid),
  });
  expect(result).toMatchObject({ ok: false, reason: 'timeout' });
  expect(pids).toEqual([]);
});

test('a deadline that is brought forward by a signal ends the child', async () => {
  const deadline = Deadline.after(60_000);
  const pids: number[] = [];
  const result = await orderByAcme(job, {
    deadline,
    now: () => 0,
    execPath: process.execPath,
    entry: ['-e', 'setInterval(() => {}, 1000)'],
    env: {},
    kill: process.kill,
    onSpawn: (pid) => {
      pids.push(pid);
      setImmediate(() => deadline.expire());
    },
  });
  expect(result).toMatchObject({ ok: false, reason: 'timeout' });
  await groupGone(pids[0]!);
});
