/**
 * parseCertificate: an X.509 certificate (RFC 5280 4.1) from its DER to plain data, in one pass and without OpenSSL.
 *
 * What cannot be read as a certificate is an error: one word for what is wrong, and where. What can be read, but is not as
 * RFC 5280 wants it, is a certificate with irregularities: its dates and names are worth showing whatever else is odd, and
 * path validation decides what refuses it.
 */
import { hash } from 'node:crypto';
import type { Certificate, DistinguishedName, Extension, PublicKey } from '../model/certificate.ts';
import { err, ok, type Result } from '../model/result.ts';
import {
  bytesEqual,
  context,
  contextConstructed,
  DerCursor,
  readBitString,
  readBoolean,
  readSmallInteger,
  readTlv,
  TAG,
  type Tlv,
} from './der.ts';
import { type ExtensionFields, readExtension } from './extensions.ts';
import { readName } from './name.ts';
import { readOid } from './oid.ts';
import { readPublicKey } from './public-key.ts';
import { readSerial } from './serial.ts';
import { readSignatureAlgorithm } from './signature-algorithm.ts';
import { readTime } from './time.ts';

/** Longer certificates exist only in attacks: the longest that CAs issue, with hundreds of names, are near 20 kB. */
export const LONGEST_CERTIFICATE = 1 << 20;

/** RFC 5280 knows about 20. */
const MOST_EXTENSIONS = 256;

/** Where reading stopped, and the word for why. Thrown and caught in this file only. */
class Unreadable {
  readonly reason: string;
  readonly offset: number;
  constructor(reason: string, offset: number) {
    this.reason = reason;
    this.offset = offset;
  }
}

function need<T>(value: T | null | undefined, reason: string, cursor: DerCursor): T {
  if (value === null || value === undefined) throw new Unreadable(reason, cursor.at);
  return value;
}

export interface ParseOptions {
  /** The SHA-256 of `der`, lower-case hex, where the caller has it already. */
  readonly sha256?: string;
}

/**
 * Reads one certificate. The result refers to `der`'s memory, which must not change afterwards.
 * @returns the certificate, or `reason at offset N`: `not-der`, `too-large`, `trailing-bytes`, `unreadable-version`,
 *   `unreadable-serial`, `unreadable-name`, `unreadable-time`, `unreadable-key`, `unreadable-signature-algorithm`,
 *   `unreadable-signature`, `unreadable-extension`.
 */
export function parseCertificate(der: Uint8Array, options?: ParseOptions): Result<Certificate, string> {
  if (der.length > LONGEST_CERTIFICATE) return err('too-large at offset 0');
  try {
    return ok(readCertificate(der, options?.sha256 ?? hash('sha256', der, 'hex')));
  } catch (error) {
    if (error instanceof Unreadable) return err(`${error.reason} at offset ${error.offset}`);
    throw error;
  }
}

function readCertificate(der: Uint8Array, sha256: string): Certificate {
  const outer = DerCursor.over(der);
  const certificate = need(outer.enter(TAG.sequence), 'not-der', outer);
  if (!outer.done) throw new Unreadable('trailing-bytes', outer.at);
  const tbsTlv = need(certificate.take(TAG.sequence), 'not-der', certificate);
  const algorithmTlv = need(certificate.take(TAG.sequence), 'unreadable-signature-algorithm', certificate);
  const signatureAlgorithm = need(
    readSignatureAlgorithm(certificate, algorithmTlv),
    'unreadable-signature-algorithm',
    certificate,
  );
  const signatureTlv = need(certificate.take(TAG.bitString), 'unreadable-signature', certificate);
  const signature = need(readBitString(certificate, signatureTlv), 'unreadable-signature', certificate);
  if (!certificate.done) throw new Unreadable('trailing-bytes', certificate.at);
  const tbs = readTbs(certificate.inside(tbsTlv));
  const irregularities = [...tbs.irregularities];
  if (signature.unused !== 0) irregularities.push('signature-bits');
  if (!bytesEqual(signatureAlgorithm.der, tbs.signature)) irregularities.push('signature-algorithm-mismatch');
  return {
    der,
    sha256,
    version: tbs.version,
    serial: tbs.serial,
    issuer: tbs.issuer,
    subject: tbs.subject,
    notBefore: tbs.notBefore,
    notAfter: tbs.notAfter,
    publicKey: tbs.publicKey,
    tbs: certificate.whole(tbsTlv),
    signatureAlgorithm,
    tbsSignatureAlgorithm: tbs.signature,
    signature: signature.octets,
    extensions: tbs.extensions,
    ...tbs.fields,
    irregularities,
  };
}

interface Tbs {
  readonly version: 1 | 2 | 3;
  readonly serial: string;
  readonly signature: Uint8Array;
  readonly issuer: DistinguishedName;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly subject: DistinguishedName;
  readonly publicKey: PublicKey;
  readonly extensions: readonly Extension[];
  readonly fields: ExtensionFields;
  readonly irregularities: readonly string[];
}

/** TBSCertificate (RFC 5280 4.1), in the order of its fields. */
function readTbs(cursor: DerCursor): Tbs {
  const irregularities: string[] = [];
  const version = readVersion(cursor, irregularities);
  const serial = readSerial(cursor, need(cursor.take(TAG.integer), 'unreadable-serial', cursor));
  if (serial === null) throw new Unreadable('unreadable-serial', cursor.at);
  irregularities.push(...serial.irregularities);
  const signature = cursor.whole(need(cursor.take(TAG.sequence), 'unreadable-signature-algorithm', cursor));
  const issuer = takeName(cursor);
  const { notBefore, notAfter } = readValidity(cursor, irregularities);
  const subject = takeName(cursor);
  const keyTlv = need(cursor.take(TAG.sequence), 'unreadable-key', cursor);
  const publicKey = readPublicKey(cursor, keyTlv);
  if (!publicKey) throw new Unreadable('unreadable-key', keyTlv.start);
  const uniqueIds = [cursor.take(context(1)), cursor.take(context(2))].some((tlv) => tlv !== null);
  // RFC 5280 4.1.2.8: only in version 2 or 3.
  if (uniqueIds && version === 1) irregularities.push('unique-id-in-v1');
  const extensions: Extension[] = [];
  const fields: ExtensionFields = { caIssuers: [], ocsp: [], mustStaple: false };
  const field = cursor.enter(contextConstructed(3));
  if (field) {
    if (version !== 3) irregularities.push('extensions-before-v3');
    readExtensions(field, { extensions, fields, irregularities });
  }
  if (!cursor.done) throw new Unreadable('not-der', cursor.at);
  const { serial: serialText } = serial;
  return {
    version,
    serial: serialText,
    signature,
    issuer,
    notBefore,
    notAfter,
    subject,
    publicKey,
    extensions,
    fields,
    irregularities,
  };
}

function readVersion(cursor: DerCursor, irregularities: string[]): 1 | 2 | 3 {
  const field = cursor.enter(contextConstructed(0));
  if (!field) return 1;
  const tlv = field.take(TAG.integer);
  const version = tlv && readSmallInteger(field, tlv);
  if (version === null || version > 2 || !field.done) throw new Unreadable('unreadable-version', field.at);
  // X.690 11.5: a DEFAULT value is not encoded.
  if (version === 0) irregularities.push('explicit-version-1');
  return (version + 1) as 1 | 2 | 3;
}

function takeName(cursor: DerCursor): DistinguishedName {
  const at = cursor.at;
  const tlv = cursor.take(TAG.sequence);
  const name = tlv && readName(cursor, tlv);
  if (!name) throw new Unreadable('unreadable-name', at);
  return name;
}

function readValidity(cursor: DerCursor, irregularities: string[]): { notBefore: number; notAfter: number } {
  const validity = need(cursor.enter(TAG.sequence), 'unreadable-time', cursor);
  const take = (): number => {
    const tlv: Tlv = need(validity.next(), 'unreadable-time', validity);
    const time = readTime(validity, tlv);
    if (!time) throw new Unreadable('unreadable-time', tlv.start);
    if (time.irregularity) irregularities.push(time.irregularity);
    return time.ms;
  };
  const notBefore = take();
  const notAfter = take();
  if (!validity.done) throw new Unreadable('unreadable-time', validity.at);
  if (notAfter < notBefore) irregularities.push('ends-before-it-begins');
  return { notBefore, notAfter };
}

interface ExtensionSink {
  readonly extensions: Extension[];
  readonly fields: ExtensionFields;
  readonly irregularities: string[];
}

/** RFC 5280 4.1.2.9: a sequence of at least one. The first of several with the same OID counts. */
function readExtensions(field: DerCursor, sink: ExtensionSink): void {
  const list = need(field.enter(TAG.sequence), 'unreadable-extension', field);
  if (!field.done) throw new Unreadable('unreadable-extension', field.at);
  if (list.done) sink.irregularities.push('empty-extensions');
  while (!list.done) {
    const extension = takeExtension(list, sink.irregularities);
    if (sink.extensions.length === MOST_EXTENSIONS) throw new Unreadable('unreadable-extension', list.at);
    if (sink.extensions.some((other) => other.oid === extension.oid)) {
      if (!sink.irregularities.includes('duplicate-extension')) sink.irregularities.push('duplicate-extension');
    } else {
      const irregularity = readExtension(extension, sink.fields);
      if (irregularity) sink.irregularities.push(irregularity);
    }
    sink.extensions.push(extension);
  }
}

function takeExtension(list: DerCursor, irregularities: string[]): Extension {
  const at = list.at;
  const inner = list.enter(TAG.sequence);
  const oidTlv = inner?.take(TAG.oid);
  const oid = inner && oidTlv && readOid(inner.bytes, oidTlv.body, oidTlv.end);
  if (!inner || !oid) throw new Unreadable('unreadable-extension', at);
  const criticalTlv = inner.take(TAG.boolean);
  const flag = criticalTlv ? readBoolean(inner, criticalTlv) : false;
  const valueTlv = inner.take(TAG.octetString);
  if (!valueTlv || !inner.done) throw new Unreadable('unreadable-extension', at);
  // X.690 11.1 wants FF for TRUE; old devices write 01.
  if (flag === null) irregularities.push('malformed-critical-flag');
  // X.690 11.5: a DEFAULT value is not encoded. Seen in the wild, and harmless.
  if (criticalTlv && flag === false) irregularities.push('explicit-not-critical');
  return { oid, critical: flag ?? true, value: inner.content(valueTlv) };
}

/** True where `bytes` begin with something of a certificate's shape in DER; cheap, for telling formats apart. */
export function looksLikeCertificate(bytes: Uint8Array): boolean {
  const outer = readTlv(bytes, 0, bytes.length);
  if (!outer || outer.tag !== TAG.sequence) return false;
  const tbs = readTlv(bytes, outer.body, outer.end);
  const algorithm = tbs && readTlv(bytes, tbs.end, outer.end);
  const signature = algorithm && readTlv(bytes, algorithm.end, outer.end);
  return (
    tbs?.tag === TAG.sequence &&
    algorithm?.tag === TAG.sequence &&
    signature?.tag === TAG.bitString &&
    signature.end === outer.end
  );
}
