/**
 * What a certificate must be to stand where it stands in a path (RFC 5280 6.1.3, 6.1.4, 6.1.5), one function a rule. Each
 * looks at one certificate, or at one and those below it, so that a search can ask as it climbs.
 *
 * Refused is what RFC 5280 refuses and a browser does too. What only the CA/B Forum's profile forbids is let pass: real
 * chains of large sites break it.
 */
import type { Certificate } from '../model/certificate.ts';
import { OID } from '../x509/oid.ts';
import { isSelfIssued } from '../x509/self-issued.ts';
import { constraintsAreWellFormed, type NameBudget, nameConstraintViolation } from './name-constraints.ts';
import { type InvalidReason, invalid, type PathProblem } from './path-problem.ts';
import { policiesAreUnderstood } from './policies.ts';
import { hasBrokenSignature, hasWeakKey } from './strength.ts';

/** What the leaf is to be used for; `any` asks nothing of extended key usages. */
export type Purpose = 'serverAuth' | 'clientAuth' | 'any';

export interface PathRules {
  /** Milliseconds since the epoch; judged by its whole seconds, which is what certificates count in. */
  readonly at: number;
  readonly purpose: Purpose;
  readonly strength: 'report' | 'reject';
  readonly names: NameBudget;
}

/** Processed somewhere in this room, or of no consequence to a path: may be critical. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.nameConstraints,
  OID.subjectAltName,
  OID.certificatePolicies,
  OID.policyMappings,
  OID.policyConstraints,
  OID.inhibitAnyPolicy,
  OID.cRLDistributionPoints,
  OID.tlsFeature,
]);

/** RFC 5280: MUST be non-critical. Browsers refuse them as they refuse unknown ones. */
const NEVER_CRITICAL: ReadonlySet<string> = new Set([
  OID.authorityKeyIdentifier,
  OID.subjectKeyIdentifier,
  OID.authorityInfoAccess,
  OID.subjectInfoAccess,
]);

/** Microsoft's copy of extendedKeyUsage: may be ignored where that one is present. */
const MS_APPLICATION_POLICIES = '1.3.6.1.4.1.311.21.10';
const NETSCAPE_SERVER_GATED_CRYPTO = '2.16.840.1.113730.4.1';

/** Irregularities that refuse a certificate; the others are odd, and let pass. */
const REFUSED: ReadonlyMap<string, InvalidReason> = new Map<string, InvalidReason>([
  ['duplicate-extension', 'duplicate-extension'],
  ['signature-algorithm-mismatch', 'signature-algorithm-mismatch'],
  ['extensions-before-v3', 'version'],
  ['unique-id-in-v1', 'version'],
  ['time-without-seconds', 'malformed-time'],
  ['time-with-offset', 'malformed-time'],
  ['time-with-fraction', 'malformed-time'],
  ['empty-key-usage', 'malformed-key-usage'],
  ['signature-bits', 'malformed-signature'],
]);

const refusalOf = (irregularity: string): InvalidReason | undefined =>
  REFUSED.get(irregularity) ??
  (irregularity.startsWith('malformed-') ? (irregularity as `malformed-${string}`) : undefined);

function checkDates(certificate: Certificate, at: number, problems: PathProblem[]): void {
  const second = Math.floor(at / 1000) * 1000;
  if (second < certificate.notBefore) {
    problems.push({ kind: 'outside-validity', reason: 'not-yet-valid', certificate });
  } else if (second > certificate.notAfter) {
    problems.push({ kind: 'outside-validity', reason: 'expired', certificate });
  }
}

function checkCriticalExtensions(certificate: Certificate, problems: PathProblem[]): void {
  for (const { oid, critical, value } of certificate.extensions) {
    if (!critical) continue;
    if (NEVER_CRITICAL.has(oid)) problems.push(invalid(certificate, 'misplaced-critical-flag', oid));
    else if (oid === OID.certificatePolicies) {
      if (!policiesAreUnderstood(value)) problems.push(invalid(certificate, 'unknown-critical-extension', oid));
    } else if (UNDERSTOOD.has(oid)) continue;
    else if (oid === MS_APPLICATION_POLICIES && certificate.extendedKeyUsage) continue;
    else problems.push(invalid(certificate, 'unknown-critical-extension', oid));
  }
}

function checkKey(certificate: Certificate, rules: PathRules, problems: PathProblem[]): void {
  const { type, curve, exponent } = certificate.publicKey;
  // RFC 5480 2.1.1: explicit parameters MUST NOT be used (CVE-2020-0601); an RSA exponent of 1 makes any text its own
  // signature, an even one has no inverse, and a huge one is there to make verifying slow.
  if (type === 'ec' && curve === 'explicit') problems.push(invalid(certificate, 'unsupported-key', 'explicit curve'));
  if (type === 'rsa' && !(exponent !== undefined && exponent >= 3 && exponent % 2 === 1 && exponent < 2 ** 32)) {
    problems.push(invalid(certificate, 'unsupported-key', `RSA exponent ${exponent ?? 'too large'}`));
  }
  if (rules.strength === 'reject' && hasWeakKey(certificate)) problems.push(invalid(certificate, 'weak-key'));
}

/** Rules for every certificate of a path, the anchor included. */
function checkAny(certificate: Certificate, rules: PathRules, problems: PathProblem[]): void {
  for (const irregularity of certificate.irregularities) {
    const reason = refusalOf(irregularity);
    if (reason) problems.push(invalid(certificate, reason));
  }
  // RFC 5280 4.1.2.4: the issuer field MUST contain a non-empty name.
  if (certificate.issuer.rdns.length === 0) problems.push(invalid(certificate, 'empty-issuer'));
  checkCriticalExtensions(certificate, problems);
  checkKey(certificate, rules, problems);
  checkDates(certificate, rules.at, problems);
}

function usageAllows(certificate: Certificate, purpose: Purpose): boolean {
  const usages = certificate.extendedKeyUsage;
  if (purpose === 'any' || !usages) return true;
  return usages.includes(OID[purpose]) || usages.includes(OID.anyExtendedKeyUsage);
}

/** Intermediates of the SHA-1 age say Netscape's word for serverAuth; browsers still take it from those, and only those. */
const isGatedCrypto = (ca: Certificate, purpose: Purpose): boolean =>
  purpose === 'serverAuth' &&
  ca.signatureAlgorithm.hash === 'sha1' &&
  ca.extendedKeyUsage?.includes(NETSCAPE_SERVER_GATED_CRYPTO) === true;

/** What the leaf breaks by itself; empty when nothing. */
export function leafProblems(leaf: Certificate, rules: PathRules): PathProblem[] {
  const problems: PathProblem[] = [];
  checkAny(leaf, rules, problems);
  if (!usageAllows(leaf, rules.purpose)) problems.push(invalid(leaf, 'extended-key-usage', rules.purpose));
  // RFC 5280 4.2.1.10: MUST be used only in a CA certificate.
  if (leaf.nameConstraints && !leaf.basicConstraints?.ca) problems.push(invalid(leaf, 'misplaced-name-constraints'));
  return problems;
}

function checkCa(ca: Certificate, isAnchor: boolean, problems: PathProblem[]): void {
  // RFC 5280 6.1.4 k: older versions cannot say that they are CAs; an anchor was chosen to be one.
  const mayLackConstraints = isAnchor && ca.version < 3;
  if (!(ca.basicConstraints?.ca ?? mayLackConstraints)) problems.push(invalid(ca, 'not-a-ca'));
  // 6.1.4 n
  if (ca.keyUsage && !ca.keyUsage.has('keyCertSign')) problems.push(invalid(ca, 'key-usage', 'keyCertSign'));
  // 4.1.2.6
  if (ca.subject.rdns.length === 0) problems.push(invalid(ca, 'empty-subject'));
}

/** Intermediates between a CA and the leaf; self-issued ones do not count (RFC 5280 4.2.1.9). */
export function countIntermediates(below: readonly Certificate[]): number {
  let count = 0;
  for (let i = 1; i < below.length; i++) if (!isSelfIssued(below[i]!)) count++;
  return count;
}

function checkNames(ca: Certificate, below: readonly Certificate[], rules: PathRules, problems: PathProblem[]): void {
  const constraints = ca.nameConstraints;
  if (!constraints) return;
  if (!constraintsAreWellFormed(constraints)) {
    problems.push(invalid(ca, 'malformed-name-constraints'));
    return;
  }
  below.forEach((certificate, i) => {
    // RFC 5280 6.1.3 b: self-issued ones pass, unless it is the leaf.
    if (i > 0 && isSelfIssued(certificate)) return;
    const violation = nameConstraintViolation(constraints, certificate, rules.names);
    if (violation) problems.push(invalid(certificate, violation.reason, violation.detail));
  });
}

/**
 * What forbids `ca` to stand above `below` (leaf first), signatures aside; empty when nothing.
 * @param isAnchor its own basic constraints may be missing where its version has none.
 */
export function issuerProblems(
  ca: Certificate,
  below: readonly Certificate[],
  rules: PathRules,
  isAnchor: boolean,
): PathProblem[] {
  const problems: PathProblem[] = [];
  checkCa(ca, isAnchor, problems);
  checkAny(ca, rules, problems);
  const { pathLength } = ca.basicConstraints ?? {};
  if (pathLength !== undefined && countIntermediates(below) > pathLength) {
    problems.push(invalid(ca, 'path-length', String(pathLength)));
  }
  // Beyond RFC 5280, yet what every client does: a CA's extended key usages confine what is below it.
  if (!usageAllows(ca, rules.purpose) && !isGatedCrypto(ca, rules.purpose)) {
    problems.push(invalid(ca, 'extended-key-usage', rules.purpose));
  }
  checkNames(ca, below, rules, problems);
  if (rules.strength === 'reject') {
    const child = below[below.length - 1]!;
    if (hasBrokenSignature(child)) problems.push(invalid(child, 'weak-signature', child.signatureAlgorithm.name));
  }
  return problems;
}
