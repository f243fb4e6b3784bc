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
  const kept: KeptOrder = { directory: directory.url, order: placed.value.url, placedAt: work.now() };
  const text = `${JSON.stringify(kept, undefined, 1)}\n`;
  const written = await replacePrivate(join(work.job.outDir, ORDER_FILE), text);
  if (written.ok) return placed;
  await giveBack(client, placed.value, work);
  return fail('cannot-write', written.error);
}

const ORDER_FILE = 'order.json';

interface KeptOrder {
  readonly directory: string;
  readonly order: string;
  /** Milliseconds since the epoch. */
  readonly placedAt: number;
}

/** A CA issues within seconds, or minutes; what it has in the works for longer it has forgotten. */
const LONGEST_PROCESSING_MS = 60 * 60 * 1_000;

/** The next run will place another one. */
export async function forgetOrder({ job }: Work): Promise<void> {
  await unlink(join(job.outDir, ORDER_FILE)).catch(() => {});
}

/** The order of the file, where the CA still has it, it is for the same names, not at its end and not stuck. */
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
  if (found.value.value.status === 'processing' && isOld(kept.placedAt, work)) {
    work.warn({
      code: 'order-given-up',
      detail: `another one is placed: the CA has been processing ${kept.order} for more than an hour`,
    });
    return undefined;
  }
  const names = (list: readonly Identifier[]) =>
    list
      .map(({ value }) => value.toLowerCase())
      .sort()
      .join(' ');
  return names(found.value.value.identifiers) === names(identifiers) ? found.value.value : undefined;
}

/** One whose time is not known was placed by a version that did not write it down. */
const isOld = (placedAt: unknown, work: Work): boolean =>
  typeof placedAt === 'number' && work.now() - placedAt > LONGEST_PROCESSING_MS;

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
