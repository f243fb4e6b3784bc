/**
 * The parent's side of a renewal by ACME: one child process per order, in a process group of its own, which is gone when
 * this promise is settled, whatever the CA, a hook or the child itself does. SIGTERM comes first and leaves the child time
 * to take its challenges back; SIGKILL of the whole group comes at the deadline.
 */
import type { ChildProcess } from 'node:child_process';
import { Deadline } from '../../time/deadline.ts';
import type { Kill } from '../commands/kill.ts';
import { signalMarked } from '../commands/marked.ts';
import { signalGroup, Tail } from '../commands/process-group.ts';
import { atStep, type Trouble, trouble } from './failure.ts';
import type { AcmeEvent, AcmeFailed, AcmeJob, AcmeResult, AcmeStep, AcmeWarning, FromChild, ToChild } from './job.ts';

export interface OrderOptions {
  /** The child and all it has started are gone by then. */
  readonly deadline: Deadline;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The Node binary and the arguments that lead to `runAcmeChild`: `[bin/certwatch.js, '__acme-child']`. */
  readonly execPath: string;
  readonly entry: readonly string[];
  /** The child's environment; hooks inherit it. Never the place for a secret of certwatch's. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly kill: Kill;
  /** For the journal: called in order, before the result. */
  readonly onEvent?: (event: AcmeEvent) => void;
  /** As soon as it runs; its number is also that of its process group. */
  readonly onSpawn?: (pid: number) => void;
}

/** Of the time there is, this share is kept for clean-up, within these bounds. */
const RESERVE_SHARE = 0.1;
const RESERVE_MS = { least: 1_000, most: 15_000 } as const;

/** When the deadline is brought forward (a signal to the run), the child still gets this long to clean up. */
const EARLY_GRACE_MS = 800;

/** From SIGKILL to the end of the process. */
const REAP_MS = 500;

export async function orderByAcme(job: AcmeJob, options: OrderOptions): Promise<AcmeResult> {
  if (options.deadline.expired) {
    return failed(atStep('prepare', trouble('timeout', 'the deadline passed before the order was begun')));
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(options.execPath, [...options.entry], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'json',
    env: { ...options.env },
  });
  return new Supervision(child, job, options).result;
}

/** How the time up to the deadline is shared out: for work, for clean-up after it, and for dying. */
export function shareOut(remainingMs: number): { workMs: number; lifeMs: number; termMs: number } {
  const reserve = Math.min(
    Math.max(remainingMs * RESERVE_SHARE, RESERVE_MS.least),
    RESERVE_MS.most,
    // A deadline this short leaves no room: half for each.
    remainingMs / 2,
  );
  return { workMs: remainingMs - reserve, termMs: remainingMs - reserve * 0.5, lifeMs: remainingMs - reserve * 0.1 };
}

class Supervision {
  readonly result: Promise<AcmeResult>;
  readonly #child: ChildProcess;
  readonly #options: OrderOptions;
  readonly #output = new Tail();
  readonly #groups = new Map<number, string>();
  readonly #warnings: AcmeWarning[] = [];
  readonly #term: Deadline;
  #step: AcmeStep = 'prepare';
  #kill: NodeJS.Timeout | undefined;
  #told: AcmeResult | undefined;
  #ended = false;
  #forget: () => void = () => {};
  #settle: (result: AcmeResult) => void = () => {};

  constructor(child: ChildProcess, job: AcmeJob, options: OrderOptions) {
    this.#child = child;
    this.#options = options;
    this.result = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#term = Deadline.after(shareOut(options.deadline.remainingMs).termMs, options.deadline);
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => this.#output.add(chunk));
    child.on('error', (cause) => {
      if (child.pid === undefined)
        this.#end(trouble('child-died', `cannot start ${options.execPath}: ${cause.message}`));
    });
    if (child.pid === undefined) return;
    options.onSpawn?.(child.pid);
    child.on('message', (message) => this.#hear(message as FromChild, job));
    child.on('exit', (code, signal) => this.#exited(code, signal));
    this.#term.onExpire(() => void this.#signal('SIGTERM'));
    this.#forget = options.deadline.onExpire(() => {
      const early = options.deadline.at - performance.now() > EARLY_GRACE_MS;
      if (early) this.#kill = setTimeout(() => this.#killed(), EARLY_GRACE_MS);
      else this.#killed();
    });
  }

  #hear(message: FromChild, job: AcmeJob): void {
    switch (message.kind) {
      case 'ready': {
        const { workMs, lifeMs } = shareOut(this.#options.deadline.remainingMs);
        const order: ToChild = { kind: 'job', job, workMs, lifeMs, now: this.#options.now() };
        this.#child.send(order, () => {});
        return;
      }
      case 'event':
        this.#note(message.event);
        return;
      case 'result':
        this.#told = message.result;
    }
  }

  #note(event: AcmeEvent): void {
    if (event.kind === 'step') this.#step = event.step;
    if (event.kind === 'warning') this.#warnings.push(event.warning);
    if (event.kind === 'group-started') this.#groups.set(event.pgid, event.mark);
    if (event.kind === 'group-ended') this.#groups.delete(event.pgid);
    this.#options.onEvent?.(event);
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    // `exit` may overtake the last messages; they are read when the channel has closed.
    const done = async () => {
      await this.#signal('SIGKILL');
      if (this.#ended) return;
      if (this.#told) this.#finish(this.#told);
      else if (this.#term.expired) {
        this.#end(trouble('timeout', `the deadline passed at step ${this.#step}; the child was ended`));
      } else this.#end(endOf(this.#step, code, signal));
    };
    if (!this.#child.connected) setImmediate(() => void done());
    else this.#child.once('disconnect', () => void done());
  }

  #killed(): void {
    const gone = this.#signal('SIGKILL');
    const done = async () => {
      await gone;
      if (this.#told) this.#finish(this.#told);
      else this.#end(trouble('timeout', `the deadline passed at step ${this.#step}; the child was killed`));
    };
    // The kernel is quick, but it does need to be waited for: "gone" is said when it is true. A process that hangs in
    // the kernel (a dead network disk) does not even die: it is not waited for.
    const patience = setTimeout(() => void done(), REAP_MS);
    this.#child.once('exit', () => {
      clearTimeout(patience);
      void done();
    });
  }

  /** The child's own group, and those of hooks that it has not seen the end of. */
  async #signal(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { kill } = this.#options;
    if (this.#child.pid !== undefined) signalGroup(kill, this.#child.pid, signal);
    // On SIGTERM the child ends its hooks itself and then cleans up by others.
    if (signal === 'SIGTERM') return;
    for (const group of this.#groups.keys()) signalGroup(kill, group, signal);
    await Promise.all([...this.#groups.values()].map((mark) => signalMarked(mark, { signal, kill })));
  }

  #end(what: ReturnType<typeof trouble>): void {
    const output = this.#output.text();
    const failure = atStep(this.#step, { ...what, ...(output && !what.output ? { output } : {}) });
    this.#finish({ ...failed(failure), warnings: this.#warnings });
  }

  #finish(result: AcmeResult): void {
    if (this.#ended) return;
    this.#ended = true;
    // The number may be somebody else's by the time that the deadline comes.
    this.#forget();
    this.#term.release();
    clearTimeout(this.#kill);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    if (this.#child.connected) this.#child.disconnect();
    this.#settle(result);
  }
}

/** From outside, as far as can be told: what crashes ends by other signals. */
const FROM_OUTSIDE: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']);

function endOf(step: AcmeStep, code: number | null, signal: NodeJS.Signals | null): Trouble {
  const killed = signal !== null && FROM_OUTSIDE.has(signal);
  return trouble(
    killed ? 'child-killed' : 'child-died',
    `the child ended at step ${step} with ${signal ?? `status ${code}`}`,
  );
}

const failed = (failure: ReturnType<typeof atStep>): AcmeFailed => ({ ok: false, ...failure, warnings: [] });
