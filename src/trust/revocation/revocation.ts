/**
 * What is known of a certificate's revocation, whatever said so.
 */

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
  | 'issuer-not-known';

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
