/**
 * The server's side of a handshake, message by message, so that each can be left out, repeated, bent or forged. It takes
 * its cryptography from the code under test: that this is right is for the tests against OpenSSL, nginx and GnuTLS to say.
 */
import { constants, sign } from 'node:crypto';
import { cipherSuite } from '../../src/tls/cipher-suites.ts';
import { EXTENSION } from '../../src/tls/client-hello.ts';
import { keyPair } from '../../src/tls/groups.ts';
import { finishedData, KeySchedule, prf, Transcript, trafficKeys } from '../../src/tls/key-schedule.ts';
import { MESSAGE, parseExtensions } from '../../src/tls/messages.ts';
import { RecordProtection } from '../../src/tls/record-protection.ts';
import { CONTENT } from '../../src/tls/records.ts';
import { certificateVerifyContent } from '../../src/tls/signatures.ts';
import { Cursor, handshakeMessage, record, u16, vector8, vector16 } from '../../src/tls/wire.ts';
import type { Issued } from '../support/pki/pki.ts';

export const RETRY_RANDOM = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');
const NONE = new Uint8Array(0);

export const vector24 = (content: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(content.length >> 16), u16(content.length & 0xffff), content]);
export const extension = (type: number, body: Uint8Array): Uint8Array => Buffer.concat([u16(type), vector16(body)]);
export const plain = (...messages: Uint8Array[]): Uint8Array =>
  record(CONTENT.handshake, 0x0303, Buffer.concat(messages));
export const alertRecord = (level: number, description: number): Uint8Array =>
  record(CONTENT.alert, 0x0303, Uint8Array.of(level, description));
export const tls13Only = extension(EXTENSION.supportedVersions, u16(0x0304));

interface HelloFields {
  readonly version?: number;
  readonly random?: Uint8Array;
  readonly sessionId?: Uint8Array;
  readonly suite?: number;
  readonly compression?: number;
  readonly extensions?: readonly Uint8Array[];
}

/** @param sent the client's first flight, as `ClientHandshake.start()` gave it. */
export class MiniServer {
  readonly transcript = new Transcript();
  clientRandom: Uint8Array = NONE;
  sessionId: Uint8Array = NONE;
  extensions: ReadonlyMap<number, Uint8Array> = new Map();
  serverRandom: Uint8Array = Buffer.alloc(32, 7);
  #schedule: KeySchedule | undefined;
  #suite = cipherSuite(0x1301)!;
  #secret: Uint8Array = NONE;
  #protection: RecordProtection | undefined;

  constructor(sent: Uint8Array) {
    this.clientHello(sent);
  }

  clientHello(sent: Uint8Array): void {
    const message = sent.subarray(5);
    const cursor = new Cursor(message.subarray(4));
    cursor.u16();
    this.clientRandom = cursor.take(32);
    this.sessionId = cursor.vector8();
    cursor.vector16();
    cursor.vector8();
    this.extensions = parseExtensions(cursor.vector16())!;
    this.transcript.add(message);
  }

  hello(fields: HelloFields): Uint8Array {
    return handshakeMessage(
      MESSAGE.serverHello,
      u16(fields.version ?? 0x0303),
      fields.random ?? this.serverRandom,
      vector8(fields.sessionId ?? this.sessionId),
      u16(fields.suite ?? 0x1301),
      Uint8Array.of(fields.compression ?? 0),
      vector16(Buffer.concat(fields.extensions ?? [])),
    );
  }

  /** The record of a HelloRetryRequest. */
  retry(group: number | undefined, { cookie, ...fields }: HelloFields & { cookie?: Uint8Array } = {}): Uint8Array {
    const extensions = [tls13Only];
    if (group !== undefined) extensions.push(extension(EXTENSION.keyShare, u16(group)));
    if (cookie) extensions.push(extension(EXTENSION.cookie, vector16(cookie)));
    const message = this.hello({ random: RETRY_RANDOM, extensions, ...fields });
    this.transcript.replaceByHash(cipherSuite(fields.suite ?? 0x1301)!.hash);
    this.transcript.add(message);
    return plain(message);
  }

  /** The record of a ServerHello of TLS 1.3; keys stand afterwards. */
  hello13(fields: HelloFields = {}): Uint8Array {
    const client = new Cursor(new Cursor(this.extensions.get(EXTENSION.keyShare)!).vector16());
    const group = client.u16();
    const pair = keyPair(group)!;
    const share = extension(EXTENSION.keyShare, Buffer.concat([u16(group), vector16(pair.share)]));
    const message = this.hello({ extensions: [tls13Only, share], ...fields });
    this.transcript.add(message);
    this.#suite = cipherSuite(fields.suite ?? 0x1301) ?? this.#suite;
    this.#schedule = new KeySchedule(this.#suite.hash, pair.agree(client.vector16())!);
    this.#secret = this.#schedule.handshakeSecret('s', this.transcript.hash(this.#suite.hash));
    const aead = this.#suite.aead!;
    this.#protection = new RecordProtection(aead, trafficKeys(this.#suite.hash, this.#secret, aead.keyLength), true);
    return plain(message);
  }

  /** Adds messages to the transcript and puts them into one encrypted record. */
  seal(...messages: Uint8Array[]): Uint8Array {
    for (const message of messages) this.transcript.add(message);
    return this.sealContent(CONTENT.handshake, Buffer.concat(messages));
  }

  /** @param padding zeros behind the content type. */
  sealContent(type: number, content: Uint8Array, padding = 0): Uint8Array {
    if (padding === 0) return this.#protection!.seal(type, content);
    // seal() puts its type byte last: with a type of zero, that byte is the last of the padding.
    const padded = Buffer.concat([content, Uint8Array.of(type), new Uint8Array(padding - 1)]);
    return this.#protection!.seal(0, padded);
  }

  encryptedExtensions(...extensions: Uint8Array[]): Uint8Array {
    return handshakeMessage(MESSAGE.encryptedExtensions, vector16(Buffer.concat(extensions)));
  }

  certificateRequest(context: Uint8Array = NONE): Uint8Array {
    const algorithms = extension(EXTENSION.signatureAlgorithms, vector16(u16(0x0403)));
    return handshakeMessage(MESSAGE.certificateRequest, vector8(context), vector16(algorithms));
  }

  certificate13(chain: readonly Uint8Array[], staple?: Uint8Array): Uint8Array {
    const status = staple && extension(EXTENSION.statusRequest, Buffer.concat([Uint8Array.of(1), vector24(staple)]));
    const entries = chain.map((der, i) => Buffer.concat([vector24(der), vector16((i === 0 && status) || NONE)]));
    return handshakeMessage(MESSAGE.certificate, Uint8Array.of(0), vector24(Buffer.concat(entries)));
  }

  /** Signs the transcript as it stands: seal what comes before it first. */
  certificateVerify(leaf: Issued, { scheme = 0x0403, hash = 'sha256', pss = false, tamper = false } = {}): Uint8Array {
    const content = certificateVerifyContent(this.transcript.hash(this.#suite.hash));
    const padding = pss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
    const signature = sign(hash, content, { key: leaf.privateKey, ...padding });
    if (tamper) signature[signature.length - 1]! ^= 1;
    return handshakeMessage(MESSAGE.certificateVerify, u16(scheme), vector16(signature));
  }

  finished(tamper = false): Uint8Array {
    const data = finishedData(this.#suite.hash, this.#secret, this.transcript.hash(this.#suite.hash));
    if (tamper) data[0]! ^= 1;
    return handshakeMessage(MESSAGE.finished, data);
  }

  /** Everything that an honest server of TLS 1.3 sends, ServerHello included. */
  flight13(leaf: Issued, chain: readonly Uint8Array[] = leaf.chain.map((each) => each.der)): Uint8Array {
    const parts = [this.hello13(), this.seal(this.encryptedExtensions(), this.certificate13(chain))];
    parts.push(this.seal(this.certificateVerify(leaf)));
    parts.push(this.seal(this.finished()));
    return Buffer.concat(parts);
  }

  certificate12(chain: readonly Uint8Array[]): Uint8Array {
    return handshakeMessage(MESSAGE.certificate, vector24(Buffer.concat(chain.map(vector24))));
  }

  /** ECDHE over a named curve. */
  serverKeyExchange(
    leaf: Issued,
    { scheme = 0x0403, hash = 'sha256', group = 0x001d, tamper = false, point }: KeyExchange12 = {},
  ): Uint8Array {
    point ??= keyPair(group)!.share;
    const params = Buffer.concat([Uint8Array.of(3), u16(group), vector8(point)]);
    const signature = sign(hash, Buffer.concat([this.clientRandom, this.serverRandom, params]), leaf.privateKey);
    if (tamper) signature[signature.length - 1]! ^= 1;
    const named = scheme === null ? NONE : u16(scheme);
    return handshakeMessage(MESSAGE.serverKeyExchange, params, named, vector16(signature));
  }

  /**
   * The second flight of TLS 1.2, with X25519 and the suite 0xc02b.
   * @param sent the client's: ClientKeyExchange in a record of its own, ChangeCipherSpec, Finished.
   */
  finish12(sent: Uint8Array, { tamper = false } = {}): Uint8Array {
    const { hash, aead } = cipherSuite(0xc02b)!;
    const exchange = sent.subarray(5, 5 + Buffer.from(sent).readUInt16BE(3));
    this.transcript.add(exchange);
    const premaster = keyPair(0x001d)!.agree(exchange.subarray(5))!;
    const master = prf(hash, premaster, 'master secret', Buffer.concat([this.clientRandom, this.serverRandom]), 48);
    const seed = Buffer.concat([this.serverRandom, this.clientRandom]);
    const block = prf(hash, master, 'key expansion', seed, 40);
    const clientKeys = { key: block.subarray(0, 16), iv: block.subarray(32, 36) };
    const finished = sent.subarray(5 + exchange.length + 6);
    const opened = new RecordProtection(aead!, clientKeys, false).open({
      type: CONTENT.handshake,
      header: finished.subarray(0, 5),
      fragment: finished.subarray(5),
    })!;
    this.transcript.add(opened);
    const data = prf(hash, master, 'server finished', this.transcript.hash(hash), 12);
    if (tamper) data[0]! ^= 1;
    const keys = { key: block.subarray(16, 32), iv: block.subarray(36, 40) };
    const sealed = new RecordProtection(aead!, keys, false).seal(
      CONTENT.handshake,
      handshakeMessage(MESSAGE.finished, data),
    );
    return Buffer.concat([record(CONTENT.changeCipherSpec, 0x0303, Uint8Array.of(1)), sealed]);
  }

  /** The first flight of an honest server of TLS 1.2 and below, in one record. */
  flight12(leaf: Issued, { suite = 0xc009, version = 0x0303, ...exchange }: Flight12 = {}): Uint8Array {
    const messages = [this.hello({ suite, version, sessionId: NONE })];
    messages.push(this.certificate12(leaf.chain.map((each) => each.der)), this.serverKeyExchange(leaf, exchange), DONE);
    for (const message of messages) this.transcript.add(message);
    return plain(...messages);
  }
}

export interface Flight12 extends KeyExchange12 {
  readonly suite?: number;
  readonly version?: number;
}

export interface KeyExchange12 {
  /** null: below TLS 1.2, where the key decides. */
  readonly scheme?: number | null;
  readonly hash?: string;
  readonly group?: number;
  readonly tamper?: boolean;
  readonly point?: Uint8Array;
}

export const DONE = handshakeMessage(MESSAGE.serverHelloDone);
