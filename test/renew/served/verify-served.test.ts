/**
 * Served everywhere, or not: what rounds of looks come to. The looks are scripted.
 */
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../src/model/observation.ts';
import type { ServedAt } from '../../../src/model/renewal.ts';
import type { Target } from '../../../src/model/target.ts';
import type { Verdict } from '../../../src/model/verdict.ts';
import {
  findChanged,
  type Look,
  lookEverywhere,
  type Places,
  type Reach,
  verifyServed,
} from '../../../src/renew/served/verify-served.ts';
import { parseTarget } from '../../../src/targets/parse-target.ts';
import { DEFAULT_SETTINGS } from '../../../src/targets/settings.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { ChainReader } from '../../../src/x509/chain-reader.ts';
import { createCa } from '../../support/pki/pki.ts';

const ca = createCa({ now: Date.UTC(2031, 0, 1) });
const make = () => new ChainReader().read([ca.issue({ sans: ['dns:www.shop.example'] }).der]);
const CHAINS = { new: make(), old: make(), other: make() };
const shaOf = (which: keyof typeof CHAINS): string => {
  const [leaf] = CHAINS[which];
  return leaf?.kind === 'certificate' ? leaf.certificate.sha256 : '';
};

const TIMINGS = { resolve: 0, connect: 0, starttls: 0, handshake: 0 };
type What = keyof typeof CHAINS | 'silent';

function observation(address: string, what: What): Observation {
  if (what !== 'silent') return { kind: 'presented', address, chain: CHAINS[what], timings: TIMINGS };
  return { kind: 'failed', code: 'connect-failed', phase: 'connect', reason: 'refused', address, timings: TIMINGS };
}

function target(word: string): Target {
  const parsed = parseTarget(word, { origin: 'test', defaults: DEFAULT_SETTINGS });
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** Each round: for `a.example` and for the other target, what its addresses serve; the last round stays. */
function scripted(...rounds: readonly (readonly What[])[][]): Look & { looks: () => number } {
  const seen = new Map<string, number>();
  const look = async (asked: Target): Promise<Verdict> => {
    const round = seen.get(asked.input) ?? 0;
    seen.set(asked.input, round + 1);
    const now = rounds[Math.min(round, rounds.length - 1)]!;
    const addresses = now[asked.input === 'a.example' ? 0 : 1] ?? [];
    const [first, ...rest] = addresses.map((what, i) => observation(`192.0.2.${i + 1}`, what));
    return { target: asked, status: 'ok', findings: [], observations: [first!, ...rest] };
  };
  return Object.assign(look, { looks: () => seen.get('a.example') ?? 0 });
}

const silent = (targetName: string, i: number): ServedAt => ({
  target: targetName,
  address: `192.0.2.${i}`,
  serves: 'unknown',
});

interface Question {
  readonly targets?: readonly Target[];
  readonly baseline?: Places;
  readonly ms?: number;
  readonly wanted?: 'new' | 'old';
  readonly patienceMs?: number;
}

async function verify(
  look: Look,
  { targets = [target('a.example')], baseline = [], ms = 1_500, wanted = 'new', patienceMs = 0 }: Question = {},
): Promise<{ reach: Reach; at: ServedAt['serves'][] }> {
  const deadline = Deadline.after(ms);
  const named = { new: shaOf('new'), old: shaOf('old') };
  const sought = { targets, wanted: shaOf(wanted), named, baseline, patienceMs };
  const { reach, at } = await verifyServed({ ...sought, look, deadline });
  deadline.release();
  return { reach, at: at.map(({ serves }) => serves) };
}

test('new everywhere, twice in a row: done', async () => {
  const look = scripted([['new', 'new']]);
  expect(await verify(look)).toEqual({ reach: 'everywhere', at: ['new', 'new'] });
  expect(look.looks()).toBe(2);
});

test('an address comes round after a while', async () => {
  expect(await verify(scripted([['new', 'old']], [['new', 'old']], [['new', 'new']]))).toMatchObject({
    reach: 'everywhere',
  });
});

test('a machine behind the address that still has the old one: once new is not enough', async () => {
  const look = scripted([['new']], [['old']], [['new']], [['new']]);
  expect(await verify(look)).toMatchObject({ reach: 'everywhere' });
  expect(look.looks()).toBe(4);
});

test.each([
  ['one address keeps the old one', [['new', 'old']], ['new', 'old']],
  ['one serves a strange one', [['new', 'other']], ['new', 'other']],
  ['one falls silent', [['new', 'silent']], ['new', 'unknown']],
] as const)('%s: not done', async (_, round, at) => {
  expect(await verify(scripted(round.map((each) => [...each])), { ms: 400 })).toEqual({
    reach: 'no',
    at: [...at],
  });
});

test('an address that was silent before as well is no failure, and no success', async () => {
  const look = scripted([['new', 'silent']]);
  expect(await verify(look, { baseline: [[silent('a.example', 2)]] })).toEqual({
    reach: 'but-silent',
    at: ['new', 'unknown'],
  });
});

test('… it is waited for', async () => {
  const look = scripted([['new', 'silent']], [['new', 'silent']], [['new', 'silent']], [['new', 'new']]);
  expect(await verify(look, { baseline: [[silent('a.example', 2)]], patienceMs: 10_000, ms: 6_000 })).toEqual({
    reach: 'everywhere',
    at: ['new', 'new'],
  });
});

test('… but something has to serve it', async () => {
  const both = [target('a.example'), target('b.example')];
  const a = [silent('a.example', 1)];
  const b = [silent('b.example', 1)];
  expect(await verify(scripted([['silent']]), { baseline: [a], ms: 400 })).toMatchObject({ reach: 'no' });
  const other = { targets: both, baseline: [[], b], ms: 400 };
  expect(await verify(scripted([['new'], ['silent']]), other)).toMatchObject({ reach: 'but-silent' });
  const neither = { targets: both, baseline: [a, b], ms: 400 };
  expect(await verify(scripted([['silent'], ['silent']]), neither)).toMatchObject({ reach: 'no' });
});

describe('two lines of one name that lead to different servers', () => {
  const targets = [target('a.example'), target('a.example connect-to=192.0.2.7:8443')];

  test.each([
    [[['new'], ['old']], 'no'],
    [[['new'], ['silent']], 'no'],
    [[['new'], ['new']], 'everywhere'],
  ] as const)('%j: %s', async (round, reach) => {
    const look = scripted(round.map((each) => [...each]));
    expect(await verify(look, { targets, ms: 400 })).toMatchObject({ reach });
  });

  test('silent before at one is no excuse for the other', async () => {
    const look = scripted([['silent'], ['new']]);
    const baseline = [[], [silent('a.example', 1)]];
    expect(await verify(look, { targets, baseline, ms: 400 })).toMatchObject({ reach: 'no' });
  });

  test('are told apart', async () => {
    const deadline = Deadline.none();
    const look = scripted([['new'], ['old']]);
    const { at } = await lookEverywhere({ targets: [...targets, target('b.example')], look, deadline });
    expect(at.map(({ target: name }) => name)).toEqual([
      'a.example',
      'a.example connect-to=192.0.2.7:8443',
      'b.example',
    ]);
  });
});

test('on the way back the old one is sought, and new is still what the new one is called', async () => {
  expect(await verify(scripted([['old', 'new']]), { wanted: 'old', ms: 400 })).toEqual({
    reach: 'no',
    at: ['old', 'new'],
  });
  expect(await verify(scripted([['old']]), { wanted: 'old' })).toEqual({ reach: 'everywhere', at: ['old'] });
});

test('without a target nothing is proven', async () => {
  expect(await verify(scripted([[]]), { targets: [], ms: 300 })).toMatchObject({ reach: 'no' });
});

test('a change is found by what was not served before', async () => {
  const deadline = Deadline.after(2_000);
  const baseline: Places = [[{ target: 'a.example', serves: 'other', sha256: shaOf('old') }]];
  const look = scripted([['old']], [['old']], [['new']]);
  const found = await findChanged({ targets: [target('a.example')], baseline, look, deadline });
  expect(found?.sha256).toBe(shaOf('new'));
  deadline.release();
});
