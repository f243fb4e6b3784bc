/**
 * Name constraints (RFC 5280 4.2.1.10): may a CA that is confined to some names have issued for these?
 *
 * Read defensively: a constraint that is malformed refuses, a name that cannot be understood is not within any permitted
 * subtree, and a wildcard is within an excluded subtree as soon as one of the names that it covers is.
 */
import type { Certificate, GeneralName, NameConstraints } from '../model/certificate.ts';
import { formatGeneralName, nameIsWithin } from '../x509/name.ts';
import { OID } from '../x509/oid.ts';

/** Comparisons left for one validation: names times constraints grow quadratically, so a hostile pair could run for hours. */
export interface NameBudget {
  left: number;
}

export const newNameBudget = (): NameBudget => ({ left: 1 << 20 });

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

const isHost = (text: string): boolean =>
  text.length <= 253 && text.split('.').every((label) => label.length <= 63 && LABEL.test(label));

const isDnsSan = (text: string): boolean => isHost(text.startsWith('*.') ? text.slice(2) : text);

/**
 * The empty constraint is about every name. `.example.org` (only below it) is RFC 5280 for mailboxes and URIs alone; for DNS
 * names it is common in real CAs and taken by every browser.
 */
const isHostConstraint = (text: string): boolean => text === '' || isHost(text.startsWith('.') ? text.slice(1) : text);

/** @returns local part and lower-case host; undefined where `text` is no plain mailbox. */
function splitEmail(text: string): { local: string; host: string } | undefined {
  const at = text.indexOf('@');
  if (at < 1 || at !== text.lastIndexOf('@') || /[^\x21-\x7e]/.test(text)) return undefined;
  const host = text.slice(at + 1).toLowerCase();
  return isHost(host) ? { local: text.slice(0, at), host } : undefined;
}

/** The host of `scheme://[user@]host[:port]…`; undefined where there is none or it is an address. */
function uriHost(uri: string): string | undefined {
  const [, authority = ''] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri) ?? [];
  const host = authority.replace(/^.*@/, '').replace(/:\d*$/, '').toLowerCase();
  return isHost(host) && !/^[\d.]+$/.test(host) ? host : undefined;
}

/** One bits, then zero bits. */
function isMask(mask: Uint8Array): boolean {
  let zeros = false;
  for (const octet of mask) {
    for (let bit = 0x80; bit; bit >>= 1) {
      if (!(octet & bit)) zeros = true;
      else if (zeros) return false;
    }
  }
  return true;
}

function isWellFormed(base: GeneralName): boolean {
  switch (base.kind) {
    case 'dns':
      return isHostConstraint(base.value.toLowerCase());
    case 'email':
      return base.value.includes('@')
        ? splitEmail(base.value) !== undefined
        : isHostConstraint(base.value.toLowerCase());
    case 'uri':
      return isHostConstraint(base.value.toLowerCase());
    case 'ip':
      return (
        (base.bytes.length === 8 || base.bytes.length === 32) && isMask(base.bytes.subarray(base.bytes.length / 2))
      );
    case 'dirName':
    case 'other':
      return true;
  }
}

/** Constraints by the form of name that they are about, so that a certificate's many names meet only their own kind. */
interface Compiled {
  readonly wellFormed: boolean;
  readonly permitted: ReadonlyMap<string, readonly GeneralName[]>;
  readonly excluded: ReadonlyMap<string, readonly GeneralName[]>;
}

/** For the forms without a kind of their own, the tag counts. */
const formOf = (name: GeneralName): string => (name.kind === 'other' ? `other${name.tag}` : name.kind);

const lowerCase = (base: GeneralName): GeneralName =>
  base.kind === 'dns' || base.kind === 'uri' ? { kind: base.kind, value: base.value.toLowerCase() } : base;

const byForm = (bases: readonly GeneralName[]): Map<string, GeneralName[]> => {
  const forms = new Map<string, GeneralName[]>();
  for (const base of bases) {
    const same = forms.get(formOf(base));
    if (same) same.push(lowerCase(base));
    else forms.set(formOf(base), [lowerCase(base)]);
  }
  return forms;
};

const compiled = new WeakMap<NameConstraints, Compiled>();

function compile(constraints: NameConstraints): Compiled {
  let known = compiled.get(constraints);
  if (!known) {
    known = {
      wellFormed: constraints.permitted.every(isWellFormed) && constraints.excluded.every(isWellFormed),
      permitted: byForm(constraints.permitted),
      excluded: byForm(constraints.excluded),
    };
    compiled.set(constraints, known);
  }
  return known;
}

/** False for constraints that mean nothing (a wildcard, an address without a mask, …): they refuse whatever is below. */
export const constraintsAreWellFormed = (constraints: NameConstraints): boolean => compile(constraints).wellFormed;

const belowOrAt = (name: string, base: string): boolean =>
  base === '' || name === base || name.endsWith(base.startsWith('.') ? base : `.${base}`);

const hostMatches = (host: string, base: string): boolean =>
  base.startsWith('.') ? host.endsWith(base) : base === '' || host === base;

/** `*.example.org` covers `www.example.org`, so a subtree that is one label below it is hit. */
function dnsHits(name: string, base: string, excluding: boolean): boolean {
  if (belowOrAt(name, base)) return true;
  return excluding && name.startsWith('*.') && base.slice(base.indexOf('.')) === name.slice(1);
}

function emailHits(text: string, base: string): boolean {
  const email = splitEmail(text);
  if (!email) return false;
  const mailbox = splitEmail(base);
  if (mailbox) return mailbox.local === email.local && mailbox.host === email.host;
  return hostMatches(email.host, base.toLowerCase());
}

function ipHits(address: Uint8Array, base: Uint8Array): boolean {
  if (address.length * 2 !== base.length) return false;
  return address.every((octet, i) => {
    const mask = base[address.length + i]!;
    return (octet & mask) === (base[i]! & mask);
  });
}

function hits(name: GeneralName, base: GeneralName, excluding: boolean): boolean {
  switch (name.kind) {
    case 'dns':
      return base.kind === 'dns' && dnsHits(name.value, base.value, excluding);
    case 'email':
      return base.kind === 'email' && emailHits(name.value, base.value);
    case 'uri':
      return base.kind === 'uri' && hostMatches(name.value, base.value);
    case 'ip':
      return base.kind === 'ip' && ipHits(name.bytes, base.bytes);
    case 'dirName':
      return base.kind === 'dirName' && nameIsWithin(name.name, base.name);
    case 'other':
      return false;
  }
}

/**
 * The name as it is compared: lower case, a URI by its host. Undefined where its form is not understood; RFC 5280 4.2.1.10:
 * what cannot be processed is refused where a constraint is about it.
 */
function comparable(name: GeneralName): GeneralName | undefined {
  switch (name.kind) {
    case 'dns': {
      const value = name.value.toLowerCase();
      return isDnsSan(value) ? { kind: 'dns', value } : undefined;
    }
    case 'email':
      return splitEmail(name.value) ? name : undefined;
    case 'uri': {
      const value = uriHost(name.value);
      return value === undefined ? undefined : { kind: 'uri', value };
    }
    case 'ip':
      return name.bytes.length === 4 || name.bytes.length === 16 ? name : undefined;
    case 'dirName':
      return name;
    case 'other':
      return undefined;
  }
}

/** The names that constraints apply to: the subject, and all of subjectAltName, or the subject's mailboxes without one. */
function constrainedNames(certificate: Certificate): GeneralName[] {
  const names: GeneralName[] = [...(certificate.subjectAltName ?? [])];
  const { subject } = certificate;
  if (subject.rdns.length > 0) names.push({ kind: 'dirName', name: subject });
  if (!certificate.subjectAltName) {
    for (const rdn of subject.rdns) {
      for (const { oid, value } of rdn) if (oid === OID.emailAddress) names.push({ kind: 'email', value });
    }
  }
  return names;
}

/**
 * Holds `certificate`'s names against well-formed constraints of a CA above it.
 * @returns undefined where they are all allowed; else the name that is not, or `too-many-names` once the budget is spent.
 */
export function nameConstraintViolation(
  constraints: NameConstraints,
  certificate: Certificate,
  budget: NameBudget,
): { reason: 'name-constraint' | 'too-many-names'; detail: string } | undefined {
  const { permitted, excluded } = compile(constraints);
  for (const name of constrainedNames(certificate)) {
    const form = formOf(name);
    const within = permitted.get(form);
    const outside = excluded.get(form) ?? [];
    if (!within && outside.length === 0) continue;
    budget.left -= (within?.length ?? 0) + outside.length;
    if (budget.left < 0) return { reason: 'too-many-names', detail: 'too many names for too many constraints' };
    const plain = comparable(name);
    const allowed =
      plain !== undefined &&
      !outside.some((base) => hits(plain, base, true)) &&
      (within?.some((base) => hits(plain, base, false)) ?? true);
    if (!allowed) return { reason: 'name-constraint', detail: formatGeneralName(name) };
  }
  return undefined;
}
