/**
 * What an earlier run has installed, or somebody else: it is on disk already, and has only to be taken up by the servers and
 * seen to be served.
 */
import type { Certificate } from '../model/certificate.ts';
import type { RenewalResult } from '../model/renewal.ts';
import type { Attempt } from './attempt.ts';
import { conclude } from './ending.ts';
import { factsOf } from './install/certificate-set.ts';
import { LiveFolder } from './install/live-folder.ts';
import type { History } from './journal/history.ts';
import { readDisk } from './look-around.ts';
import { putBackSaved, savedBefore } from './obtain/existing-client.ts';
import type { OnDisk, Plan } from './plan/plan.ts';
import { type Course, type InPlace, prove, writeDerived } from './put-in-place.ts';
import { silentOnes, verifyStep } from './served/proof.ts';
import { reachOf } from './served/verify-served.ts';
import { forward } from './shares.ts';
import type { Situation } from './situation.ts';

/** On disk already: only to be taken up and proven. Where an earlier run had put it there, the way back is the one it had. */
export async function resume(
  attempt: Attempt,
  { leaf, reasons }: Extract<Plan, { action: 'reload' }>,
  { disk, seen, history, deadline }: Situation,
): Promise<RenewalResult> {
  const ahead = forward(deadline);
  try {
    const back = await wayBack(attempt, leaf, history);
    const course: Course = { disk: back?.disk ?? disk, baseline: seen.places, forward: ahead, deadline };
    const inPlace: InPlace = { certificate: factsOf(leaf), ...(back ? { back: back.to } : {}) };
    if (attempt.renewal.live !== undefined) await writeDerived(attempt, attempt.renewal.live);
    const proven = await prove(attempt, inPlace, course);
    return await conclude(attempt, proven, { kind: 'resumed', reasons });
  } finally {
    ahead.release();
  }
}

interface WayBack {
  readonly disk: OnDisk;
  readonly to: NonNullable<InPlace['back']>;
}

/** Out of the journal, where the disk bears it out. */
async function wayBack(attempt: Attempt, leaf: Certificate, { unproven }: History): Promise<WayBack | undefined> {
  const { renewal } = attempt;
  if (renewal.live === undefined) return undefined;
  if (renewal.by.kind === 'command') {
    const saved = await savedBefore(attempt);
    if (unproven?.sha256 === leaf.sha256) await attempt.changed(unproven);
    const disk = saved ? await readDisk({ live: saved.folder }) : undefined;
    return saved && disk?.kind === 'set' ? { disk, to: () => putBackSaved(attempt, saved) } : undefined;
  }
  if (unproven?.sha256 !== leaf.sha256) return undefined;
  const { from, to } = unproven;
  if (from === undefined || to === undefined) return undefined;
  await attempt.switching({ ...unproven, to });
  const live = await LiveFolder.open(renewal.live);
  if (!live.ok || (await live.value.current()) !== to) return undefined;
  const disk = await readDisk({ live: live.value.folderOf(from) });
  return disk.kind === 'set' ? { disk, to: () => live.value.switchTo(from) } : undefined;
}

/**
 * Served wherever anything answered, by an earlier run. While nothing else is seen, nothing is done and nothing written
 * down; when all answer and serve it, it is done.
 */
export async function lookAgain(
  attempt: Attempt,
  planned: Extract<Plan, { action: 'verify' }>,
  { seen, deadline }: Situation,
): Promise<RenewalResult> {
  const { leaf, reasons } = planned;
  const certificate = factsOf(leaf);
  const { sha256: wanted, keyType } = certificate;
  const about = { ...attempt.about, certificate };
  const reach = reachOf(seen.places, { wanted, baseline: seen.places });
  const silent = { ...about, problem: silentOnes(seen.at), served: seen.at };
  if (reach === 'but-silent') return { ...silent, kind: 'partly-served', reasons };
  if (reach === 'no') return { ...silent, kind: 'not-served', step: 'verify', noWayBack: 'nothing-answers' };
  const begun = await attempt.begin(planned);
  if (!begun.ok) return attempt.failed(begun.error);
  const verified = await verifyStep(attempt, { wanted, named: { new: wanted, keyType }, deadline, patienceMs: 0 });
  const served = verified.seen;
  const result: RenewalResult = verified.ok
    ? { ...about, kind: 'resumed', reasons, served }
    : { ...about, kind: 'partly-served', reasons, problem: verified.error, served };
  if (verified.ok || !deadline.cutShort) await attempt.end(result);
  return result;
}
