/**
 * What the disk shows of each certificate and of the last attempt at it: for `renew --status`, and for whoever tells why a
 * certificate that is due has not been renewed. Asks nobody and changes nothing; claims nothing that is not there.
 */
import type { LastAttempt, RenewalStatus } from '../model/renewal.ts';
import { backoffAfter, type Circumstances, circumstancesOf } from './backoff.ts';
import { factsOf } from './install/certificate-set.ts';
import { type History, historyOf } from './journal/history.ts';
import { Journal } from './journal/journal.ts';
import { readDisk } from './look-around.ts';
import { type OnDisk, plan } from './plan.ts';
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
  const [disk, entries] = await Promise.all([readDisk(renewal), Journal.read(state, renewal.name)]);
  const history = historyOf(entries.ok ? entries.value : []);
  const last = lastAttemptOf(history, circumstancesOn(disk));
  const planned = plan({ renewal, now, disk, served: [], history });
  return {
    name: renewal.name,
    ...(disk.kind === 'set' ? { certificate: factsOf(disk.leaf) } : {}),
    ...(planned.action === 'none' ? { renewAt: planned.renewAt } : {}),
    ...(planned.action === 'none' ? {} : { reasons: planned.reasons }),
    ...(last ? { last } : {}),
    ...(entries.ok ? {} : { unreadable: entries.error }),
  };
}

/** The last attempt at the certificate of this name; undefined where none is known, or may be read. */
export async function lastAttempt(
  state: string,
  renewal: Pick<Renewal, 'name' | 'live'>,
): Promise<LastAttempt | undefined> {
  const [disk, entries] = await Promise.all([readDisk(renewal), Journal.read(state, renewal.name)]);
  return entries.ok ? lastAttemptOf(historyOf(entries.value), circumstancesOn(disk)) : undefined;
}

const circumstancesOn = (disk: OnDisk): Circumstances => (disk.kind === 'set' ? circumstancesOf(disk.leaf) : {});

function lastAttemptOf(history: History, circumstances: Circumstances): LastAttempt | undefined {
  const { last, failures } = history;
  if (!last) return undefined;
  const { startedAt, heardAt, outcome, step, stepDone, problem, authority } = last;
  const notBefore = backoffAfter(history, { ...circumstances, authority })?.notBefore;
  return {
    startedAt,
    heardAt,
    ...(outcome === undefined ? {} : { outcome }),
    ...(step === undefined ? {} : { step, stepDone }),
    ...(problem ? { problem } : {}),
    ...(authority === undefined ? {} : { authority }),
    failures: failures.length,
    ...(notBefore === undefined ? {} : { notBefore }),
  };
}
