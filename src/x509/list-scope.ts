/**
 * Which list speaks of which certificate: a certificate names where its list is (cRLDistributionPoints, RFC 5280 4.2.1.13),
 * a list says which certificates it covers (issuingDistributionPoint, 5.2.5).
 */
import type { Certificate } from '../model/certificate.ts';
import { context, contextConstructed, type DerCursor, enterOnly, readBoolean, TAG } from './der.ts';
import { readGeneralName } from './name.ts';
import { OID } from './oid.ts';

export interface ListScope {
  /** URIs of the distribution point; absent where the list names none. */
  readonly names?: readonly string[];
  readonly onlyUserCertificates: boolean;
  readonly onlyAuthorities: boolean;
  /** It leaves out reasons, speaks for other issuers, or is about attribute certificates: it cannot say "not revoked". */
  readonly partial: boolean;
}

const MOST_NAMES = 16;
const LONGEST_NAME = 2_048;

/** @returns null where the extension's value is not one. */
export function readListScope(value: Uint8Array): ListScope | null {
  const sequence = enterOnly(value, TAG.sequence);
  if (!sequence) return null;
  const point = sequence.enter(contextConstructed(0));
  const names = point ? readFullName(point) : undefined;
  const flag = (n: number): boolean => {
    const tlv = sequence.take(context(n));
    return tlv !== null && readBoolean(sequence, tlv) === true;
  };
  const onlyUserCertificates = flag(1);
  const onlyAuthorities = flag(2);
  const someReasons = sequence.take(context(3)) !== null;
  const indirect = flag(4);
  const attributes = flag(5);
  if (!sequence.done) return null;
  const partial = someReasons || indirect || attributes;
  return { ...(names ? { names } : {}), onlyUserCertificates, onlyAuthorities, partial };
}

/** fullName [0]; of a name relative to the issuer's nothing is taken. */
function readFullName(point: DerCursor): string[] {
  const full = point.enter(contextConstructed(0));
  const names: string[] = [];
  while (full && !full.done && names.length < MOST_NAMES) {
    const name = readGeneralName(full);
    if (!name) break;
    if (name.kind === 'uri' && name.value.length <= LONGEST_NAME) names.push(name.value);
  }
  return names;
}

/**
 * Where the certificate's issuer keeps its list, over plain HTTP: the list is signed, and fetching it by TLS would ask for
 * its own certificate's list first. Points for some reasons only, or of another issuer, are passed over. Untrusted text.
 */
export function listAddresses({ extensions }: Certificate): string[] {
  const value = extensions.find(({ oid }) => oid === OID.cRLDistributionPoints)?.value;
  const points = value && enterOnly(value, TAG.sequence);
  const addresses: string[] = [];
  while (points && !points.done && addresses.length < MOST_NAMES) {
    const point = points.enter(TAG.sequence);
    if (!point) break;
    const name = point.enter(contextConstructed(0));
    const names = name ? readFullName(name) : [];
    if (!point.done) continue; // reasons [1] or cRLIssuer [2]
    addresses.push(...names.filter((address) => /^http:\/\//i.test(address)));
  }
  return addresses;
}
