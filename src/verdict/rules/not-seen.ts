/**
 * Nothing was seen, or it failed on the way: the failure's own code, at the severity that `--unreachable` gives.
 */
import type { Finding, Severity } from '../../model/finding.ts';
import type { Failed } from '../../model/observation.ts';
import type { TargetSettings } from '../../model/target.ts';
import { NONE, type Rule } from './rule.ts';

export const notSeen: Rule = ({ observation, target }) => {
  if (observation.kind !== 'failed') return NONE;
  const { code, phase, reason, detail, looks, limit } = observation;
  const data = {
    phase,
    reason,
    ...(detail === undefined ? {} : { detail: firstLine(detail) }),
    ...(looks === undefined ? {} : { looks }),
    ...(limit === undefined ? {} : { limit }),
  };
  return [{ code, severity: failureSeverity(observation, target.settings), data } satisfies Finding];
};

function failureSeverity(failure: Failed, { unreachable }: TargetSettings): Severity {
  if (failure.code === 'internal-error') return 'unknown';
  if (unreachable === 'ok') return isUnreachability(failure) ? 'info' : 'unknown';
  return unreachable;
}

/**
 * "Unreachable is fine" says nothing about a target whose turn never came, a peer that was reached and could not prove that
 * it holds the key, or trust anchors that could not be loaded: those are never OK.
 */
function isUnreachability({ phase, reason }: Failed): boolean {
  return phase !== 'queue' && reason !== 'key-not-proven' && reason !== 'trust-anchors';
}

/** A bug's detail is followed by its stack, which stays with the observation. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
