/**
 * An OCSP response (RFC 6960 4.2.1) from its DER to plain data. Whom it speaks for, and whether its signer may, is not
 * asked here.
 */
import type { SignatureAlgorithm } from '../model/certificate.ts';
import { err, ok, type Result } from '../model/result.ts';
import { context, contextConstructed, type DerCursor, enterOnly, readBitString, readSmallInteger, TAG } from './der.ts';
import { readOid } from './oid.ts';
import { type Revocation, readReason } from './revocation-reason.ts';
import { readSerial } from './serial.ts';
import { readHash, readSignatureAlgorithm } from './signature-algorithm.ts';
import { readTime } from './time.ts';

/** CertID: hashes of the issuer's name (its DER) and key (the BIT STRING's octets), and the serial number. */
export interface OcspSubject {
  /** As node:crypto calls it. */
  readonly hash: string;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  readonly serial: string;
}

export interface SingleResponse {
  readonly subject: OcspSubject;
  readonly status: { readonly kind: 'good' | 'unknown' } | ({ readonly kind: 'revoked' } & Revocation);
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
}

export interface OcspResponse {
  /** ResponseData, as signed. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly responses: readonly SingleResponse[];
  /** DER of the certificates that came along, for a responder that the issuer has delegated. */
  readonly certificates: readonly Uint8Array[];
}

/** OCSPResponseStatus, by number; 4 is not used. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'malformed-request',
  2: 'internal-error',
  3: 'try-later',
  5: 'sig-required',
  6: 'unauthorized',
};

const BASIC = '1.3.6.1.5.5.7.48.1.1';
/** A stapled answer has one, and at most a few. */
const MOST_RESPONSES = 64;
const MOST_CERTIFICATES = 8;

/** @returns the response; or `malformed`, or `refused: …` with the responder's reason where it gave no answer. */
export function parseOcspResponse(der: Uint8Array): Result<OcspResponse, string> {
  const outer = enterOnly(der, TAG.sequence);
  const statusTlv = outer?.take(TAG.enumerated);
  const status = outer && statusTlv ? readSmallInteger(outer, statusTlv) : null;
  if (!outer || status === null) return err('malformed');
  if (status !== 0) return err(`refused: ${REFUSALS[status] ?? `status ${status}`}`);
  const bytes = outer.enter(contextConstructed(0))?.enter(TAG.sequence);
  const type = bytes?.take(TAG.oid);
  const content = bytes?.take(TAG.octetString);
  if (!bytes || !type || !content || readOid(bytes.bytes, type.body, type.end) !== BASIC) return err('malformed');
  const basic = enterOnly(bytes.content(content), TAG.sequence);
  const response = basic && readBasic(basic);
  return response ? ok(response) : err('malformed');
}

function readBasic(basic: DerCursor): OcspResponse | null {
  const data = basic.take(TAG.sequence);
  const algorithm = basic.take(TAG.sequence);
  const signatureTlv = basic.take(TAG.bitString);
  if (!data || !algorithm || !signatureTlv) return null;
  const signatureAlgorithm = readSignatureAlgorithm(basic, algorithm);
  const signature = readBitString(basic, signatureTlv);
  const responses = readResponseData(basic.inside(data));
  if (!signatureAlgorithm || !signature || !responses) return null;
  const certificates: Uint8Array[] = [];
  const list = basic.enter(contextConstructed(0))?.enter(TAG.sequence);
  while (list && !list.done && certificates.length < MOST_CERTIFICATES) {
    const certificate = list.take(TAG.sequence);
    if (!certificate) return null;
    certificates.push(list.whole(certificate));
  }
  return { tbs: basic.whole(data), signatureAlgorithm, signature: signature.octets, responses, certificates };
}

/** Version, responderID and producedAt are passed over: what counts is each answer's own time, and who signed it. */
function readResponseData(data: DerCursor): SingleResponse[] | null {
  data.enter(contextConstructed(0));
  const responderId = data.next();
  const producedAt = data.take(TAG.generalizedTime);
  const list = data.enter(TAG.sequence);
  if (!responderId || !producedAt || !list) return null;
  const responses: SingleResponse[] = [];
  while (!list.done && responses.length < MOST_RESPONSES) {
    const single = list.enter(TAG.sequence);
    const response = single && readSingle(single);
    if (!response) return null;
    responses.push(response);
  }
  return responses;
}

function readSingle(single: DerCursor): SingleResponse | null {
  const subject = readSubject(single.enter(TAG.sequence));
  const status = readStatus(single);
  const thisUpdateTlv = single.take(TAG.generalizedTime);
  const thisUpdate = thisUpdateTlv && readTime(single, thisUpdateTlv);
  if (!subject || !status || !thisUpdate) return null;
  const field = single.enter(contextConstructed(0));
  const nextTlv = field?.take(TAG.generalizedTime);
  const next = field && nextTlv ? readTime(field, nextTlv) : null;
  if (field && !next) return null;
  return { subject, status, thisUpdate: thisUpdate.ms, ...(next ? { nextUpdate: next.ms } : {}) };
}

function readSubject(id: DerCursor | null): OcspSubject | null {
  const hash = readHash(id);
  const name = id?.take(TAG.octetString);
  const key = id?.take(TAG.octetString);
  const serialTlv = id?.take(TAG.integer);
  const serial = id && serialTlv ? readSerial(id, serialTlv) : null;
  if (!id || hash === null || !name || !key || !serial) return null;
  return { hash, issuerNameHash: id.content(name), issuerKeyHash: id.content(key), serial: serial.serial };
}

/** CertStatus: [0] good, [1] revoked, [2] unknown, all implicit. */
function readStatus(single: DerCursor): SingleResponse['status'] | null {
  if (single.take(context(0))) return { kind: 'good' };
  if (single.take(context(2))) return { kind: 'unknown' };
  const revoked = single.enter(contextConstructed(1));
  const timeTlv = revoked?.take(TAG.generalizedTime);
  const time = revoked && timeTlv ? readTime(revoked, timeTlv) : null;
  if (!revoked || !time) return null;
  const field = revoked.enter(contextConstructed(0));
  const reasonTlv = field?.take(TAG.enumerated);
  const reason = field && reasonTlv ? readReason(field, reasonTlv) : undefined;
  return { kind: 'revoked', at: time.ms, ...(reason === undefined ? {} : { reason }) };
}
