/**
 * Serial numbers (RFC 5280 4.1.2.2) as text: they are names, not numbers to count with.
 */
import type { DerCursor, Tlv } from './der.ts';

export interface Serial {
  /** Upper-case hex, whole octets, without a sign octet; negative numbers start with `-`. */
  readonly serial: string;
  readonly irregularities: readonly string[];
}

const LONGEST_SERIAL = 1024;

/** The magnitude of a negative two's complement number. */
function negate(octets: Uint8Array): Uint8Array {
  const magnitude = Uint8Array.from(octets, (octet) => ~octet);
  for (let i = magnitude.length - 1; i >= 0; i--) {
    magnitude[i] = magnitude[i]! + 1;
    if (magnitude[i] !== 0) break;
  }
  return magnitude;
}

function hexWithoutZeros(octets: Uint8Array): string {
  let at = 0;
  while (at < octets.length - 1 && octets[at] === 0) at++;
  return Buffer.from(octets.buffer, octets.byteOffset + at, octets.length - at)
    .toString('hex')
    .toUpperCase();
}

/** @returns null for an empty INTEGER or one of over 1024 octets. */
export function readSerial(cursor: DerCursor, tlv: Tlv): Serial | null {
  const octets = cursor.content(tlv);
  const [first, second] = octets;
  if (first === undefined || octets.length > LONGEST_SERIAL) return null;
  const irregularities: string[] = [];
  // X.690 8.3.2: the first nine bits are not all the same.
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    irregularities.push('serial-not-minimal');
  }
  if (octets.length > 20) irregularities.push('serial-too-long');
  if (first >= 0x80) {
    irregularities.push('serial-negative');
    return { serial: `-${hexWithoutZeros(negate(octets))}`, irregularities };
  }
  const serial = hexWithoutZeros(octets);
  if (serial === '00') irregularities.push('serial-zero');
  return { serial, irregularities };
}

/** `0A1B2C` as people read it, `0A:1B:2C`. */
export const formatSerial = (serial: string): string => serial.replace(/[0-9A-F]{2}(?=[0-9A-F])/g, '$&:');
