/**
 * Secrets from secrets: HKDF and the key schedule of TLS 1.3 (RFC 8446 7.1), the PRF and master secret of TLS 1.2
 * (RFC 5246 5), and the running transcript that both hash.
 */
import { createHash, createHmac, type Hash } from 'node:crypto';

export type HashName = 'sha256' | 'sha384';

const LENGTH: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48 };
const NONE = new Uint8Array(0);

export function hmac(hash: HashName, key: Uint8Array, data: Uint8Array): Buffer {
  return createHmac(hash, key).update(data).digest();
}

/** HKDF-Expand-Label; at most one block of the hash, which is all that the schedule asks for. */
export function expandLabel(hash: HashName, secret: Uint8Array, label: string, context: Uint8Array, length: number) {
  const text = `tls13 ${label}`;
  const info = Buffer.allocUnsafe(5 + text.length + context.length);
  info.writeUInt16BE(length, 0);
  info[2] = text.length;
  info.write(text, 3, 'latin1');
  info[3 + text.length] = context.length;
  info.set(context, 4 + text.length);
  info[info.length - 1] = 1; // the block counter of HKDF-Expand (RFC 5869 2.3)
  return hmac(hash, secret, info).subarray(0, length);
}

export interface TrafficKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

/** RFC 8446 7.3. */
export const trafficKeys = (hash: HashName, secret: Uint8Array, keyLength: number): TrafficKeys => ({
  key: expandLabel(hash, secret, 'key', NONE, keyLength),
  iv: expandLabel(hash, secret, 'iv', NONE, 12),
});

/** verify_data of a Finished (RFC 8446 4.4.4). */
export const finishedData = (hash: HashName, secret: Uint8Array, transcript: Uint8Array): Buffer =>
  hmac(hash, expandLabel(hash, secret, 'finished', NONE, LENGTH[hash]), transcript);

/** Derive-Secret(Early Secret, "derived", ""): without a PSK it is a constant of the hash. */
const derivedEarly = new Map<HashName, Buffer>();

export class KeySchedule {
  readonly hash: HashName;
  readonly #handshakeSecret: Buffer;

  /** @param shared what the key agreement gave. */
  constructor(hash: HashName, shared: Uint8Array) {
    this.hash = hash;
    let salt = derivedEarly.get(hash);
    if (!salt) {
      const zeros = new Uint8Array(LENGTH[hash]);
      salt = this.#derived(hmac(hash, zeros, zeros));
      derivedEarly.set(hash, salt);
    }
    this.#handshakeSecret = hmac(hash, salt, shared);
  }

  /** @param transcript hash of ClientHello…ServerHello. */
  handshakeSecret(side: 'c' | 's', transcript: Uint8Array): Buffer {
    return expandLabel(this.hash, this.#handshakeSecret, `${side} hs traffic`, transcript, LENGTH[this.hash]);
  }

  /** @param transcript hash of ClientHello…server Finished. */
  clientApplicationSecret(transcript: Uint8Array): Buffer {
    const master = hmac(this.hash, this.#derived(this.#handshakeSecret), new Uint8Array(LENGTH[this.hash]));
    return expandLabel(this.hash, master, 'c ap traffic', transcript, LENGTH[this.hash]);
  }

  #derived(secret: Uint8Array): Buffer {
    return expandLabel(this.hash, secret, 'derived', emptyHash(this.hash), LENGTH[this.hash]);
  }
}

const emptyHash = (hash: HashName): Buffer => createHash(hash).digest();

/** PRF of TLS 1.2 (RFC 5246 5). */
export function prf(hash: HashName, secret: Uint8Array, label: string, seed: Uint8Array, length: number): Buffer {
  const labelled = Buffer.concat([Buffer.from(label, 'latin1'), seed]);
  const blocks: Buffer[] = [];
  let a: Uint8Array = labelled;
  for (let made = 0; made < length; made += LENGTH[hash]) {
    a = hmac(hash, secret, a);
    blocks.push(hmac(hash, secret, Buffer.concat([a, labelled])));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** All handshake messages of both sides in order, hashed at any point of the conversation. */
export class Transcript {
  /** What came before the hash was known. */
  #messages: Uint8Array[] = [];
  #running: Hash | undefined;

  add(message: Uint8Array): void {
    if (this.#running) this.#running.update(message);
    else this.#messages.push(message);
  }

  /** @param name the same in every call: a conversation has one hash. */
  hash(name: HashName): Buffer {
    if (!this.#running) {
      this.#running = createHash(name);
      for (const message of this.#messages.splice(0)) this.#running.update(message);
    }
    return this.#running.copy().digest();
  }

  /** RFC 8446 4.4.1: behind a HelloRetryRequest the first ClientHello stands as its hash, in a message of type 254. */
  replaceByHash(name: HashName): void {
    const digest = this.hash(name);
    this.#running = undefined;
    this.#messages = [Uint8Array.of(254, 0, 0, digest.length), digest];
  }
}
