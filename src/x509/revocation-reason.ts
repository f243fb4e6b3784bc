/**
 * What revocation lists and OCSP answers say of a revoked certificate: since when, and why.
 */
import { type DerCursor, readSmallInteger, type Tlv } from './der.ts';

export interface Revocation {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** CRLReason in kebab case; absent where none was given. */
  readonly reason?: string;
}

/** CRLReason (RFC 5280 5.3.1), by number; 7 is not used. */
const REASONS: readonly (string | undefined)[] = [
  'unspecified',
  'key-compromise',
  'ca-compromise',
  'affiliation-changed',
  'superseded',
  'cessation-of-operation',
  'certificate-hold',
  undefined,
  'remove-from-crl',
  'privilege-withdrawn',
  'aa-compromise',
];

/** The word for an ENUMERATED of CRLReason; undefined for a number that means nothing. */
export function readReason(cursor: DerCursor, tlv: Tlv): string | undefined {
  return REASONS[readSmallInteger(cursor, tlv) ?? -1];
}
