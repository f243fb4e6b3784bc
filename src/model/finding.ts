/**
 * Finding: one fact about an observation, a stable code, a severity and data. Its wording is a matter of rendering
 * (`src/report/messages.ts`).
 */
import type { Phase } from './observation.ts';

export type Severity = 'critical' | 'warning' | 'unknown' | 'info';
export type Status = 'ok' | 'warning' | 'critical' | 'unknown';

/** Each code and the data that its sentence is made of. Codes are never renamed. Times are ISO 8601 UTC text. */
export interface FindingData {
  // time; `subject` names a certificate that was not presented: an anchor of the path
  expired: { notAfter: string; secondsAgo: number; subject?: string };
  'not-yet-valid': { notBefore: string; secondsUntil: number; subject?: string };
  'expires-soon': { notAfter: string; remainingSeconds: number; threshold: string; subject?: string } & Automated;
  'renewal-due': { notAfter: string; remainingSeconds: number; threshold: string; subject?: string } & Automated;
  'renewal-open': { notAfter: string; remainingSeconds: number; renewAt: string; subject?: string };
  'lifetime-too-long': { lifetimeDays: number; maximumDays: number };
  // name
  'hostname-mismatch': { servername: string; names: string[] };
  'no-san': Record<string, never>;
  // path
  'self-signed': { subject: string };
  'untrusted-root': { root: string; presented: boolean };
  'chain-incomplete': { issuer: string; caIssuers: string[] };
  'chain-invalid': { reason: string; detail?: string };
  revoked: { at: string; reason?: string };
  'revocation-unknown': { reason: string; detail?: string };
  // chain as sent
  'chain-misordered': { order: number[] };
  'chain-extra': { subject: string };
  'chain-duplicate': { of: number };
  'root-sent': { subject: string };
  // strength
  'weak-key': { type: string; bits: number; curve?: string; minimumBits?: number; exponent?: number };
  'weak-signature': { algorithm: string };
  // expectations
  'issuer-unexpected': { expected: string; found: string };
  'fingerprint-unexpected': { expected: string[]; found: string };
  'key-unexpected': { expected: string[]; found: string };
  'addresses-disagree': { groups: { sha256: string; notAfter: string; addresses: string[] }[] };
  'served-differs-from-file': { file: string; served: string; onDisk: string; onDiskNotAfter: string };
  // since the last run; `old` and `new` are what they are of: a status, notAfter, SHA-256, issuer, or names
  changed: { what: Change; old: string; new: string };
  // not seen
  'resolve-failed': FailureData;
  'connect-failed': FailureData;
  'starttls-failed': FailureData;
  'handshake-failed': FailureData;
  'read-failed': FailureData;
  timeout: FailureData;
  'internal-error': FailureData;
}

/** `renewed`: the same names (or more), and it ends later. `names-lost`: `old` holds those that are gone. */
export type Change = 'status' | 'renewed' | 'certificate' | 'issuer' | 'names-lost';

/** Where this installation renews the certificate itself. */
export interface Automated {
  automation?: AutomationData;
}

/** The last attempt to renew it. */
export interface AutomationData {
  /** The certificate's name in the config. */
  certificate: string;
  lastTriedAt: string;
  /** As `certwatch renew` reports it; absent: it never came to its end, or is on. */
  outcome?: string;
  /** It is at it right now. */
  running?: boolean;
  step?: string;
  reason?: string;
  detail?: string;
  /** In a row. */
  failures: number;
  nextTryAt?: string;
}

export interface FailureData {
  phase: Phase;
  reason: string;
  detail?: string;
  /** How often it was looked at, where more than once. */
  looks?: number;
  /** It was cut off by the deadline of the run, before its own timeout. */
  limit?: 'run';
}

export type FindingCode = keyof FindingData;

export type Finding = {
  [C in FindingCode]: {
    readonly code: C;
    readonly severity: Severity;
    /** Index in the presented chain, where the finding is about one certificate. */
    readonly certificate?: number;
    /** The address, where a target was seen at several. */
    readonly address?: string;
    readonly data: FindingData[C];
  };
}[FindingCode];
