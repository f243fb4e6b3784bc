/**
 * Verdicts on targets that could not be judged, because certwatch itself failed.
 */
import type { Failure } from '../model/observation.ts';
import type { Target } from '../model/target.ts';
import type { Verdict } from '../model/verdict.ts';
import { judge } from './judge.ts';

const MOST_DETAIL = 4_000;
const NO_TIME = { resolve: 0, connect: 0, starttls: 0, handshake: 0 };

/**
 * For targets whose turn never came, or of which nothing was heard again: `timeout`.
 * @param interrupted says, each time, whether it was somebody's wish that the run ended, or its deadline.
 */
export function notLookedVerdicts(interrupted: () => boolean): (target: Target) => Verdict {
  const reasons = { deadline: alike('timeout', 'deadline'), interrupted: alike('timeout', 'interrupted') };
  return (target) => reasons[interrupted() ? 'interrupted' : 'deadline'](target);
}

/**
 * For targets that were lost with the process that was to look at them: `internal-error`.
 * @param detail what befell it.
 */
export function lostVerdicts(detail: string): (target: Target) => Verdict {
  return alike('internal-error', 'bug', detail);
}

/**
 * The same for every target, but for what it counts as: there may be a hundred thousand of them to be told in the last half
 * second, and judging each would take longer than that.
 */
function alike(code: Failure['code'], reason: string, detail?: string): (target: Target) => Verdict {
  const known = new Map<unknown, Verdict>();
  const failure: Failure = { code, phase: 'queue', reason, ...(detail === undefined ? {} : { detail }) };
  return (target) => {
    const { unreachable } = target.settings;
    const verdict =
      known.get(unreachable) ??
      judge({ target, now: 0, observations: [{ kind: 'failed', ...failure, timings: NO_TIME }] });
    known.set(unreachable, verdict);
    return { ...verdict, target };
  };
}

/**
 * A bug came up while this target was looked at or judged: UNKNOWN for it, and for nobody else.
 * @param bug what was thrown; its message goes into the finding, its stack stays behind that in the observation's detail.
 */
export function internalErrorVerdict(target: Target, bug: unknown): Verdict {
  return judge({
    target,
    now: 0,
    observations: [
      {
        kind: 'failed',
        code: 'internal-error',
        phase: 'read',
        reason: 'bug',
        detail: describeBug(bug).slice(0, MOST_DETAIL),
        timings: NO_TIME,
      },
    ],
  });
}

/** First line: what it says; the lines behind it: where it came from. */
function describeBug(bug: unknown): string {
  if (!(bug instanceof Error)) return safeText(bug);
  const frames = (bug.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [`${bug.name}: ${bug.message}`.replace(/\s*\n\s*/g, ' '), ...frames].join('\n');
}

/** What is thrown may be anything, even something whose conversion throws again. */
function safeText(value: unknown): string {
  try {
    return String(value);
  } catch {
    return 'something that has no text';
  }
}
