/**
 * A new order, or the one that an earlier run of the same work folder has left behind.
 */
import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Result } from '../../model/result.ts';
import type { AcmeClient, NewOrder } from './ca/client.ts';
import type { Directory, Identifier, Order } from './ca/objects.ts';
import { fail, isObject, type Trouble } from './failure.ts';
import { giveBack } from './give-back.ts';
import { replacePrivate } from './secret-files.ts';
import type { Work } from './work.ts';

export interface OrderWish {
  readonly identifiers: readonly Identifier[];
  readonly directory: Directory;
  readonly work: Work;
}

export async function placeOrder(client: AcmeClient, wish: OrderWish): Promise<Result<Order, Trouble>> {
  const { directory, work } = wish;
  const left = await leftOrder(client, wish);
  if (left) return ok(left);
  const profile = knownProfile(directory, work.job.profile);
  if (!profile.ok) return profile;
  const placed = await newOrder(client, wish, profile.value);
  if (!placed.ok) return placed;
  const text = `${JSON.stringify({ directory: directory.url, order: placed.value.url }, undefined, 1)}\n`;
  const kept = await replacePrivate(join(work.job.outDir, ORDER_FILE), text);
  if (kept.ok) return placed;
  await giveBack(client, placed.value, work);
  return fail('cannot-write', kept.error);
}

const ORDER_FILE = 'order.json';

/** The next run will place another one. */
export async function forgetOrder({ job }: Work): Promise<void> {
  await unlink(join(job.outDir, ORDER_FILE)).catch(() => {});
}

/** The order of the file, where the CA still has it and it is for the same names and not at its end. */
async function leftOrder(client: AcmeClient, { identifiers, directory, work }: OrderWish): Promise<Order | undefined> {
  const text = await readFile(join(work.job.outDir, ORDER_FILE), 'utf8').catch(() => '');
  let kept: unknown;
  try {
    kept = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(kept) || kept.directory !== directory.url || typeof kept.order !== 'string') return undefined;
  const found = await client.order(kept.order);
  if (!found.ok || found.value.value.status === 'invalid') return undefined;
  const names = (list: readonly Identifier[]) =>
    list
      .map(({ value }) => value.toLowerCase())
      .sort()
      .join(' ');
  return names(found.value.value.identifiers) === names(identifiers) ? found.value.value : undefined;
}

/** A profile that the directory does not name MUST NOT be asked for; without it another certificate would come. */
function knownProfile(directory: Directory, profile: string | undefined): Result<string | undefined, Trouble> {
  if (profile === undefined || Object.hasOwn(directory.profiles ?? {}, profile)) return ok(profile);
  const known = Object.keys(directory.profiles ?? {}).join(', ');
  return fail('unknown-profile', `the CA has no profile ${JSON.stringify(profile)}${known ? `, but ${known}` : ''}`);
}

/** RFC 9773 5: what `replaces` names may be replaced already or not be known; then the order goes without it. */
async function newOrder(
  client: AcmeClient,
  { identifiers, directory, work }: OrderWish,
  profile: string | undefined,
): Promise<Result<Order, Trouble>> {
  const plain: NewOrder = { identifiers, ...(profile === undefined ? {} : { profile }) };
  const { replaces } = work.job;
  if (replaces === undefined || directory.renewalInfo === undefined) return client.newOrder(plain);
  const first = await client.newOrder({ ...plain, replaces });
  if (first.ok || !REPLACES_REFUSED.has(first.error.reason)) return first;
  work.warn({
    code: 'replaces-refused',
    detail: `ordered without naming the certificate it replaces: ${first.error.detail}`,
  });
  return client.newOrder(plain);
}

const REPLACES_REFUSED: ReadonlySet<string> = new Set([
  'acme-already-replaced',
  'acme-malformed',
  'acme-unauthorized',
  'acme-conflict',
  'http-error',
]);
