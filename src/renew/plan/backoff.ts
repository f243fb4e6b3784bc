/**
 * After failures: when to try again, and with which CA. Across runs, out of the journal. Pure.
 */
import type { RenewalProblem, RenewalStep } from '../../model/renewal.ts';
import type { Threshold } from '../../model/target.ts';
import { DAY, MINUTE } from '../../time/duration.ts';
import { AUTO, computeWindow, lifetimeSeconds, type Validity } from '../../verdict/window.ts';
import type { Failure, History } from '../journal/history.ts';
import type { Authority, ByAcme } from '../renewal.ts';

/** After the first, second, third failure in a row, and after every one from then on. */
const WAITS_MS = [MINUTE, 10 * MINUTE, 100 * MINUTE, DAY] as const;

/** Of a certificate's lifetime: one that lives six days cannot wait for a day. */
const LARGEST_SHARE = 0.05;

/**
 * What the CA asks for by Retry-After (RFC 8555 6.6) is kept, but for no longer than this: limits that hold for longer are
 * rare, asking them once a day harms nobody, and a slip there would be slept until after the end of the certificate.
 */
export const LONGEST_KEPT_MS = DAY;

export interface Backoff {
  readonly notBefore: number;
  readonly failures: number;
  readonly problem?: RenewalProblem;
}

/** The CA has done its part then. */
const AFTER_THE_ORDER: ReadonlySet<RenewalStep | undefined> = new Set(['deploy-hook', 'reload', 'verify', 'put-back']);

/**
 * Those that the CA, or what leads to it, had a part in: a reload that fails is nobody's affair but the server's. An
 * existing client is another matter: what it does when it is set to work again, only it knows.
 */
function failuresToObtain({ failures }: History): readonly Failure[] {
  const obtained = failures.findLastIndex(({ by, step }) => by !== 'command' && AFTER_THE_ORDER.has(step));
  return failures.slice(obtained + 1);
}

/**
 * @param lifetimeMs of the certificate that is to be renewed, where there is one.
 * @param criticalAt when little of its life is left: from then on it is tried at least as often as after many failures,
 * whatever the CA has said.
 * @param authority URL of the CA that would be asked: what another one said about waiting does not hold for it.
 * @returns undefined where the last attempt did not fail, or not for want of a certificate.
 */
export function backoffAfter(history: History, circumstances: Circumstances): Backoff | undefined {
  const { now = Number.POSITIVE_INFINITY, authority } = circumstances;
  const { lifetimeMs = Number.POSITIVE_INFINITY, criticalAt = Number.POSITIVE_INFINITY } = circumstances;
  const failures = failuresToObtain(history);
  const last = failures.at(-1);
  if (!last || last.at > now + CLOCK_SKEW_MS) return undefined;
  const step = WAITS_MS[Math.min(failures.length, WAITS_MS.length) - 1]!;
  const atMost = lifetimeMs * LARGEST_SHARE;
  const wait = Math.max(MINUTE, Math.min(step, atMost));
  const urgentWait = Math.max(MINUTE, Math.min(DAY, atMost));
  const said = failures.flatMap(({ at, authority: by, problem }) => {
    if (by !== authority || at > now + CLOCK_SKEW_MS) return [];
    return [Math.min(problem?.notBefore ?? 0, at + LONGEST_KEPT_MS, Math.max(criticalAt, at + urgentWait))];
  });
  return {
    notBefore: Math.round(Math.max(last.at + wait, ...said)),
    failures: failures.length,
    ...(last.problem ? { problem: last.problem } : {}),
  };
}

/**
 * What was written down later than now was written by a clock that was ahead (a machine that starts with a wrong one): when
 * it really was nobody knows, and to wait for that day could be to wait until after the end of the certificate.
 */
const CLOCK_SKEW_MS = 5 * MINUTE;

export interface Circumstances {
  /** Milliseconds since the epoch. */
  readonly now?: number | undefined;
  readonly lifetimeMs?: number | undefined;
  readonly criticalAt?: number | undefined;
  readonly authority?: string | undefined;
}

/** Those of a certificate. */
export const circumstancesOf = (leaf: Validity): Circumstances => ({
  lifetimeMs: lifetimeSeconds(leaf) * 1_000,
  criticalAt: computeWindow(leaf, leaf.notBefore, AUTO).criticalAt,
});

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
  history: History,
  life: Life | undefined,
): Authority {
  if (!fallback) return authority;
  const failures = failuresToObtain(history);
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
