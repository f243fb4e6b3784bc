/**
 * The proof of one attempt: what its servers serve, in the words of its report.
 */
import type { RenewalProblem, ServedAt } from '../../model/renewal.ts';
import { err, ok } from '../../model/result.ts';
import { Deadline } from '../../time/deadline.ts';
import type { Attempt } from '../attempt.ts';
import { lookEverywhere, type Named, type VerifyOptions, verifyServed } from './verify-served.ts';

export type Question = Pick<VerifyOptions, 'wanted' | 'named' | 'baseline' | 'deadline' | 'patienceMs'>;

export type Verified = { readonly seen: readonly ServedAt[] } & (
  | { readonly ok: true; readonly everywhere: boolean }
  | { readonly ok: false; readonly error: RenewalProblem }
);

/** Polls until all serve it or the deadline comes. */
export async function verify(attempt: Attempt, question: Question): Promise<Verified> {
  const { reach, at } = await verifyServed({ ...question, ...eyesOf(attempt) });
  return reach === 'no'
    ? { ...err(notServed(at, question)), seen: at }
    : { ok: true, everywhere: reach === 'everywhere', seen: at };
}

/** The same, as a step of its own. */
export async function verifyStep(attempt: Attempt, question: Question): Promise<Verified> {
  let verified: Verified | undefined;
  const run = await attempt.run('verify', async () => {
    verified = await verify(attempt, question);
    return verified.ok ? ok(undefined) : verified;
  });
  return verified ?? { ...(run.ok ? err(notServed([], question)) : run), seen: [] };
}

/** A quick look, to say which address serves what. */
export async function lookQuickly(
  attempt: Attempt,
  { named, deadline }: { readonly named: Named; readonly deadline: Deadline },
): Promise<readonly ServedAt[]> {
  const limit = Deadline.after(Math.min(LOOK_MS, deadline.remainingMs * LOOK_SHARE), deadline);
  const { at } = await lookEverywhere({ ...eyesOf(attempt), named, deadline: limit });
  limit.release();
  return at;
}

const LOOK_MS = 3_000;
const LOOK_SHARE = 0.2;

const eyesOf = ({ renewal: { targets }, tools: { look } }: Attempt): Pick<VerifyOptions, 'targets' | 'look'> => ({
  targets,
  look,
});

function notServed(at: readonly ServedAt[], { wanted, named }: Question): RenewalProblem {
  const stale = at.filter(({ sha256 }) => sha256 !== wanted).length;
  const what = wanted === named.new ? 'new' : 'old';
  const detail = `${stale} of ${at.length} addresses did not serve the ${what} certificate before the time was up`;
  return { reason: 'not-served', detail, advice: 'fix-reload' };
}

/** Of a certificate that is served wherever anything answers. */
export function silentOnes(at: readonly ServedAt[]): RenewalProblem {
  const silent = at.filter(({ serves }) => serves === 'unknown');
  const where = silent.map(({ target, address }) => (address === undefined ? target : `${address} of ${target}`));
  const detail = `${silent.length} of ${at.length} addresses answered neither before it was installed nor since: ${where.join(', ')}`;
  return { reason: 'address-silent', detail, advice: 'see-to-silent' };
}
