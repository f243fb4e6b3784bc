/**
 * Served everywhere, or not: what rounds of looks come to. The looks are scripted.
 */
import { expect, test } from 'vitest';
import type { Observation } from '../../src/model/observation.ts';
import type { ServedAt } from '../../src/model/renewal.ts';
import type { Target } from '../../src/model/target.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { findChanged, type Look, verifyServed } from '../../src/renew/verify-served.ts';
import { parseTarget } from '../../src/targets/parse-target.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { ChainReader } from '../../src/x509/chain-reader.ts';
import { createCa } from '../support/pki/pki.ts';

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

/** Each round: for each target, what its addresses serve; the last round stays. */
function scripted(...rounds: readonly (readonly What[])[][]): Look & { looks: () => number } {
  const seen = new Map<string, number>();
  const names = ['a.example', 'b.example'];
  const look = async (asked: Target): Promise<Verdict> => {
    const round = seen.get(asked.name) ?? 0;
    seen.set(asked.name, round + 1);
    const now = rounds[Math.min(round, rounds.length - 1)]!;
    const addresses = now[names.indexOf(asked.name)] ?? [];
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

async function verify(look: Look, { targets = [target('a.example')], baseline = [] as ServedAt[], ms = 1_500 } = {}) {
  const deadline = Deadline.after(ms);
  const served = await verifyServed({ targets, wanted: shaOf('new'), before: shaOf('old'), baseline, look, deadline });
  deadline.release();
  return { everywhere: served.everywhere, at: served.at.map(({ serves }) => serves) };
}

test('new everywhere, twice in a row: done', async () => {
  const look = scripted([['new', 'new']]);
  expect(await verify(look)).toEqual({ everywhere: true, at: ['new', 'new'] });
  expect(look.looks()).toBe(2);
});

test('an address comes round after a while', async () => {
  expect(await verify(scripted([['new', 'old']], [['new', 'old']], [['new', 'new']]))).toMatchObject({
    everywhere: true,
  });
});

test('a machine behind the address that still has the old one: once new is not enough', async () => {
  const look = scripted([['new']], [['old']], [['new']], [['new']]);
  expect(await verify(look)).toMatchObject({ everywhere: true });
  expect(look.looks()).toBe(4);
});

test.each([
  ['one address keeps the old one', [['new', 'old']], ['new', 'old']],
  ['one serves a strange one', [['new', 'other']], ['new', 'other']],
  ['one falls silent', [['new', 'silent']], ['new', 'unknown']],
] as const)('%s: not done', async (_, round, at) => {
  expect(await verify(scripted(round.map((each) => [...each])), { ms: 400 })).toEqual({
    everywhere: false,
    at: [...at],
  });
});

test('an address that was silent before as well says nothing', async () => {
  const look = scripted([['new', 'silent']]);
  expect(await verify(look, { baseline: [silent('a.example', 2)] })).toMatchObject({ everywhere: true });
});

test('… but something has to serve it, at each target', async () => {
  const baseline = [silent('a.example', 1)];
  expect(await verify(scripted([['silent']]), { baseline, ms: 400 })).toMatchObject({ everywhere: false });
  const both = { targets: [target('a.example'), target('b.example')], baseline: [silent('b.example', 1)], ms: 400 };
  expect(await verify(scripted([['new'], ['silent']]), both)).toMatchObject({ everywhere: false });
});

test('without a target nothing is proven', async () => {
  expect(await verify(scripted([[]]), { targets: [], ms: 300 })).toMatchObject({ everywhere: false });
});

test('a change is found by what was not served before', async () => {
  const deadline = Deadline.after(2_000);
  const baseline: ServedAt[] = [{ target: 'a.example', serves: 'other', sha256: shaOf('old') }];
  const look = scripted([['old']], [['old']], [['new']]);
  const found = await findChanged({ targets: [target('a.example')], baseline, look, deadline });
  expect(found?.sha256).toBe(shaOf('new'));
  deadline.release();
});
