/**
 * Names: distinguished names and general names from their DER, their text (RFC 4514), and their comparison (RFC 5280 7.1).
 */
import type { DistinguishedName, GeneralName, NameAttribute } from '../model/certificate.ts';
import { bytesEqual, context, contextConstructed, type DerCursor, TAG, type Tlv } from './der.ts';
import { formatIp } from './ip.ts';
import { readOid } from './oid.ts';
import { readIa5, readString } from './string.ts';

/** RFC 4514 section 3, and the names that OpenSSL gives to what else is met in certificates. */
const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.4', 'SN'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.12', 'title'],
  ['2.5.4.13', 'description'],
  ['2.5.4.15', 'businessCategory'],
  ['2.5.4.17', 'postalCode'],
  ['2.5.4.20', 'telephoneNumber'],
  ['2.5.4.41', 'name'],
  ['2.5.4.42', 'GN'],
  ['2.5.4.43', 'initials'],
  ['2.5.4.44', 'generationQualifier'],
  ['2.5.4.46', 'dnQualifier'],
  ['2.5.4.65', 'pseudonym'],
  ['2.5.4.97', 'organizationIdentifier'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['1.2.840.113549.1.9.1', 'emailAddress'],
  ['1.2.840.113549.1.9.2', 'unstructuredName'],
  ['1.3.6.1.4.1.311.60.2.1.1', 'jurisdictionL'],
  ['1.3.6.1.4.1.311.60.2.1.2', 'jurisdictionST'],
  ['1.3.6.1.4.1.311.60.2.1.3', 'jurisdictionC'],
]);

/** A name of more RDNs or attributes than this is a way to spend our time, not a name. */
const MOST_ATTRIBUTES = 4096;

function readAttribute(cursor: DerCursor): NameAttribute | null {
  const pair = cursor.enter(TAG.sequence);
  const type = pair?.take(TAG.oid);
  const value = pair?.next();
  if (!pair || !type || !value || !pair.done) return null;
  const oid = readOid(pair.bytes, type.body, type.end);
  if (oid === null) return null;
  const text = readString(value.tag, pair.bytes, value.body, value.end);
  // RFC 4514 2.4: what is no string is shown as the hex of its BER.
  return { oid, value: text ?? `#${Buffer.from(pair.whole(value)).toString('hex')}` };
}

/** @returns null where `tlv` is no Name (RFC 5280 4.1.2.4); an empty SEQUENCE is the empty name. */
export function readName(cursor: DerCursor, tlv: Tlv): DistinguishedName | null {
  if (tlv.tag !== TAG.sequence) return null;
  const inner = cursor.inside(tlv);
  const rdns: NameAttribute[][] = [];
  let count = 0;
  while (!inner.done) {
    const set = inner.enter(TAG.set);
    if (!set || set.done) return null;
    const rdn: NameAttribute[] = [];
    while (!set.done) {
      const attribute = readAttribute(set);
      if (!attribute || ++count > MOST_ATTRIBUTES) return null;
      rdn.push(attribute);
    }
    rdns.push(rdn);
  }
  return { der: cursor.whole(tlv), rdns };
}

/**
 * One GeneralName (RFC 5280 4.2.1.6).
 * @returns null where the tag is none of its nine, or a directory name is no name.
 */
export function readGeneralName(cursor: DerCursor): GeneralName | null {
  const tlv = cursor.next();
  if (!tlv) return null;
  const { bytes } = cursor;
  switch (tlv.tag) {
    case context(1):
      return { kind: 'email', value: readIa5(bytes, tlv.body, tlv.end) };
    case context(2):
      return { kind: 'dns', value: readIa5(bytes, tlv.body, tlv.end) };
    case context(6):
      return { kind: 'uri', value: readIa5(bytes, tlv.body, tlv.end) };
    case context(7):
      return { kind: 'ip', bytes: cursor.content(tlv) };
    case contextConstructed(4): {
      const inner = cursor.inside(tlv);
      const sequence = inner.next();
      const name = sequence && inner.done ? readName(inner, sequence) : null;
      return name && { kind: 'dirName', name };
    }
    case contextConstructed(0):
    case contextConstructed(3):
    case contextConstructed(5):
    case context(8):
      return { kind: 'other', tag: tlv.tag & 0x1f, der: cursor.whole(tlv) };
    default:
      return null;
  }
}

/** RFC 4514 2.4. Control characters stay as they are: the output that prints them escapes them. */
function escapeValue(value: string): string {
  const escaped = value.replace(/[,+"\\<>;]/g, '\\$&').replaceAll('\0', '\\00');
  return escaped.replace(/^[ #]/, '\\$&').replace(/(?<!^\\) $/, '\\ ');
}

const formatAttribute = (a: NameAttribute): string => `${SHORT_NAMES.get(a.oid) ?? a.oid}=${escapeValue(a.value)}`;

/** RFC 4514 text, most specific first: `CN=example.org,O=Example,C=DE`. Untrusted text; the empty name is ''. */
export function formatName(name: DistinguishedName): string {
  let text = '';
  for (let i = name.rdns.length - 1; i >= 0; i--) {
    text += (text === '' ? '' : ',') + name.rdns[i]!.map(formatAttribute).join('+');
  }
  return text;
}

const OTHER_NAMES = ['othername', '', '', 'x400', '', 'edi', '', '', 'rid'];

/** `dns:example.org`, `ip:192.0.2.1`, `email:…`, `uri:…`, `dirname:CN=…`, `othername:<hex>`. Untrusted text. */
export function formatGeneralName(name: GeneralName): string {
  switch (name.kind) {
    case 'dns':
      return `dns:${name.value}`;
    case 'email':
      return `email:${name.value}`;
    case 'uri':
      return `uri:${name.value}`;
    case 'ip':
      return `ip:${formatIp(name.bytes)}`;
    case 'dirName':
      return `dirname:${formatName(name.name)}`;
    case 'other':
      return `${OTHER_NAMES[name.tag] || 'other'}:${Buffer.from(name.der).toString('hex')}`;
  }
}

/** Case folded and white space compressed (RFC 5280 7.1, RFC 4518): what two equal attribute values have in common. */
function foldValue(value: string): string {
  let plain = true;
  for (let i = 0; i < value.length && plain; i++) plain = value.charCodeAt(i) < 0x80;
  const normal = plain ? value : value.normalize('NFKC');
  return normal.toLowerCase().replace(/\s+/g, ' ').trim();
}

const foldRdn = (rdn: readonly NameAttribute[]): string =>
  rdn
    .map((attribute) => {
      const value = foldValue(attribute.value);
      // The length keeps a value from posing as the attribute that follows it.
      return `${attribute.oid}=${value.length}:${value}`;
    })
    .sort()
    .join('+');

interface Folded {
  readonly rdns: readonly string[];
  readonly key: string;
}

const folded = new WeakMap<DistinguishedName, Folded>();

function fold(name: DistinguishedName): Folded {
  let known = folded.get(name);
  if (!known) {
    const rdns = name.rdns.map(foldRdn);
    known = { rdns, key: rdns.join(',') };
    folded.set(name, known);
  }
  return known;
}

/** A text that two names share exactly when they match (RFC 5280 7.1); for indexes. The empty name has the key ''. */
export const nameKey = (name: DistinguishedName): string => fold(name).key;

/** RFC 5280 7.1: same RDNs in the same order, string types aside, case-insensitively, white space folded. */
export function namesMatch(a: DistinguishedName, b: DistinguishedName): boolean {
  if (a === b || bytesEqual(a.der, b.der)) return true;
  return a.rdns.length === b.rdns.length && nameKey(a) === nameKey(b);
}

/** True where `name` lies in the subtree that `base` names: `base`'s RDNs are its first ones (RFC 5280 7.1). */
export function nameIsWithin(name: DistinguishedName, base: DistinguishedName): boolean {
  if (base.rdns.length > name.rdns.length) return false;
  const rdns = fold(name).rdns;
  return fold(base).rdns.every((rdn, i) => rdn === rdns[i]);
}
