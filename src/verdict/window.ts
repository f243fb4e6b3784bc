/**
 * The window: when a certificate should be renewed, by its own lifetime. Renewal opens, is overdue, is critical, and then
 * the certificate has expired. The moments are always in that order: renewAt ≤ warnAt ≤ criticalAt ≤ expiry.
 */
import type { Certificate } from '../model/certificate.ts';
import type { TargetSettings, Threshold } from '../model/target.ts';
import type { Window } from '../model/verdict.ts';
import { formatDuration } from '../time/duration.ts';

const DAY_SECONDS = 86_400;
/** Below this a lifetime is short: a third of it would leave automation too little time to try again. */
const SHORT_LIFETIME_SECONDS = 10 * DAY_SECONDS;
const LONGEST_NOTICE_SECONDS = 30 * DAY_SECONDS;
const LONGEST_CRITICAL_SECONDS = 7 * DAY_SECONDS;

export type Validity = Pick<Certificate, 'notBefore' | 'notAfter'>;

export interface WindowPolicy extends Pick<TargetSettings, 'warning' | 'critical' | 'graceMs'> {
  /** When the CA says that renewal should start (RFC 9773), ms since the epoch. Advice: it cannot move past the warning. */
  readonly suggestedRenewalAt?: number;
}

/** By the certificate's own lifetime and nothing else. */
export const AUTO: WindowPolicy = { warning: { kind: 'auto' }, critical: { kind: 'auto' }, graceMs: 0 };

/** notAfter is inclusive (RFC 5280 4.1.2.5): a certificate has expired one second after it. Ms since the epoch. */
export function expiresAt(validity: Validity): number {
  return validity.notAfter + 1_000;
}

/** Whole seconds from notBefore to notAfter, both included; 0 where notAfter comes before notBefore. */
export function lifetimeSeconds(validity: Validity): number {
  return Math.max(0, Math.floor((expiresAt(validity) - validity.notBefore) / 1_000));
}

/**
 * @param now ms since the epoch.
 * @returns moments in ms since the epoch on whole seconds. `remainingSeconds` is rounded up, so that it is 0 or less exactly
 *   when the certificate has expired, and at most a moment's share exactly when that moment has come.
 */
export function computeWindow(validity: Validity, now: number, policy: WindowPolicy): Window {
  const expiry = expiresAt(validity);
  const lifetime = lifetimeSeconds(validity);
  const short = lifetime < SHORT_LIFETIME_SECONDS;
  const beforeExpiry = (seconds: number): number => expiry - seconds * 1_000;

  const criticalAt = beforeExpiry(
    noticeSeconds(policy.critical, lifetime, Math.min(share(lifetime, 0.1), LONGEST_CRITICAL_SECONDS)),
  );
  const warning = beforeExpiry(
    noticeSeconds(policy.warning, lifetime, Math.min(share(lifetime, short ? 0.45 : 0.3), LONGEST_NOTICE_SECONDS)),
  );
  const renewal =
    policy.suggestedRenewalAt ?? beforeExpiry(Math.min(Math.floor(lifetime / (short ? 2 : 3)), LONGEST_NOTICE_SECONDS));

  // A warning that would come after the critical moment never comes: critical wins. Grace delays no further than that.
  const warnAt = Math.min(warning + policy.graceMs, criticalAt);
  return {
    lifetimeSeconds: lifetime,
    remainingSeconds: Math.ceil((expiry - now) / 1_000) + 0, // + 0: never -0
    renewAt: Math.min(renewal, warning, criticalAt),
    warnAt,
    criticalAt,
    expiresAt: expiry,
    source: sourceOf(policy),
  };
}

/** How long before expiry a moment lies, for people: `30d`, `2d 4h`. */
export function formatNotice(validity: Validity, moment: number): string {
  return formatDuration(expiresAt(validity) - moment);
}

function noticeSeconds(threshold: Threshold, lifetime: number, auto: number): number {
  switch (threshold.kind) {
    case 'auto':
      return auto;
    case 'duration':
      return Math.floor(threshold.ms / 1_000);
    case 'share':
      return share(lifetime, threshold.fraction);
  }
}

/** The tiny addend undoes what binary fractions lose: 0.3 of 10 seconds is 3, not 2. */
function share(lifetime: number, fraction: number): number {
  return Math.floor(lifetime * fraction + 1e-6);
}

function sourceOf(policy: WindowPolicy): Window['source'] {
  if (policy.suggestedRenewalAt !== undefined) return 'ari';
  return policy.warning.kind === 'auto' && policy.critical.kind === 'auto' ? 'auto' : 'custom';
}
