/**
 * An existing client at work in a folder of its own. What lay there is saved first, so that it can be put back where the new
 * certificate does not come to be served; and at once where the client leaves something worse: a key and a certificate that
 * do not belong together, a certificate without the names of the one before, or an older one. What is put back for want of
 * being served is saved, too: the next run tries that again, and does not set the client to work a second time.
 */
import { join } from 'node:path';
import type { Certificate } from '../../model/certificate.ts';
import type { RenewalProblem } from '../../model/renewal.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { formatInstant } from '../../verdict/instant.ts';
import { AUTO, computeWindow } from '../../verdict/window.ts';
import type { Attempt } from '../attempt.ts';
import { runCommand } from '../commands/command.ts';
import { type CertificateSet, checkSet, factsOf, missingNames, readSet } from '../install/certificate-set.ts';
import { SavedSet } from '../install/saved-set.ts';
import { readDisk } from '../look-around.ts';
import type { ByCommand } from '../renewal.ts';
import { afterFolder, leftIn } from './order-folder.ts';
import type { Obtained, Wish } from './wish.ts';

export async function obtainFromClient(
  attempt: Attempt,
  { command }: ByCommand,
  wish: Wish,
): Promise<Result<Obtained, RenewalProblem>> {
  const { renewal, tools } = attempt;
  const { disk, deadline } = wish;
  const { env, kill } = tools;
  const worthSaving = renewal.live !== undefined && disk.kind === 'set' && disk.keyFits;
  const saved = worthSaving ? await SavedSet.save(renewal.live, savedFolder(attempt)) : undefined;
  if (saved && !saved.ok) return saved;
  const timeoutMs = deadline.remainingMs;
  const again = saved && (await savedAfter(attempt, wish));
  const done = again
    ? await takeUpAgain(attempt, again)
    : await runCommand(command, { renewal, step: 'order', deadline, timeoutMs, env, kill });
  const left = done.ok && renewal.live !== undefined ? await newSet(attempt, renewal.live, wish) : undefined;
  if (!done.ok) return err(await mend(attempt, saved?.value, done.error));
  // Without a folder only the servers can tell.
  if (!left) return ok({ kind: 'in-place' });
  const output = done.value.trim() === '' ? {} : { output: done.value };
  if (!left.ok) return err({ ...(await mend(attempt, saved?.value, left.error)), ...output });
  return ok({ kind: 'in-place', leaf: left.value, ...(saved ? { back: saved.value } : {}) });
}

/** What an earlier run had to put back, if it is good. */
async function savedAfter({ renewal, tools }: Attempt, { disk }: Wish): Promise<SavedSet | undefined> {
  const folder = afterFolder(tools.state, renewal.name);
  const left = await leftIn(folder, renewal, { disk, now: tools.now() });
  return left.kind === 'good' && renewal.live !== undefined ? SavedSet.open(renewal.live, folder) : undefined;
}

async function takeUpAgain(attempt: Attempt, after: SavedSet): Promise<Result<string, RenewalProblem>> {
  attempt.detail('the client has renewed it before, and it was put back: it is not set to work again');
  const placed = await after.putBack();
  return placed.ok ? ok('') : placed;
}

/** Makes the folder what it was before the client had worked in it, and keeps what it is now. */
export async function putBackSaved(
  { renewal, tools }: Attempt,
  saved: SavedSet,
): Promise<Result<void, RenewalProblem>> {
  const { live } = renewal;
  // Without it the client is set to work once more, and that is all.
  if (live !== undefined) await SavedSet.save(live, afterFolder(tools.state, renewal.name));
  return saved.putBack();
}

/** Another one than before, and good. */
async function newSet(attempt: Attempt, live: string, { disk }: Wish): Promise<Result<Certificate, RenewalProblem>> {
  const { renewal, tools } = attempt;
  const set: Result<CertificateSet | undefined, RenewalProblem> = await readSet(live);
  if (!set.ok) return set;
  if (!set.value) return err({ reason: 'incomplete', detail: `the command ended well, but ${live} is empty` });
  const [leaf] = set.value.chain;
  if (disk.kind === 'set' && disk.leaf.sha256 === leaf.sha256) {
    const detail = `the command ended well, but the certificate in ${live} is the same as before`;
    return err({ reason: 'unchanged', detail, advice: 'check-command' });
  }
  await attempt.changed({ sha256: leaf.sha256, ...(disk.kind === 'set' ? { before: disk.leaf.sha256 } : {}) });
  const checked = checkSet(set.value, { domains: renewal.domains, now: tools.now() });
  if (!checked.ok) return checked;
  return disk.kind === 'set' && isOlder(leaf, disk.leaf, tools.now()) ? err(older(leaf, disk.leaf)) : ok(leaf);
}

/** Due already, and issued before the other one: a CA may date back what it issues now, but nobody renews to this. */
const isOlder = (leaf: Certificate, before: Certificate, now: number): boolean =>
  leaf.notBefore < before.notBefore && computeWindow(leaf, now, AUTO).renewAt <= now;

const older = (leaf: Certificate, before: Certificate): RenewalProblem => ({
  reason: 'older',
  detail: `the command ended well, but has put an older certificate in place, valid until ${isoOf(leaf)}; the one before is until ${isoOf(before)}`,
  advice: 'check-command',
});

const isoOf = ({ notAfter }: Certificate): string => `${formatInstant(notAfter).slice(0, 16).replace('T', ' ')} UTC`;

/**
 * After a failure: a folder that is worse than before is as it was before; one that is not, is the client's affair.
 * @returns the problem, with what became of the folder.
 */
async function mend(attempt: Attempt, saved: SavedSet | undefined, problem: RenewalProblem): Promise<RenewalProblem> {
  const became = saved ? await undoWorse(attempt, saved) : 'kept';
  if (became !== 'lost') await saved?.forget();
  const disk = await readDisk(attempt.renewal);
  attempt.inUse = disk.kind === 'set' ? { inUse: factsOf(disk.leaf) } : {};
  if (became !== 'back') return problem;
  return { ...problem, detail: `${problem.detail}; what was there before is back in its place` };
}

/** @returns `lost`: it should be back, and could not be put there. */
async function undoWorse(attempt: Attempt, saved: SavedSet): Promise<'kept' | 'back' | 'lost'> {
  if (!(await isWorse(attempt, saved))) return 'kept';
  const back = await saved.putBack();
  if (!back.ok) attempt.warn({ ...back.error, reason: 'put-back' });
  return back.ok ? 'back' : 'lost';
}

/** Is what lies in the live folder less good than what was saved of it? */
async function isWorse({ renewal, tools }: Attempt, saved: SavedSet): Promise<boolean> {
  const disk = await readDisk(renewal);
  if (disk.kind !== 'set' || !disk.keyFits) return true;
  const before = await readDisk({ live: saved.folder });
  if (before.kind !== 'set') return false;
  const missing = new Set(missingNames(before.leaf, renewal.domains));
  const covered = renewal.domains.filter((name) => !missing.has(name));
  return missingNames(disk.leaf, covered).length > 0 || isOlder(disk.leaf, before.leaf, tools.now());
}

/** Where a run was killed while the client was at work, or while what it had done was undone: no half of a set stays. */
export async function mendAfterKill(attempt: Attempt): Promise<void> {
  const saved = await savedBefore(attempt);
  if (saved) await undoWorse(attempt, saved);
}

/** What a run that did not come to its end has saved. */
export async function savedBefore(attempt: Attempt): Promise<SavedSet | undefined> {
  const { live, by } = attempt.renewal;
  return by.kind === 'command' && live !== undefined ? SavedSet.open(live, savedFolder(attempt)) : undefined;
}

const savedFolder = ({ renewal, tools }: Attempt): string => join(tools.state, 'before', renewal.name);
