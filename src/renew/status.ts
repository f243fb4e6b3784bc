/**
 * What the disk shows of each certificate and of the last attempt at it: for `renew --status`, and for whoever tells why a
 * certificate that is due has not been renewed. Asks nobody and changes nothing; claims nothing that is not there.
 */
import type { LastAttempt, RenewalStatus } from '../model/renewal.ts';
import { factsOf } from './install/certificate-set.ts';
import { type History, historyOf } from './journal/history.ts';
import { Journal } from './journal/journal.ts';
import { planFromDisk, readDisk } from './look-around.ts';
import { backoffAfter, type Circumstances, circumstancesOf } from './plan/backoff.ts';
import type { OnDisk, Plan } from './plan/plan.ts';
import type { Renewal } from './renewal.ts';

export interface StatusQuestion {
  readonly state: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export async function renewStatus(renewals: readonly Renewal[], question: StatusQuestion): Promise<RenewalStatus[]> {
  return Promise.all(renewals.map((renewal) => statusOf(renewal, question)));
}

async function statusOf(renewal: Renewal, { state, now }: StatusQuestion): Promise<RenewalStatus> {
  const entries = await Journal.read(state, renewal.name);
  const history = historyOf(entries.ok ? entries.value : []);
  const { disk, planned } = await planFromDisk(renewal, { state, now: () => now }, { history, force: false });
  const last = lastAttemptOf(history, planned.action === 'wait' ? planned.backoff.notBefore : undefined);
  return {
    name: renewal.name,
    ...(disk.kind === 'set' ? { certificate: factsOf(disk.leaf) } : {}),
    ...(planned.action === 'none' ? { renewAt: planned.renewAt } : {}),
    next: nextOf(planned),
    ...(planned.action === 'denied' ? { denied: planned.detail } : {}),
    ...('reasons' in planned ? { reasons: planned.reasons } : {}),
    ...(last ? { last } : {}),
    ...(entries.ok ? {} : { unreadable: entries.error }),
  };
}

function nextOf(planned: Plan): RenewalStatus['next'] {
  if (planned.action === 'denied') return 'none';
  return planned.action === 'renew' && planned.issued ? 'install' : planned.action;
}

/**
 * The last attempt at the certificate of this name; undefined where none is known, or may be read.
 * @param now milliseconds since the epoch.
 */
export async function lastAttempt(
  state: string,
  renewal: Pick<Renewal, 'name' | 'live'>,
  now: number,
): Promise<LastAttempt | undefined> {
  const [disk, entries] = await Promise.all([readDisk(renewal), Journal.read(state, renewal.name)]);
  if (!entries.ok) return undefined;
  const history = historyOf(entries.value);
  const circumstances = { ...circumstancesOn(disk), now, authority: history.last?.authority };
  return lastAttemptOf(history, backoffAfter(history, circumstances)?.notBefore);
}

const circumstancesOn = (disk: OnDisk): Circumstances => (disk.kind === 'set' ? circumstancesOf(disk.leaf) : {});

function lastAttemptOf(history: History, notBefore: number | undefined): LastAttempt | undefined {
  const { last, failures } = history;
  if (!last) return undefined;
  const { startedAt, heardAt, outcome, step, stepDone, problem, authority, restored } = last;
  return {
    startedAt,
    heardAt,
    ...(outcome === undefined ? {} : { outcome }),
    ...(step === undefined ? {} : { step, stepDone }),
    ...(restored === undefined ? {} : { restored }),
    ...(problem ? { problem } : {}),
    ...(authority === undefined ? {} : { authority }),
    failures: failures.length,
    ...(notBefore === undefined ? {} : { notBefore }),
  };
}
