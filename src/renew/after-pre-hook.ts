/**
 * A pre-hook mostly stops what listens at the port that a challenge needs, and what comes behind the order starts it again.
 * Where the order fails, nothing comes behind it: so it is looked whether anybody is silent now who was not before, and the
 * deploy hook and the reload are run as they are on the way back.
 */
import type { RenewalProblem, ServedAt } from '../model/renewal.ts';
import type { Deadline } from '../time/deadline.ts';
import { pause } from '../time/pause.ts';
import type { Attempt } from './attempt.ts';
import { deploy, reload } from './commands/reload.ts';
import { lookQuickly } from './served/proof.ts';
import type { Situation } from './situation.ts';

/** A server that was just started may take a moment to open its port. */
const LOOKS = 10;
const PAUSE_MS = 300;

/** What came of it is told as a warning beside what the attempt failed of. */
export async function startAgain(
  attempt: Attempt,
  { disk, seen, deadline }: Pick<Situation, 'disk' | 'seen' | 'deadline'>,
): Promise<void> {
  if (!attempt.renewal.preHook) return;
  if (deadline.expired) {
    attempt.warn(NO_TIME);
    return;
  }
  const before = await silentSince(attempt, seen.at, deadline);
  if (before.length === 0) return;
  const done = [
    ...(disk.kind === 'set' ? [await deploy(attempt, { deadline, puttingBack: true })] : []),
    await reload(attempt, { deadline, puttingBack: true }),
  ];
  let still = before;
  for (let looks = 0; looks < LOOKS && still.length > 0 && !deadline.expired; looks += 1) {
    if (looks > 0) await pause(PAUSE_MS, deadline);
    still = await silentSince(attempt, seen.at, deadline);
  }
  const all = `${before.length} of ${seen.at.length} addresses answered nothing after the pre-hook`;
  if (still.length === 0) {
    attempt.warn({ reason: 'started-again', detail: `${all}; the reload has brought them back` });
    return;
  }
  const where = still.map(({ target, address }) => (address === undefined ? target : `${address} of ${target}`));
  const why = done.flatMap((each) => (each.ok ? [] : [`; ${each.error.detail}`])).join('');
  const detail = `${all}, and the reload has not brought back ${where.join(', ')}: NOTHING IS SERVED there now; start it, and let the reload command start what the pre-hook stops${why}`;
  attempt.warn({ reason: 'left-silent', detail });
}

const NO_TIME: RenewalProblem = {
  reason: 'not-started-again',
  detail: 'no time was left to see whether what the pre-hook has stopped is up: look, and start it',
};

/** Those that served something before, and answer nothing now. */
async function silentSince(
  attempt: Attempt,
  before: readonly ServedAt[],
  deadline: Deadline,
): Promise<readonly ServedAt[]> {
  const now = await lookQuickly(attempt, { named: {}, deadline });
  return now.filter(
    (each) =>
      each.serves === 'unknown' &&
      before.some(
        ({ target, address, serves }) => serves !== 'unknown' && target === each.target && address === each.address,
      ),
  );
}
