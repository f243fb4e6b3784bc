/**
 * AEAD protection of records, both ways, as TLS 1.3 (RFC 8446 5.2) and TLS 1.2 (RFC 5246 6.2.3.3, RFC 7905) do it.
 */
import { type CipherGCMTypes, createCipheriv, createDecipheriv } from 'node:crypto';
import type { Aead } from './cipher-suites.ts';
import type { TrafficKeys } from './key-schedule.ts';
import { CONTENT, type TlsRecord } from './records.ts';

/** Room for the tag of records that hold nothing. */
const EXPLICIT_NONCE = 8;

/** One direction of one set of keys; counts its records. */
export class RecordProtection {
  readonly #aead: Aead;
  readonly #keys: TrafficKeys;
  readonly #tls13: boolean;
  #sequence = 0;

  /** @param tls13 else TLS 1.2, where `keys.iv` is the 4-byte salt of GCM and CCM, or ChaCha20's 12 bytes. */
  constructor(aead: Aead, keys: TrafficKeys, tls13: boolean) {
    this.#aead = aead;
    this.#keys = keys;
    this.#tls13 = tls13;
  }

  /** @returns the plaintext (in TLS 1.3 with type and padding), or undefined where the record does not authenticate. */
  open(record: TlsRecord): Uint8Array | undefined {
    const { tagLength } = this.#aead;
    const sequence = this.#sequence++;
    const explicit = this.#explicitLength;
    const length = record.fragment.length - explicit - tagLength;
    if (length < 0) return undefined;
    const nonce = explicit ? this.#salted(record.fragment.subarray(0, explicit)) : this.#counted(sequence);
    const aad = this.#tls13 ? record.header : additionalData(sequence, record.header[0]!, record.header, length);
    try {
      const options = { authTagLength: tagLength };
      // Node's types have an overload per mode; the calls are the same for all of them.
      const algorithm = this.#aead.algorithm as CipherGCMTypes;
      const decipher = createDecipheriv(algorithm, this.#keys.key, nonce, options);
      decipher.setAuthTag(record.fragment.subarray(explicit + length));
      decipher.setAAD(aad, { plaintextLength: length });
      const plain = decipher.update(record.fragment.subarray(explicit, explicit + length));
      decipher.final();
      return plain;
    } catch {
      return undefined;
    }
  }

  /** @returns a whole record, header included. */
  seal(type: number, content: Uint8Array): Uint8Array {
    const sequence = this.#sequence++;
    const explicit = this.#explicitLength;
    const plain = this.#tls13 ? Buffer.concat([content, Uint8Array.of(type)]) : content;
    const length = explicit + plain.length + this.#aead.tagLength;
    const outer = this.#tls13 ? CONTENT.applicationData : type;
    const header = Uint8Array.of(outer, 3, 3, length >> 8, length & 0xff);
    const counter = Buffer.alloc(explicit);
    if (explicit) counter.writeUInt32BE(sequence, 4);
    const nonce = explicit ? this.#salted(counter) : this.#counted(sequence);
    const algorithm = this.#aead.algorithm as CipherGCMTypes;
    const cipher = createCipheriv(algorithm, this.#keys.key, nonce, { authTagLength: this.#aead.tagLength });
    const aad = this.#tls13 ? header : additionalData(sequence, type, header, plain.length);
    cipher.setAAD(aad, { plaintextLength: plain.length });
    const sealed = cipher.update(plain);
    cipher.final();
    return Buffer.concat([header, counter, sealed, cipher.getAuthTag()]);
  }

  get #explicitLength(): number {
    return !this.#tls13 && this.#aead.explicitNonce ? EXPLICIT_NONCE : 0;
  }

  #salted(explicit: Uint8Array): Uint8Array {
    return Buffer.concat([this.#keys.iv, explicit]);
  }

  /** The IV XOR the record number (RFC 8446 5.3); no conversation here has 2^32 records. */
  #counted(sequence: number): Uint8Array {
    const nonce = Buffer.from(this.#keys.iv);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ sequence) >>> 0, 8);
    return nonce;
  }
}

function additionalData(sequence: number, type: number, header: Uint8Array, length: number): Uint8Array {
  const aad = Buffer.alloc(13);
  aad.writeUInt32BE(sequence, 4);
  aad[8] = type;
  aad[9] = header[1]!;
  aad[10] = header[2]!;
  aad.writeUInt16BE(length, 11);
  return aad;
}

/** Removes TLS 1.3's padding: the last byte that is not zero is the type (RFC 8446 5.4). Undefined where all are zero. */
export function unpad(plain: Uint8Array): { readonly type: number; readonly content: Uint8Array } | undefined {
  let end = plain.length - 1;
  while (end >= 0 && plain[end] === 0) end--;
  return end < 0 ? undefined : { type: plain[end]!, content: plain.subarray(0, end) };
}
