/**
 * The account at a CA: a key of its own per directory and contact, made once and kept (mode 0600), and the URL that the
 * CA gave it. Several renewals may want the same account at once: the key is linked into place, so exactly one is made,
 * and RFC 8555 7.3 answers a second newAccount of one key with the account that stands.
 */
import { createHash } from 'node:crypto';
import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
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
}

/** The folder of one account: readable for a person, and different for each directory, contact and key. */
function accountFolder(settings: AcmeAccountSettings, directoryUrl: string): string {
  const contacts = settings.contact.map((each) => each.replace(/^mailto:/, '').toLowerCase()).sort();
  const identity = JSON.stringify([directoryUrl, contacts, settings.keyFile ?? null, settings.eab?.kid ?? null]);
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 16);
  return join(settings.folder, `${new URL(directoryUrl).hostname}-${hash}`);
}

/** The account as it is on disk; its key is made where there is none. */
export async function openAccount(
  settings: AcmeAccountSettings,
  directoryUrl: string,
): Promise<Result<KeptAccount, Trouble>> {
  const folder = accountFolder(settings, directoryUrl);
  const usable = await privateFolder(folder);
  if (!usable.ok) return fail('account-folder', usable.error);
  const keyPem = settings.keyFile ? await readKeyFile(settings.keyFile) : await keyIn(folder);
  if (!keyPem.ok) return fail(settings.keyFile ? 'key-file' : 'account-folder', keyPem.error);
  const url = await urlIn(folder, directoryUrl);
  return ok({ folder, keyPem: keyPem.value, ...(url ? { url } : {}) });
}

async function keyIn(folder: string): Promise<Result<string, string>> {
  const path = join(folder, 'key.pem');
  const found = await readKeyFile(path);
  if (found.ok || !found.error.includes('no such file')) return found;
  const made = await createOnce(path, await makeKeyPem('ec256'));
  if (!made.ok) return made;
  // Another run may have been first: whichever is there is the account's.
  return readKeyFile(path);
}

async function urlIn(folder: string, directoryUrl: string): Promise<string | undefined> {
  try {
    const kept: unknown = JSON.parse(await readFile(join(folder, 'account.json'), 'utf8'));
    if (!isObject(kept) || kept.directory !== directoryUrl || typeof kept.url !== 'string') return undefined;
    return URL.canParse(kept.url) ? kept.url : undefined;
  } catch {
    // Not there, or not readable as it should be: the CA knows the account by its key.
    return undefined;
  }
}

export async function keepAccountUrl(
  { folder }: KeptAccount,
  directoryUrl: string,
  url: string,
): Promise<Result<void, Trouble>> {
  const text = `${JSON.stringify({ directory: directoryUrl, url }, undefined, 2)}\n`;
  const kept = await replacePrivate(join(folder, 'account.json'), text);
  return kept.ok ? kept : fail('account-folder', kept.error);
}

export async function forgetAccountUrl({ folder }: KeptAccount): Promise<void> {
  await unlink(join(folder, 'account.json')).catch(() => {});
}

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
