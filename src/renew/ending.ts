/**
 * How an attempt comes to its end: in the journal, and with nothing left lying about that only it needed.
 */
import type { DueReason, RenewalProblem, RenewalResult } from '../model/renewal.ts';
import type { Attempt } from './attempt.ts';
import { savedBefore } from './obtain/existing-client.ts';
import { forgetOrders } from './obtain/order-folder.ts';
import type { Proven } from './put-in-place.ts';
import { silentOnes } from './served/proof.ts';
import { type Limit, sayLimit } from './shares.ts';
import type { Situation } from './situation.ts';

/** The run was over before this one's turn came. */
export const TOO_LATE = {
  kind: 'failed',
  step: 'queue',
  problem: { reason: 'timeout', detail: 'the run was over before its turn came', advice: 'raise-deadline' },
} as const;

/** What gives it more time. */
export const RAISE = { timeout: 'raise-timeout', deadline: 'raise-deadline' } as const;

/** A run that somebody has ended has not failed: without an end in the journal, the next one goes on at once. */
export async function fail(
  attempt: Attempt,
  problem: RenewalProblem,
  { deadline, limit }: Pick<Situation, 'deadline' | 'limit'>,
): Promise<RenewalResult> {
  if (deadline.cutShort) return attempt.failed(interrupted(problem));
  const result = attempt.failed(withLimit(problem, limit));
  await attempt.end(result);
  return result;
}

/** What it printed may still say how far it was. */
const interrupted = ({ output }: RenewalProblem): RenewalProblem => ({
  reason: 'interrupted',
  detail: 'the run was ended in the middle of it; the next run goes on from here',
  ...(output === undefined ? {} : { output }),
});

/** Those of the steps before the installation: their time is what there is, and which limit that was is not in their words. */
const OUT_OF_TIME: ReadonlySet<string> = new Set(['timeout', 'pre-hook-timeout', 'order-timeout']);

function withLimit(problem: RenewalProblem, limit: Limit): RenewalProblem {
  if (!OUT_OF_TIME.has(problem.reason)) return problem;
  const advice = problem.advice === 'raise-timeout' ? { advice: RAISE[limit.by] } : {};
  const share = problem.reason === 'pre-hook-timeout' ? 'half of ' : '';
  return { ...problem, detail: `${problem.detail}; the limit was ${share}${sayLimit(limit)}`, ...advice };
}

export interface Success {
  readonly kind: 'renewed' | 'resumed';
  readonly reasons: readonly DueReason[];
}

export async function conclude(attempt: Attempt, proven: Proven, success: Success): Promise<RenewalResult> {
  switch (proven.kind) {
    case 'interrupted':
      return proven.result;
    case 'ended':
      await attempt.end(proven.result);
      if (proven.result.kind === 'rolled-back') await (await savedBefore(attempt))?.forget();
      return proven.result;
    case 'partly':
    case 'proven': {
      const { certificate, served } = proven;
      const about = { ...attempt.about, certificate, served };
      const result: RenewalResult =
        proven.kind === 'proven'
          ? { ...about, ...success }
          : { ...about, kind: 'partly-served', reasons: success.reasons, problem: silentOnes(served) };
      await attempt.end(result);
      // What was ordered is in use now; what a run before this point has ordered, the next one makes use of.
      await forgetOrders(attempt.tools.state, attempt.renewal.name);
      await (await savedBefore(attempt))?.forget();
      return result;
    }
  }
}
