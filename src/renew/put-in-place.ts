/**
 * From a set that was obtained to "every address serves it", or back to the old one. The old set is put back where it is
 * still good for something: one that has expired, or whose key does not belong to it, is never better than a new one.
 */
import type { CertificateFacts, NoWayBack, RenewalProblem, RenewalResult, ServedAt } from '../model/renewal.ts';
import { ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { expiresAt } from '../verdict/window.ts';
import type { Attempt } from './attempt.ts';
import { deploy, reload } from './commands/reload.ts';
import { type CertificateSet, factsOf, readSet } from './install/certificate-set.ts';
import { prepareInstall, VERSIONS_KEPT } from './install/install.ts';
import { writePkcs12 } from './install/pkcs12.ts';
import type { OnDisk } from './plan/plan.ts';
import { lookQuickly, verify, verifyStep } from './served/proof.ts';
import type { Named, Places } from './served/verify-served.ts';

export interface Course {
  readonly disk: OnDisk;
  /** What was served before anything was changed. */
  readonly baseline: Places;
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
  /** Wherever anything answers; the rest was silent before, too. */
  | { readonly kind: 'partly'; readonly certificate: CertificateFacts; readonly served: readonly ServedAt[] }
  | { readonly kind: 'ended'; readonly result: RenewalResult }
  /** The run was ended in the middle: the next one goes on from here. */
  | { readonly kind: 'interrupted'; readonly result: RenewalResult };

/** Writes the new version, switches to it, and writes what is made of it. Until the switch nothing that is read changes. */
export async function install(
  attempt: Attempt,
  set: CertificateSet,
  { disk }: Pick<Course, 'disk'>,
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
  const named = namedOf(certificate, disk);
  const verified = await verifyStep(attempt, { wanted: certificate.sha256, named, baseline, deadline });
  if (!verified.ok) return turnBack(attempt, inPlace, { course, problem: verified.error, served: verified.seen });
  return { kind: verified.everywhere ? 'proven' : 'partly', certificate, served: verified.seen };
}

const namedOf = ({ sha256, keyType }: CertificateFacts, disk: OnDisk): Named => ({
  keyType,
  new: sha256,
  old: disk.kind === 'set' ? disk.leaf.sha256 : undefined,
});

interface Trouble {
  readonly course: Course;
  readonly problem: RenewalProblem;
  /** Absent: nobody has looked since it failed. */
  readonly served?: readonly ServedAt[];
}

async function turnBack(attempt: Attempt, { certificate, back }: InPlace, trouble: Trouble): Promise<Proven> {
  const { course, problem } = trouble;
  const { disk, deadline } = course;
  const { step, about } = attempt;
  const named = namedOf(certificate, disk);
  const stays = { ...about, kind: 'not-served', step, certificate } as const;
  // Somebody has ended the run before its time: there is none for the way back, and the next run goes on at once.
  if (deadline.cutShort) {
    const served = (trouble.served ?? []).filter(({ failure }) => failure !== CUT_SHORT);
    return { kind: 'interrupted', result: { ...stays, served, problem: INTERRUPTED, noWayBack: 'interrupted' } };
  }
  const served = trouble.served ?? (await lookQuickly(attempt, { named, deadline }));
  const noWayBack = whyNoWayBack(attempt, back, course);
  if (!back || disk.kind !== 'set' || noWayBack) {
    return { kind: 'ended', result: { ...stays, served, problem, noWayBack: noWayBack ?? 'nothing-before' } };
  }
  const { sha256: wanted, publicKey } = disk.leaf;
  const undone = await putBack(attempt, back, { course, named: { ...named, keyType: publicKey.type }, wanted });
  return {
    kind: 'ended',
    result: { ...about, inUse: factsOf(disk.leaf), kind: 'rolled-back', step, problem, served, ...undone },
  };
}

/** What was being looked at when somebody ended the run: nothing was seen. */
const CUT_SHORT = 'timeout: interrupted';

function whyNoWayBack(
  { renewal, tools }: Attempt,
  back: InPlace['back'],
  { disk, deadline }: Course,
): NoWayBack | undefined {
  if (renewal.live === undefined) return 'another-client';
  if (deadline.expired) return 'no-time';
  if (!back || disk.kind === 'none') return 'nothing-before';
  return disk.kind === 'set' && disk.keyFits && expiresAt(disk.leaf) > tools.now() ? undefined : 'old-one-useless';
}

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
  readonly named: Named;
  /** SHA-256 of the leaf that is put back. */
  readonly wanted: string;
}

async function putBack(
  attempt: Attempt,
  back: NonNullable<InPlace['back']>,
  { course, named, wanted }: Way,
): Promise<{ restored: boolean; servedAfter: readonly ServedAt[] }> {
  const { deadline, baseline } = course;
  const { live } = attempt.renewal;
  let servedAfter: readonly ServedAt[] = [];
  const done = await attempt.run('put-back', async () => {
    const undone = await back();
    if (!undone.ok) return undone;
    if (live !== undefined) await writeDerived(attempt, live);
    const deployed = await deploy(attempt, { deadline, puttingBack: true });
    if (!deployed.ok) attempt.warn(onTheWayBack(deployed.error));
    const reloaded = await reload(attempt, { deadline, puttingBack: true });
    if (!reloaded.ok) attempt.warn(onTheWayBack(reloaded.error));
    const verified = await verify(attempt, { wanted, named, baseline, deadline, patienceMs: 0 });
    servedAfter = verified.seen;
    return verified.ok ? ok(undefined) : verified;
  });
  return { restored: done.ok, servedAfter };
}
