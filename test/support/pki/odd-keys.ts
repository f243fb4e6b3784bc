/**
 * SubjectPublicKeyInfos that no key generator makes: for `raw.spki` of a certificate.
 */
import { bitString, integer, nullValue, octetString, oid, sequence, unsignedInteger } from './der.ts';
import { makeKey, subjectPublicKeyBits } from './keys.ts';

/** An RSA key of any modulus and exponent, also 1 or an even one (RFC 8017 A.1.1). */
export function rsaSpki(modulus: Uint8Array | bigint, exponent: bigint | number): Buffer {
  const n = typeof modulus === 'bigint' ? integer(modulus) : unsignedInteger(modulus);
  return sequence(sequence(oid('1.2.840.113549.1.1.1'), nullValue()), bitString(sequence(n, integer(exponent))));
}

/** An odd number of so many bits: right in size, nobody's key. */
export function modulusOfBits(bits: number): bigint {
  return (1n << BigInt(bits - 1)) | 0x10001n;
}

/** A key on an EC curve given by any OID, with any point. */
export function ecSpki(curveOid: string, point: Uint8Array): Buffer {
  return sequence(sequence(oid('1.2.840.10045.2.1'), oid(curveOid)), bitString(point));
}

/**
 * A true P-256 key whose parameters are written out instead of named (RFC 5480 2.1.1 forbids it; CVE-2020-0601 lived on it).
 */
export function explicitP256Spki(point: Uint8Array = subjectPublicKeyBits(makeKey('ec256').spki)): Buffer {
  const hex = (text: string) => Buffer.from(text, 'hex');
  const p = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff';
  const a = 'ffffffff00000001000000000000000000000000fffffffffffffffffffffffc';
  const b = '5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b';
  const g =
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
    '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5';
  const n = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
  const parameters = sequence(
    integer(1),
    sequence(oid('1.2.840.10045.1.1'), unsignedInteger(hex(p))),
    sequence(octetString(hex(a)), octetString(hex(b))),
    octetString(hex(g)),
    unsignedInteger(hex(n)),
    integer(1),
  );
  return sequence(sequence(oid('1.2.840.10045.2.1'), parameters), bitString(point));
}

/** A key of an algorithm that nobody has heard of. */
export function unknownSpki(): Buffer {
  return sequence(sequence(oid('1.3.6.1.4.1.99999.1')), bitString(Buffer.from('00112233445566778899', 'hex')));
}
