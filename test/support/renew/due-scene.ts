/**
 * A certificate that is due, a server at two addresses that serves it, and a CA that has a new one ready. The renewal runs
 * here, or in a process of its own that may be killed or may be another user's.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import type { RenewalResult, RenewalStep } from '../../../src/model/renewal.ts';
import { readSet } from '../../../src/renew/install/certificate-set.ts';
import { renewOne } from '../../../src/renew/renew-one.ts';
import type { Renewal } from '../../../src/renew/renewal.ts';
import { lookEverywhere } from '../../../src/renew/served/verify-served.ts';
import type { Tools } from '../../../src/renew/tools.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import type { Issued } from '../pki/pki.ts';
import { UNPRIVILEGED, withinReach } from '../unprivileged.ts';
import { BY_ACME, type Server, type Stage, stage } from './stage.ts';
import { type BuiltWorker, buildWorker } from './worker.ts';

export interface DueScene extends AsyncDisposable {
  readonly here: Stage;
  readonly old: Issued;
  readonly fresh: Issued;
  readonly server: Server;
  readonly renewal: Renewal;
}

/** @param ageDays of 90. */
export async function dueScene(
  parts: (reload: Renewal['reload'], here: Stage) => Partial<Renewal> = (reload) => ({ reload: reload! }),
  { ageDays = 70 } = {},
): Promise<DueScene> {
  const here = await stage();
  const [old, fresh] = [here.issue({ ageDays }), here.issue()];
  await here.writeSet(here.live, old);
  await here.writeSet(here.folder.at('issues'), fresh);
  const server = await here.serve();
  const renewal = here.renewal({ by: BY_ACME, ...parts(server.reload, here) });
  return { here, old, fresh, server, renewal, [Symbol.asyncDispose]: () => here[Symbol.asyncDispose]() };
}

export async function renewHere(
  renewal: Renewal,
  tools: Tools,
  ms = 8_000,
  options: { readonly force?: boolean } = {},
): Promise<RenewalResult> {
  const deadline = Deadline.after(ms);
  try {
    return await renewOne(renewal, tools, { ...options, deadline });
  } finally {
    deadline.release();
  }
}

export interface Told {
  readonly result: RenewalResult;
  readonly orders: number;
}

export interface WorkerOptions {
  /** The process ends itself with SIGKILL here; `during` only in an order. */
  readonly kill?: { readonly step: RenewalStep; readonly moment: 'before' | 'during' | 'after' };
  readonly ms?: number;
  readonly force?: boolean;
  /** By a user who is not root. */
  readonly unprivileged?: boolean;
}

export class RenewalWorker implements AsyncDisposable {
  readonly #built: BuiltWorker;

  private constructor(built: BuiltWorker) {
    this.#built = built;
  }

  static async build(): Promise<RenewalWorker> {
    return new RenewalWorker(await buildWorker(join(import.meta.dirname, 'renewal-worker.ts')));
  }

  /** @returns undefined where it was killed. */
  async run({ here, renewal }: DueScene, options: WorkerOptions = {}): Promise<Told | undefined> {
    const { kill, ms = 10_000, unprivileged = false, force = false } = options;
    const order = { renewal, state: here.tools.state, issues: here.folder.at('issues'), kill, ms, force };
    await using copy = unprivileged ? await withinReach(this.#built.file) : undefined;
    const file = copy ? copy.at(basename(this.#built.file)) : this.#built.file;
    const child = spawn(process.execPath, [file, JSON.stringify(order)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      ...(unprivileged ? UNPRIVILEGED : {}),
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const [, signal] = await once(child, 'close');
    return signal === null ? (JSON.parse(text) as Told) : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#built[Symbol.asyncDispose]();
  }
}

/** SHA-256 of what the live folder holds and of what each address serves. */
export async function factsOf({ here, renewal }: Pick<DueScene, 'here' | 'renewal'>) {
  const set = await readSet(here.live);
  if (!set.ok || !set.value) throw new Error('the live set is not whole');
  const deadline = Deadline.after(5_000);
  const { leaves } = await lookEverywhere({ targets: renewal.targets, look: here.tools.look, deadline });
  deadline.release();
  return { disk: set.value.chain[0].sha256, served: leaves.map(({ sha256 }) => sha256) };
}
