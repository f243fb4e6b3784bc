/**
 * Signature algorithms, by the names that OpenSSL prints (RFC 3279, 4055, 5758, 8410).
 */
import type { SignatureAlgorithm } from '../model/certificate.ts';
import { contextConstructed, DerCursor, readSmallInteger, TAG, type Tlv } from './der.ts';
import { OID, readOid } from './oid.ts';

const NAMES: ReadonlyMap<string, readonly [name: string, hash?: string]> = new Map([
  ['1.2.840.113549.1.1.2', ['md2WithRSAEncryption', 'md2']],
  ['1.2.840.113549.1.1.3', ['md4WithRSAEncryption', 'md4']],
  ['1.2.840.113549.1.1.4', ['md5WithRSAEncryption', 'md5']],
  ['1.2.840.113549.1.1.5', ['sha1WithRSAEncryption', 'sha1']],
  ['1.3.14.3.2.29', ['sha1WithRSA', 'sha1']],
  ['1.2.840.113549.1.1.14', ['sha224WithRSAEncryption', 'sha224']],
  ['1.2.840.113549.1.1.11', ['sha256WithRSAEncryption', 'sha256']],
  ['1.2.840.113549.1.1.12', ['sha384WithRSAEncryption', 'sha384']],
  ['1.2.840.113549.1.1.13', ['sha512WithRSAEncryption', 'sha512']],
  ['1.2.840.10045.4.1', ['ecdsa-with-SHA1', 'sha1']],
  ['1.2.840.10045.4.3.1', ['ecdsa-with-SHA224', 'sha224']],
  ['1.2.840.10045.4.3.2', ['ecdsa-with-SHA256', 'sha256']],
  ['1.2.840.10045.4.3.3', ['ecdsa-with-SHA384', 'sha384']],
  ['1.2.840.10045.4.3.4', ['ecdsa-with-SHA512', 'sha512']],
  ['1.2.840.10040.4.3', ['dsaWithSHA1', 'sha1']],
  ['2.16.840.1.101.3.4.3.1', ['dsa_with_SHA224', 'sha224']],
  ['2.16.840.1.101.3.4.3.2', ['dsa_with_SHA256', 'sha256']],
  ['2.16.840.1.101.3.4.3.3', ['dsa_with_SHA384', 'sha384']],
  ['2.16.840.1.101.3.4.3.4', ['dsa_with_SHA512', 'sha512']],
  [OID.ed25519, ['ED25519']],
  [OID.ed448, ['ED448']],
]);

const HASHES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.2.5', 'md5'],
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);

const MGF1 = '1.2.840.113549.1.1.8';

/** RSASSA-PSS parameters (RFC 4055 3.1), defaults filled in. */
export interface PssParameters {
  readonly hash: string;
  readonly mgfHash: string;
  readonly saltLength: number;
}

/** The hash that the AlgorithmIdentifier inside `cursor` names, as node:crypto calls it; null for what is none or not known. */
export function readHash(cursor: DerCursor | null): string | null {
  const identifier = cursor?.enter(TAG.sequence);
  const oid = identifier?.take(TAG.oid);
  return identifier && oid ? (HASHES.get(readOid(identifier.bytes, oid.body, oid.end) ?? '') ?? null) : null;
}

function readMgfHash(cursor: DerCursor): string | null {
  const identifier = cursor.enter(TAG.sequence);
  const oid = identifier?.take(TAG.oid);
  if (!identifier || !oid || readOid(identifier.bytes, oid.body, oid.end) !== MGF1) return null;
  return readHash(identifier);
}

/**
 * The parameters of an RSASSA-PSS AlgorithmIdentifier, given its DER.
 * @returns null where they are not readable or name an unknown hash.
 */
export function readPssParameters(der: Uint8Array): PssParameters | null {
  const identifier = DerCursor.over(der).enter(TAG.sequence);
  if (!identifier?.take(TAG.oid)) return null;
  if (identifier.done) return { hash: 'sha1', mgfHash: 'sha1', saltLength: 20 };
  const parameters = identifier.enter(TAG.sequence);
  if (!parameters || !identifier.done) return null;
  const hashField = parameters.enter(contextConstructed(0));
  const mgfField = parameters.enter(contextConstructed(1));
  const saltField = parameters.enter(contextConstructed(2));
  const trailerField = parameters.enter(contextConstructed(3));
  if (!parameters.done) return null;
  const hash = hashField ? readHash(hashField) : 'sha1';
  const mgfHash = mgfField ? readMgfHash(mgfField) : 'sha1';
  const salt = readField(saltField, 20);
  // RFC 4055 3.1: trailerField MUST be 1.
  if (hash === null || mgfHash === null || salt === null || readField(trailerField, 1) !== 1) return null;
  return { hash, mgfHash, saltLength: salt };
}

function readField(field: DerCursor | null, absent: number): number | null {
  if (!field) return absent;
  const integer = field.take(TAG.integer);
  return integer && readSmallInteger(field, integer);
}

/** Interned by OID: certificates share a handful. */
export function readSignatureAlgorithm(cursor: DerCursor, tlv: Tlv): SignatureAlgorithm | null {
  if (tlv.tag !== TAG.sequence) return null;
  const inner = cursor.inside(tlv);
  const oidTlv = inner.take(TAG.oid);
  const oid = oidTlv && readOid(inner.bytes, oidTlv.body, oidTlv.end);
  if (!oid) return null;
  const der = cursor.whole(tlv);
  if (oid === OID.rsassaPss) {
    const hash = readPssParameters(der)?.hash;
    return { oid, name: 'rsassaPss', der, ...(hash !== undefined && { hash }) };
  }
  const [name, hash] = NAMES.get(oid) ?? [oid];
  return hash === undefined ? { oid, name, der } : { oid, name, hash, der };
}
