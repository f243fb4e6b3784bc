/**
 * PathProblem: one thing that keeps a certificate path from being trusted.
 */
import type { Certificate } from '../model/certificate.ts';

/** What kind of repair it takes. */
export type PathProblemKind =
  /** The leaf signs itself and is no trust anchor. */
  | 'self-signed'
  /** The path ends below a root that nobody here trusts, whether that root was presented or not. */
  | 'untrusted-root'
  /** A link is missing: the issuer was neither presented nor is it an anchor. */
  | 'no-issuer'
  /** A certificate on the path breaks a rule; `reason` says which. */
  | 'invalid'
  /** Expired or not yet valid at the time of judging. */
  | 'outside-validity';

export interface PathProblem {
  readonly kind: PathProblemKind;
  /** A stable word in kebab case; see `InvalidReason` for those of `invalid`. */
  readonly reason: string;
  /** The certificate that it is about: one of the path, or the anchor, which need not have been presented. */
  readonly certificate: Certificate;
  /** More for a person; may hold a certificate's own words: untrusted text, capped in length. */
  readonly detail?: string;
}

/** Why a certificate is `invalid`. `malformed-…` repeats an irregularity that the parser noted. */
export type InvalidReason =
  | 'signature'
  | 'unsupported-signature-algorithm'
  | 'unsupported-key'
  | 'not-a-ca'
  | 'key-usage'
  | 'extended-key-usage'
  | 'path-length'
  | 'name-constraint'
  | 'too-many-names'
  | 'policy'
  | 'unknown-critical-extension'
  | 'misplaced-critical-flag'
  | 'misplaced-name-constraints'
  | 'empty-issuer'
  | 'empty-subject'
  | 'duplicate-extension'
  | 'signature-algorithm-mismatch'
  | 'version'
  | 'weak-key'
  | 'weak-signature'
  | 'search-limit'
  | `malformed-${string}`;

const LONGEST_DETAIL = 300;

export function invalid(certificate: Certificate, reason: InvalidReason, detail?: string): PathProblem {
  const base = { kind: 'invalid', reason, certificate } as const;
  return detail === undefined ? base : { ...base, detail: detail.slice(0, LONGEST_DETAIL) };
}
