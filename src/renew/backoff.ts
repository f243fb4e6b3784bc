/**
 * After failures: when to try again, and with which CA. Across runs, out of the journal. Pure.
 */
import type { RenewalProblem } from '../model/renewal.ts';
import type { Threshold } from '../model/target.ts';
import { DAY, MINUTE } from '../time/duration.ts';
import type { History } from './journal/history.ts';
import type { Authority, ByAcme } from './renewal.ts';

/** After the first, second, third failure in a row, and after every one from then on. */
const WAITS_MS = [MINUTE, 10 * MINUTE, 100 * MINUTE, DAY] as const;

/** Of a certificate's lifetime: one that lives six days cannot wait for a day. */
const LARGEST_SHARE = 0.05;

export interface Backoff {
  readonly notBefore: number;
  readonly failures: number;
  readonly problem?: RenewalProblem;
}

/**
 * @param lifetimeMs of the certificate that is to be renewed, where there is one.
 * @param authority URL of the CA that would be asked: what another one said about waiting does not hold for it.
 * @returns undefined where the last attempt did not fail.
 */
export function backoffAfter(
  { failures }: History,
  { lifetimeMs, authority }: { readonly lifetimeMs?: number | undefined; readonly authority?: string | undefined },
): Backoff | undefined {
  const last = failures.at(-1);
  if (!last) return undefined;
  const step = WAITS_MS[Math.min(failures.length, WAITS_MS.length) - 1]!;
  const wait = Math.max(MINUTE, Math.min(step, (lifetimeMs ?? Number.POSITIVE_INFINITY) * LARGEST_SHARE));
  const said = failures.flatMap((each) => (each.authority === authority ? [each.problem?.notBefore ?? 0] : []));
  return {
    notBefore: Math.max(Math.round(last.at + wait), ...said),
    failures: failures.length,
    ...(last.problem ? { problem: last.problem } : {}),
  };
}

export interface Life {
  readonly remainingMs: number;
  readonly lifetimeMs: number;
}

/**
 * The first CA, until it has failed `after` times in a row, or has failed and little life is left; then the second one,
 * until that has failed as often; from then on they take turns.
 * @param life of the certificate in use; undefined: there is none.
 */
export function chooseAuthority(
  { authority, fallback }: Pick<ByAcme, 'authority' | 'fallback'>,
  { failures }: History,
  life: Life | undefined,
): Authority {
  if (!fallback) return authority;
  const first = failures.filter((each) => each.authority !== fallback.url).length;
  const second = failures.length - first;
  const urgent = life !== undefined && first > 0 && life.remainingMs <= noticeMs(fallback.remaining, life.lifetimeMs);
  if (first < fallback.after && !urgent) return authority;
  if (second < fallback.after) return fallback;
  return failures.at(-1)?.authority === fallback.url ? authority : fallback;
}

const URGENT_SHARE = 0.15;

function noticeMs(threshold: Threshold, lifetimeMs: number): number {
  switch (threshold.kind) {
    case 'auto':
      return lifetimeMs * URGENT_SHARE;
    case 'duration':
      return threshold.ms;
    case 'share':
      return lifetimeMs * threshold.fraction;
  }
}
