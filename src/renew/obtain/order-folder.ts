/**
 * What orders for a certificate leave in the state: `<state>/orders/NAME/<wish>/`, the key, the order's URL, and the set that
 * was issued; and `<state>/after/NAME/`, what an existing client had left when the old set was put back. It is gone when the
 * set is served, and when nothing is to be gone on with.
 */
import { createHash } from 'node:crypto';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyType } from '../../config/acme-schema.ts';
import { AUTO, computeWindow } from '../../verdict/window.ts';
import { UNDO_FILE } from '../acme/challenges/undo.ts';
import { type CertificateSet, checkSet, FILE_NAMES, readSet } from '../install/certificate-set.ts';
import { keyTypeOf, type OnDisk } from '../plan/plan.ts';
import type { Authority, ByAcme, Renewal } from '../renewal.ts';

/** Everything that orders for this certificate leave, whatever they were for. */
export const orderFolder = (state: string, name: string): string => join(state, 'orders', name);

/** What an existing client had put in place, and was put back: it is tried again before the client is set to work again. */
export const afterFolder = (state: string, name: string): string => join(state, 'after', name);

export async function forgetOrders(state: string, name: string): Promise<void> {
  const folder = orderFolder(state, name);
  for (const each of await readdir(folder).catch(() => [])) await forgetOrder(join(folder, each));
  await rmdir(folder).catch(() => {});
  await rm(afterFolder(state, name), { recursive: true, force: true }).catch(() => {});
}

/** All of it goes, but for the note of a challenge that could not be taken back: the next order here tries that again. */
export async function forgetOrder(outDir: string): Promise<void> {
  for (const file of await readdir(outDir).catch(() => [])) {
    if (file !== UNDO_FILE) await rm(join(outDir, file), { recursive: true, force: true }).catch(() => {});
  }
  await rmdir(outDir).catch(() => {});
}

export interface OrderWish {
  /** The key on disk is certified again. */
  readonly reuse: boolean;
  readonly keyType: KeyType;
  readonly to: Authority;
}

/** The work folder of one wish: what was ordered for other names, keys or CAs is another one's. */
export function workFolder(
  state: string,
  { name, domains }: Pick<Renewal, 'name' | 'domains'>,
  { reuse, keyType, to }: OrderWish,
): string {
  const wish = JSON.stringify([[...domains].sort(), keyType, reuse, to.url, to.profile ?? null]);
  return join(orderFolder(state, name), createHash('sha256').update(wish).digest('hex').slice(0, 12));
}

export interface Moment {
  readonly disk: OnDisk;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type Left =
  /** Issued to an earlier run, which did not bring it to be served: it is installed in place of another order. */
  | { readonly kind: 'good'; readonly set: CertificateSet }
  /** No use any more. */
  | { readonly kind: 'useless' }
  | { readonly kind: 'none' };

export async function leftIn(
  outDir: string,
  { domains }: Pick<Renewal, 'domains'>,
  { disk, now }: Moment,
): Promise<Left> {
  const set = await readSet(outDir);
  if (!set.ok || !set.value) return { kind: 'none' };
  const [leaf] = set.value.chain;
  const good =
    checkSet(set.value, { domains, now }).ok &&
    computeWindow(leaf, now, AUTO).renewAt > now &&
    // Somebody may have put a newer one in place.
    !(disk.kind === 'set' && (disk.leaf.sha256 === leaf.sha256 || disk.leaf.notBefore > leaf.notBefore));
  return good ? { kind: 'good', set: set.value } : { kind: 'useless' };
}

export interface IssuedBefore {
  /** Absent where an existing client has it. */
  readonly authority?: Authority;
}

/** @returns who has issued a set which is still to be installed; undefined where there is none. */
export async function issuedBefore(
  state: string,
  renewal: Pick<Renewal, 'name' | 'domains' | 'by' | 'live'>,
  moment: Moment,
): Promise<IssuedBefore | undefined> {
  const { by } = renewal;
  if (by.kind === 'command') {
    const left = await leftIn(afterFolder(state, renewal.name), renewal, moment);
    return left.kind === 'good' ? {} : undefined;
  }
  const { keyType } = by;
  const reuse = keyToKeep(renewal, by, moment.disk).kind === 'kept';
  for (const to of [by.authority, ...(by.fallback ? [by.fallback] : [])]) {
    const left = await leftIn(workFolder(state, renewal, { reuse, keyType, to }), renewal, moment);
    if (left.kind === 'good') return { authority: to };
  }
  return undefined;
}

/** Is the key on disk to be certified again? One of another kind than the config asks for is no key to keep. */
export function keyToKeep(
  { live }: Pick<Renewal, 'live'>,
  { keyType, keyTypeGiven, reuseKey }: ByAcme,
  disk: OnDisk,
):
  | { readonly kind: 'kept'; readonly file: string }
  | { readonly kind: 'other'; readonly found: string }
  | { readonly kind: 'none' } {
  if (!reuseKey || live === undefined || disk.kind !== 'set' || !disk.keyFits) return { kind: 'none' };
  const found = keyTypeOf(disk.leaf);
  return keyTypeGiven && found !== keyType
    ? { kind: 'other', found }
    : { kind: 'kept', file: join(live, FILE_NAMES.key) };
}
