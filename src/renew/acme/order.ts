/**
 * One certificate by ACME (RFC 8555 7.1): key → directory → account → preflight → order → authorizations → finalize →
 * download → check → files. An order that an earlier run had no time to finish is taken up where it stands; one that
 * has failed for good is not.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDirectory } from '../../config/acme-directories.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { Deadline } from '../../time/deadline.ts';
import { type CertificateSet, contentsOf, FILE_NAMES, type SetFile } from '../install/certificate-set.ts';
import { sayErrno } from '../say-errno.ts';
import { forgetAccountUrl, type KeptAccount } from './account.ts';
import type { AcmeClient } from './ca/client.ts';
import type { Identifier, Order } from './ca/objects.ts';
import { PASSING } from './ca/retrying.ts';
import { cleanUpAfter } from './challenges/undo.ts';
import { type CaPlace, type Connected, connect } from './connect.ts';
import { atStep, cap, fail, type Trouble, trouble } from './failure.ts';
import { giveBack } from './give-back.ts';
import { readIdentifiers } from './identifiers.ts';
import { issue } from './issue.ts';
import { checkIssued, hasIssuer } from './issued.ts';
import type { AcmeFailure, AcmeFiles, AcmeIssued } from './job.ts';
import { makeKeyPem, readKeyFile } from './keys.ts';
import { forgetOrder, placeOrder } from './place-order.ts';
import { preflight } from './preflight/preflight.ts';
import { createOnce, privateFolder, replacePrivate } from './secret-files.ts';
import { StepLog, type Work } from './work.ts';

type Issued = Omit<AcmeIssued, 'ok' | 'warnings'>;

/** Every way to fail is a value; what throws is a bug. */
export async function obtain(work: Work): Promise<Result<Issued, AcmeFailure>> {
  const steps = new StepLog(work);
  const run: Run = { work, steps, orderUrl: undefined };
  const done = await obtainIn(run);
  if (done.ok) return done;
  const what = work.deadline.expired && !saysMore(done.error) ? late(done.error, steps) : done.error;
  return err({ ...atStep(steps.at, what), ...(run.orderUrl ? { orderUrl: run.orderUrl } : {}) });
}

/** At the deadline these still say best what was waited for. */
const SAYS_MORE: ReadonlySet<string> = new Set([
  'authorization-stuck',
  'order-stuck',
  'not-propagated',
  'hook-timeout',
  'timeout',
]);

/** The CA's own words are worth more than "too late". */
const saysMore = ({ reason, problem }: Trouble): boolean => SAYS_MORE.has(reason) || problem !== undefined;

const late = (what: Trouble, steps: StepLog): Trouble => ({
  ...what,
  ...trouble('timeout', `the deadline passed at step ${steps.at}: ${what.detail}`),
});

interface Run {
  readonly work: Work;
  readonly steps: StepLog;
  orderUrl: string | undefined;
}

async function obtainIn(run: Run): Promise<Result<Issued, Trouble>> {
  const { work, steps } = run;
  const prepared = await prepare(work);
  if (!prepared.ok) return prepared;
  const { identifiers, url, ca } = prepared.value;
  await steps.enter('key');
  const keyPem = await certificateKey(work);
  if (!keyPem.ok) return keyPem;
  await steps.enter('directory');
  const connected = await connect({ url, ca }, run);
  if (!connected.ok) return connected;
  await steps.enter('preflight');
  const clear = await preflight(identifiers, connected.value.directory, work);
  if (!clear.ok) return clear;
  await steps.enter('order');
  const placed = await place(run, connected.value, prepared.value);
  if (!placed.ok) return placed;
  const { client, order } = placed.value;
  run.orderUrl = order.url;
  work.emit({ kind: 'order', orderUrl: order.url, at: work.now() });
  const chainPem = await issue({ work, steps, client, order, identifiers, keyPem: keyPem.value });
  if (!chainPem.ok) {
    if (!work.deadline.expired && !GOES_ON.has(chainPem.error.reason)) {
      await forgetOrder(work);
      await giveBack(client, order, work);
    }
    return chainPem;
  }
  await steps.enter('check');
  const expected = { keyPem: keyPem.value, identifiers: identifiers.map(({ value }) => value), now: work.now() };
  const checked = checkIssued(chainPem.value, expected);
  if (!checked.ok) {
    // A clock can be set right; what else is wrong with it stays wrong.
    if (checked.error.reason !== 'not-valid-now') await forgetOrder(work);
    return checked;
  }
  const { preferredChain } = work.job;
  if (preferredChain && !hasIssuer(checked.value.chain, preferredChain)) {
    work.warn({
      code: 'preferred-chain-not-offered',
      detail: `the CA offers no chain with an issuer ${preferredChain}`,
    });
  }
  await steps.enter('write');
  const files = await writeFiles(work.job.outDir, checked.value);
  if (!files.ok) return files;
  const { sha256, notBefore, notAfter } = checked.value.chain[0];
  return ok({ files: files.value, orderUrl: order.url, sha256, notBefore, notAfter });
}

/** The next run takes the order up where it stands, as it does where the time was over. */
const GOES_ON: ReadonlySet<string> = new Set([
  ...PASSING,
  'timeout',
  'authorization-stuck',
  'order-stuck',
  'acme-rate-limited',
]);

/** An account that the CA has forgotten (a test CA that was set up anew) is registered again, once, with the same key. */
async function place(
  run: Run,
  { client, directory, account }: Connected,
  { identifiers, url, ca }: Prepared,
): Promise<Result<{ readonly client: AcmeClient; readonly order: Order }, Trouble>> {
  const wish = { identifiers, directory, work: run.work };
  const placed = await placeOrder(client, wish);
  if (placed.ok) return ok({ client, order: placed.value });
  if (placed.error.reason !== 'acme-account-does-not-exist' || account.url === undefined) {
    return placed.error.advice === 'check-account' ? err(withAccount(placed.error, account, run.work)) : placed;
  }
  await forgetAccountUrl(account);
  const again = await connect({ url, ca }, run);
  if (!again.ok) return again;
  await run.steps.enter('order');
  const second = await placeOrder(again.value.client, wish);
  return second.ok ? ok({ client: again.value.client, order: second.value }) : second;
}

/** Which account the CA means, and what to do about one that it will not have any more. */
function withAccount(failure: Trouble, { folder }: KeptAccount, { job }: Work): Trouble {
  const where = job.account.keyFile ?? `${folder} (moved away, the next run makes a new account)`;
  return { ...failure, detail: cap(`${failure.detail}; the key of the account is in ${where}`) };
}

interface Prepared extends CaPlace {
  readonly identifiers: readonly Identifier[];
}

/** What can be refused without asking anybody, and the traces of a killed run. */
async function prepare(work: Work): Promise<Result<Prepared, Trouble>> {
  const { job } = work;
  const directory = parseDirectory(job.directory);
  if (!directory.ok) return fail('bad-job', directory.error);
  const identifiers = readIdentifiers(job.identifiers, job.challenge);
  if (!identifiers.ok) return identifiers;
  const folder = await privateFolder(job.outDir);
  if (!folder.ok) return fail('out-dir', folder.error);
  let ca: string | undefined;
  if (job.caFile) {
    try {
      ca = await readFile(job.caFile, 'utf8');
    } catch (cause) {
      return fail('ca-file', `${job.caFile}: ${sayErrno(cause)}`);
    }
    if (!ca.includes('-----BEGIN CERTIFICATE-----')) return fail('ca-file', `${job.caFile}: holds no PEM certificate`);
  }
  // Traces of an earlier run may not cost this one its time.
  const limit = Deadline.after(work.deadline.remainingMs / 4, work.deadline);
  const cleaned = await cleanUpAfter(job.outDir, { ...work, deadline: limit });
  limit.release();
  if (!cleaned.ok) work.warn({ code: 'clean-up-failed', detail: cleaned.error });
  return ok({ identifiers: identifiers.value, url: directory.value.url, ca });
}

/** Before the order, and in its file: a run that is taken up again needs the key that the order was finalized with. */
async function certificateKey({ job }: Work): Promise<Result<string, Trouble>> {
  const path = join(job.outDir, FILE_NAMES.key);
  const wished = job.key.kind === 'reuse' ? await readKeyFile(job.key.file) : undefined;
  if (wished && !wished.ok) return fail('key-file', wished.error);
  if (wished) {
    const kept = await replacePrivate(path, wished.value);
    return kept.ok ? wished : fail('cannot-write', kept.error);
  }
  const there = await readKeyFile(path);
  if (there.ok) return there;
  const type = job.key.kind === 'new' ? job.key.type : 'ec256';
  const made = await createOnce(path, await makeKeyPem(type));
  if (!made.ok) return fail('cannot-write', made.error);
  const read = await readKeyFile(path);
  return read.ok ? read : fail('key-file', read.error);
}

/** The key is there already. */
async function writeFiles(folder: string, set: CertificateSet): Promise<Result<AcmeFiles, Trouble>> {
  const contents = contentsOf(set);
  const at = (file: SetFile) => join(folder, FILE_NAMES[file]);
  for (const file of ['cert', 'chain', 'fullchain'] as const) {
    const written = await replacePrivate(at(file), contents[file]);
    if (!written.ok) return fail('cannot-write', written.error);
  }
  return ok({ key: at('key'), cert: at('cert'), chain: at('chain'), fullchain: at('fullchain') });
}
