/**
 * An existing client at work in a folder of its own. What lay there is saved first, so that it can be put back where the new
 * certificate does not come to be served; and at once where the client leaves a key and a certificate that do not belong
 * together. What is put back for want of being served is saved, too: the next run tries that again, and does not set the
 * client to work a second time.
 */
import { join } from 'node:path';
import type { Certificate } from '../../model/certificate.ts';
import type { RenewalProblem } from '../../model/renewal.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Attempt } from '../attempt.ts';
import { runCommand } from '../commands/command.ts';
import { type CertificateSet, checkSet, readSet } from '../install/certificate-set.ts';
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
  if (!done.ok || left?.ok === false) await mend(attempt, saved?.value);
  if (!done.ok) return done;
  // Without a folder only the servers can tell.
  if (!left) return ok({ kind: 'in-place' });
  const output = done.value.trim() === '' ? {} : { output: done.value };
  if (!left.ok) return err({ ...left.error, ...output });
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
  return checked.ok ? ok(leaf) : checked;
}

/** After a failure: a folder that is not whole is as it was before; one that is, is the client's affair. */
async function mend(attempt: Attempt, saved: SavedSet | undefined): Promise<void> {
  if (saved && (await makeWhole(attempt, saved))) await saved.forget();
}

/** @returns whether it is now. */
async function makeWhole(attempt: Attempt, saved: SavedSet): Promise<boolean> {
  const disk = await readDisk(attempt.renewal);
  if (disk.kind === 'set' && disk.keyFits) return true;
  const back = await saved.putBack();
  if (!back.ok) attempt.warn({ ...back.error, reason: 'put-back' });
  return back.ok;
}

/** Where a run was killed while the client was at work, or while what it had done was undone: no half of a set stays. */
export async function mendAfterKill(attempt: Attempt): Promise<void> {
  const saved = await savedBefore(attempt);
  if (saved) await makeWhole(attempt, saved);
}

/** What a run that did not come to its end has saved. */
export async function savedBefore(attempt: Attempt): Promise<SavedSet | undefined> {
  const { live, by } = attempt.renewal;
  return by.kind === 'command' && live !== undefined ? SavedSet.open(live, savedFolder(attempt)) : undefined;
}

const savedFolder = ({ renewal, tools }: Attempt): string => join(tools.state, 'before', renewal.name);
