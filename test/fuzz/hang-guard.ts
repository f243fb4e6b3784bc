/**
 * Sees an input that never ends: a thread of its own watches the counter that each input moves on. When it stands still for
 * too long, the thread writes the input down and ends the process, whose own loop cannot do it any more.
 */
import { Worker } from 'node:worker_threads';

export const HANG_STATUS = 1;
const LONGEST_INPUT = 4 * 1024 * 1024;

const WATCH = `
const { workerData: { shared, bytes, folder, longestMs } } = require('node:worker_threads');
const { createHash } = require('node:crypto');
const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const state = new Int32Array(shared);
let seen = -1, since = Date.now();
setInterval(() => {
  const count = Atomics.load(state, 0);
  if (count !== seen || count === 0) { seen = count; since = Date.now(); return; }
  if (Date.now() - since < longestMs) return;
  const content = Buffer.from(new Uint8Array(bytes).slice(0, state[1]));
  const name = Buffer.from(new Uint8Array(bytes).slice(state[1], state[1] + state[2])).toString();
  const file = name + '-' + createHash('sha256').update(content).digest('hex').slice(0, 8) + '.bin';
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), content);
  require('node:fs').writeSync(1, name + ': no end within ' + longestMs + ' ms; the input is in ' + join(folder, file) + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, 250);
`;

export class HangGuard {
  readonly #state = new SharedArrayBuffer(12);
  readonly #bytes = new SharedArrayBuffer(LONGEST_INPUT);
  readonly #worker: Worker;

  /** @param folder where the input is written to. */
  constructor(folder: string, longestMs = 10_000) {
    const workerData = { shared: this.#state, bytes: this.#bytes, folder, longestMs };
    this.#worker = new Worker(WATCH, { eval: true, workerData, execArgv: [] });
    this.#worker.unref();
  }

  before(name: string, input: Uint8Array): void {
    const state = new Int32Array(this.#state);
    const kept = input.subarray(0, LONGEST_INPUT - 100);
    new Uint8Array(this.#bytes).set(kept);
    new Uint8Array(this.#bytes).set(Buffer.from(name), kept.length);
    state[1] = kept.length;
    state[2] = name.length;
    Atomics.add(state, 0, 1);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
