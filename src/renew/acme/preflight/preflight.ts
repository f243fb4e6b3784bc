/**
 * What is checked before an order is spent: rate limits count failed validations, and the CA's own words come late.
 * Everything here is bounded; what cannot be judged from here is a warning and stops nothing.
 */
import { isKnownDirectory } from '../../../config/acme-directories.ts';
import { ok, type Result } from '../../../model/result.ts';
import { Deadline } from '../../../time/deadline.ts';
import type { Directory, Identifier } from '../ca/objects.ts';
import { challengeName, followCnames } from '../challenges/delegation.ts';
import { solverFor, takeBack } from '../challenges/solving.ts';
import { readTsigKey } from '../challenges/tsig-key.ts';
import { UndoRecord } from '../challenges/undo.ts';
import { Questions } from '../dns-questions.ts';
import { fail, type Trouble } from '../failure.ts';
import type { AcmeWarning } from '../job.ts';
import type { Work } from '../work.ts';
import { judgeCaa } from './caa.ts';
import { type Probed, probeAnswer, probeHttp } from './http-probe.ts';

const PREFLIGHT_MS = 20_000;
/** Of the time that is left, no more than this share. */
const SHARE = 1 / 3;
const AT_ONCE = 10;

export async function preflight(
  identifiers: readonly Identifier[],
  directory: Directory,
  work: Work,
): Promise<Result<void, Trouble>> {
  if (work.job.preflight?.skip) return ok(undefined);
  const deadline = Deadline.after(Math.min(PREFLIGHT_MS, work.deadline.remainingMs * SHARE), work.deadline);
  try {
    const questions = new Questions({ deadline, servers: work.job.nameServers });
    const context = { work, deadline, directory, questions };
    const key = await updateKey(work);
    if (!key.ok) return key;
    const probed: Probed[] = [];
    for (let at = 0; at < identifiers.length; at += AT_ONCE) {
      const looked = await Promise.all(identifiers.slice(at, at + AT_ONCE).map((each) => lookAt(each, context)));
      for (const each of looked) {
        if (!each.ok) return each;
        probed.push(each.value);
      }
    }
    return await reach(probed, context);
  } finally {
    deadline.release();
  }
}

interface Context {
  readonly work: Work;
  readonly deadline: Deadline;
  readonly directory: Directory;
  readonly questions: Questions;
}

/** A key file with a slip in it is best found now. */
async function updateKey({ job }: Work): Promise<Result<void, Trouble>> {
  if (!('rfc2136' in job.challenge) || !job.challenge.rfc2136.keyFile) return ok(undefined);
  const key = await readTsigKey(job.challenge.rfc2136.keyFile);
  return key.ok ? ok(undefined) : fail('tsig-key', key.error);
}

/** DNS and CAA of one name. */
async function lookAt(identifier: Identifier, context: Context): Promise<Result<Probed, Trouble>> {
  if (identifier.type === 'ip') return ok({ identifier, addresses: [identifier.value] });
  const { work, questions, directory } = context;
  const name = identifier.value.replace(/^\*\./, '');
  const byDns = work.job.challenge.type === 'dns-01';
  const wildcard = name !== identifier.value;
  // At once: without a name server that answers, each takes its whole time.
  const [path, caa, found] = await Promise.all([
    followCnames(byDns ? challengeName(name) : name, questions),
    judgeCaa({ name, wildcard, identities: directory.caaIdentities }, questions),
    // A TXT record proves the name, which need not have an address.
    byDns ? NOT_NEEDED : addressesOf(name, context),
  ]);
  if (!path.ok) return path;
  if (caa.kind === 'forbidden' && directory.caaIdentities.length > 0) {
    const ca = directory.caaIdentities.join(' or ');
    return fail('caa-forbids', `CAA at ${caa.at} forbids ${ca} to issue for ${identifier.value}: ${caa.why}`);
  }
  if (caa.kind === 'unknown') {
    work.warn({ code: 'caa-unknown', detail: `CAA of ${caa.at} could not be looked up (${caa.code})` });
  }
  if (!found.ok) return found;
  const { addresses, doubt } = found.value;
  if (doubt) work.warn(doubt);
  return ok({ identifier, addresses });
}

interface Found {
  readonly addresses: readonly string[];
  readonly doubt?: AcmeWarning;
}

const NOT_NEEDED: Result<Found, never> = ok({ addresses: [] });

const doubt = (code: string, detail: string): Result<Found, never> => ok({ addresses: [], doubt: { code, detail } });

/**
 * As DNS has them: the hosts file is not what the CA sees. A CA that everybody uses looks a name up in the DNS that everybody
 * sees; a private one may see more than this machine does, and a name that only the hosts file has is somebody's intention.
 */
async function addressesOf(name: string, { questions, directory }: Context): Promise<Result<Found, Trouble>> {
  const found = await questions.addressesByDns(name);
  if (found.ok) return ok({ addresses: found.value });
  if (found.error.kind === 'failed') {
    return doubt('name-unknown', `${name} could not be looked up (${found.error.code})`);
  }
  const here = await questions.addresses(name);
  if (here.ok) {
    const seen = here.value.join(', ');
    return doubt(
      'name-not-in-dns',
      `${name} has no address in DNS, but on this machine (${seen}): will the CA find it?`,
    );
  }
  if (isKnownDirectory(directory.url)) return fail('name-not-found', `${name} has no address in DNS`);
  return doubt('name-not-found', `${name} has no address that is seen from here: will the CA find it?`);
}

/** Can an answer be put in place, and does it come back? Own listeners are opened for it, so a taken port shows here. */
async function reach(probed: readonly Probed[], { work, deadline }: Context): Promise<Result<void, Trouble>> {
  if (work.job.challenge.type === 'dns-01') return ok(undefined);
  const solver = solverFor(work.job.challenge, work, new UndoRecord(work.job.outDir));
  const trials = probed.map((each) => ({ each, answer: probeAnswer(each.identifier) }));
  try {
    const put = await solver.present(trials.map(({ answer }) => answer));
    if (!put.ok) return put;
    if (work.job.challenge.type !== 'http-01') return ok(undefined);
    for (const { each, answer } of trials) {
      const seen = await probeHttp(each, answer, { work, deadline });
      if (!seen.ok) return seen;
    }
    return ok(undefined);
  } finally {
    await takeBack(solver, work);
  }
}
