/**
 * How an attempt comes to its end: in the journal, and with nothing left lying about that only it needed.
 */
import type { DueReason, RenewalProblem, RenewalResult } from '../model/renewal.ts';
import type { Deadline } from '../time/deadline.ts';
import type { Attempt } from './attempt.ts';
import { savedBefore } from './existing-client.ts';
import { forgetOrders } from './order-folder.ts';
import { silentOnes } from './proof.ts';
import type { Proven } from './put-in-place.ts';

/** A run that somebody has ended has not failed: without an end in the journal, the next one goes on at once. */
export async function fail(attempt: Attempt, problem: RenewalProblem, deadline: Deadline): Promise<RenewalResult> {
  const result = attempt.failed(problem);
  if (!deadline.cutShort) await attempt.end(result);
  return result;
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
