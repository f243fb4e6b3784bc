/**
 * Before anything is done: what lies on disk, what is served, what the CA advises, and what all that comes to.
 */
import type { RenewalProblem } from '../model/renewal.ts';
import { Deadline } from '../time/deadline.ts';
import { keptAdvice } from './advice.ts';
import { keyFits, readSet } from './install/certificate-set.ts';
import type { History } from './journal/history.ts';
import { issuedBefore } from './obtain/order-folder.ts';
import { type Advice, type OnDisk, type Plan, plan } from './plan/plan.ts';
import type { Renewal } from './renewal.ts';
import { lookEverywhere, type Seen } from './served/verify-served.ts';
import type { Tools } from './tools.ts';

/** A look at the servers and the CA's advice take at most this long. */
const LOOK_AROUND_MS = 5_000;

export interface Around {
  readonly disk: OnDisk;
  readonly seen: Seen;
  readonly planned: Plan;
}

export interface LookAroundOptions {
  readonly history: History;
  readonly force: boolean;
  readonly deadline: Deadline;
  readonly warn: (problem: RenewalProblem) => void;
}

export async function lookAround(
  renewal: Renewal,
  tools: Pick<Tools, 'now' | 'look' | 'advise' | 'state'>,
  options: LookAroundOptions,
): Promise<Around> {
  const disk = await readDisk(renewal);
  const answers = await ask(renewal, tools, { ...options, disk });
  const planned = await planFor(renewal, tools, { ...options, ...answers, disk });
  return { disk, seen: answers.seen, planned };
}

/** The same without a question to anybody: what the disk shows, and what the CA has said before. */
export async function planFromDisk(
  renewal: Renewal,
  tools: Pick<Tools, 'now' | 'state'>,
  options: Pick<LookAroundOptions, 'history' | 'force'>,
): Promise<Pick<Around, 'disk' | 'planned'>> {
  const { name, by } = renewal;
  const disk = await readDisk(renewal);
  const asked = by.kind === 'acme' && by.ari && disk.kind === 'set';
  const advice = asked
    ? await keptAdvice(tools.state, { name, authority: by.authority, certificate: disk.leaf })
    : undefined;
  const planned = await planFor(renewal, tools, { ...options, ...NOTHING_SEEN, advice, disk });
  return { disk, planned };
}

const NOTHING_SEEN: Answers = { seen: { places: [], at: [], leaves: [] } };

async function planFor(
  renewal: Renewal,
  { now, state }: Pick<Tools, 'now' | 'state'>,
  { disk, seen, advice, history, force }: Answers & Pick<LookAroundOptions, 'history' | 'force'> & { disk: OnDisk },
): Promise<Plan> {
  const [first] = [...seen.leaves].sort((a, b) => a.notAfter - b.notAfter);
  const issued = await issuedBefore(state, renewal, { disk, now: now() });
  return plan({
    renewal,
    now: now(),
    disk,
    served: seen.at,
    history,
    force,
    ...(first ? { servedLeaf: first } : {}),
    ...(advice ? { advice } : {}),
    ...(issued ? { issued } : {}),
  });
}

interface Answers {
  readonly seen: Seen;
  readonly advice?: Advice | undefined;
}

async function ask(
  renewal: Renewal,
  tools: Pick<Tools, 'look' | 'advise'>,
  { disk, deadline, warn }: LookAroundOptions & { readonly disk: OnDisk },
): Promise<Answers> {
  const limit = Deadline.after(LOOK_AROUND_MS, deadline);
  const { targets } = renewal;
  const named = disk.kind === 'set' ? { new: disk.leaf.sha256, keyType: disk.leaf.publicKey.type } : {};
  const [seen, advice] = await Promise.all([
    lookEverywhere({ targets, named, look: tools.look, deadline: limit }),
    adviceFor(renewal, tools, { disk, deadline: limit, warn }),
  ]);
  limit.release();
  return { seen, advice };
}

/** Advice: whatever goes wrong with it blocks nothing. */
async function adviceFor(
  { name, by }: Renewal,
  { advise }: Pick<Tools, 'advise'>,
  { disk, deadline, warn }: Pick<LookAroundOptions, 'deadline' | 'warn'> & { readonly disk: OnDisk },
): Promise<Advice | undefined> {
  if (by.kind !== 'acme' || !by.ari || disk.kind !== 'set' || !advise) return undefined;
  const advice = await advise({ name, authority: by.authority, certificate: disk.leaf, deadline });
  if (advice.ok) return advice.value;
  warn(advice.error);
  return undefined;
}

export const notForUs = (detail: string): RenewalProblem => ({
  reason: 'cannot-read',
  detail: `what is on disk cannot be read, so nobody knows whether it is due: ${detail}`,
  advice: 'read-as-owner',
});

export async function readDisk({ live }: Pick<Renewal, 'live'>): Promise<OnDisk> {
  if (live === undefined) return { kind: 'none' };
  const set = await readSet(live);
  if (!set.ok) {
    const { reason, detail } = set.error;
    return { kind: reason === 'no-permission' ? 'denied' : 'unreadable', detail };
  }
  if (!set.value) return { kind: 'none' };
  const { keyPem, chain } = set.value;
  const fits = keyFits(keyPem, chain[0]);
  return { kind: 'set', leaf: chain[0], keyFits: fits.ok && fits.value };
}
