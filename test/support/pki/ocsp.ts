/**
 * OCSP responses (RFC 6960 4.2.1) as a CA signs them, and as nobody should: every field can be another's.
 */
import { createHash, X509Certificate } from 'node:crypto';
import type { Authority } from './authority.ts';
import {
  bitString,
  context,
  contextPrimitive,
  generalizedTime,
  octetString,
  oid,
  sequence,
  TAG,
  tlv,
  unsignedInteger,
} from './der.ts';
import { type KeyPair, keyIdentifier, subjectPublicKeyBits } from './keys.ts';
import type { Issued } from './mint.ts';
import { signerFor } from './signing.ts';

export interface OcspOptions {
  readonly status?: 'good' | 'unknown' | { readonly revokedAt: number; readonly reason?: number };
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
  readonly hash?: 'sha1' | 'sha256';
  /** Who signs; the issuer's key by itself. */
  readonly key?: KeyPair;
  /** Comes along, for a delegated responder. */
  readonly certificates?: readonly Issued[];
}

const HASH_OIDS = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1' } as const;
const OCSP_BASIC = '1.3.6.1.5.5.7.48.1.1';

const at = (ms: number): Buffer => generalizedTime(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, ''));
const enumerated = (value: number): Buffer => tlv(TAG.enumerated, Buffer.of(value));

/** What a responder answers instead of an answer: 3 is tryLater. */
export const ocspRefusal = (status: number): Buffer => sequence(enumerated(status));

export function ocspResponse(about: Issued, issuer: Authority, options: OcspOptions): Buffer {
  const { hash = 'sha1', key = issuer.key, certificates = [] } = options;
  const digest = (bytes: Uint8Array) => octetString(createHash(hash).update(bytes).digest());
  const certId = sequence(
    sequence(oid(HASH_OIDS[hash])),
    digest(issuer.identity.name),
    digest(subjectPublicKeyBits(issuer.key.spki)),
    unsignedInteger(Buffer.from(new X509Certificate(about.der).serialNumber, 'hex')),
  );
  const single = sequence(
    certId,
    statusOf(options),
    at(options.thisUpdate),
    ...(options.nextUpdate === undefined ? [] : [context(0, at(options.nextUpdate))]),
  );
  const data = sequence(context(2, octetString(keyIdentifier(key.spki))), at(options.thisUpdate), sequence(single));
  const signer = signerFor(key);
  const basic = sequence(
    data,
    signer.algorithm,
    bitString(signer.sign(data)),
    ...(certificates.length === 0 ? [] : [context(0, sequence(...certificates.map(({ der }) => der)))]),
  );
  return sequence(enumerated(0), context(0, sequence(oid(OCSP_BASIC), octetString(basic))));
}

function statusOf({ status = 'good' }: OcspOptions): Buffer {
  if (status === 'good') return contextPrimitive(0, Buffer.alloc(0));
  if (status === 'unknown') return contextPrimitive(2, Buffer.alloc(0));
  const reason = status.reason === undefined ? [] : [context(0, enumerated(status.reason))];
  return context(1, at(status.revokedAt), ...reason);
}
