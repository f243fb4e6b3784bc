/**
 * One interface, two kinds of renewer: the built-in client hands back a set that is still to be installed, an existing one
 * has changed the live folder by itself. Here is the built-in one; the other is `existing-client.ts`.
 */
import { makeFolder } from '../../files/make-folder.ts';
import type { RenewalAdvice, RenewalProblem } from '../../model/renewal.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { certIdOf } from '../acme/ari.ts';
import type { AcmeFailed, AcmeJob, KeyWish } from '../acme/job.ts';
import type { Attempt } from '../attempt.ts';
import { renewalVariables } from '../commands/command.ts';
import { readSet } from '../install/certificate-set.ts';
import { LONGEST_KEPT_MS } from '../plan/backoff.ts';
import type { OnDisk } from '../plan/plan.ts';
import type { Authority, ByAcme, Renewal } from '../renewal.ts';
import { obtainFromClient } from './existing-client.ts';
import { forgetOrder, keyToKeep, leftIn, orderFolder, workFolder } from './order-folder.ts';
import type { Obtained, Wish } from './wish.ts';

export async function obtain(attempt: Attempt, wish: Wish): Promise<Result<Obtained, RenewalProblem>> {
  const { by } = attempt.renewal;
  return by.kind === 'acme' ? obtainByAcme(attempt, by, wish) : obtainFromClient(attempt, by, wish);
}

async function obtainByAcme(
  attempt: Attempt,
  by: ByAcme,
  { disk, authority = by.authority, deadline }: Wish,
): Promise<Result<Obtained, RenewalProblem>> {
  const { renewal, tools } = attempt;
  const key = keyWish(attempt, by, disk);
  const outDir = workFolder(tools.state, renewal, { reuse: key.kind === 'reuse', keyType: by.keyType, to: authority });
  const left = await leftIn(outDir, renewal, { disk, now: tools.now() });
  if (left.kind === 'good') {
    attempt.detail('issued before, and not installed: nothing is ordered');
    return ok({ kind: 'issued', set: left.set });
  }
  // With it goes the order that it came from.
  if (left.kind === 'useless') await forgetOrder(outDir);
  await makeFolder(orderFolder(tools.state, renewal.name), 0o700);
  const job = await jobOf(renewal, by, { authority, disk, key, outDir });
  const result = await tools.order(job, {
    deadline,
    onEvent: (event) => {
      if (event.kind === 'step') attempt.detail(event.step);
      if (event.kind === 'order') attempt.detail(event.orderUrl);
    },
  });
  attempt.warn(...result.warnings.map(({ code, detail }) => ({ reason: code, detail })));
  if (!result.ok) return err(problemOf(result, { by, now: tools.now() }));
  const set = await readSet(outDir);
  if (!set.ok) return err(set.error);
  if (!set.value) return err({ reason: 'incomplete', detail: `the order is done, but ${outDir} is empty` });
  return ok({ kind: 'issued', set: set.value });
}

interface JobParts {
  readonly authority: Authority;
  readonly disk: OnDisk;
  readonly key: KeyWish;
  readonly outDir: string;
}

async function jobOf(renewal: Renewal, by: ByAcme, { authority, disk, key, outDir }: JobParts): Promise<AcmeJob> {
  const replaces = by.ari && disk.kind === 'set' ? certIdOf(disk.leaf) : undefined;
  const { url, caFile, profile, preferredChain, account, requestTimeoutMs } = authority;
  return {
    directory: url,
    account,
    identifiers: renewal.domains,
    key,
    challenge: by.challenge,
    environment: renewalVariables(renewal, 'order'),
    outDir,
    requestTimeoutMs,
    ...(caFile === undefined ? {} : { caFile }),
    ...(profile === undefined ? {} : { profile }),
    ...(preferredChain === undefined ? {} : { preferredChain }),
    ...(replaces === undefined ? {} : { replaces }),
  };
}

function keyWish(attempt: Attempt, by: ByAcme, disk: OnDisk): KeyWish {
  const { keyType: type } = by;
  const kept = keyToKeep(attempt.renewal, by, disk);
  if (kept.kind === 'kept') return { kind: 'reuse', file: kept.file };
  if (kept.kind === 'other') {
    const detail = `the key on disk is ${kept.found}, wanted is ${type}: a new one is made`;
    attempt.warn({ reason: 'key-not-reused', detail });
  }
  return { kind: 'new', type };
}

/** What to do next where a second CA is configured already. */
const WITH_FALLBACK: Readonly<Partial<Record<RenewalAdvice, RenewalAdvice>>> = {
  'wait-until': 'wait-or-fallback',
  'ask-ca': 'ask-ca-or-fallback',
};

function problemOf(failed: AcmeFailed, { by, now }: { readonly by: ByAcme; readonly now: number }): RenewalProblem {
  const { reason, detail, step, output, notBefore, problem } = failed;
  const advice = (by.fallback && WITH_FALLBACK[failed.advice]) ?? failed.advice;
  return {
    reason,
    detail: `${detail} (at step ${step})`,
    advice,
    ...(output === undefined ? {} : { output }),
    ...(notBefore === undefined ? {} : { notBefore: Math.min(notBefore, now + LONGEST_KEPT_MS) }),
    ...(problem ? { type: problem.type, subproblems: problem.subproblems } : {}),
  };
}
