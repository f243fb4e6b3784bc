/**
 * The scripted server's cryptography: X25519, AES-128-GCM, the PRF of TLS 1.2 (RFC 5246 5), the key schedule of TLS 1.3
 * (RFC 8446 7), and handshake signatures by any key.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import type { KeyPair } from '../pki/pki.ts';
import { uint, vector } from './tls-wire.ts';

export const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();
export const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer =>
  createHmac('sha256', key).update(Buffer.concat(parts)).digest();

const X25519_SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

export interface Ephemeral {
  readonly share: Buffer;
  agree(peerShare: Uint8Array): Buffer;
}

/** A fresh X25519 pair. */
export function ephemeral(): Ephemeral {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const share = publicKey.export({ type: 'spki', format: 'der' }).subarray(X25519_SPKI_PREFIX.length);
  return {
    share,
    agree(peerShare) {
      const peer = createPublicKey({
        key: Buffer.concat([X25519_SPKI_PREFIX, peerShare]),
        type: 'spki',
        format: 'der',
      });
      return diffieHellman({ publicKey: peer, privateKey });
    },
  };
}

/** TLS 1.2 PRF with SHA-256. */
export function prf(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Buffer {
  const full = Buffer.concat([Buffer.from(label), seed]);
  const out: Buffer[] = [];
  let a = hmac(secret, full);
  for (let made = 0; made < length; made += 32) {
    out.push(hmac(secret, a, full));
    a = hmac(secret, a);
  }
  return Buffer.concat(out).subarray(0, length);
}

/** HKDF-Extract. */
export const extract = (salt: Uint8Array, input: Uint8Array): Buffer => hmac(salt, input);

/** HKDF-Expand-Label (RFC 8446 7.1), for at most 32 bytes. */
export function expandLabel(secret: Uint8Array, label: string, context: Uint8Array, length: number): Buffer {
  const info = Buffer.concat([uint(2, length), vector(1, Buffer.from(`tls13 ${label}`)), vector(1, context)]);
  return hmac(secret, info, Buffer.of(1)).subarray(0, length);
}

export interface TrafficKeys {
  readonly key: Buffer;
  readonly iv: Buffer;
  readonly finished: Buffer;
}

export function trafficKeys(secret: Uint8Array): TrafficKeys {
  const none = Buffer.alloc(0);
  return {
    key: expandLabel(secret, 'key', none, 16),
    iv: expandLabel(secret, 'iv', none, 12),
    finished: expandLabel(secret, 'finished', none, 32),
  };
}

export interface Sealing {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
}

export function seal({ key, nonce, aad }: Sealing, plain: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  cipher.setAAD(aad);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws where the tag does not fit. */
export function unseal({ key, nonce, aad }: Sealing, sealed: Buffer): Buffer {
  const cipher = createDecipheriv('aes-128-gcm', key, nonce);
  cipher.setAAD(aad);
  cipher.setAuthTag(sealed.subarray(sealed.length - 16));
  return Buffer.concat([cipher.update(sealed.subarray(0, sealed.length - 16)), cipher.final()]);
}

/** SignatureScheme (RFC 8446 4.2.3) and signature, as they stand in CertificateVerify and ServerKeyExchange. */
export function signHandshake(
  key: KeyPair,
  content: Uint8Array,
): { readonly scheme: number; readonly signature: Buffer } {
  const { kind, privateKey } = key;
  const by = (scheme: number, hash: string | null, how: KeyObject | object = privateKey) => ({
    scheme,
    signature: sign(hash, content, how as KeyObject),
  });
  if (kind === 'ed25519') return by(0x0807, null);
  if (kind === 'ed448') return by(0x0808, null);
  if (kind === 'ec384') return by(0x0503, 'sha384');
  if (kind === 'ec521') return by(0x0603, 'sha512');
  if (!kind.startsWith('rsa')) return by(0x0403, 'sha256');
  const pss = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  return by(kind === 'rsa-pss2048' ? 0x0809 : 0x0804, 'sha256', pss);
}
