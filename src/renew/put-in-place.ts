/**
 * From a set that was obtained to "every address serves it", or back to the old one. The old set is put back where it is
 * still good for something: one that has expired, or whose key does not belong to it, is never better than a new one.
 */
import type { CertificateFacts, NoWayBack, RenewalProblem, RenewalResult, ServedAt } from '../model/renewal.ts';
import { err, ok, type Result } from '../model/result.ts';
import { Deadline } from '../time/deadline.ts';
import { expiresAt } from '../verdict/window.ts';
import type { Attempt } from './attempt.ts';
import { type CertificateSet, factsOf, readSet } from './install/certificate-set.ts';
import { prepareInstall, VERSIONS_KEPT } from './install/install.ts';
import { writePkcs12 } from './install/pkcs12.ts';
import type { OnDisk } from './plan.ts';
import { deploy, reload } from './reload.ts';
import { lookEverywhere, verifyServed } from './verify-served.ts';

export interface Course {
  readonly disk: OnDisk;
  /** What was served before anything was changed. */
  readonly baseline: readonly ServedAt[];
  /** For the way forward. */
  readonly forward: Deadline;
  /** Later: the time between the two is for the way back. */
  readonly deadline: Deadline;
}

/** In place, and the way back: what makes the live folder show `Course.disk` again. */
export interface InPlace {
  readonly certificate: CertificateFacts;
  readonly back?: () => Promise<Result<void, RenewalProblem>>;
}

export type Proven =
  | { readonly kind: 'proven'; readonly certificate: CertificateFacts; readonly served: readonly ServedAt[] }
  | { readonly kind: 'ended'; readonly result: RenewalResult }
  /** The run was ended in the middle: the next one goes on from here. */
  | { readonly kind: 'interrupted'; readonly result: RenewalResult };

/** Writes the new version, switches to it, and writes what is made of it. Until the switch nothing that is read changes. */
export async function install(
  attempt: Attempt,
  set: CertificateSet,
  { disk }: Course,
): Promise<Result<InPlace, RenewalProblem>> {
  const { renewal, tools } = attempt;
  const { live: path = '', domains } = renewal;
  const certificate = factsOf(set.chain[0]);
  const prepared = await prepareInstall(set, path, { domains, now: tools.now() });
  if (!prepared.ok) return prepared;
  const { live, from, to, warnings } = prepared.value;
  attempt.warn(...warnings);
  const before = disk.kind === 'set' ? { before: disk.leaf.sha256 } : {};
  const number = from === undefined ? {} : { from };
  const noted = await attempt.switching({ ...number, to, sha256: certificate.sha256, ...before });
  if (!noted.ok) return noted;
  const switched = await live.switchTo(to);
  if (!switched.ok) return switched;
  await live.prune(VERSIONS_KEPT, [from]);
  await writeDerived(attempt, live.path);
  return ok({ certificate, ...(from === undefined ? {} : { back: () => live.switchTo(from) }) });
}

/** What is made of the set that lies in this folder; a run that was killed may have left that of the one before. */
export async function writeDerived(attempt: Attempt, folder: string): Promise<void> {
  const { pkcs12 } = attempt.renewal;
  if (!pkcs12) return;
  const set = await readSet(folder);
  const written = set.ok && set.value ? await writePkcs12(pkcs12, set.value) : set;
  if (!written.ok) attempt.warn({ ...written.error, reason: 'pkcs12' });
}

/** Deploy hook, reload, proof; on failure the way back. */
export async function prove(attempt: Attempt, inPlace: InPlace, course: Course): Promise<Proven> {
  const { forward: deadline, baseline, disk } = course;
  const { certificate } = inPlace;
  const deployed = await deploy(attempt, { deadline });
  if (!deployed.ok) return turnBack(attempt, inPlace, { course, problem: deployed.error });
  const reloaded = await reload(attempt, { deadline });
  if (!reloaded.ok) return turnBack(attempt, inPlace, { course, problem: reloaded.error });
  const { renewal, tools } = attempt;
  const before = disk.kind === 'set' ? disk.leaf.sha256 : undefined;
  let seen: readonly ServedAt[] = [];
  const verified = await attempt.run('verify', async () => {
    const { look } = tools;
    const wanted = certificate.sha256;
    const served = await verifyServed({ targets: renewal.targets, wanted, before, baseline, look, deadline });
    seen = served.at;
    return served.everywhere ? ok(undefined) : err(notServed(served.at));
  });
  if (!verified.ok) return turnBack(attempt, inPlace, { course, problem: verified.error, served: seen });
  attempt.warn(...silentOnes(seen));
  return { kind: 'proven', certificate, served: seen };
}

function notServed(at: readonly ServedAt[]): RenewalProblem {
  const stale = at.filter(({ serves }) => serves !== 'new').length;
  const detail = `${stale} of ${at.length} addresses did not serve the new certificate before the time was up`;
  return { reason: 'not-served', detail, advice: 'fix-reload' };
}

function silentOnes(at: readonly ServedAt[]): RenewalProblem[] {
  return at
    .filter(({ serves }) => serves === 'unknown')
    .map(({ target, address, failure }) => ({
      reason: 'address-silent',
      detail: `${address ?? 'an address'} of ${target} answered neither before nor after (${failure})`,
    }));
}

interface Trouble {
  readonly course: Course;
  readonly problem: RenewalProblem;
  /** Absent: nobody has looked since it failed. */
  readonly served?: readonly ServedAt[];
}

async function turnBack(attempt: Attempt, { certificate, back }: InPlace, trouble: Trouble): Promise<Proven> {
  const { course, problem } = trouble;
  const { disk, deadline } = course;
  const { renewal, step } = attempt;
  const before = disk.kind === 'set' ? disk.leaf.sha256 : undefined;
  const served = trouble.served ?? (await look(attempt, { wanted: certificate.sha256, before, deadline }));
  const about = { name: renewal.name, warnings: attempt.warnings };
  const stays = { ...about, kind: 'not-served', step, certificate, served } as const;
  // Somebody has ended the run before its time: there is none for the way back, and the next run goes on at once.
  if (deadline.expired) {
    return { kind: 'interrupted', result: { ...stays, problem: INTERRUPTED, noWayBack: 'interrupted' } };
  }
  const noWayBack = whyNoWayBack(attempt, back, course);
  if (!back || disk.kind !== 'set' || noWayBack) {
    return { kind: 'ended', result: { ...stays, problem, noWayBack: noWayBack ?? 'nothing-before' } };
  }
  const undone = await putBack(attempt, back, { course, before: disk.leaf.sha256, now: certificate.sha256 });
  return { kind: 'ended', result: { ...about, kind: 'rolled-back', step, problem, served, ...undone } };
}

function whyNoWayBack({ renewal, tools }: Attempt, back: InPlace['back'], { disk }: Course): NoWayBack | undefined {
  if (renewal.live === undefined) return 'another-client';
  if (!back || disk.kind === 'none') return 'nothing-before';
  return disk.kind === 'set' && disk.keyFits && expiresAt(disk.leaf) > tools.now() ? undefined : 'old-one-useless';
}

/** A quick look, to say which address serves what. */
async function look(
  { renewal: { targets }, tools }: Attempt,
  { wanted, before, deadline }: { wanted: string; before: string | undefined; deadline: Deadline },
): Promise<readonly ServedAt[]> {
  const limit = Deadline.after(Math.min(LOOK_MS, deadline.remainingMs * LOOK_SHARE), deadline);
  const { at } = await lookEverywhere({ targets, wanted, before, look: tools.look, deadline: limit });
  limit.release();
  return at;
}

const LOOK_MS = 3_000;
const LOOK_SHARE = 0.2;

const INTERRUPTED: RenewalProblem = {
  reason: 'interrupted',
  detail: 'the run was ended before the new certificate was seen to be served; the next run goes on from here',
};

const onTheWayBack = ({ reason, detail, ...rest }: RenewalProblem): RenewalProblem => ({
  reason: `put-back-${reason}`,
  detail: `while the old one was put back: ${detail}`,
  ...rest,
});

interface Way {
  readonly course: Course;
  /** SHA-256 of the leaf that is put back, and of the one that goes. */
  readonly before: string;
  readonly now: string;
}

async function putBack(
  attempt: Attempt,
  back: NonNullable<InPlace['back']>,
  { course, before, now }: Way,
): Promise<{ restored: boolean; servedAfter: readonly ServedAt[] }> {
  const { deadline, baseline } = course;
  const { renewal, tools } = attempt;
  let servedAfter: readonly ServedAt[] = [];
  const done = await attempt.run('put-back', async () => {
    const done = await back();
    if (!done.ok) return done;
    if (renewal.live !== undefined) await writeDerived(attempt, renewal.live);
    const deployed = await deploy(attempt, { deadline, puttingBack: true });
    if (!deployed.ok) attempt.warn(onTheWayBack(deployed.error));
    const reloaded = await reload(attempt, { deadline, puttingBack: true });
    if (!reloaded.ok) attempt.warn(onTheWayBack(reloaded.error));
    const { look } = tools;
    const served = await verifyServed({
      targets: renewal.targets,
      wanted: before,
      before: now,
      baseline,
      look,
      deadline,
    });
    servedAfter = served.at;
    return served.everywhere ? ok(undefined) : err(notServed(served.at));
  });
  return { restored: done.ok, servedAfter };
}
