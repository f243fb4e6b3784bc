/**
 * A certificate revocation list (RFC 5280 5) from its DER to plain data. Its entries stay where they are, in the bytes: a
 * list may have hundreds of thousands, and is asked about a few.
 */
import type { DistinguishedName, SignatureAlgorithm } from '../model/certificate.ts';
import { err, ok, type Result } from '../model/result.ts';
import {
  bytesEqual,
  contextConstructed,
  DerCursor,
  enterOnly,
  readBitString,
  readBoolean,
  TAG,
  type Tlv,
} from './der.ts';
import { type ListScope, readListScope } from './list-scope.ts';
import { readName } from './name.ts';
import { OID, readOid } from './oid.ts';
import { type Revocation, readReason } from './revocation-reason.ts';
import { readSignatureAlgorithm } from './signature-algorithm.ts';
import { readTime } from './time.ts';

export interface RevocationList {
  /** TBSCertList, as signed. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly issuer: DistinguishedName;
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
  /** Which certificates it speaks of; absent: all of its issuer's. */
  readonly scope?: ListScope;
  /** Why it must not be used as it stands: it is a delta, or has a critical extension that is not known. */
  readonly unusable?: 'delta' | 'unknown-critical-extension';
  /** The elements of revokedCertificates. */
  readonly entries: Uint8Array;
}

/** @returns the list, or `malformed`. */
export function parseRevocationList(der: Uint8Array): Result<RevocationList, 'malformed'> {
  const outer = enterOnly(der, TAG.sequence);
  const tbsTlv = outer?.take(TAG.sequence);
  const algorithmTlv = outer?.take(TAG.sequence);
  const signatureTlv = outer?.take(TAG.bitString);
  if (!outer || !tbsTlv || !algorithmTlv || !signatureTlv || !outer.done) return err('malformed');
  const signatureAlgorithm = readSignatureAlgorithm(outer, algorithmTlv);
  const signature = readBitString(outer, signatureTlv);
  const tbs = outer.inside(tbsTlv);
  tbs.take(TAG.integer); // version
  const inner = tbs.take(TAG.sequence);
  // RFC 5280 5.1.1.2: the same algorithm inside and outside.
  if (!signatureAlgorithm || !signature || !inner || !bytesEqual(tbs.whole(inner), signatureAlgorithm.der)) {
    return err('malformed');
  }
  const rest = readRest(tbs);
  return rest
    ? ok({ tbs: outer.whole(tbsTlv), signatureAlgorithm, signature: signature.octets, ...rest })
    : err('malformed');
}

type Rest = Omit<RevocationList, 'tbs' | 'signatureAlgorithm' | 'signature'>;

function readRest(tbs: DerCursor): Rest | null {
  const issuerTlv = tbs.take(TAG.sequence);
  const issuer = issuerTlv && readName(tbs, issuerTlv);
  const thisUpdate = takeTime(tbs);
  const nextUpdate = takeTime(tbs);
  const entriesTlv = tbs.take(TAG.sequence);
  const extensions = tbs.enter(contextConstructed(0));
  if (!issuer || thisUpdate === undefined || !tbs.done) return null;
  const said = readExtensions(extensions);
  if (!said) return null;
  return {
    issuer,
    thisUpdate,
    ...(nextUpdate === undefined ? {} : { nextUpdate }),
    ...said,
    entries: entriesTlv ? tbs.content(entriesTlv) : new Uint8Array(0),
  };
}

function takeTime(cursor: DerCursor): number | undefined {
  const tlv = cursor.take(TAG.utcTime) ?? cursor.take(TAG.generalizedTime);
  return (tlv && readTime(cursor, tlv)?.ms) ?? undefined;
}

const KNOWN: ReadonlySet<string> = new Set([OID.authorityKeyIdentifier, OID.cRLNumber, OID.issuerAltName]);

function readExtensions(field: DerCursor | null): Pick<RevocationList, 'scope' | 'unusable'> | null {
  const list = field?.enter(TAG.sequence);
  let scope: ListScope | undefined;
  let unusable: RevocationList['unusable'];
  while (list && !list.done) {
    const extension = takeExtension(list);
    if (!extension) return null;
    if (extension.oid === OID.issuingDistributionPoint) {
      const read = readListScope(extension.value);
      if (!read) return null;
      scope = read;
    } else if (extension.oid === OID.deltaCRLIndicator) unusable = 'delta';
    else if (extension.critical && !KNOWN.has(extension.oid)) unusable ??= 'unknown-critical-extension';
  }
  return { ...(scope ? { scope } : {}), ...(unusable ? { unusable } : {}) };
}

interface ListExtension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

function takeExtension(list: DerCursor): ListExtension | null {
  const extension = list.enter(TAG.sequence);
  const oidTlv = extension?.take(TAG.oid);
  const criticalTlv = extension?.take(TAG.boolean);
  const value = extension?.take(TAG.octetString);
  const oid = extension && oidTlv ? readOid(extension.bytes, oidTlv.body, oidTlv.end) : null;
  if (!extension || !oid || !value) return null;
  const critical = criticalTlv ? readBoolean(extension, criticalTlv) === true : false;
  return { oid, critical, value: extension.content(value) };
}

/**
 * The entry for a serial number.
 * @param serial as a certificate's: upper-case hex, whole octets, no sign octet.
 * @returns undefined where there is none; `malformed` where the entries cannot be read to their end.
 */
export function findRevocation({ entries }: RevocationList, serial: string): Revocation | 'malformed' | undefined {
  const octets = Buffer.from(serial, 'hex');
  const cursor = DerCursor.over(entries);
  while (!cursor.done) {
    const tlv = cursor.take(TAG.sequence);
    if (!tlv) return 'malformed';
    const entry = cursor.inside(tlv);
    const serialTlv = entry.take(TAG.integer);
    if (!serialTlv) return 'malformed';
    if (isSerial(entry, serialTlv, octets)) return readEntry(entry);
  }
  return undefined;
}

/** Compared octet by octet: to make text of each serial would take far longer than the search. */
function isSerial({ bytes }: DerCursor, tlv: Tlv, octets: Uint8Array): boolean {
  let at = tlv.body;
  while (at < tlv.end - 1 && bytes[at] === 0) at++;
  if (tlv.end - at !== octets.length) return false;
  for (let i = 0; i < octets.length; i++) if (bytes[at + i] !== octets[i]) return false;
  return true;
}

/** An entry without a readable reason is one all the same. */
function readEntry(entry: DerCursor): Revocation | 'malformed' {
  const at = takeTime(entry);
  if (at === undefined) return 'malformed';
  const list = entry.enter(TAG.sequence);
  while (list && !list.done) {
    const extension = takeExtension(list);
    if (!extension) return { at };
    if (extension.oid !== OID.reasonCode) continue;
    const inner = DerCursor.over(extension.value);
    const tlv = inner.take(TAG.enumerated);
    const reason = tlv ? readReason(inner, tlv) : undefined;
    return { at, ...(reason === undefined ? {} : { reason }) };
  }
  return { at };
}
