/**
 * PKCS#7 and CMS SignedData (RFC 2315 9.1, RFC 5652 5.1): what CAs hand out as `.p7b`, with or without signatures. The
 * certificates are read, the signatures are nobody's business here.
 */
import { ok, type Result } from '../model/result.ts';
import { contextConstructed, TAG } from '../x509/der.ts';
import { readOid } from '../x509/oid.ts';
import { BerCursor } from './ber.ts';
import { damaged, MOST_CERTIFICATES, type Stored, type Trouble, tooMany, trouble } from './container.ts';

const SIGNED_DATA = '1.2.840.113549.1.7.2';

/** What else a ContentInfo may hold. */
const OTHER_CONTENT: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.7.1': 'data',
  '1.2.840.113549.1.7.3': 'enveloped data',
  '1.2.840.113549.1.7.4': 'signed and enveloped data',
  '1.2.840.113549.1.7.5': 'digested data',
  '1.2.840.113549.1.7.6': 'encrypted data',
};

/** @param bytes one ContentInfo, DER or BER. @returns at least one certificate, in the order of the set. */
export function readPkcs7(bytes: Uint8Array): Result<readonly Stored[], Trouble> {
  const info = BerCursor.into(bytes, TAG.sequence);
  const type = info?.take(TAG.oid);
  const oid = info && type && readOid(bytes, type.body, type.bodyEnd);
  if (!info || !oid) return damaged('PKCS#7');
  if (oid !== SIGNED_DATA) {
    return trouble('no-certificate', `is PKCS#7 with ${OTHER_CONTENT[oid] ?? `content ${oid}`}, but no certificate`);
  }
  const signed = info.enter(contextConstructed(0))?.enter(TAG.sequence);
  // version, digestAlgorithms, contentInfo
  const before = signed && [TAG.integer, TAG.set, TAG.sequence].every((tag) => signed.take(tag));
  if (!before) return damaged('PKCS#7');
  const set = signed.enter(contextConstructed(0));
  const found: Stored[] = [];
  while (set && !set.done) {
    const choice = set.next();
    if (!choice) return damaged('PKCS#7');
    if (found.length === MOST_CERTIFICATES) return tooMany();
    // Attribute certificates and the obsolete extended ones carry context tags (RFC 5652 10.2.2).
    if (choice.tag === TAG.sequence) found.push({ der: set.whole(choice), entry: {} });
  }
  return found.length > 0 ? ok(found) : trouble('no-certificate', 'is PKCS#7, but holds no certificate');
}
