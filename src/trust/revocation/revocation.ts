/**
 * What is known of a certificate's revocation, whatever said so.
 */
import type { Result } from '../../model/result.ts';
import type { RevocationList } from '../../x509/revocation-list.ts';

/** Why nothing is known: a stable word in kebab case. */
export type NotKnownReason =
  /** The certificate demands a stapled answer (RFC 7633), and none came. */
  | 'not-stapled'
  | 'malformed-answer'
  /** The responder gave no answer; it says why. */
  | 'responder-refused'
  | 'about-another-certificate'
  | 'wrong-signer'
  | 'bad-signature'
  | 'not-yet-current'
  | 'out-of-date'
  /** The responder does not know the certificate. */
  | 'unknown-to-responder'
  /** The issuer's certificate is not known here, and with it the key that would have signed. */
  | 'issuer-not-known'
  /** The certificate does not say where its revocation list is. */
  | 'names-no-list'
  | 'list-not-fetched'
  | 'malformed-list'
  | 'list-of-another-issuer'
  | 'list-wrongly-signed'
  | 'list-not-yet-current'
  | 'list-out-of-date'
  /** It is a delta, is about other certificates, or has a critical extension that is not known. */
  | 'list-does-not-cover';

export type RevocationState =
  | { readonly kind: 'good' }
  /** `at` in milliseconds since the epoch; `reason` as RFC 5280 5.3.1 names it, in kebab case. */
  | { readonly kind: 'revoked'; readonly at: number; readonly reason?: string }
  | { readonly kind: 'not-known'; readonly reason: NotKnownReason; readonly detail?: string };

export const notKnown = (reason: NotKnownReason, detail?: string): RevocationState => ({
  kind: 'not-known',
  reason,
  ...(detail === undefined ? {} : { detail }),
});

/** What was fetched, by address; the error of a list that was not is for a person. */
export type FetchedLists = ReadonlyMap<string, Result<RevocationList, ListTrouble>>;

export interface ListTrouble {
  readonly reason: 'list-not-fetched' | 'malformed-list';
  /** Untrusted text. */
  readonly detail?: string;
}

/** Clocks differ: what is dated in the next few minutes is taken. */
export const SKEW_MS = 5 * 60_000;
