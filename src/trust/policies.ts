/**
 * Certificate policies (RFC 5280 6.1.3 d–f, 6.1.4 a–b and h–j, 6.1.5), for any initial policy. They only decide anything
 * where a CA on the path asks for an explicit policy or maps policies: elsewhere none of this runs.
 *
 * The tree of RFC 5280 is kept as its lowest level alone. It is empty exactly when the pruned tree is, and that is all that
 * is asked when any policy is acceptable.
 */
import type { Certificate } from '../model/certificate.ts';
import { context, DerCursor, enterOnly, readSmallInteger, TAG } from '../x509/der.ts';
import { OID, readOid } from '../x509/oid.ts';
import { isSelfIssued } from '../x509/self-issued.ts';
import type { InvalidReason } from './path-problem.ts';

const QUALIFIERS: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.2.1', '1.3.6.1.5.5.7.2.2']);

interface Policies {
  readonly oids: ReadonlySet<string>;
  /** A qualifier other than CPS and user notice: a critical extension with one must be refused (RFC 5280 4.2.1.4). */
  readonly unknownQualifier: boolean;
}

const extensionValue = (certificate: Certificate, oid: string): Uint8Array | undefined =>
  certificate.extensions.find((extension) => extension.oid === oid)?.value;

const takeOid = (cursor: DerCursor | null): string | null => {
  const tlv = cursor?.take(TAG.oid);
  return cursor && tlv ? readOid(cursor.bytes, tlv.body, tlv.end) : null;
};

/** @returns null for a malformed one, or one that names a policy twice. */
function readPolicies(value: Uint8Array): Policies | null {
  const list = enterOnly(value, TAG.sequence);
  if (!list || list.done) return null;
  const oids = new Set<string>();
  let unknownQualifier = false;
  while (!list.done) {
    const information = list.enter(TAG.sequence);
    const oid = takeOid(information);
    if (!information || oid === null || oids.has(oid)) return null;
    oids.add(oid);
    const qualifiers = information.enter(TAG.sequence);
    while (qualifiers && !qualifiers.done) {
      const qualifier = takeOid(qualifiers.enter(TAG.sequence));
      if (qualifier === null) return null;
      if (!QUALIFIERS.has(qualifier)) unknownQualifier = true;
    }
    if (!information.done) return null;
  }
  return { oids, unknownQualifier };
}

/** Whether a critical certificatePolicies extension is understood in full. */
export function policiesAreUnderstood(value: Uint8Array): boolean {
  const policies = readPolicies(value);
  return policies !== null && !policies.unknownQualifier;
}

/** issuerDomainPolicy → subjectDomainPolicies; null for a malformed extension. */
function readMappings(value: Uint8Array): Map<string, Set<string>> | null {
  const list = enterOnly(value, TAG.sequence);
  if (!list || list.done) return null;
  const mappings = new Map<string, Set<string>>();
  while (!list.done) {
    const pair = list.enter(TAG.sequence);
    const from = takeOid(pair);
    const to = takeOid(pair);
    if (from === null || to === null || !pair?.done) return null;
    const known = mappings.get(from);
    if (known) known.add(to);
    else mappings.set(from, new Set([to]));
  }
  return mappings;
}

interface PolicyConstraints {
  readonly requireExplicitPolicy: number;
  readonly inhibitPolicyMapping: number;
}

/** Absent fields are Infinity; null for a malformed extension (RFC 5280 4.2.1.11: not an empty sequence). */
function readConstraints(value: Uint8Array): PolicyConstraints | null {
  const fields = enterOnly(value, TAG.sequence);
  if (!fields || fields.done) return null;
  const explicit = fields.take(context(0));
  const mapping = fields.take(context(1));
  if (!fields.done) return null;
  const requireExplicitPolicy = explicit ? readSmallInteger(fields, explicit) : Number.POSITIVE_INFINITY;
  const inhibitPolicyMapping = mapping ? readSmallInteger(fields, mapping) : Number.POSITIVE_INFINITY;
  if (requireExplicitPolicy === null || inhibitPolicyMapping === null) return null;
  return { requireExplicitPolicy, inhibitPolicyMapping };
}

/** SkipCerts of inhibitAnyPolicy (RFC 5280 4.2.1.14). */
function readSkipCerts(value: Uint8Array): number | null {
  const cursor = DerCursor.over(value);
  const tlv = cursor.take(TAG.integer);
  return tlv && cursor.done ? readSmallInteger(cursor, tlv) : null;
}

/** The lowest level of the valid policy tree, and the counters of RFC 5280 6.1.2. */
class PolicyState {
  /** Policies that the next certificate may assert. */
  expected: Set<string> = new Set();
  /** The level has an anyPolicy node. */
  any = true;
  explicitPolicy: number;
  policyMapping: number;
  inhibitAnyPolicy: number;

  constructor(length: number) {
    this.explicitPolicy = this.policyMapping = this.inhibitAnyPolicy = length + 1;
  }

  get isNull(): boolean {
    return !this.any && this.expected.size === 0;
  }

  /** 6.1.3 d and e. */
  descend(policies: ReadonlySet<string> | undefined, anyCounts: boolean): void {
    const next = new Set<string>();
    const keepsAny = anyCounts && policies?.has(OID.anyPolicy) === true;
    for (const oid of policies ?? []) {
      if (oid !== OID.anyPolicy && (this.any || this.expected.has(oid))) next.add(oid);
    }
    if (keepsAny) for (const oid of this.expected) next.add(oid);
    this.expected = next;
    this.any = keepsAny && this.any;
  }

  /** 6.1.4 b. Each policy stands for itself until it is mapped. */
  map(mappings: ReadonlyMap<string, ReadonlySet<string>>): void {
    const mapped = new Set<string>();
    for (const [from, to] of mappings) {
      const had = this.expected.delete(from);
      if (this.policyMapping > 0 && (had || this.any)) for (const oid of to) mapped.add(oid);
    }
    for (const oid of mapped) this.expected.add(oid);
  }

  /** 6.1.4 h to j. */
  step(selfIssued: boolean, constraints: PolicyConstraints | undefined, inhibitAny: number): void {
    if (!selfIssued) {
      this.explicitPolicy = Math.max(0, this.explicitPolicy - 1);
      this.policyMapping = Math.max(0, this.policyMapping - 1);
      this.inhibitAnyPolicy = Math.max(0, this.inhibitAnyPolicy - 1);
    }
    if (constraints) {
      this.explicitPolicy = Math.min(this.explicitPolicy, constraints.requireExplicitPolicy);
      this.policyMapping = Math.min(this.policyMapping, constraints.inhibitPolicyMapping);
    }
    this.inhibitAnyPolicy = Math.min(this.inhibitAnyPolicy, inhibitAny);
  }
}

export interface PolicyProblem {
  readonly certificate: Certificate;
  readonly reason: InvalidReason;
}

/** Reads an extension that may be absent: undefined then, null where it is malformed. */
function readIfPresent<T>(
  certificate: Certificate,
  oid: string,
  read: (value: Uint8Array) => T | null,
): T | null | undefined {
  const value = extensionValue(certificate, oid);
  return value && read(value);
}

/**
 * @param path leaf first, without the trust anchor.
 * @returns what policies have against the path, or undefined.
 */
export function policyProblem(path: readonly Certificate[]): PolicyProblem | undefined {
  const deciding = path.some(({ extensions }) =>
    extensions.some(({ oid }) => oid === OID.policyConstraints || oid === OID.policyMappings),
  );
  if (!deciding) return undefined;
  const state = new PolicyState(path.length);
  for (let i = path.length - 1; i >= 0; i--) {
    const certificate = path[i]!;
    const reason = processPolicies(state, certificate, i === 0);
    if (reason) return { certificate, reason };
  }
  return undefined;
}

function processPolicies(state: PolicyState, certificate: Certificate, isLeaf: boolean): InvalidReason | undefined {
  const policies = readIfPresent(certificate, OID.certificatePolicies, readPolicies);
  const mappings = readIfPresent(certificate, OID.policyMappings, readMappings);
  const constraints = readIfPresent(certificate, OID.policyConstraints, readConstraints);
  const inhibitAny = readIfPresent(certificate, OID.inhibitAnyPolicy, readSkipCerts);
  if (policies === null || mappings === null || constraints === null || inhibitAny === null) return 'malformed-policy';
  const selfIssued = isSelfIssued(certificate);
  state.descend(policies?.oids, state.inhibitAnyPolicy > 0 || (!isLeaf && selfIssued));
  if (state.explicitPolicy === 0 && state.isNull) return 'policy';
  if (isLeaf) {
    const explicit = constraints?.requireExplicitPolicy === 0 ? 0 : Math.max(0, state.explicitPolicy - 1);
    return explicit === 0 && state.isNull ? 'policy' : undefined;
  }
  if (mappings) {
    const targets = [...mappings.values()];
    if (mappings.has(OID.anyPolicy) || targets.some((to) => to.has(OID.anyPolicy))) return 'policy';
    state.map(mappings);
  }
  state.step(selfIssued, constraints, inhibitAny ?? Number.POSITIVE_INFINITY);
  return undefined;
}
