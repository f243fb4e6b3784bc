/**
 * The last line of defence of a check that runs without a supervisor: a thread that ends the process when its event loop is
 * blocked past the time by which it should have been over. It starts only when a check takes longer than most, so that a
 * quick one pays nothing for it.
 *
 * The thread says on the standard output what can still be said, and then has the blocked thread itself leave, through the
 * debugger's way in, so that the exit status is 3. Code that is stuck outside of JavaScript hears nothing of that: it is
 * killed, which monitoring takes for UNKNOWN, too.
 */
import type { Worker } from 'node:worker_threads';

export interface LoopGuardOptions {
  /** Until when the loop may be busy; milliseconds from now. */
  readonly overMs: number;
  /** What is printed in the report's place. */
  readonly lastWords: string;
}

/** Most checks are over by then. */
const START_AFTER_MS = 250;
const BEAT_MS = 100;

/** @returns lets go of it: the check is over. */
export function guardLoop({ overMs, lastWords }: LoopGuardOptions): () => void {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  let worker: Worker | undefined;
  let over = false;
  const beat = setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS);
  const start = setTimeout(async () => {
    const { Worker } = await import('node:worker_threads');
    if (over) return;
    const workerData = { beats, overMs: Math.max(0, overMs - START_AFTER_MS), lastWords };
    worker = new Worker(`(${watch.toString()})()`, { eval: true, workerData });
    worker.on('error', () => {});
    worker.unref();
  }, START_AFTER_MS);
  beat.unref();
  start.unref();
  return () => {
    over = true;
    clearInterval(beat);
    clearTimeout(start);
    void worker?.terminate();
  };
}

/** Runs in the thread, from its own source text: it may name nothing of this file. */
function watch(): void {
  const { workerData } = require('node:worker_threads') as typeof import('node:worker_threads');
  const { writeSync } = require('node:fs') as typeof import('node:fs');
  const { Session } = require('node:inspector') as typeof import('node:inspector');
  const { beats, overMs, lastWords } = workerData as { beats: Int32Array; overMs: number; lastWords: string };
  const self = globalThis.process;
  /** A loop that has not turned for so long is blocked, and not only busy. */
  const BLOCKED_MS = 1_000;
  const KILL_AFTER_MS = 500;
  let last = -1;
  let since = 0;
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const seen = Atomics.load(beats, 0);
    if (seen !== last) {
      last = seen;
      since = now;
    }
    if (now - startedAt < overMs || now - since < BLOCKED_MS) return;
    clearInterval(timer);
    writeSync(1, lastWords);
    setTimeout(() => self.kill(self.pid, 'SIGKILL'), KILL_AFTER_MS);
    const session = new Session();
    session.connectToMainThread();
    session.post('Runtime.evaluate', { expression: 'process.reallyExit(3)' });
  }, 100);
}
