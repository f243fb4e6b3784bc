/**
 * The data of each finding, as JSON Schema; the compiler sees to it that no code and no field is left out.
 */
import type { AutomationData, FailureData, FindingCode, FindingData } from '../../model/finding.ts';
import {
  count,
  flag,
  instant,
  integer,
  list,
  object,
  optional,
  type Property,
  type Schema,
  sha256,
  text,
  word,
} from './parts.ts';

type Described<T> = { readonly [K in keyof Required<T>]: Property };

export const PHASES = ['queue', 'resolve', 'connect', 'starttls', 'handshake', 'read'] as const;

const failure: Described<FailureData> = {
  phase: word(...PHASES),
  reason: text,
  detail: optional(text),
  looks: optional(count),
  limit: optional(word('run')),
};

const seconds = count;
const subject = optional(text);

const attempt: Described<AutomationData> = {
  certificate: text,
  lastTriedAt: instant,
  outcome: optional(text),
  running: optional(flag),
  step: optional(text),
  reason: optional(text),
  detail: optional(text),
  failures: count,
  nextTryAt: optional(instant),
};
const automation = optional(object(attempt));

const DATA: { readonly [C in FindingCode]: Described<FindingData[C]> } = {
  expired: { notAfter: instant, secondsAgo: seconds, subject },
  'not-yet-valid': { notBefore: instant, secondsUntil: seconds, subject },
  'expires-soon': { notAfter: instant, remainingSeconds: seconds, threshold: text, subject, automation },
  'renewal-due': { notAfter: instant, remainingSeconds: seconds, threshold: text, subject, automation },
  'renewal-open': { notAfter: instant, remainingSeconds: seconds, renewAt: instant, subject },
  'lifetime-too-long': { lifetimeDays: count, maximumDays: count },
  'hostname-mismatch': { servername: text, names: list(text) },
  'no-san': {},
  'self-signed': { subject: text },
  'untrusted-root': { root: text, presented: { type: 'boolean' } },
  'chain-incomplete': { issuer: text, caIssuers: list(text) },
  'chain-invalid': { reason: text, detail: optional(text) },
  revoked: { at: instant, reason: optional(text) },
  'revocation-unknown': { reason: text, detail: optional(text) },
  'chain-misordered': { order: list(count) },
  'chain-extra': { subject: text },
  'chain-duplicate': { of: count },
  'root-sent': { subject: text },
  'weak-key': {
    type: text,
    bits: count,
    curve: optional(text),
    minimumBits: optional(count),
    exponent: optional(integer),
  },
  'weak-signature': { algorithm: text },
  'issuer-unexpected': { expected: text, found: text },
  'fingerprint-unexpected': { expected: list(text), found: sha256 },
  'key-unexpected': { expected: list(text), found: sha256 },
  'addresses-disagree': { groups: list(object({ sha256, notAfter: text, addresses: list(text) })) },
  'served-differs-from-file': { file: text, served: sha256, onDisk: sha256, onDiskNotAfter: instant },
  changed: { what: word('status', 'renewed', 'certificate', 'issuer', 'names-lost'), old: text, new: text },
  'resolve-failed': failure,
  'connect-failed': failure,
  'starttls-failed': failure,
  'handshake-failed': failure,
  'read-failed': failure,
  timeout: failure,
  'internal-error': failure,
};

export const FINDING_CODES = Object.keys(DATA) as readonly FindingCode[];

/** One `if`/`then` for each code: what its data look like. */
export const findingData: readonly Schema[] = Object.entries(DATA).map(([code, properties]) => ({
  if: { properties: { code: { const: code } } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { properties: { data: object(properties) } },
}));
