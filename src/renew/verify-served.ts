/**
 * Is the new certificate served? Asked of certwatch's own reader, at every address of every target, again and again until
 * all say so or the deadline comes. A renewal is done then, and not before.
 */
import type { Certificate } from '../model/certificate.ts';
import type { Observation } from '../model/observation.ts';
import type { ServedAt } from '../model/renewal.ts';
import type { Target } from '../model/target.ts';
import type { Verdict } from '../model/verdict.ts';
import { Deadline } from '../time/deadline.ts';
import { pause } from '../time/pause.ts';

/** Looks at one target and comes back by the deadline, whatever the target does: `Looker.look`. */
export type Look = (target: Target, deadline: Deadline) => Promise<Verdict>;

export interface VerifyOptions {
  readonly targets: readonly Target[];
  /** SHA-256 of the leaf that has to be served, lower-case hex. */
  readonly wanted: string;
  /** SHA-256 of the leaf before it, to tell an old one from a strange one. */
  readonly before?: string | undefined;
  /** What was seen before anything was changed: an address that nobody answered at then says nothing by its silence. */
  readonly baseline?: readonly ServedAt[];
  readonly look: Look;
  readonly deadline: Deadline;
}

export interface Served {
  /** Every address that could be reached serves it, and at least one of each target does. */
  readonly everywhere: boolean;
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

export async function verifyServed(options: VerifyOptions): Promise<Served> {
  let wait = FIRST_PAUSE_MS;
  let good = 0;
  for (;;) {
    const { at } = await lookEverywhere(options);
    const everywhere = isEverywhere(at, options);
    good = everywhere ? good + 1 : 0;
    if (good === ROUNDS) return { everywhere: true, at };
    if (options.deadline.remainingMs <= wait) return { everywhere: false, at };
    await pause(wait, options.deadline);
    if (!everywhere) wait = Math.min(wait * 1.5, LONGEST_PAUSE_MS);
  }
}

/**
 * Where only the servers can tell what a command has done: waits until one serves what none served before.
 * @returns that leaf; undefined when the deadline came first.
 */
export async function findChanged(options: Omit<VerifyOptions, 'wanted'>): Promise<Certificate | undefined> {
  const known = new Set((options.baseline ?? []).map(({ sha256 }) => sha256));
  let wait = FIRST_PAUSE_MS;
  for (;;) {
    const { leaves } = await lookEverywhere(options);
    const changed = leaves.find(({ sha256 }) => !known.has(sha256));
    if (changed || options.deadline.remainingMs <= wait) return changed;
    await pause(wait, options.deadline);
    wait = Math.min(wait * 1.5, LONGEST_PAUSE_MS);
  }
}

function isEverywhere(at: readonly ServedAt[], { targets, baseline = [] }: VerifyOptions): boolean {
  const silent = new Set(baseline.filter(({ serves }) => serves === 'unknown').map(placeOf));
  const everyTarget = targets.every(({ name }) => {
    const here = at.filter(({ target }) => target === name);
    return (
      here.some(({ serves }) => serves === 'new') &&
      here.every((seen) => seen.serves === 'new' || (seen.serves === 'unknown' && silent.has(placeOf(seen))))
    );
  });
  return everyTarget && targets.length > 0;
}

const placeOf = ({ target, address }: ServedAt): string => JSON.stringify([target, address]);

export interface Seen {
  readonly at: readonly ServedAt[];
  /** The leaves among them. */
  readonly leaves: readonly Certificate[];
}

/** What is served now, at every address of every target. */
export async function lookEverywhere({
  targets,
  wanted,
  before,
  look,
  deadline,
}: Omit<VerifyOptions, 'wanted'> & { readonly wanted?: string | undefined }): Promise<Seen> {
  const verdicts = await Promise.all(
    targets.map(async (target) => {
      const limit = Deadline.after(Math.min(LOOK_MS, target.settings.timeoutMs), deadline);
      try {
        return await look(target, limit);
      } finally {
        limit.release();
      }
    }),
  );
  const seen = verdicts.flatMap(({ target, observations }) =>
    observations.map((each) => ({ leaf: leafOf(each), at: servedAt(target, each, { wanted, before }) })),
  );
  return { at: seen.map(({ at }) => at), leaves: seen.flatMap(({ leaf }) => (leaf ? [leaf] : [])) };
}

function leafOf(seen: Observation): Certificate | undefined {
  const first = seen.kind === 'presented' ? seen.chain[0] : undefined;
  return first?.kind === 'certificate' ? first.certificate : undefined;
}

function servedAt(
  target: Target,
  seen: Observation,
  { wanted, before }: { readonly wanted: string | undefined; readonly before: string | undefined },
): ServedAt {
  const where = { target: target.name, ...(seen.address === undefined ? {} : { address: seen.address }) };
  const leaf = leafOf(seen);
  if (!leaf) {
    const failure = seen.kind === 'failed' ? `${seen.code}: ${seen.reason}` : 'read-failed: malformed';
    return { ...where, serves: 'unknown', failure };
  }
  const { sha256, notAfter } = leaf;
  const serves = sha256 === wanted ? 'new' : sha256 === before ? 'old' : 'other';
  return { ...where, serves, sha256, notAfter };
}
