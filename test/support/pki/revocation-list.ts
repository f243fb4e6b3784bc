/**
 * Certificate revocation lists (RFC 5280 5) as a CA signs them, and as nobody should; and the extension of a certificate that
 * says where its list is.
 */
import { X509Certificate } from 'node:crypto';
import type { Authority } from './authority.ts';
import {
  bitString,
  boolean,
  context,
  contextPrimitive,
  integer,
  sequence,
  TAG,
  time,
  tlv,
  unsignedInteger,
} from './der.ts';
import { extension } from './extensions.ts';
import type { KeyPair } from './keys.ts';
import type { Issued } from './mint.ts';
import { signerFor } from './signing.ts';

export interface RevocationListOptions {
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
  readonly revoked?: readonly { readonly certificate: Issued; readonly at: number; readonly reason?: number }[];
  /** Content of issuingDistributionPoint: see `scope`. */
  readonly scope?: Uint8Array;
  readonly extraExtensions?: readonly Uint8Array[];
  /** Who signs; the issuer's key by itself. */
  readonly key?: KeyPair;
  /** The issuer's name in DER. */
  readonly issuer?: Uint8Array;
}

export function revocationList(issuer: Authority, options: RevocationListOptions): Buffer {
  const { thisUpdate, nextUpdate, revoked = [], key = issuer.key } = options;
  const signer = signerFor(key);
  const scope = options.scope ? [extension('2.5.29.28', options.scope, true)] : [];
  const all = [extension('2.5.29.20', integer(1)), ...scope, ...(options.extraExtensions ?? [])];
  const entries = revoked.map(({ certificate, at, reason }) =>
    sequence(
      unsignedInteger(Buffer.from(new X509Certificate(certificate.der).serialNumber, 'hex')),
      time(at),
      ...(reason === undefined ? [] : [sequence(extension('2.5.29.21', tlv(TAG.enumerated, Buffer.of(reason))))]),
    ),
  );
  const tbs = sequence(
    integer(1),
    signer.algorithm,
    options.issuer ?? issuer.identity.name,
    time(thisUpdate),
    ...(nextUpdate === undefined ? [] : [time(nextUpdate)]),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    context(0, sequence(...all)),
  );
  return sequence(tbs, signer.algorithm, bitString(signer.sign(tbs)));
}

const fullName = (addresses: readonly string[]): Buffer =>
  context(0, context(0, ...addresses.map((address) => contextPrimitive(6, Buffer.from(address, 'latin1')))));

/** IssuingDistributionPoint. @param flags context tags that are true: 1 users only, 2 CAs only, 4 indirect. */
export const listScope = (addresses: readonly string[], flags: readonly number[] = []): Buffer =>
  sequence(
    ...(addresses.length === 0 ? [] : [fullName(addresses)]),
    ...flags.map((flag) => contextPrimitive(flag, boolean(true).subarray(2))),
  );

/** cRLDistributionPoints with one point for each group of addresses. */
export const listPoint = (...groups: readonly (readonly string[])[]): Buffer =>
  extension('2.5.29.31', sequence(...groups.map((addresses) => sequence(fullName(addresses)))));
