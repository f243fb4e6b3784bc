/**
 * Many at once: a stuck one delays nobody beyond its place, a bug in one is that one's, and the exit status says what it
 * all comes to. What is served is read off the live folders, without a server.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Certificate, ChainElement } from '../../src/model/certificate.ts';
import type { Observation } from '../../src/model/observation.ts';
import type { RenewalResult } from '../../src/model/renewal.ts';
import { readSet } from '../../src/renew/install/certificate-set.ts';
import type { Renewal } from '../../src/renew/renewal.ts';
import { exitCodeOf, runRenewals } from '../../src/renew/run-renewals.ts';
import type { Tools } from '../../src/renew/tools.ts';
import { parseTarget } from '../../src/targets/parse-target.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { BY_ACME, orders, type Stage, shell, stage, words } from '../support/renew/stage.ts';

/** One that lives in a folder of its own; whatever is there counts as served. */
function renewalOf(here: Stage, name: string, more: Partial<Renewal> = {}): Renewal {
  const parsed = parseTarget(`${name}.shop.example`, { origin: 'test', defaults: DEFAULT_SETTINGS });
  if (!parsed.ok) throw new Error(parsed.error);
  const live = here.folder.at('live', name);
  return here.renewal({ name, live, domains: [`${name}.shop.example`], by: BY_ACME, targets: [parsed.value], ...more });
}

const TIMINGS = { resolve: 0, connect: 0, starttls: 0, handshake: 0 };

const lookAtDisk =
  (here: Stage): Tools['look'] =>
  async (target) => {
    const set = await readSet(here.folder.at('live', target.name.split('.')[0]!));
    const seen: Observation =
      set.ok && set.value
        ? { kind: 'presented', timings: TIMINGS, chain: set.value.chain.map(asElement) }
        : { kind: 'failed', timings: TIMINGS, code: 'connect-failed', phase: 'connect', reason: 'refused' };
    return { target, status: 'ok', findings: [], observations: [seen] };
  };

const asElement = (certificate: Certificate): ChainElement => ({
  kind: 'certificate',
  der: certificate.der,
  certificate,
});

const kinds = (results: readonly RenewalResult[]) => {
  const counts: Record<string, number> = {};
  for (const { kind } of results) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
};

test('a hundred are due, five hang: 95 renewed and verified by the deadline, 5 told, exit status 2', {
  timeout: 60_000,
}, async () => {
  await using here = await stage();
  const names = Array.from({ length: 100 }, (_, i) => `n${i}`);
  const { order } = orders((job) => here.issue({ sans: job.identifiers.map((name) => `dns:${name}`) }));
  const hangs = new Set(['n3', 'n20', 'n41', 'n77', 'n99'].map((name) => `${name}.shop.example`));
  const tools: Tools = {
    ...here.tools,
    look: lookAtDisk(here),
    order: async (job, call) => {
      if (!hangs.has(job.identifiers[0]!)) return order(job, call);
      await new Promise<void>((resolve) => call.deadline.onExpire(resolve));
      return {
        ok: false,
        step: 'validate',
        reason: 'timeout',
        detail: 'nobody answers',
        advice: 'raise-timeout',
        warnings: [],
      };
    },
  };
  const deadline = Deadline.after(30_000);
  const renewals = names.map((name) => renewalOf(here, name, { timeoutMs: 4_000 }));
  const results = await runRenewals({ renewals, concurrency: 8, deadline }, tools);
  expect(deadline.expired).toBe(false);
  deadline.release();
  expect(results.map(({ name }) => name)).toEqual(names);
  expect(kinds(results)).toEqual({ renewed: 95, failed: 5 });
  expect(exitCodeOf(results, { interrupted: false })).toBe(2);
});

test('a bug in one is told as such, without a key in it, and the others go on', async () => {
  await using here = await stage();
  const { order } = orders((job) => here.issue({ sans: job.identifiers.map((name) => `dns:${name}`) }));
  const tools: Tools = {
    ...here.tools,
    look: lookAtDisk(here),
    order: (job, call) => {
      if (job.identifiers[0] !== 'b.shop.example') return order(job, call);
      throw new Error('choked on -----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----');
    },
  };
  const deadline = Deadline.after(20_000);
  const results = await runRenewals(
    { renewals: ['a', 'b', 'c'].map((name) => renewalOf(here, name)), concurrency: 2, deadline },
    tools,
  );
  deadline.release();
  expect(results).toMatchObject([
    { kind: 'renewed' },
    { kind: 'failed', problem: { reason: 'internal-error' } },
    { kind: 'renewed' },
  ]);
  expect(JSON.stringify(results)).not.toContain('MIIsecret');
  expect(exitCodeOf(results, { interrupted: false })).toBe(3);
});

test('two listeners on one port take turns; who has none by the deadline of the run is told', async () => {
  await using here = await stage();
  const deadline = Deadline.none();
  let running = 0;
  let most = 0;
  let looked = 0;
  const tools: Tools = {
    ...here.tools,
    look: async (...wish) => {
      const seen = await lookAtDisk(here)(...wish);
      looked += 1;
      return seen;
    },
    order: async () => {
      most = Math.max(most, ++running);
      // It comes when all have planned, and the others wait: however long that takes here.
      while (looked < renewals.length) await pause(5);
      deadline.expire();
      running--;
      return { ok: false, step: 'validate', reason: 'timeout', detail: 'x', advice: 'raise-timeout', warnings: [] };
    },
  };
  const by = { ...BY_ACME, challenge: { type: 'http-01', listen: '127.0.0.1:5002' } } as const;
  const renewals = ['a', 'b', 'c'].map((name) => renewalOf(here, name, { by }));
  const results = await runRenewals({ renewals, concurrency: 3, deadline }, tools);
  expect(most).toBe(1);
  // Whoever has planned first.
  expect(results.map((result) => 'step' in result && `${result.kind}: ${result.step}`).sort()).toEqual([
    'failed: order',
    'failed: queue',
    'failed: queue',
  ]);
});

describe('of those that listen on one port', { timeout: 20_000 }, () => {
  const listening = (listen: string) => ({ ...BY_ACME, challenge: { type: 'http-01', listen } }) as const;
  const by = listening('127.0.0.1:5002');

  /** What has to be in the log before somebody is looked at, and before an order is done. */
  interface Waits {
    readonly looks?: Readonly<Record<string, string>>;
    readonly orders?: Readonly<Record<string, string>>;
  }

  /** What began and ended, in its order; when each order was done, and the deadline that it had, on the monotonic clock. */
  async function port(here: Stage, { looks = {}, orders: waits = {} }: Waits = {}) {
    const { order } = orders((job) => here.issue({ sans: job.identifiers.map((name) => `dns:${name}`) }));
    const log: string[] = [];
    const times = new Map<string, { readonly doneAt: number; readonly deadlineAt: number }>();
    const nameIn = (domain = ''): string => domain.split('.')[0]!;
    const deadline = Deadline.after(18_000);
    const comes = async (line: string | undefined) => {
      while (line !== undefined && !log.includes(line) && !deadline.expired) await pause(5);
    };
    const look = lookAtDisk(here);
    const tools: Tools = {
      ...here.tools,
      look: async (target, until) => {
        await comes(looks[nameIn(target.name)]);
        return look(target, until);
      },
      emit: (event) => {
        if (event.kind === 'step') log.push(`${event.name} ${event.step}`);
        if (event.kind === 'ended') log.push(`${event.name} ${event.result.kind}`);
      },
      order: async (job, call) => {
        const name = nameIn(job.identifiers[0]);
        await comes(waits[name]);
        await pause(BRIEFLY_MS);
        times.set(name, { doneAt: performance.now(), deadlineAt: call.deadline.at });
        return order(job, call);
      },
    };
    const run = async (renewals: readonly Renewal[], concurrency = 4) => {
      const results = await runRenewals({ renewals, concurrency, deadline }, tools);
      deadline.release();
      return { results, log };
    };
    return { run, log, times };
  }

  const BRIEFLY_MS = 100;

  test('a reload of one that takes its time keeps none from the port', async () => {
    await using here = await stage();
    const { run, log } = await port(here, { looks: { b: 'a order' } });
    const done = here.folder.at('done');
    const slow = renewalOf(here, 'a', { by, reload: shell(`until test -e ${done}; do sleep 0.05; done`) });
    // Another address of the same port.
    const other = renewalOf(here, 'b', { by: listening('0.0.0.0:5002') });
    const running = run([slow, other]);
    // Kept from it, that one would not get there before the reload has used up its time.
    while (!log.some((line) => /^(b renewed|a (not-served|failed))$/.test(line))) await pause(5);
    await here.folder.write('done', '');
    const { results } = await running;
    expect(results).toMatchObject([{ kind: 'renewed' }, { kind: 'renewed' }]);
    expect(log.indexOf('b renewed')).toBeLessThan(log.indexOf('a renewed'));
  });

  test('one with a pre-hook keeps it to its end: what that has stopped is started again after the order', async () => {
    await using here = await stage();
    const { run } = await port(here, { looks: { b: 'a pre-hook' } });
    const first = renewalOf(here, 'a', { by, preHook: words('true'), reload: shell('sleep 0.3') });
    const { log } = await run([first, renewalOf(here, 'b', { by })]);
    expect(log.indexOf('a renewed')).toBeLessThan(log.indexOf('b order'));
  });

  test('who waits for the port gives its place to others, and its own time does not begin yet', async () => {
    await using here = await stage();
    const { run, times } = await port(here, { looks: { b: 'a order' }, orders: { a: 'elsewhere order' } });
    const timeoutMs = 8_000;
    const renewals = [
      renewalOf(here, 'a', { by }),
      renewalOf(here, 'b', { by, timeoutMs }),
      renewalOf(here, 'c', { by, timeoutMs }),
      renewalOf(here, 'elsewhere'),
    ];
    const { results, log } = await run(renewals, 2);
    expect(results.map(({ kind }) => kind)).toEqual(['renewed', 'renewed', 'renewed', 'renewed']);
    expect(log.indexOf('elsewhere order')).toBeLessThan(log.indexOf('b order'));
    // Nearly all of it is for the order, counted from when the one before was done.
    const inTurn = [...times].sort(([, a], [, b]) => a.doneAt - b.doneAt).filter(([name]) => name !== 'elsewhere');
    for (const [i, [, { deadlineAt }]] of inTurn.entries()) {
      if (i > 0) expect(deadlineAt).toBeGreaterThan(inTurn[i - 1]![1].doneAt + timeoutMs * 0.94);
    }
  });

  test('one that is not due waits for nobody', async () => {
    await using here = await stage();
    const { run } = await port(here, { orders: { a: 'b not-due' } });
    const fresh = renewalOf(here, 'b', { by });
    await here.writeSet(fresh.live!, here.issue({ sans: ['dns:b.shop.example'] }));
    const { results, log } = await run([renewalOf(here, 'a', { by }), fresh]);
    expect(results).toMatchObject([{ kind: 'renewed' }, { kind: 'not-due' }]);
    expect(log.indexOf('b not-due')).toBeLessThan(log.indexOf('a renewed'));
  });
});

test('those that failed before come last', async () => {
  await using here = await stage();
  const started: string[] = [];
  const perform = async ({ name }: Renewal): Promise<RenewalResult> => {
    started.push(name);
    return {
      name,
      warnings: [],
      kind: 'rehearsed',
      certificate: { sha256: '', notBefore: 0, notAfter: 0, names: [], keyType: 'ec' as const },
      ran: [],
      leftOut: [],
    };
  };
  const begin = { kind: 'begin', attempt: 'x', at: 1, by: 'acme', reasons: [], domains: [] };
  await here.folder.write(
    'state/renewals/a.jsonl',
    `${JSON.stringify(begin)}\n${JSON.stringify({ kind: 'end', attempt: 'x', at: 2, outcome: 'failed' })}\n`,
  );
  const deadline = Deadline.after(5_000);
  const renewals = ['a', 'b', 'c'].map((name) => renewalOf(here, name));
  const results = await runRenewals({ renewals, concurrency: 1, deadline, perform }, here.tools);
  deadline.release();
  expect(started).toEqual(['b', 'c', 'a']);
  expect(results.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
});

describe('exit status', () => {
  const facts = { sha256: '', notBefore: 0, notAfter: 0, names: [], keyType: 'ec' as const };
  const about = { name: 'x', warnings: [] };
  const problem = { reason: 'x', detail: 'x' };
  const renewed: RenewalResult = { ...about, kind: 'renewed', reasons: [], certificate: facts, served: [] };
  const notDue: RenewalResult = { ...about, kind: 'not-due', renewAt: 0, certificate: facts };
  const failed: RenewalResult = { ...about, kind: 'failed', step: 'order', problem };
  const late: RenewalResult = { ...about, kind: 'failed', step: 'queue', problem };
  const waiting: RenewalResult = { ...about, kind: 'skipped-backoff', reasons: [], failures: 1, notBefore: 0 };

  test.each([
    ['all done', [renewed, notDue], false, 0],
    ['one failed', [renewed, failed], false, 2],
    ['one failed before and waits: it still is not renewed', [renewed, waiting], false, 2],
    ['one had no turn', [renewed, late], false, 3],
    ['failed outweighs no turn', [failed, late], false, 2],
    [
      'nothing is known of a CA for rehearsals',
      [renewed, { ...failed, problem: { ...problem, reason: 'no-staging' } }],
      false,
      3,
    ],
    ['its entry cannot be read', [renewed, { ...failed, problem: { ...problem, reason: 'bad-config' } }], false, 3],
    ['interrupted', [renewed], true, 3],
    ['nothing at all', [], false, 3],
  ] as const)('%s: %#', (_, results, interrupted, expected) => {
    expect(exitCodeOf(results, { interrupted })).toBe(expected);
  });
});
