/**
 * One interface, two kinds of renewer: the built-in client hands back a set that is still to be installed, an existing one
 * has changed the live folder by itself. Here is the built-in one; the other is `existing-client.ts`.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyType } from '../config/acme-schema.ts';
import type { Certificate } from '../model/certificate.ts';
import type { RenewalAdvice, RenewalProblem } from '../model/renewal.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { computeWindow } from '../verdict/window.ts';
import { certIdOf } from './acme/ari.ts';
import { UNDO_FILE } from './acme/challenges/undo.ts';
import type { AcmeFailed, AcmeJob, KeyWish } from './acme/job.ts';
import type { Attempt } from './attempt.ts';
import { LONGEST_KEPT_MS } from './backoff.ts';
import { renewalVariables } from './command.ts';
import { obtainFromClient } from './existing-client.ts';
import { type CertificateSet, checkSet, FILE_NAMES, readSet } from './install/certificate-set.ts';
import type { SavedSet } from './install/saved-set.ts';
import { keyTypeOf, type OnDisk } from './plan.ts';
import type { Authority, ByAcme, Renewal } from './renewal.ts';

export type Obtained =
  | { readonly kind: 'issued'; readonly set: CertificateSet }
  /** In the live folder already; without one, only the servers can tell. */
  | { readonly kind: 'in-place'; readonly leaf?: Certificate; readonly back?: SavedSet };

export interface Wish {
  readonly disk: OnDisk;
  /** Where the built-in client renews. */
  readonly authority?: Authority | undefined;
  readonly deadline: Deadline;
}

export async function obtain(attempt: Attempt, wish: Wish): Promise<Result<Obtained, RenewalProblem>> {
  const { by } = attempt.renewal;
  return by.kind === 'acme' ? obtainByAcme(attempt, by, wish) : obtainFromClient(attempt, by, wish);
}

/** Everything that orders for this certificate leave, whatever they were for. */
const orderFolder = (state: string, name: string): string => join(state, 'orders', name);

export async function forgetOrders(state: string, name: string): Promise<void> {
  const folder = orderFolder(state, name);
  for (const each of await readdir(folder).catch(() => [])) await forgetOrder(join(folder, each));
  await rmdir(folder).catch(() => {});
}

/** All of it goes, but for the note of a challenge that could not be taken back: the next order here tries that again. */
async function forgetOrder(outDir: string): Promise<void> {
  for (const file of await readdir(outDir).catch(() => [])) {
    if (file !== UNDO_FILE) await rm(join(outDir, file), { recursive: true, force: true }).catch(() => {});
  }
  await rmdir(outDir).catch(() => {});
}

interface OrderWish {
  readonly key: KeyWish;
  readonly keyType: KeyType;
  readonly to: Authority;
}

/** The work folder of one wish: what was ordered for other names, keys or CAs is another one's. */
function workFolder(state: string, { name, domains }: Renewal, { key, keyType, to }: OrderWish): string {
  const wish = JSON.stringify([[...domains].sort(), keyType, key.kind === 'reuse', to.url, to.profile ?? null]);
  return join(orderFolder(state, name), createHash('sha256').update(wish).digest('hex').slice(0, 12));
}

async function obtainByAcme(
  attempt: Attempt,
  by: ByAcme,
  { disk, authority = by.authority, deadline }: Wish,
): Promise<Result<Obtained, RenewalProblem>> {
  const { renewal, tools } = attempt;
  const key = keyWish(attempt, by, disk);
  const outDir = workFolder(tools.state, renewal, { key, keyType: by.keyType, to: authority });
  const left = await leftSet(outDir, { renewal, disk, now: tools.now() });
  if (left) {
    attempt.detail('issued before, and not installed: nothing is ordered');
    return ok({ kind: 'issued', set: left });
  }
  await mkdir(orderFolder(tools.state, renewal.name), { recursive: true, mode: 0o700 });
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

/**
 * A set that an earlier run was issued and did not bring to be served: it is installed instead of another order. One that
 * is no use any more goes, and so does the order that it came from.
 */
async function leftSet(
  outDir: string,
  { renewal, disk, now }: { readonly renewal: Renewal; readonly disk: OnDisk; readonly now: number },
): Promise<CertificateSet | undefined> {
  const set = await readSet(outDir);
  if (!set.ok || !set.value) return undefined;
  const [leaf] = set.value.chain;
  const policy = { warning: { kind: 'auto' }, critical: { kind: 'auto' }, graceMs: 0 } as const;
  const good =
    checkSet(set.value, { domains: renewal.domains, now }).ok &&
    computeWindow(leaf, now, policy).renewAt > now &&
    !(disk.kind === 'set' && disk.leaf.sha256 === leaf.sha256);
  if (!good) await forgetOrder(outDir);
  return good ? set.value : undefined;
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

/** A key of another kind than the config asks for is no key to keep. */
function keyWish(attempt: Attempt, { keyType, keyTypeGiven, reuseKey }: ByAcme, disk: OnDisk): KeyWish {
  const { live } = attempt.renewal;
  const fresh = { kind: 'new', type: keyType } as const;
  if (!reuseKey || live === undefined || disk.kind !== 'set' || !disk.keyFits) return fresh;
  const found = keyTypeOf(disk.leaf);
  if (!keyTypeGiven || found === keyType) return { kind: 'reuse', file: join(live, FILE_NAMES.key) };
  attempt.warn({
    reason: 'key-not-reused',
    detail: `the key on disk is ${found}, wanted is ${keyType}: a new one is made`,
  });
  return fresh;
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
