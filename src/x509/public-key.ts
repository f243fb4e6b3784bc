/**
 * SubjectPublicKeyInfo (RFC 5280 4.1.2.7): which kind of key it is and how strong. The key itself stays DER.
 */
import type { PublicKey } from '../model/certificate.ts';
import { DerCursor, readBitString, readSmallInteger, TAG, type Tlv } from './der.ts';
import { OID, readOid } from './oid.ts';

/** Named curves and the bits of their fields. */
const CURVES: ReadonlyMap<string, readonly [name: string, bits: number]> = new Map([
  ['1.2.840.10045.3.1.1', ['P-192', 192]],
  ['1.3.132.0.33', ['P-224', 224]],
  ['1.2.840.10045.3.1.7', ['P-256', 256]],
  ['1.3.132.0.34', ['P-384', 384]],
  ['1.3.132.0.35', ['P-521', 521]],
  ['1.3.132.0.10', ['secp256k1', 256]],
  ['1.3.36.3.3.2.8.1.1.1', ['brainpoolP160r1', 160]],
  ['1.3.36.3.3.2.8.1.1.3', ['brainpoolP192r1', 192]],
  ['1.3.36.3.3.2.8.1.1.5', ['brainpoolP224r1', 224]],
  ['1.3.36.3.3.2.8.1.1.7', ['brainpoolP256r1', 256]],
  ['1.3.36.3.3.2.8.1.1.8', ['brainpoolP256t1', 256]],
  ['1.3.36.3.3.2.8.1.1.9', ['brainpoolP320r1', 320]],
  ['1.3.36.3.3.2.8.1.1.11', ['brainpoolP384r1', 384]],
  ['1.3.36.3.3.2.8.1.1.12', ['brainpoolP384t1', 384]],
  ['1.3.36.3.3.2.8.1.1.13', ['brainpoolP512r1', 512]],
  ['1.3.36.3.3.2.8.1.1.14', ['brainpoolP512t1', 512]],
  ['1.2.156.10197.1.301', ['SM2', 256]],
]);

/** Bits of the INTEGER at `tlv`, without its sign octet; 0 for a negative or empty one. */
function integerBits(bytes: Uint8Array, tlv: Tlv): number {
  let at = tlv.body;
  while (at < tlv.end && bytes[at] === 0) at++;
  if (at === tlv.end || (at === tlv.body && bytes[at]! >= 0x80)) return 0;
  return (tlv.end - at) * 8 - Math.clz32(bytes[at]!) + 24;
}

type KeyFacts = Omit<PublicKey, 'spki' | 'algorithmOid'>;

function readRsa(key: Uint8Array): KeyFacts | null {
  const sequence = DerCursor.over(key).enter(TAG.sequence);
  const modulus = sequence?.take(TAG.integer);
  const exponent = sequence?.take(TAG.integer);
  if (!sequence || !modulus || !exponent || !sequence.done) return null;
  const bits = integerBits(key, modulus);
  if (bits === 0) return null;
  const value = readSmallInteger(sequence, exponent);
  return value === null ? { type: 'rsa', bits } : { type: 'rsa', bits, exponent: value };
}

function readEc(key: Uint8Array, algorithm: DerCursor): KeyFacts | null {
  const parameters = algorithm.next();
  if (!parameters || !algorithm.done) return null;
  if (parameters.tag === TAG.oid) {
    const oid = readOid(algorithm.bytes, parameters.body, parameters.end);
    if (oid === null) return null;
    const [curve, bits] = CURVES.get(oid) ?? [oid, pointBits(key)];
    return { type: 'ec', bits, curve };
  }
  if (parameters.tag !== TAG.sequence) return null;
  return { type: 'ec', bits: pointBits(key), curve: 'explicit' };
}

/** The field size as the point's length tells it (SEC 1 2.3.3), rounded up to whole octets. */
const pointBits = (key: Uint8Array): number =>
  key[0] === 4 ? ((key.length - 1) / 2) * 8 : key[0] === 2 || key[0] === 3 ? (key.length - 1) * 8 : 0;

function readDsa(algorithm: DerCursor): KeyFacts | null {
  const parameters = algorithm.enter(TAG.sequence);
  // RFC 3279 2.3.2: absent parameters are inherited from the issuer.
  if (!parameters) return { type: 'dsa', bits: 0 };
  const p = parameters.take(TAG.integer);
  return p && { type: 'dsa', bits: integerBits(parameters.bytes, p) };
}

/** @returns null where the structure cannot be read; a key of an unknown algorithm is `other` with 0 bits. */
export function readPublicKey(cursor: DerCursor, tlv: Tlv): PublicKey | null {
  if (tlv.tag !== TAG.sequence) return null;
  const inner = cursor.inside(tlv);
  const algorithm = inner.enter(TAG.sequence);
  const oidTlv = algorithm?.take(TAG.oid);
  const bitsTlv = inner.take(TAG.bitString);
  if (!algorithm || !oidTlv || !bitsTlv || !inner.done) return null;
  const algorithmOid = readOid(cursor.bytes, oidTlv.body, oidTlv.end);
  const key = readBitString(inner, bitsTlv);
  if (algorithmOid === null || !key) return null;
  const facts = readFacts(algorithmOid, key.octets, algorithm);
  return facts && { ...facts, algorithmOid, spki: cursor.whole(tlv) };
}

function readFacts(oid: string, key: Uint8Array, algorithm: DerCursor): KeyFacts | null {
  switch (oid) {
    case OID.rsaEncryption:
    case OID.rsassaPss:
      return readRsa(key);
    case OID.ecPublicKey:
      return readEc(key, algorithm);
    case OID.dsa:
      return readDsa(algorithm);
    case OID.ed25519:
      return { type: 'ed25519', bits: 256 };
    case OID.ed448:
      return { type: 'ed448', bits: 456 };
    default:
      return { type: 'other', bits: 0 };
  }
}
