/**
 * Verdicts on targets that could not be judged, because certwatch itself failed.
 */
import type { Phase } from '../model/observation.ts';
import type { Target } from '../model/target.ts';
import type { Verdict } from '../model/verdict.ts';
import { judge } from './judge.ts';

const MOST_DETAIL = 4_000;

/**
 * A bug came up while this target was looked at or judged: UNKNOWN for it, and for nobody else.
 * @param bug what was thrown; its message goes into the finding, its stack stays behind that in the observation's detail.
 */
export function internalErrorVerdict(target: Target, bug: unknown, phase: Phase = 'read'): Verdict {
  return judge({
    target,
    now: 0,
    observations: [
      {
        kind: 'failed',
        code: 'internal-error',
        phase,
        reason: 'bug',
        detail: describeBug(bug).slice(0, MOST_DETAIL),
        timings: { resolve: 0, connect: 0, starttls: 0, handshake: 0 },
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
