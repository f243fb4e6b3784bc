/**
 * The certificate that answers a tls-alpn-01 challenge (RFC 8737 3): self-signed, one name, and a critical extension with
 * the hash of the key authorization.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { parseIp } from '../../../x509/ip.ts';
import type { Identifier } from '../ca/objects.ts';

export interface AlpnCertificate {
  /** DER */
  readonly certificate: Buffer;
  readonly key: KeyObject;
}

export interface AlpnSubject {
  readonly identifier: Identifier;
  readonly keyAuthorization: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = der(0x30, oid('2a8648ce3d040302'));

export function alpnCertificate({ identifier, keyAuthorization, now }: AlpnSubject): AlpnCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const digest = createHash('sha256').update(keyAuthorization).digest();
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  // id-at-commonName as OpenSSL's tools show it; the proof is in the extensions.
  const name = der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from('certwatch ACME challenge')))));
  const tbs = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, serial),
    ECDSA_WITH_SHA256,
    name,
    der(0x30, time(now - DAY_MS), time(now + 7 * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      der(
        0x30,
        extension('551d11', false, der(0x30, generalName(identifier))),
        // id-pe-acmeIdentifier 1.3.6.1.5.5.7.1.31: MUST be critical, an OCTET STRING of 32 octets.
        extension('2b0601050507011f', true, der(0x04, digest)),
      ),
    ),
  );
  const signature = sign('sha256', tbs, privateKey);
  return {
    certificate: der(0x30, tbs, ECDSA_WITH_SHA256, der(0x03, Buffer.of(0), signature)),
    key: privateKey,
  };
}

/** RFC 8738 4: an IP address goes into the certificate as iPAddress. */
function generalName({ type, value }: Identifier): Buffer {
  if (type === 'dns') return der(0x82, Buffer.from(value));
  return der(0x87, Buffer.from(parseIp(value) ?? []));
}

const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  der(0x30, oid(id), critical ? der(0x01, Buffer.of(0xff)) : Buffer.alloc(0), der(0x04, value));

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

/** GeneralizedTime for every date would break RFC 5280 4.1.2.5 before 2050, and UTCTime after it. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return Number(digits.slice(0, 4)) < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), body]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), body]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), body]);
}
