/**
 * The way to the CA: its directory, and an account with it, made or told of new contacts where that is due.
 */
import { ok, type Result } from '../../model/result.ts';
import { hasNewContacts, type KeptAccount, keepAccount, mayRegister, openAccount } from './account.ts';
import { type AcmeClient, openAcmeClient } from './ca/client.ts';
import { openLine } from './ca/exchange.ts';
import type { Directory } from './ca/objects.ts';
import type { Trouble } from './failure.ts';
import type { StepLog, Work } from './work.ts';

export interface Connected {
  readonly account: KeptAccount;
  readonly client: AcmeClient;
  readonly directory: Directory;
}

export interface CaPlace {
  /** Of the directory. */
  readonly url: string;
  /** PEM of more roots to trust. */
  readonly ca: string | undefined;
}

export async function connect(
  { url, ca }: CaPlace,
  { work, steps }: { readonly work: Work; readonly steps: StepLog },
): Promise<Result<Connected, Trouble>> {
  const { job, deadline, now } = work;
  const account = await openAccount(job.account, url);
  if (!account.ok) return account;
  const { requestTimeoutMs: timeoutMs, nameServers } = job;
  const line = await openLine({ deadline, timeoutMs, ca, nameServers });
  const client = await openAcmeClient({
    directoryUrl: url,
    accountKeyPem: account.value.keyPem,
    accountUrl: account.value.url,
    eab: job.account.eab,
    line,
    now,
  });
  const directory = await client.directory();
  if (!directory.ok) return directory;
  await steps.enter('account');
  const connected = { client, directory: directory.value, account: account.value };
  if (account.value.url) {
    const told = await tellContacts(connected, work);
    return told.ok ? ok(connected) : told;
  }
  const may = mayRegister(job.account, directory.value);
  if (!may.ok) return may;
  const registered = await client.register(job.account);
  if (!registered.ok) return registered;
  const kept = await keepAccount(account.value, job.account, { directory: url, url: registered.value });
  return kept.ok ? ok(connected) : kept;
}

/** No order fails for contacts that the CA does not take. */
async function tellContacts({ client, account, directory }: Connected, work: Work): Promise<Result<void, Trouble>> {
  const settings = work.job.account;
  if (!account.url || !hasNewContacts(account, settings)) return ok(undefined);
  const told = await client.updateContacts(settings);
  if (told.ok) return keepAccount(account, settings, { directory: directory.url, url: account.url });
  // The order finds out by itself that the CA has forgotten the account, and what to do.
  if (told.error.reason !== 'acme-account-does-not-exist') {
    work.warn({ code: 'contact-not-updated', detail: `the CA still has the contacts of before: ${told.error.detail}` });
  }
  return ok(undefined);
}
