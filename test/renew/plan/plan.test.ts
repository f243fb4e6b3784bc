/**
 * The plan as a table: what is on disk, served, advised and remembered, and what is to be done about it.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Certificate } from '../../../src/model/certificate.ts';
import type { ServedAt } from '../../../src/model/renewal.ts';
import type { Failure, History } from '../../../src/renew/journal/history.ts';
import { backoffAfter, chooseAuthority } from '../../../src/renew/plan/backoff.ts';
import { type OnDisk, type Plan, type PlanInput, plan } from '../../../src/renew/plan/plan.ts';
import type { Authority, ByAcme, Fallback } from '../../../src/renew/renewal.ts';
import { computeWindow } from '../../../src/verdict/window.ts';
import { parseCertificate } from '../../../src/x509/parse-certificate.ts';
import { createCa, type KeyKind } from '../../support/pki/pki.ts';
import { BY_ACME } from '../../support/renew/stage.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const NOW = Date.UTC(2031, 5, 1);
const ca = createCa({ now: NOW });

interface LeafOptions {
  readonly ageDays?: number;
  readonly lifeDays?: number;
  readonly sans?: readonly string[];
  readonly key?: KeyKind;
}

function leaf({
  ageDays = 0,
  lifeDays = 90,
  sans = ['dns:www.shop.example'],
  key = 'ec256',
}: LeafOptions = {}): Certificate {
  const notBefore = NOW - ageDays * DAY;
  const issued = ca.issue({ sans: sans as [], key, notBefore, notAfter: notBefore + lifeDays * DAY - 1_000 });
  const parsed = parseCertificate(issued.der);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const onDisk = (options?: LeafOptions): OnDisk => ({ kind: 'set', leaf: leaf(options), keyFits: true });

const RENEWAL = { domains: ['www.shop.example'], by: BY_ACME, renewAt: { kind: 'auto' }, live: '/live' } as const;

function planned(input: Partial<PlanInput>): Plan {
  return plan({ renewal: RENEWAL, now: NOW, disk: onDisk(), served: [], history: { failures: [] }, ...input });
}

/** `renew: window`, `reload: not-proven`, `none`, `wait` */
function short(result: Plan): string {
  const reasons = 'reasons' in result ? `: ${result.reasons.map(({ code }) => code).join(' ')}` : '';
  return `${result.action}${reasons}`;
}

const failed = (at: number, more: Partial<Failure> = {}): Failure => ({ at, ...more });
const served = (serves: ServedAt['serves']): ServedAt => ({ target: 'www.shop.example', serves });
const withFailures = (...failures: Failure[]): History => ({ failures });
const acme = (more: Partial<ByAcme>): PlanInput['renewal'] => ({ ...RENEWAL, by: { ...BY_ACME, ...more } });

const INSTALLED = onDisk();
const PARTLY: Partial<PlanInput> = {
  disk: INSTALLED,
  history: {
    failures: [],
    ...(INSTALLED.kind === 'set' ? { partly: { sha256: INSTALLED.leaf.sha256, since: NOW - MINUTE } } : {}),
  },
};

const CASES: readonly (readonly [string, Partial<PlanInput>, string])[] = [
  ['no certificate yet', { disk: { kind: 'none' } }, 'renew: no-certificate'],
  ['one that cannot be read', { disk: { kind: 'unreadable', detail: 'x' } }, 'renew: unreadable'],
  ['fresh', {}, 'none'],
  ['a third of 90 days is left, to the second', { disk: onDisk({ ageDays: 60 }) }, 'renew: window'],
  ['… and a second before', { disk: onDisk({ ageDays: 60 }), now: NOW - 1_000 }, 'none'],
  ['half of 6 days is left', { disk: onDisk({ ageDays: 3, lifeDays: 6 }) }, 'renew: window'],
  ['a third of 398 days is left: 30 days are enough', { disk: onDisk({ ageDays: 300, lifeDays: 398 }) }, 'none'],
  ['expired', { disk: onDisk({ ageDays: 100 }) }, 'renew: window'],
  ['forced', { force: true }, 'renew: forced'],
  [
    'silent somewhere when it was installed: looked at again',
    { ...PARTLY, served: [served('new'), served('unknown')] },
    'verify: partly-served',
  ],
  ['… and the old one there: reloaded', { ...PARTLY, served: [served('old')] }, 'reload: served-differs'],
  ['… and another one on disk since then', { ...PARTLY, disk: onDisk() }, 'none'],
  ['the key belongs to another', { disk: { kind: 'set', leaf: leaf(), keyFits: false } }, 'renew: key-mismatch'],
  [
    'a name is missing',
    { renewal: { ...RENEWAL, domains: ['www.shop.example', 'shop.example'] } },
    'renew: names-missing',
  ],
  [
    'a wildcard covers the name',
    { disk: onDisk({ sans: ['dns:*.shop.example'] }), history: { failures: [], renewedFor: ['www.shop.example'] } },
    'none',
  ],
  [
    'a wildcard that is asked for is not the name below it',
    { renewal: { ...RENEWAL, domains: ['*.shop.example'] }, history: { failures: [], renewedFor: ['*.shop.example'] } },
    'renew: names-missing',
  ],
  [
    'a name too many',
    { disk: onDisk({ sans: ['dns:www.shop.example', 'dns:old.shop.example'] }) },
    'renew: names-extra',
  ],
  [
    '… which the CA has added by itself',
    {
      disk: onDisk({ sans: ['dns:www.shop.example', 'dns:shop.example'] }),
      history: { failures: [], renewedFor: ['www.shop.example'] },
    },
    'none',
  ],
  [
    '… which is a command’s own affair',
    {
      renewal: { ...RENEWAL, by: { kind: 'command', command: { words: ['x'], shell: false } } },
      disk: onDisk({ sans: ['dns:www.shop.example', 'dns:x.example'] }),
    },
    'none',
  ],
  ['another type of key is wanted', { renewal: acme({ keyType: 'ec384', keyTypeGiven: true }) }, 'renew: key-type'],
  ['… but not by the config', { renewal: acme({ keyType: 'ec384' }) }, 'none'],
  [
    '… and a key of another kind is none to keep',
    { renewal: acme({ keyType: 'ec384', keyTypeGiven: true, reuseKey: true }) },
    'renew: key-type',
  ],
  [
    'a key to keep, whatever it is',
    { renewal: acme({ keyType: 'ec384', keyTypeGiven: false, reuseKey: true }) },
    'none',
  ],
  [
    'the wanted type of key',
    { renewal: acme({ keyType: 'rsa2048', keyTypeGiven: true }), disk: onDisk({ key: 'rsa2048' }) },
    'none',
  ],
  [
    'a threshold of its own',
    { renewal: { ...RENEWAL, renewAt: { kind: 'duration', ms: 80 * DAY } }, disk: onDisk({ ageDays: 10 }) },
    'renew: window',
  ],
  [
    '… as a share',
    { renewal: { ...RENEWAL, renewAt: { kind: 'share', fraction: 0.1 } }, disk: onDisk({ ageDays: 80 }) },
    'none',
  ],
  [
    '… that has come',
    { renewal: { ...RENEWAL, renewAt: { kind: 'share', fraction: 0.1 } }, disk: onDisk({ ageDays: 81 }) },
    'renew: window',
  ],
  ['the CA says now', { advice: { renewAt: NOW } }, 'renew: ari'],
  [
    'the CA says later, and renewal would be open',
    { disk: onDisk({ ageDays: 61 }), advice: { renewAt: NOW + DAY } },
    'none',
  ],
  [
    'the CA says later than is safe',
    { disk: onDisk({ ageDays: 64 }), advice: { renewAt: NOW + 20 * DAY } },
    'renew: window',
  ],
  [
    'the CA says later than the config',
    { renewal: { ...RENEWAL, renewAt: { kind: 'duration', ms: 90 * DAY } }, advice: { renewAt: NOW + DAY } },
    'renew: window',
  ],
  ['another one is served', { served: [served('new'), served('other')] }, 'reload: served-differs'],
  ['nothing could be seen', { served: [served('unknown')] }, 'none'],
  ['due, and another one is served', { disk: onDisk({ ageDays: 70 }), served: [served('other')] }, 'renew: window'],
];

test.each(CASES)('%s', (_, input, expected) => {
  expect(short(planned(input))).toBe(expected);
});

describe('without a live folder the servers tell', () => {
  const { live: _live, ...elsewhere } = RENEWAL;
  test.each([
    ['nobody has answered', {}, 'renew: no-certificate'],
    ['a fresh one is served', { servedLeaf: leaf() }, 'none'],
    ['one is served that is due', { servedLeaf: leaf({ ageDays: 70 }) }, 'renew: window'],
  ] as const)('%s', (_, more, expected) => {
    expect(short(planned({ renewal: elsewhere, disk: { kind: 'none' }, ...more }))).toBe(expected);
  });
});

describe('what an earlier run has left', () => {
  const disk = onDisk();
  const { sha256 } = disk.kind === 'set' ? disk.leaf : { sha256: '' };
  const attempt = { id: 'a', startedAt: 0, heardAt: 0, reasons: [], domains: [], stepDone: false, entries: [] };

  test('installed, and nobody saw it served: reload, without an order', () => {
    const history: History = { failures: [], last: attempt, unproven: { sha256, to: 2, from: 1, since: NOW - MINUTE } };
    expect(short(planned({ disk, history }))).toBe('reload: not-proven');
  });

  test('… but the disk shows another one: nothing', () => {
    const history: History = { failures: [], last: attempt, unproven: { sha256: '00', to: 2, from: 1, since: NOW } };
    expect(short(planned({ disk, history }))).toBe('none');
  });

  test('a reload that failed is tried again at the next run, whatever the CA has said', () => {
    const unproven = { sha256, to: 2, since: NOW };
    const problem = { reason: 'acme-rate-limited', detail: 'x', notBefore: NOW + DAY };
    const failures = Array.from({ length: 5 }, () => failed(NOW - 1_000, { problem }));
    const told: History = { failures, last: { ...attempt, outcome: 'not-served' }, unproven };
    expect(short(planned({ disk, history: told }))).toBe('reload: not-proven');
    // Nothing is ordered while that waits for its reload, not even for the asking.
    expect(short(planned({ disk, history: told, force: true }))).toBe('reload: forced not-proven');
  });

  const issued = { authority: BY_ACME.authority };
  const due = onDisk({ ageDays: 70 });

  test('issued, and put back: installed again at the next run', () => {
    const problem = { reason: 'x', detail: 'x', notBefore: NOW + DAY };
    const failures = [failed(NOW - 1_000, { problem, authority: BY_ACME.authority.url })];
    const history: History = { failures, last: { ...attempt, outcome: 'rolled-back' } };
    expect(planned({ disk: due, history, issued })).toMatchObject({ action: 'renew', authority: BY_ACME.authority });
    expect(short(planned({ disk: due, history }))).toBe('wait: window');
    expect(short(planned({ disk, history, issued }))).toBe('renew: unfinished');
    expect(short(planned({ disk, history }))).toBe('none');
  });

  test.each([
    ['killed while it was asked for', { reasons: ['forced'] }, 'renew: unfinished'],
    ['… and killed again', { reasons: ['unfinished'] }, 'renew: unfinished'],
    ['failed while it was asked for', { reasons: ['forced'], outcome: 'failed' }, 'none'],
    ['killed while it was due, which it is no more', { reasons: ['window'] }, 'none'],
  ] as const)('%s: %#', (_, more, expected) => {
    expect(short(planned({ disk, history: { failures: [], last: { ...attempt, ...more } } }))).toBe(expected);
  });

  test('an existing client that was killed while it was asked for is not set to work again', () => {
    const history: History = { failures: [], last: { ...attempt, reasons: ['forced'] } };
    const renewal = { ...RENEWAL, by: { kind: 'command', command: { words: ['x'], shell: false } } } as const;
    expect(short(planned({ renewal, disk, history }))).toBe('none');
  });
});

describe('back-off', () => {
  const due = onDisk({ ageDays: 70 });

  test.each([
    [1, MINUTE],
    [2, 10 * MINUTE],
    [3, 100 * MINUTE],
    [4, DAY],
    [9, DAY],
  ])('after %i failures in a row: %i ms', (count, wait) => {
    const history = withFailures(...Array.from({ length: count }, () => failed(NOW)));
    expect(backoffAfter(history, {})).toEqual({ notBefore: NOW + wait, failures: count });
    expect(planned({ disk: due, history, now: NOW + wait - 1 }).action).toBe('wait');
    expect(planned({ disk: due, history, now: NOW + wait }).action).toBe('renew');
    expect(planned({ disk: due, history, now: NOW + 1, force: true }).action).toBe('renew');
  });

  test('what a clock that was ahead has written down is waited for by nobody; it counts all the same', () => {
    const year = 365 * DAY;
    const limited = { reason: 'x', detail: '', notBefore: NOW + year + DAY };
    const ahead = failed(NOW + year, { authority: BY_ACME.authority.url, problem: limited });
    expect(planned({ disk: due, history: withFailures(ahead), now: NOW }).action).toBe('renew');
    // A clock that differs a little is nothing.
    expect(planned({ disk: due, history: withFailures(failed(NOW + MINUTE)), now: NOW }).action).toBe('wait');
    const since = withFailures(ahead, failed(NOW));
    expect(planned({ disk: due, history: since, now: NOW + 9 * MINUTE })).toMatchObject({
      action: 'wait',
      backoff: { notBefore: NOW + 10 * MINUTE, failures: 2 },
    });
    expect(planned({ disk: due, history: since, now: NOW + 10 * MINUTE }).action).toBe('renew');
  });

  test('never longer than a twentieth of the lifetime, never shorter than a minute', () => {
    const history = withFailures(...Array.from({ length: 5 }, () => failed(NOW)));
    expect(backoffAfter(history, { lifetimeMs: 6 * DAY })?.notBefore).toBe(NOW + 0.3 * DAY);
    expect(backoffAfter(history, { lifetimeMs: 1_000 })?.notBefore).toBe(NOW + MINUTE);
  });

  test('the CA’s own "not before" holds for that CA', () => {
    const problem = { reason: 'acme-rate-limited', detail: 'too many', notBefore: NOW + DAY / 2 };
    const history = withFailures(failed(NOW, { authority: 'https://a.example/', problem }));
    expect(backoffAfter(history, { authority: 'https://a.example/' })?.notBefore).toBe(NOW + DAY / 2);
    expect(backoffAfter(history, { authority: 'https://b.example/' })?.notBefore).toBe(NOW + MINUTE);
  });

  test('… but for no longer than a day, and while little life is left no longer than after many failures', () => {
    const problem = { reason: 'acme-rate-limited', detail: 'too many', notBefore: NOW + 1_000 * DAY };
    const history = withFailures(failed(NOW, { authority: BY_ACME.authority.url, problem }));
    const waits = (disk: OnDisk): number => {
      const plan = planned({ disk, history, now: NOW + 1 });
      return plan.action === 'wait' ? plan.backoff.notBefore - NOW : 0;
    };
    expect(waits(onDisk({ ageDays: 70 }))).toBe(DAY);
    expect(waits(onDisk({ ageDays: 85 }))).toBe(DAY);
    // Of six days the last tenth is critical.
    expect(waits(onDisk({ lifeDays: 6, ageDays: 4.3 }))).toBe(DAY);
    expect(waits(onDisk({ lifeDays: 6, ageDays: 4.8 }))).toBe(0.6 * DAY);
    expect(waits(onDisk({ lifeDays: 6, ageDays: 5.5 }))).toBe(0.3 * DAY);
  });
});

describe('a reload that fails', () => {
  const step = 'reload';
  const authority = 'https://a.example/';
  const obtain = failed(NOW, { step: 'order', authority });
  const reload = failed(NOW, { step, authority });

  test('is nothing that the CA is left alone for, and ends a row of failures there', () => {
    expect(backoffAfter(withFailures(obtain, obtain, reload), {})).toBeUndefined();
    expect(backoffAfter(withFailures(obtain, obtain, reload, obtain), {})).toMatchObject({ failures: 1 });
  });

  test('is no reason for another CA', () => {
    const first: Authority = { ...BY_ACME.authority, url: authority };
    const fallback: Fallback = { ...first, url: 'https://b.example/', after: 1, remaining: { kind: 'auto' } };
    const chosen = (...failures: Failure[]) =>
      chooseAuthority({ authority: first, fallback }, withFailures(...failures), undefined).url;
    expect(chosen(reload, reload, reload)).toBe(authority);
    expect(chosen(reload, obtain)).toBe(fallback.url);
  });

  test('… of an existing client is another matter: set to work again, it may ask its CA', () => {
    expect(backoffAfter(withFailures(failed(NOW, { step, by: 'command' })), {})).toMatchObject({ failures: 1 });
  });
});

describe('the second CA', () => {
  const first: Authority = { ...BY_ACME.authority, url: 'https://first.example/' };
  const fallback: Fallback = { ...first, url: 'https://second.example/', after: 3, remaining: { kind: 'auto' } };
  const by = (...urls: readonly string[]) => withFailures(...urls.map((authority) => failed(NOW, { authority })));
  const [A, B] = [first.url, fallback.url];
  const plenty = { remainingMs: 30 * DAY, lifetimeMs: 90 * DAY };
  const little = { remainingMs: 10 * DAY, lifetimeMs: 90 * DAY };

  test.each([
    ['nothing has failed', [], plenty, A],
    ['twice', [A, A], plenty, A],
    ['three times', [A, A, A], plenty, B],
    ['nothing has failed, and little life is left', [], little, A],
    ['once, and little life is left', [A], little, B],
    ['the second has failed twice', [A, A, A, B, B], plenty, B],
    ['both have failed: they take turns', [A, A, A, B, B, B], plenty, A],
    ['… and again', [A, A, A, B, B, B, A], plenty, B],
    ['no certificate, once', [A], undefined, A],
  ] as const)('%s', (_, urls, life, expected) => {
    expect(chooseAuthority({ authority: first, fallback }, by(...urls), life).url).toBe(expected);
  });

  test('without a second one there is only the first', () => {
    expect(chooseAuthority({ authority: first }, by(A, A, A, A), little).url).toBe(A);
  });
});

test('whatever the CA advises, a certificate that is overdue is renewed, and one whose renewal is not open is left unless the CA asks', () => {
  const policy = { warning: { kind: 'auto' }, critical: { kind: 'auto' }, graceMs: 0 } as const;
  const days = fc.integer({ min: 1, max: 398 });
  fc.assert(
    fc.property(
      days,
      fc.double({ min: 0, max: 1.2, noNaN: true }),
      fc.integer({ min: -400, max: 400 }),
      (lifeDays, age, advised) => {
        const disk = onDisk({ lifeDays, ageDays: Math.floor(lifeDays * age) });
        if (disk.kind !== 'set') return;
        const advice = { renewAt: NOW + advised * DAY };
        const window = computeWindow(disk.leaf, NOW, policy);
        const { action } = planned({ disk, advice });
        if (NOW >= window.warnAt) expect(action).toBe('renew');
        else expect(action).toBe(advice.renewAt <= NOW ? 'renew' : 'none');
      },
    ),
    { numRuns: 60 },
  );
});
