/**
 * What a stapled OCSP response proves about the leaf that it came with (RFC 6960 3.2). Nothing is asked of anybody: the
 * server has brought the answer, and it is only believed where the issuer, or a responder that it delegated, has signed it.
 */
import { hash } from 'node:crypto';
import type { Certificate } from '../../model/certificate.ts';
import { bytesEqual, DerCursor, readBitString, TAG } from '../../x509/der.ts';
import { namesMatch } from '../../x509/name.ts';
import {
  type OcspResponse,
  type OcspSubject,
  parseOcspResponse,
  type SingleResponse,
} from '../../x509/ocsp-response.ts';
import { OID } from '../../x509/oid.ts';
import { parseCertificate } from '../../x509/parse-certificate.ts';
import { checkSigned } from '../signature.ts';
import { notKnown, type RevocationState, SKEW_MS } from './revocation.ts';

/** An answer that names no end is taken for this long (CA/Browser Forum BR 4.9.10: ten days at most). */
const LONGEST_MS = 10 * 24 * 3_600_000;

export interface StapleQuestion {
  readonly leaf: Certificate;
  readonly issuer: Certificate;
  /** The response's DER. Not trusted. */
  readonly staple: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A revocation that is signed rightly counts however old the answer is: it is not taken back (but for a hold). */
export function judgeStaple({ leaf, issuer, staple, now }: StapleQuestion): RevocationState {
  const parsed = parseOcspResponse(staple);
  if (!parsed.ok) {
    const refusal = /^refused: (.*)/.exec(parsed.error)?.[1];
    return refusal === undefined ? notKnown('malformed-answer') : notKnown('responder-refused', refusal);
  }
  const response = parsed.value;
  const single = response.responses.find(({ subject }) => isAbout(subject, leaf, issuer));
  if (!single) return notKnown('about-another-certificate');
  const signer = signerOf(response, issuer, now);
  if (signer !== 'good') return notKnown(signer);
  return stateOf(single, now);
}

function stateOf({ status, thisUpdate, nextUpdate }: SingleResponse, now: number): RevocationState {
  if (status.kind === 'revoked' && status.reason !== 'remove-from-crl') {
    const { at, reason } = status;
    return at > now + SKEW_MS ? { kind: 'good' } : { kind: 'revoked', at, ...(reason === undefined ? {} : { reason }) };
  }
  if (thisUpdate > now + SKEW_MS) return notKnown('not-yet-current');
  if (now > (nextUpdate ?? thisUpdate + LONGEST_MS)) return notKnown('out-of-date');
  return status.kind === 'unknown' ? notKnown('unknown-to-responder') : { kind: 'good' };
}

function isAbout(subject: OcspSubject, leaf: Certificate, issuer: Certificate): boolean {
  if (subject.serial !== leaf.serial) return false;
  const key = keyOctets(issuer);
  if (!key) return false;
  const digest = (bytes: Uint8Array): Uint8Array => hash(subject.hash, bytes, 'buffer');
  return bytesEqual(digest(leaf.issuer.der), subject.issuerNameHash) && bytesEqual(digest(key), subject.issuerKeyHash);
}

/** The octets of subjectPublicKey, without the count of unused bits (RFC 6960 4.1.1). */
function keyOctets({ publicKey: { spki } }: Certificate): Uint8Array | undefined {
  const info = DerCursor.over(spki).enter(TAG.sequence);
  const algorithm = info?.take(TAG.sequence);
  const key = info?.take(TAG.bitString);
  return info && algorithm && key ? readBitString(info, key)?.octets : undefined;
}

/** RFC 6960 4.2.2.2: the issuer itself, or whom the issuer has certified for it directly. */
function signerOf(response: OcspResponse, issuer: Certificate, now: number): 'good' | 'bad-signature' | 'wrong-signer' {
  if (checkSigned(response, issuer) === 'good') return 'good';
  if (response.certificates.length === 0) return 'bad-signature';
  for (const der of response.certificates) {
    const parsed = parseCertificate(der);
    if (!parsed.ok || !mayRespond(parsed.value, issuer, now)) continue;
    return checkSigned(response, parsed.value) === 'good' ? 'good' : 'bad-signature';
  }
  return 'wrong-signer';
}

function mayRespond(responder: Certificate, issuer: Certificate, now: number): boolean {
  return (
    (responder.extendedKeyUsage?.includes(OID.ocspSigning) ?? false) &&
    now >= responder.notBefore &&
    now < responder.notAfter + 1_000 &&
    namesMatch(responder.issuer, issuer.subject) &&
    checkSigned(responder, issuer) === 'good'
  );
}
