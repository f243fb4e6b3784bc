/**
 * The account at a CA: one per directory and binding, with a key of its own that is made once and kept (mode 0600), the URL
 * that the CA gave it, and the contacts that the CA was told. Several renewals may want the same account at once: the key is
 * linked into place, so exactly one is made, and RFC 8555 7.3 answers a second newAccount of one key with the account that
 * stands. New contacts are an update of it (7.3.2): a binding may be good for one account only, and CAA may name this one.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../../files/is-there.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Directory } from './ca/objects.ts';
import { fail, isObject, type Trouble, trouble } from './failure.ts';
import type { AcmeAccountSettings } from './job.ts';
import { makeKeyPem, readKeyFile } from './keys.ts';
import { createOnce, privateFolder, replacePrivate } from './secret-files.ts';

export interface KeptAccount {
  readonly folder: string;
  readonly keyPem: string;
  /** Undefined: not registered yet, as far as is known here. */
  readonly url?: string;
  /** What the CA was told last, as `contactsOf` has it; undefined: not known. */
  readonly contact?: readonly string[];
}

/** As they are compared and kept: without `mailto:`, in one order. */
export const contactsOf = ({ contact }: Pick<AcmeAccountSettings, 'contact'>): string[] =>
  [...new Set(contact.map((each) => each.replace(/^mailto:/i, '').toLowerCase()))].sort();

const KEY_FILE = 'key.pem';
const ACCOUNT_FILE = 'account.json';

/** Readable for a person, and different for each directory, key and binding. */
function accountFolder(settings: AcmeAccountSettings, directoryUrl: string): string {
  const identity = [directoryUrl, settings.keyFile ?? null, settings.eab?.kid ?? null];
  return folderNamed(settings, directoryUrl, identity);
}

function folderNamed(settings: AcmeAccountSettings, directoryUrl: string, identity: readonly unknown[]): string {
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  return join(settings.folder, `${new URL(directoryUrl).hostname}-${hash}`);
}

/**
 * Once, contacts were part of the name. An account of those days is taken along: the one that had these contacts, or where
 * there are other contacts now, the only one of this directory, unless it may be bound to somebody else.
 */
async function oldFolder(settings: AcmeAccountSettings, directoryUrl: string): Promise<string | undefined> {
  const { keyFile = null, eab } = settings;
  const same = folderNamed(settings, directoryUrl, [directoryUrl, contactsOf(settings), keyFile, eab?.kid ?? null]);
  if (await isThere(same)) return same;
  if (eab || keyFile !== null) return undefined;
  const names = await readdir(settings.folder).catch(() => []);
  const found: string[] = [];
  for (const name of names.filter((each) => each.startsWith(`${new URL(directoryUrl).hostname}-`))) {
    const folder = join(settings.folder, name);
    const kept = await keptIn(folder, directoryUrl);
    if (kept && !kept.contact && (await isThere(join(folder, KEY_FILE)))) found.push(folder);
  }
  return found.length === 1 ? found[0] : undefined;
}

/** @returns the folder to use. */
async function settleIn(settings: AcmeAccountSettings, directoryUrl: string): Promise<string> {
  const folder = accountFolder(settings, directoryUrl);
  if (await isThere(folder)) return folder;
  const old = await oldFolder(settings, directoryUrl);
  if (old === undefined) return folder;
  try {
    await rename(old, folder);
  } catch {
    // Another run was first; or the folder of all accounts may not be written to, and the old name is as good.
    if (!(await isThere(folder))) return old;
  }
  return folder;
}

/** The account as it is on disk; its key is made where there is none. */
export async function openAccount(
  settings: AcmeAccountSettings,
  directoryUrl: string,
): Promise<Result<KeptAccount, Trouble>> {
  const folder = await settleIn(settings, directoryUrl);
  const usable = await privateFolder(folder);
  if (!usable.ok) return fail('account-folder', usable.error);
  const keyPem = settings.keyFile ? await readKeyFile(settings.keyFile) : await keyIn(folder);
  if (!keyPem.ok) return fail(settings.keyFile ? 'key-file' : 'account-folder', keyPem.error);
  return ok({ folder, keyPem: keyPem.value, ...(await keptIn(folder, directoryUrl)) });
}

async function keyIn(folder: string): Promise<Result<string, string>> {
  const path = join(folder, KEY_FILE);
  const found = await readKeyFile(path);
  if (found.ok || !found.error.includes('no such file')) return found;
  const made = await createOnce(path, await makeKeyPem('ec256'));
  if (!made.ok) return made;
  // Another run may have been first: whichever is there is the account's.
  return readKeyFile(path);
}

async function keptIn(folder: string, directoryUrl: string): Promise<Pick<KeptAccount, 'url' | 'contact'> | undefined> {
  try {
    const kept: unknown = JSON.parse(await readFile(join(folder, ACCOUNT_FILE), 'utf8'));
    if (!isObject(kept) || kept.directory !== directoryUrl || typeof kept.url !== 'string') return undefined;
    if (!URL.canParse(kept.url)) return undefined;
    const { url, contact } = kept;
    return Array.isArray(contact) ? { url, contact: contact.map(String) } : { url };
  } catch {
    // Not there, or not readable as it should be: the CA knows the account by its key.
    return undefined;
  }
}

/** What the CA knows now. */
export async function keepAccount(
  { folder }: KeptAccount,
  settings: AcmeAccountSettings,
  { directory, url }: { readonly directory: string; readonly url: string },
): Promise<Result<void, Trouble>> {
  const text = `${JSON.stringify({ directory, url, contact: contactsOf(settings) }, undefined, 2)}\n`;
  const kept = await replacePrivate(join(folder, ACCOUNT_FILE), text);
  return kept.ok ? kept : fail('account-folder', kept.error);
}

export async function forgetAccountUrl({ folder }: KeptAccount): Promise<void> {
  await unlink(join(folder, ACCOUNT_FILE)).catch(() => {});
}

/** Has the CA been told of other contacts, or nobody knows of which? */
export const hasNewContacts = ({ contact }: KeptAccount, settings: AcmeAccountSettings): boolean =>
  contact === undefined || contact.join(' ') !== contactsOf(settings).join(' ');

/** May an account be made? The terms are the person's to agree to, the binding is the CA's to hand out. */
export function mayRegister(settings: AcmeAccountSettings, directory: Directory): Result<void, Trouble> {
  const { termsOfService } = directory;
  if (termsOfService && !settings.agreeTos) {
    const detail = `the CA's terms of service are not agreed to: read ${termsOfService} and set agree-tos: true`;
    return err(trouble('terms-not-agreed', detail));
  }
  if (directory.externalAccountRequired && !settings.eab) {
    const detail = 'this CA binds accounts to one that you have with it: set eab with the kid and hmac-key it gave you';
    return err(trouble('eab-required', detail));
  }
  return ok(undefined);
}
