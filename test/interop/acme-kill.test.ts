/**
 * Killed at every step: nothing is left running, and the next run with the same folder takes back what stood in the way
 * and finishes the job, with the key and the order of the first.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import { cleanUpAfter } from '../../src/renew/acme/challenges/undo.ts';
import { ACME_STEPS, type AcmeEvent, type AcmeStep, type FromChild, type ToChild } from '../../src/renew/acme/job.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { testWith } from '../support/acme/daemon.ts';
import { ACME_CHILD, groupGone, jobFor, type OrderWith, orderWith } from '../support/acme/order-with.ts';
import { newPebble, type Pebble, startPebble } from '../support/acme/pebble.ts';
import { type WebServer, webServer } from '../support/acme/web-server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

// An order takes a second; on a busy machine it may take many, and no result may depend on that.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const test = testWith({ ...newPebble });
let pebble: Pebble;
let root: TempFolder;
let web: WebServer;
beforeAll(async () => {
  if (!newPebble.pebble) return;
  pebble = await startPebble({ programs: newPebble, rejectNonces: 0 });
  root = await tempFolder('webroot');
  web = await webServer(root.path, pebble.httpPort);
});
afterAll(async () => {
  for (const each of [pebble, web, root]) await each?.[Symbol.asyncDispose]();
});

/** Each test has a webroot of its own; one server serves them all. */
const rootOf = (folder: TempFolder): string => {
  const path = join(root.path, basename(folder.path));
  mkdirSync(path, { recursive: true });
  return path;
};
const byWebroot = (folder: TempFolder): OrderWith => ({
  folder,
  job: {
    directory: pebble.directory,
    caFile: pebble.caFile,
    challenge: { type: 'http-01', webroot: rootOf(folder) },
  },
});
const challengeFiles = (folder: TempFolder): string[] =>
  readdirSync(rootOf(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
const orderOf = (events: readonly AcmeEvent[]): string | undefined =>
  events.flatMap((event) => (event.kind === 'order' ? [event.orderUrl] : []))[0];

const NOT_ENTERED: readonly AcmeStep[] = ['prepare', 'propagate'];
describe.concurrent('SIGKILL of the child', () => {
  test.for(ACME_STEPS.filter((step) => !NOT_ENTERED.includes(step)))('at %s', async (step) => {
    await using folder = await tempFolder('acme-kill');
    let pid = 0;
    const first = await orderWith({
      ...byWebroot(folder),
      job: { ...byWebroot(folder).job, pauseAt: { step, how: 'wait' } },
      onSpawn: (number) => {
        pid = number;
      },
      onEvent: (event) => {
        if (event.kind === 'paused') process.kill(pid, 'SIGKILL');
      },
    });
    expect(first.result).toMatchObject({ ok: false, step, reason: 'child-killed', advice: 'see-who-killed' });
    await groupGone(pid);
    const keyBefore = keyOf(folder);

    const second = await orderWith(byWebroot(folder));
    expect(second.result).toMatchObject({ ok: true });
    expect(challengeFiles(folder)).toEqual([]);
    if (keyBefore !== undefined) expect(keyOf(folder)).toBe(keyBefore);
    // The order of the first run is the one that is finished: none is spent twice.
    const ordered = orderOf(first.events);
    if (ordered !== undefined) expect(orderOf(second.events)).toBe(ordered);
  });
});

const keyOf = (folder: TempFolder): string | undefined => {
  const path = folder.at('out', 'privkey.pem');
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
};

test('a child that stands still is killed at the deadline; its challenge is taken back by its record', async () => {
  await using folder = await tempFolder('acme-kill');
  const { result, pid } = await orderWith({
    ...byWebroot(folder),
    deadlineMs: 6_000,
    job: { ...byWebroot(folder).job, pauseAt: { step: 'validate', how: 'block' } },
  });
  expect(result).toMatchObject({ ok: false, step: 'validate', reason: 'timeout' });
  await groupGone(pid);
  // It could not take its challenge back; what it has noted is enough for whoever comes next.
  expect(challengeFiles(folder)).toHaveLength(1);
  const deadline = Deadline.after(5_000);
  const around = { now: () => Date.now(), env: {}, kill: process.kill, emit: () => {} };
  expect(await cleanUpAfter(folder.at('out'), { ...around, deadline })).toEqual({ ok: true, value: 1 });
  deadline.release();
  expect(challengeFiles(folder)).toEqual([]);
});

test('SIGTERM: the challenge is taken back before the child ends', async () => {
  await using folder = await tempFolder('acme-kill');
  let pid = 0;
  let there: readonly string[] = [];
  const { result } = await orderWith({
    ...byWebroot(folder),
    job: { ...byWebroot(folder).job, pauseAt: { step: 'validate', how: 'wait' } },
    onSpawn: (number) => {
      pid = number;
    },
    onEvent: (event) => {
      if (event.kind !== 'paused') return;
      there = challengeFiles(folder);
      process.kill(pid, 'SIGTERM');
    },
  });
  expect(there).toHaveLength(1);
  expect(result).toMatchObject({ ok: false, step: 'validate', reason: 'cancelled' });
  expect(challengeFiles(folder)).toEqual([]);
});

test('the parent dies: the child notices, cleans up and ends', async () => {
  await using folder = await tempFolder('acme-kill');
  const job = { ...jobFor(byWebroot(folder)), pauseAt: { step: 'validate', how: 'wait' } } as const;
  const child = await startChild({ job, workMs: 30_000, lifeMs: 30_000 });
  expect(challengeFiles(folder)).toHaveLength(1);
  const ended = once(child, 'exit');
  // What the kernel does to the channel of a parent that was killed.
  child.disconnect();
  await ended;
  expect(challengeFiles(folder)).toEqual([]);
});

test('a hook that ignores SIGTERM and forks: all of it is gone with the order', async () => {
  await using folder = await tempFolder('acme-kill');
  const pids = folder.at('pids');
  // The grandchild keeps the hook's output open, and says its number.
  const script = `trap '' TERM; (trap '' TERM; sh -c 'echo $PPID' >> ${pids}; exec sleep 300) & echo $$ >> ${pids}; wait; sleep 300`;
  const { result } = await orderWith({
    folder,
    job: {
      directory: pebble.directory,
      caFile: pebble.caFile,
      challenge: { type: 'dns-01', hook: { present: ['/bin/sh', '-c', script], timeoutMs: 1_500 } },
    },
  });
  expect(result).toMatchObject({ ok: false, step: 'present', reason: 'hook-timeout', advice: 'fix-hook' });
  const numbers = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
  expect(numbers.length).toBe(2);
  for (const number of numbers) await gone(number);
});

test('the child is killed while its hook runs: the hook goes too', async () => {
  await using folder = await tempFolder('acme-kill');
  let pid = 0;
  let hook = 0;
  const { result } = await orderWith({
    folder,
    job: {
      directory: pebble.directory,
      caFile: pebble.caFile,
      challenge: { type: 'dns-01', hook: { present: ['/bin/sh', '-c', 'sleep 300'] } },
    },
    onSpawn: (number) => {
      pid = number;
    },
    onEvent: (event) => {
      if (event.kind !== 'group-started') return;
      hook = event.pgid;
      process.kill(pid, 'SIGKILL');
    },
  });
  expect(result).toMatchObject({ ok: false, step: 'present', reason: 'child-killed' });
  expect(hook).toBeGreaterThan(0);
  await gone(hook);
});

/** SIGKILL is sent, not obeyed at once: waits until the process is gone, or a zombie that its adopter has yet to bury. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      if (/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return;
    } catch {
      return;
    }
    await pause(10);
  }
}

/** The child without `orderByAcme`; resolves once it stands at its pause. */
async function startChild(message: Omit<ToChild, 'kind' | 'now'>): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...ACME_CHILD], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await new Promise<void>((resolve, reject) => {
    child.on('exit', () => reject(new Error('the child ended too early')));
    child.on('message', (said: FromChild) => {
      if (said.kind === 'ready') child.send({ kind: 'job', now: Date.now(), ...message });
      if (said.kind === 'event' && said.event.kind === 'paused') resolve();
    });
  });
  return child;
}
