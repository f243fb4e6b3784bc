/**
 * Renewal: the nouns of `certwatch renew`, from why a certificate is due to what became of it. All text that came from
 * outside (a CA, a hook, a server) is raw and capped; times are milliseconds since the epoch.
 */
import type { KeyType } from './certificate.ts';

/** Where a renewal can be, in this order; `put-back` is the way back from what was not served. */
export const RENEWAL_STEPS = [
  'queue',
  'plan',
  'pre-hook',
  'order',
  'install',
  'deploy-hook',
  'reload',
  'verify',
  'put-back',
] as const;
export type RenewalStep = (typeof RENEWAL_STEPS)[number];

/** Why a certificate is to be renewed, or its server to be reloaded. */
export type DueReason =
  | { readonly code: 'no-certificate' }
  /** There is one, but it cannot be read. */
  | { readonly code: 'unreadable'; readonly detail: string }
  /** The key beside it belongs to another certificate. */
  | { readonly code: 'key-mismatch' }
  | { readonly code: 'window'; readonly renewAt: number; readonly source: 'auto' | 'custom' | 'ari' }
  /** The CA says that it is time (RFC 9773). */
  | { readonly code: 'ari'; readonly renewAt: number; readonly explanationURL?: string }
  | { readonly code: 'names-missing'; readonly names: readonly string[] }
  | { readonly code: 'names-extra'; readonly names: readonly string[] }
  | { readonly code: 'key-type'; readonly wanted: string; readonly found: string }
  | { readonly code: 'forced' }
  /** Good on disk, but another one is served. */
  | { readonly code: 'served-differs'; readonly targets: readonly string[] }
  /** Installed by an earlier run that did not see it served. */
  | { readonly code: 'not-proven'; readonly since: number }
  /** Not due, but an earlier run was asked for it, or was issued it, and did not come to its end. */
  | { readonly code: 'unfinished'; readonly since: number }
  /** Installed by an earlier run, and served wherever anything answered. */
  | { readonly code: 'partly-served'; readonly since: number };

export interface CertificateFacts {
  /** Lower-case hex of SHA-256 over the DER. */
  readonly sha256: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** `dns:example.org`, `ip:192.0.2.1` */
  readonly names: readonly string[];
  readonly keyType: KeyType;
}

/** A stable word for what to do next. */
export type RenewalAdvice =
  /** Something passing: the next run will try again. */
  | 'try-again'
  /** Not before `notBefore`. */
  | 'wait-until'
  /** The same, where a second CA is configured. */
  | 'wait-or-fallback'
  /** It cannot be reached: that may pass. */
  | 'see-network'
  | 'fix-config'
  /** The URL or the name of the CA. */
  | 'fix-directory'
  | 'agree-terms'
  | 'fix-dns'
  | 'fix-caa'
  | 'fix-webroot'
  | 'fix-webserver'
  /** The server, zone, key or rights of dynamic updates. */
  | 'fix-update'
  | 'fix-firewall'
  | 'free-port'
  | 'fix-hook'
  | 'fix-permissions'
  /** By a user who may read it. */
  | 'read-as-owner'
  /** Space, quota, read-only: whatever the detail says. */
  | 'check-disk'
  | 'fix-clock'
  | 'check-account'
  /** A person has to agree to something, or do something else there. */
  | 'act-at-ca'
  | 'check-ca-trust'
  | 'ask-ca'
  /** The same, where a second CA is configured. */
  | 'ask-ca-or-fallback'
  | 'raise-timeout'
  | 'raise-deadline'
  /** Something outside has ended it. */
  | 'see-who-killed'
  | 'report-bug'
  /** The new certificate is in place, and what serves it did not take it up. */
  | 'fix-reload'
  /** An existing client has ended well, and nothing came of it. */
  | 'check-command'
  /** An address answers nothing. */
  | 'see-to-silent';

/** What went wrong, or deserves a word. */
export interface RenewalProblem {
  /** A stable word in kebab case. */
  readonly reason: string;
  /** One sentence for a person. Untrusted. */
  readonly detail: string;
  readonly advice?: RenewalAdvice;
  /** The end of what a command printed. */
  readonly output?: string;
  /** The CA wants no new try before it. */
  readonly notBefore?: number;
  /** The CA's own problem type and what it says of single names (RFC 8555 6.7). */
  readonly type?: string;
  readonly subproblems?: readonly { readonly type: string; readonly detail: string; readonly identifier?: string }[];
}

/** What one address of one target serves. */
export interface ServedAt {
  readonly target: string;
  readonly address?: string;
  readonly serves: 'new' | 'old' | 'other' | 'unknown';
  readonly sha256?: string;
  readonly notAfter?: number;
  /** Why nothing was seen: the finding's code and reason. */
  readonly failure?: string;
}

interface About {
  readonly name: string;
  readonly warnings: readonly RenewalProblem[];
}

/** `inUse`: what lay on disk before, and lies there still or again. */
export type RenewalResult = About &
  (
    | { readonly kind: 'not-due'; readonly renewAt: number; readonly certificate: CertificateFacts }
    /** `--dry-run`: what would be done. */
    | {
        readonly kind: 'planned';
        readonly action: 'renew' | 'reload' | 'verify';
        readonly reasons: readonly DueReason[];
        readonly certificate?: CertificateFacts;
      }
    /** Due, but tried too short a while ago, or the CA wants to be left alone. */
    | {
        readonly kind: 'skipped-backoff';
        readonly reasons: readonly DueReason[];
        readonly failures: number;
        readonly notBefore: number;
        readonly problem?: RenewalProblem;
        readonly inUse?: CertificateFacts;
      }
    /** Every address of every target serves it. */
    | {
        readonly kind: 'renewed';
        readonly reasons: readonly DueReason[];
        readonly certificate: CertificateFacts;
        readonly served: readonly ServedAt[];
      }
    /** What an earlier run had installed is served now; nothing was ordered. */
    | {
        readonly kind: 'resumed';
        readonly reasons: readonly DueReason[];
        readonly certificate: CertificateFacts;
        readonly served: readonly ServedAt[];
      }
    /** Served wherever anything answers; what does not answer did not before it was installed either. It stays installed. */
    | {
        readonly kind: 'partly-served';
        readonly reasons: readonly DueReason[];
        readonly certificate: CertificateFacts;
        readonly problem: RenewalProblem;
        readonly served: readonly ServedAt[];
      }
    /** `--rehearse`: ordered and installed into a scratch folder. */
    | {
        readonly kind: 'rehearsed';
        /** Absent where the dry run of another client has left none. */
        readonly certificate?: CertificateFacts;
        /** Hooks. */
        readonly ran: readonly RenewalStep[];
        readonly leftOut: readonly RenewalStep[];
      }
    /** Nothing was changed. */
    | {
        readonly kind: 'failed';
        readonly step: RenewalStep;
        readonly problem: RenewalProblem;
        readonly inUse?: CertificateFacts;
      }
    /** The new one was installed, did not come to be served, and the old one is in its place again. */
    | {
        readonly kind: 'rolled-back';
        readonly step: RenewalStep;
        readonly problem: RenewalProblem;
        /** Before it was put back. */
        readonly served: readonly ServedAt[];
        /** After: is the old one served everywhere again? */
        readonly restored: boolean;
        readonly servedAfter: readonly ServedAt[];
        readonly inUse?: CertificateFacts;
      }
    /** The new one is installed, is not served everywhere, and there is nothing to put back. */
    | {
        readonly kind: 'not-served';
        readonly step: RenewalStep;
        readonly problem: RenewalProblem;
        readonly certificate?: CertificateFacts;
        readonly served: readonly ServedAt[];
        readonly noWayBack: NoWayBack;
      }
  );

/**
 * There was none before; another client has it where nobody knows; the old one has expired or does not fit its key; the run
 * was ended; its time was over; nothing answers, so that nothing would change.
 */
export type NoWayBack =
  | 'nothing-before'
  | 'another-client'
  | 'old-one-useless'
  | 'interrupted'
  | 'no-time'
  | 'nothing-answers';

export type RenewalKind = RenewalResult['kind'];

/** What a run tells while it goes on. */
export type RenewalEvent =
  | { readonly kind: 'begun'; readonly name: string; readonly at: number; readonly reasons: readonly DueReason[] }
  | { readonly kind: 'step'; readonly name: string; readonly at: number; readonly step: RenewalStep }
  /** Inside `order`: where the order is. */
  | { readonly kind: 'detail'; readonly name: string; readonly at: number; readonly text: string }
  | { readonly kind: 'ended'; readonly name: string; readonly at: number; readonly result: RenewalResult };

export interface RenewalOutcome {
  readonly exitCode: 0 | 2 | 3;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly deadlineReached: boolean;
  readonly interrupted: boolean;
  /** In the config's order. */
  readonly results: readonly RenewalResult[];
  /** About the run itself: a lock taken over, a journal that cannot be written. */
  readonly notes: readonly string[];
}

/** `renew --status`: what the disk shows of one certificate. */
export interface RenewalStatus {
  readonly name: string;
  /** What lies in the live folder now; absent where there is none that can be read. */
  readonly certificate?: CertificateFacts;
  /** Nothing is to be done before it. */
  readonly renewAt?: number;
  /** What the next run does, as far as the disk shows; `install`: what was issued already. */
  readonly next: 'none' | 'wait' | 'renew' | 'install' | 'reload' | 'verify';
  /** Why something is to be done now, as far as the disk shows. */
  readonly reasons?: readonly DueReason[];
  readonly last?: LastAttempt;
  /** Why nothing is known of the certificate: this user may not read it. */
  readonly denied?: string;
  /** Why nothing is known of any attempt. */
  readonly unreadable?: string;
}

export interface LastAttempt {
  readonly startedAt: number;
  /** The last that was written of it. */
  readonly heardAt: number;
  /** Absent: it never came to its end (killed), or is on right now. */
  readonly outcome?: RenewalKind;
  /** The last step that was begun, or the one that it failed in. */
  readonly step?: RenewalStep;
  readonly stepDone?: boolean;
  /** Of what was rolled back: was the old one seen to be served everywhere again? */
  readonly restored?: boolean;
  readonly problem?: RenewalProblem;
  /** URL of the directory of the CA that was asked. */
  readonly authority?: string;
  /** In a row, up to and including this one; 0 after a success. */
  readonly failures: number;
  /** The next try waits until then. */
  readonly notBefore?: number;
}
