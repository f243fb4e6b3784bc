/**
 * The extensions that certwatch understands (RFC 5280 4.2), each from its value to plain data. A malformed one is named in
 * the irregularities and left out; whether it refuses the certificate is for path validation to say.
 */
import type {
  AuthorityKeyIdentifier,
  Certificate,
  Extension,
  GeneralName,
  KeyUsage,
  NameConstraints,
} from '../model/certificate.ts';
import {
  context,
  contextConstructed,
  type DerCursor,
  enterOnly,
  readBoolean,
  readSmallInteger,
  readTlv,
  TAG,
} from './der.ts';
import { readGeneralName } from './name.ts';
import { OID, readOid } from './oid.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The fields of a certificate that extensions fill. */
export type ExtensionFields = Mutable<
  Pick<
    Certificate,
    | 'basicConstraints'
    | 'keyUsage'
    | 'extendedKeyUsage'
    | 'subjectAltName'
    | 'nameConstraints'
    | 'subjectKeyId'
    | 'authorityKeyId'
    | 'caIssuers'
    | 'ocsp'
    | 'mustStaple'
  >
>;

/** More addresses than this are noise; longer ones are no address. */
const MOST_LOCATIONS = 16;
const LONGEST_LOCATION = 2048;

function readBasicConstraints(value: Uint8Array): Certificate['basicConstraints'] | null {
  const sequence = enterOnly(value, TAG.sequence);
  if (!sequence) return null;
  const caTlv = sequence.take(TAG.boolean);
  const ca = caTlv ? readBoolean(sequence, caTlv) : false;
  const lengthTlv = sequence.take(TAG.integer);
  if (ca === null || !sequence.done) return null;
  if (!lengthTlv) return { ca };
  const pathLength = readSmallInteger(sequence, lengthTlv);
  return pathLength === null ? null : { ca, pathLength };
}

const KEY_USAGES: readonly KeyUsage[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];

/** Sets by their two octets: the same few combinations are in every certificate. */
const keyUsageSets = new Map<number, ReadonlySet<KeyUsage>>();

function readKeyUsage(value: Uint8Array): ReadonlySet<KeyUsage> | null {
  const tlv = readTlv(value, 0, value.length);
  if (!tlv || tlv.tag !== TAG.bitString || tlv.end !== value.length || tlv.end - tlv.body < 1) return null;
  const unused = value[tlv.body]!;
  if (unused > 7) return null;
  const bits = ((value[tlv.body + 1] ?? 0) << 8) | (tlv.end - tlv.body > 2 ? value[tlv.body + 2]! : 0);
  let set = keyUsageSets.get(bits & 0xff80);
  if (!set) {
    set = new Set(KEY_USAGES.filter((_, i) => bits & (0x8000 >> i)));
    keyUsageSets.set(bits & 0xff80, set);
  }
  return set;
}

function readOids(value: Uint8Array): string[] | null {
  const sequence = enterOnly(value, TAG.sequence);
  if (!sequence || sequence.done) return null;
  const oids: string[] = [];
  while (!sequence.done) {
    const tlv = sequence.take(TAG.oid);
    const oid = tlv && readOid(value, tlv.body, tlv.end);
    if (!oid) return null;
    oids.push(oid);
  }
  return oids;
}

/** GeneralNames (RFC 5280 4.2.1.6): at least one. */
function readGeneralNames(value: Uint8Array): GeneralName[] | null {
  const sequence = enterOnly(value, TAG.sequence);
  if (!sequence || sequence.done) return null;
  const names: GeneralName[] = [];
  while (!sequence.done) {
    const name = readGeneralName(sequence);
    if (!name) return null;
    names.push(name);
  }
  return names;
}

/** GeneralSubtrees: at least one; RFC 5280 4.2.1.10 wants minimum 0, that is absent, and maximum absent. */
function readSubtrees(cursor: DerCursor): GeneralName[] | null {
  const bases: GeneralName[] = [];
  if (cursor.done) return null;
  while (!cursor.done) {
    const subtree = cursor.enter(TAG.sequence);
    const base = subtree && readGeneralName(subtree);
    if (!base || !subtree.done) return null;
    bases.push(base);
  }
  return bases;
}

/** RFC 5280 4.2.1.10: one of the two fields must be there. */
function readNameConstraints(value: Uint8Array): NameConstraints | null {
  const sequence = enterOnly(value, TAG.sequence);
  if (!sequence || sequence.done) return null;
  const permittedField = sequence.enter(contextConstructed(0));
  const permitted = permittedField ? readSubtrees(permittedField) : [];
  const excludedField = sequence.enter(contextConstructed(1));
  const excluded = excludedField ? readSubtrees(excludedField) : [];
  return permitted && excluded && sequence.done ? { permitted, excluded } : null;
}

function readSubjectKeyId(value: Uint8Array): Uint8Array | null {
  const tlv = readTlv(value, 0, value.length);
  return tlv && tlv.tag === TAG.octetString && tlv.end === value.length ? value.subarray(tlv.body, tlv.end) : null;
}

function readAuthorityKeyId(value: Uint8Array): AuthorityKeyIdentifier | null {
  const sequence = enterOnly(value, TAG.sequence);
  if (!sequence) return null;
  const keyId = sequence.take(context(0));
  const issuer = sequence.take(contextConstructed(1));
  const serial = sequence.take(context(2));
  if (!sequence.done) return null;
  const hasIssuerAndSerial = issuer !== null || serial !== null;
  return keyId ? { keyId: sequence.content(keyId), hasIssuerAndSerial } : { hasIssuerAndSerial };
}

/** RFC 5280 4.2.2.1: at least one access description. Adds the addresses of OCSP and issuers to `fields`. */
function readAuthorityInfoAccess(value: Uint8Array, fields: ExtensionFields): true | null {
  const sequence = enterOnly(value, TAG.sequence);
  if (!sequence || sequence.done) return null;
  const found: { caIssuers: string[]; ocsp: string[] } = { caIssuers: [], ocsp: [] };
  while (!sequence.done) {
    const description = sequence.enter(TAG.sequence);
    const method = description?.take(TAG.oid);
    const location = description && readGeneralName(description);
    if (!method || !location || !description.done) return null;
    if (location.kind !== 'uri' || location.value.length > LONGEST_LOCATION) continue;
    const oid = readOid(value, method.body, method.end);
    const list = oid === OID.ocsp ? found.ocsp : oid === OID.caIssuers ? found.caIssuers : undefined;
    if (list && list.length < MOST_LOCATIONS) list.push(location.value);
  }
  fields.caIssuers = found.caIssuers;
  fields.ocsp = found.ocsp;
  return true;
}

/** RFC 7633: feature 5 is status_request. */
function readMustStaple(value: Uint8Array): boolean | null {
  const sequence = enterOnly(value, TAG.sequence);
  if (!sequence) return null;
  let staple = false;
  while (!sequence.done) {
    const tlv = sequence.take(TAG.integer);
    const feature = tlv && readSmallInteger(sequence, tlv);
    if (feature === null) return null;
    if (feature === 5) staple = true;
  }
  return staple;
}

/** Reads the extension into `fields` if it is a known one. @returns the irregularity where it is malformed. */
export function readExtension(extension: Extension, fields: ExtensionFields): string | undefined {
  const { value } = extension;
  switch (extension.oid) {
    case OID.basicConstraints: {
      const read = readBasicConstraints(value);
      if (!read) return 'malformed-basic-constraints';
      fields.basicConstraints = read;
      return read.pathLength !== undefined && !read.ca ? 'path-length-without-ca' : undefined;
    }
    case OID.keyUsage: {
      const read = readKeyUsage(value);
      if (!read) return 'malformed-key-usage';
      fields.keyUsage = read;
      return read.size === 0 ? 'empty-key-usage' : undefined;
    }
    case OID.extendedKeyUsage: {
      const read = readOids(value);
      if (!read) return 'malformed-extended-key-usage';
      fields.extendedKeyUsage = read;
      return undefined;
    }
    case OID.subjectAltName: {
      const read = readGeneralNames(value);
      if (!read) return 'malformed-san';
      fields.subjectAltName = read;
      return undefined;
    }
    case OID.nameConstraints: {
      const read = readNameConstraints(value);
      if (!read) return 'malformed-name-constraints';
      fields.nameConstraints = read;
      return undefined;
    }
    case OID.subjectKeyIdentifier: {
      const read = readSubjectKeyId(value);
      if (!read) return 'malformed-ski';
      fields.subjectKeyId = read;
      return undefined;
    }
    case OID.authorityKeyIdentifier: {
      const read = readAuthorityKeyId(value);
      if (!read) return 'malformed-aki';
      fields.authorityKeyId = read;
      return undefined;
    }
    case OID.authorityInfoAccess:
      return readAuthorityInfoAccess(value, fields) ? undefined : 'malformed-aia';
    case OID.tlsFeature: {
      const read = readMustStaple(value);
      if (read === null) return 'malformed-tls-feature';
      fields.mustStaple = read;
      return undefined;
    }
    default:
      return undefined;
  }
}
