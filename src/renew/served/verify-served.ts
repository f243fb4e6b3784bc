/**
 * Is the new certificate served? Asked of certwatch's own reader, at every address of every target, again and again until
 * all say so or the deadline comes. A renewal is done then, and not before.
 */
import type { Certificate, KeyType } from '../../model/certificate.ts';
import type { Observation } from '../../model/observation.ts';
import type { ServedAt } from '../../model/renewal.ts';
import type { Target } from '../../model/target.ts';
import type { Verdict } from '../../model/verdict.ts';
import { UniqueNames } from '../../report/unique-names.ts';
import { withoutZone } from '../../targets/host.ts';
import { formatDial } from '../../targets/setting-values.ts';
import { Deadline } from '../../time/deadline.ts';
import { pause } from '../../time/pause.ts';

/** Looks at one target and comes back by the deadline, whatever the target does: `Looker.look`. */
export type Look = (target: Target, deadline: Deadline) => Promise<Verdict>;

/** SHA-256, lower-case hex, of the leaves that a report calls the new and the old one, to tell both from a strange one. */
export interface Named {
  readonly new?: string | undefined;
  readonly old?: string | undefined;
  /** Of the one that is looked for: where an RSA and an EC certificate are served side by side, that one is asked for. */
  readonly keyType?: KeyType | undefined;
}

export interface VerifyOptions {
  readonly targets: readonly Target[];
  /** SHA-256 of the leaf that has to be served, lower-case hex: the new one, or on the way back the old one. */
  readonly wanted: string;
  readonly named: Named;
  /** What was seen before anything was changed: an address that was silent then is not silent because of the change. */
  readonly baseline?: Places | undefined;
  /** How long such an address is waited for when all others serve it, milliseconds. */
  readonly patienceMs?: number;
  readonly look: Look;
  readonly deadline: Deadline;
}

/**
 * `everywhere`: every address of every target serves it. `but-silent`: every address that answers serves it, one at least
 * does, and those that do not answer did not answer before either. `no`: neither, when the deadline came.
 */
export type Reach = 'everywhere' | 'but-silent' | 'no';

export interface Served {
  readonly reach: Reach;
  /** In the order of the targets and their addresses, as last seen. */
  readonly at: readonly ServedAt[];
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** One look of many: a silent server must leave time for another. */
const LOOK_MS = 5_000;

/**
 * A server may have old workers that still accept for a moment, and an address may be many machines: what is served
 * everywhere has to be so twice in a row.
 */
const ROUNDS = 2;

/** Of the time that is left, one round has a share: an address that hangs must not use up all of it. */
const ROUND_SHARE = 0.3;
const SHORTEST_ROUND_MS = 1_000;

/** A server that the reload has just started may be slow to open its port; never more than a share of what is left. */
const PATIENCE_MS = 10_000;
const PATIENCE_SHARE = 0.3;

export async function verifyServed(options: VerifyOptions): Promise<Served> {
  const { deadline, patienceMs = PATIENCE_MS } = options;
  const patientUntil = performance.now() + Math.min(patienceMs, deadline.remainingMs * PATIENCE_SHARE);
  let wait = FIRST_PAUSE_MS;
  let inARow = { everywhere: 0, answering: 0 };
  let last: Seen | undefined;
  for (;;) {
    const round = Deadline.after(Math.max(SHORTEST_ROUND_MS, deadline.remainingMs * ROUND_SHARE), deadline);
    const seen = await lookEverywhere({ ...options, deadline: round });
    round.release();
    // Cut off in the middle, it says less than the one before.
    if (deadline.expired && last) return { reach: 'no', at: last.at };
    last = seen;
    const reach = reachOf(seen.places, options);
    inARow = {
      everywhere: reach === 'everywhere' ? inARow.everywhere + 1 : 0,
      answering: reach === 'no' ? 0 : inARow.answering + 1,
    };
    if (inARow.everywhere === ROUNDS) return { reach, at: seen.at };
    if (reach === 'but-silent' && inARow.answering >= ROUNDS && performance.now() >= patientUntil) {
      return { reach, at: seen.at };
    }
    if (deadline.remainingMs <= wait) return { reach: 'no', at: seen.at };
    await pause(wait, deadline);
    if (reach === 'no') wait = Math.min(wait * 1.5, LONGEST_PAUSE_MS);
  }
}

/**
 * Where only the servers can tell what a command has done: waits until one serves what none served before.
 * @returns that leaf; undefined when the deadline came first.
 */
export async function findChanged(options: Omit<VerifyOptions, 'wanted' | 'named'>): Promise<Certificate | undefined> {
  const known = new Set((options.baseline ?? []).flat().map(({ sha256 }) => sha256));
  let wait = FIRST_PAUSE_MS;
  for (;;) {
    const { leaves } = await lookEverywhere(options);
    const changed = leaves.find(({ sha256 }) => !known.has(sha256));
    if (changed || options.deadline.remainingMs <= wait) return changed;
    await pause(wait, options.deadline);
    wait = Math.min(wait * 1.5, LONGEST_PAUSE_MS);
  }
}

/** Targets are told apart by their place in the list: two lines may have one name, and lead to different servers. */
export function reachOf(places: Places, { wanted, baseline }: Pick<VerifyOptions, 'wanted' | 'baseline'>): Reach {
  const serves = ({ sha256 }: ServedAt): boolean => sha256 === wanted;
  const good = places.every((here) => here.length > 0 && here.every(serves));
  if (good && places.length > 0) return 'everywhere';
  const wasSilent = (target: number, { address }: ServedAt): boolean =>
    baseline?.[target]?.some((before) => before.serves === 'unknown' && before.address === address) ?? false;
  const butSilent = places.every((here, i) =>
    here.every((seen) => serves(seen) || (seen.serves === 'unknown' && wasSilent(i, seen))),
  );
  return butSilent && places.flat().some(serves) ? 'but-silent' : 'no';
}

/** Of each target, in their order, what its addresses serve. */
export type Places = readonly (readonly ServedAt[])[];

export interface Seen {
  readonly places: Places;
  /** The same, one after the other. */
  readonly at: readonly ServedAt[];
  /** The leaves among them. */
  readonly leaves: readonly Certificate[];
}

/** What is served now, at every address of every target. */
export async function lookEverywhere({
  targets,
  named,
  look,
  deadline,
}: Pick<VerifyOptions, 'targets' | 'look' | 'deadline'> & { readonly named?: Named }): Promise<Seen> {
  const seen = await Promise.all(
    targets.map(async (target) => {
      const limit = Deadline.after(Math.min(LOOK_MS, target.settings.timeoutMs), deadline);
      try {
        return await observe(target, { look, keyType: named?.keyType, deadline: limit });
      } finally {
        limit.release();
      }
    }),
  );
  const names = placeNames(targets);
  const places = seen.map((here, i) => here.map((each) => servedAt(names[i] ?? '', each, named ?? {})));
  const leaves = seen.flat().flatMap((each) => leafOf(each) ?? []);
  return { places, at: places.flat(), leaves };
}

/**
 * A server with an RSA and an EC certificate shows a client that takes both the one that it prefers; the other one is shown
 * to who asks for that only. Where no certificate with such a key is to be had, what was shown first stands.
 */
async function observe(
  target: Target,
  { look, keyType, deadline }: Pick<VerifyOptions, 'look' | 'deadline'> & Pick<Named, 'keyType'>,
): Promise<readonly Observation[]> {
  const { observations } = await look(target, deadline);
  if (target.kind !== 'endpoint' || (keyType !== 'rsa' && keyType !== 'ec')) return observations;
  const isOther = (seen: Observation) => seen.kind === 'presented' && leafOf(seen)?.publicKey.type !== keyType;
  if (!observations.some(isOther)) return observations;
  const asked = await look({ ...target, keyKind: keyType }, deadline);
  const single = observations.length === 1 && asked.observations.length === 1;
  return observations.map((seen) => {
    const found = asked.observations.find((each) => single || each.address === seen.address);
    return isOther(seen) && found?.kind === 'presented' && !isOther(found) ? found : seen;
  });
}

/** What reports call each target: its name, and where several have that, what sets them apart. */
function placeNames(targets: readonly Target[]): string[] {
  const unique = new UniqueNames();
  return targets.map((target) => {
    const { name } = target;
    const shared = targets.filter((other) => other.name === name).length > 1;
    return unique.of(shared ? [name, ...differences(target)].join(' ') : name);
  });
}

function differences(target: Target): string[] {
  if (target.kind === 'file') return [];
  const { connectTo } = target.settings;
  return [
    ...(connectTo ? [`connect-to=${formatDial(connectTo)}`] : []),
    ...(target.servername === withoutZone(target.host) ? [] : [`servername=${target.servername}`]),
  ];
}

function leafOf(seen: Observation): Certificate | undefined {
  const first = seen.kind === 'presented' ? seen.chain[0] : undefined;
  return first?.kind === 'certificate' ? first.certificate : undefined;
}

function servedAt(target: string, seen: Observation, named: Named): ServedAt {
  const where = { target, ...(seen.address === undefined ? {} : { address: seen.address }) };
  const leaf = leafOf(seen);
  if (!leaf) {
    const failure = seen.kind === 'failed' ? `${seen.code}: ${seen.reason}` : 'read-failed: malformed';
    return { ...where, serves: 'unknown', failure };
  }
  const { sha256, notAfter } = leaf;
  const serves = sha256 === named.new ? 'new' : sha256 === named.old ? 'old' : 'other';
  return { ...where, serves, sha256, notAfter };
}
