/**
 * The run: every certificate that was asked for, so many at a time, each under a deadline of its own inside the run's. One
 * that fails, hangs or meets a bug never takes another with it, and results come in the config's order.
 */
import type { RenewalProblem, RenewalResult } from '../model/renewal.ts';
import { Deadline } from '../time/deadline.ts';
import { SharedReloads } from './commands/shared-reloads.ts';
import { TOO_LATE } from './ending.ts';
import { historyOf } from './journal/history.ts';
import { Journal } from './journal/journal.ts';
import { renewOne } from './renew-one.ts';
import type { Renewal } from './renewal.ts';
import { type Limit, limitOf } from './shares.ts';
import type { Tools } from './tools.ts';
import { Places, PortTurn, portOf, type Turn } from './turns.ts';

export interface RunRenewalsOptions {
  readonly renewals: readonly Renewal[];
  readonly concurrency: number;
  /** Of the whole run. */
  readonly deadline: Deadline;
  readonly force?: boolean;
  /** What to do with one; `renewOne`, unless it is a rehearsal. */
  readonly perform?: (
    renewal: Renewal,
    tools: Tools,
    options: { deadline: Deadline; force: boolean; limit: Limit; turn?: Turn },
  ) => Promise<RenewalResult>;
}

/** In the order of `renewals`. */
export async function runRenewals(options: RunRenewalsOptions, tools: Tools): Promise<RenewalResult[]> {
  const { renewals, concurrency } = options;
  const places = new Places(concurrency);
  const ports = new Map<string, Places>();
  const results = new Map<Renewal, RenewalResult>();
  const reloads = new SharedReloads(tools);
  await Promise.all(
    (await inTurn(renewals, tools)).map(async (renewal) => {
      await places.take();
      const over = reloads.expect(renewal);
      results.set(renewal, await performSafely(renewal, { ...options, places, ports }, { ...tools, reloads }));
      over();
      places.give();
    }),
  );
  return renewals.map((renewal) => results.get(renewal)!);
}

/** Those that failed before come last: a place that a stuck one holds is then missed by nobody. */
async function inTurn(renewals: readonly Renewal[], { state }: Tools): Promise<Renewal[]> {
  const failures = await Promise.all(
    renewals.map(async ({ name }) => {
      const entries = await Journal.read(state, name);
      return entries.ok ? historyOf(entries.value).failures.length : 0;
    }),
  );
  return renewals
    .map((renewal, i) => ({ renewal, failed: failures[i]! }))
    .sort((a, b) => a.failed - b.failed)
    .map(({ renewal }) => renewal);
}

interface Around extends RunRenewalsOptions {
  readonly places: Places;
  readonly ports: Map<string, Places>;
}

async function performSafely(renewal: Renewal, around: Around, tools: Tools): Promise<RenewalResult> {
  const { deadline: ofRun, force = false, perform = renewOne } = around;
  const { name, timeoutMs } = renewal;
  const deadline = Deadline.after(timeoutMs, ofRun);
  const limit = limitOf(timeoutMs, ofRun);
  const turn = turnOf(renewal, around);
  let result: RenewalResult;
  try {
    const options = { deadline, force, limit, ...(turn ? { turn } : {}) };
    result = ofRun.expired ? { name, warnings: [], ...TOO_LATE } : await perform(renewal, tools, options);
  } catch (bug) {
    const detail = bug instanceof Error ? (bug.stack ?? bug.message) : String(bug);
    const problem: RenewalProblem = { reason: 'internal-error', detail: withoutKeys(detail), advice: 'report-bug' };
    result = { name, warnings: [], kind: 'failed', step: 'plan', problem };
  } finally {
    turn?.release();
    deadline.release();
  }
  tools.emit({ kind: 'ended', name, at: tools.now(), result });
  return result;
}

function turnOf(renewal: Renewal, { places, ports, deadline: ofRun }: Around): PortTurn | undefined {
  const number = portOf(renewal);
  if (number === undefined) return undefined;
  const port = ports.get(number) ?? new Places(1);
  ports.set(number, port);
  return new PortTurn({ port, places, ofRun, timeoutMs: renewal.timeoutMs });
}

/** A bug's message may quote what it choked on. */
const withoutKeys = (text: string): string =>
  text.replace(/-----BEGIN [^-]*PRIVATE KEY-----[\s\S]*?(-----END|$)/g, '[private key]');

/**
 * 0: all done, or nothing was due. 2: a renewal failed or is not served, now or still. 3: it could not be judged: the run
 * was ended, or its time was over, before all had their turn, or there was a bug.
 */
export function exitCodeOf(results: readonly RenewalResult[], { interrupted }: { interrupted: boolean }): 0 | 2 | 3 {
  const codes = results.map(codeOf);
  if (interrupted) return 3;
  if (codes.includes(2)) return 2;
  return codes.includes(3) || results.length === 0 ? 3 : 0;
}

/** The config is at fault, or certwatch is, or who it runs as: nothing is known of the certificate. */
const CANNOT_JUDGE: ReadonlySet<string> = new Set([
  'internal-error',
  'bad-config',
  'no-staging',
  'cannot-rehearse',
  'cannot-read',
]);

function codeOf(result: RenewalResult): 0 | 2 | 3 {
  switch (result.kind) {
    case 'not-due':
    case 'planned':
    case 'renewed':
    case 'resumed':
    case 'rehearsed':
      return 0;
    case 'skipped-backoff':
    case 'rolled-back':
    case 'not-served':
    case 'partly-served':
      return 2;
    case 'failed':
      return result.step === 'queue' || CANNOT_JUDGE.has(result.problem.reason) ? 3 : 2;
  }
}
