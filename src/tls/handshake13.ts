/**
 * TLS 1.3 from ServerHello to the goodbye (RFC 8446 2): derive the handshake keys, read the server's flight, check that it
 * holds the key and that its Finished is right, answer with a Finished and close_notify.
 */
import { CLOSE_NOTIFY } from './alerts.ts';
import { type CipherSuite, cipherSuite } from './cipher-suites.ts';
import { EXTENSION, retriedHello } from './client-hello.ts';
import type { Conversation, Negotiated, Opened, Step } from './conversation.ts';
import { isFault } from './conversation.ts';
import { keyPair, OFFERED_GROUPS } from './groups.ts';
import { finishedData, KeySchedule, trafficKeys } from './key-schedule.ts';
import { leafKey } from './leaf-key.ts';
import {
  MESSAGE,
  parseAlpn,
  parseCertificate,
  parseCertificateVerify,
  parseEncryptedExtensions,
  type ServerHello,
} from './messages.ts';
import { type Fault, surprise } from './outcome.ts';
import { RecordProtection, unpad } from './record-protection.ts';
import { CONTENT, type HandshakeMessage, type TlsRecord } from './records.ts';
import { certificateVerifyContent, checkPossession } from './signatures.ts';
import { Cursor, handshakeMessage, record, sameBytes, vector8 } from './wire.ts';

/** SHA-256 of "HelloRetryRequest": the random that tells one from a ServerHello (RFC 8446 4.1.3). */
const RETRY_RANDOM = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');

export const isRetryRequest = (hello: ServerHello): boolean => sameBytes(hello.random, RETRY_RANDOM);

/** What a ServerHello and a HelloRetryRequest must both hold (RFC 8446 4.1.3). */
function checkHello(conversation: Conversation, hello: ServerHello): CipherSuite | Fault {
  const suite = cipherSuite(hello.suite);
  if (suite?.keyExchange !== 'tls13') return surprise('unsupported-cipher', `0x${hello.suite.toString(16)}`);
  if (hello.version !== 0x0303 || hello.compression !== 0) return surprise('malformed-message', 'ServerHello');
  if (!sameBytes(hello.sessionId, conversation.hello.sessionId)) return surprise('malformed-message', 'session id');
  return suite;
}

/** Answers a HelloRetryRequest with the second ClientHello, over the group that the server wants. */
export function answerRetryRequest(conversation: Conversation, hello: ServerHello, raw: Uint8Array): Fault | undefined {
  const suite = checkHello(conversation, hello);
  if (isFault(suite)) return suite;
  const cursor = new Cursor(hello.extensions.get(EXTENSION.keyShare) ?? new Uint8Array(0));
  const group = cursor.u16();
  const cookie = new Cursor(hello.extensions.get(EXTENSION.cookie) ?? Uint8Array.of(0, 0));
  const cookieBytes = cookie.vector16();
  if (!cookie.complete) return surprise('malformed-message', 'cookie');
  // A retry that changes nothing but the cookie keeps the share.
  const wanted = cursor.ok ? group : conversation.hello.keyPair.group;
  const changes = wanted !== conversation.hello.keyPair.group;
  if (!changes && cookieBytes.length === 0) return surprise('malformed-message', 'HelloRetryRequest');
  const pair = OFFERED_GROUPS.includes(wanted) ? keyPair(wanted) : undefined;
  if (!pair) return surprise('unsupported-group', `0x${wanted.toString(16)}`);
  conversation.transcript.replaceByHash(suite.hash);
  conversation.transcript.add(raw);
  conversation.suite = suite;
  conversation.hello = retriedHello(conversation.hello, pair, cookieBytes, conversation.options);
  conversation.transcript.add(conversation.hello.message);
  conversation.send(record(CONTENT.handshake, 0x0303, conversation.hello.message));
  return undefined;
}

/** Starts TLS 1.3; the ServerHello must already be in the transcript. */
export function startTls13(conversation: Conversation, hello: ServerHello): Negotiated | Fault {
  const suite = checkHello(conversation, hello);
  if (isFault(suite)) return suite;
  if (conversation.suite && conversation.suite !== suite) return surprise('malformed-message', 'cipher changed');
  const pair = conversation.hello.keyPair;
  const cursor = new Cursor(hello.extensions.get(EXTENSION.keyShare) ?? new Uint8Array(0));
  const group = cursor.u16();
  const share = cursor.vector16();
  if (!cursor.complete) return surprise('malformed-message', 'key_share');
  if (group !== pair.group) return surprise('unsupported-group', `0x${group.toString(16)}`);
  const shared = pair.agree(share);
  if (!shared) return surprise('bad-key-share');
  conversation.suite = suite;
  return new Handshake13(conversation, suite, new KeySchedule(suite.hash, shared));
}

/** The order that the server's messages must come in; CertificateRequest may be left out. */
type Awaited = 'encryptedExtensions' | 'certificateOrRequest' | 'certificate' | 'certificateVerify' | 'finished';

class Handshake13 implements Negotiated {
  /** The client's Finished comes last: whatever a server thinks of it, everything is known by then. */
  readonly mayRefuse = false;
  readonly #conversation: Conversation;
  readonly #suite: CipherSuite;
  readonly #schedule: KeySchedule;
  readonly #server: RecordProtection;
  readonly #serverSecret: Uint8Array;
  readonly #clientSecret: Uint8Array;
  #awaited: Awaited = 'encryptedExtensions';
  #requestContext: Uint8Array | undefined;

  constructor(conversation: Conversation, suite: CipherSuite, schedule: KeySchedule) {
    this.#conversation = conversation;
    this.#suite = suite;
    this.#schedule = schedule;
    const transcript = conversation.transcript.hash(suite.hash);
    this.#serverSecret = schedule.handshakeSecret('s', transcript);
    this.#clientSecret = schedule.handshakeSecret('c', transcript);
    this.#server = this.#protection(this.#serverSecret);
  }

  open(record: TlsRecord): Opened | Fault {
    // Compatibility mode's ChangeCipherSpec is never encrypted (RFC 8446 D.4); an alert may come before the keys do.
    if (record.type !== CONTENT.applicationData) {
      if (record.type === CONTENT.handshake) return surprise('unexpected-message', 'an unencrypted handshake record');
      return { type: record.type, content: record.fragment };
    }
    const plain = this.#server.open(record);
    if (!plain) return surprise('bad-record');
    const opened = unpad(plain);
    if (!opened || opened.type === CONTENT.changeCipherSpec) return surprise('malformed-record');
    return opened;
  }

  changeCipherSpec(content: Uint8Array): Step {
    return content.length === 1 && content[0] === 1 ? undefined : surprise('malformed-message', 'ChangeCipherSpec');
  }

  message({ type, raw, body }: HandshakeMessage): Step {
    const before = this.#awaited;
    if (type === MESSAGE.encryptedExtensions && before === 'encryptedExtensions') {
      this.#awaited = 'certificateOrRequest';
      const extensions = parseEncryptedExtensions(body);
      if (!extensions) return surprise('malformed-message', 'EncryptedExtensions');
      this.#conversation.alpn = parseAlpn(extensions);
    } else if (type === MESSAGE.certificateRequest && before === 'certificateOrRequest') {
      this.#awaited = 'certificate';
      const cursor = new Cursor(body);
      this.#requestContext = cursor.vector8();
      if (!cursor.ok) return surprise('malformed-message', 'CertificateRequest');
    } else if (type === MESSAGE.certificate && (before === 'certificateOrRequest' || before === 'certificate')) {
      this.#awaited = 'certificateVerify';
      const parsed = parseCertificate(body, true);
      if (isFault(parsed)) return parsed;
      this.#conversation.chain = parsed.chain;
      this.#conversation.ocspStaple = parsed.ocspStaple;
    } else if (type === MESSAGE.certificateVerify && before === 'certificateVerify') {
      this.#awaited = 'finished';
      const fault = this.#certificateVerify(body);
      if (fault) return fault;
    } else if (type === MESSAGE.finished && before === 'finished') {
      return this.#finished(raw, body);
    } else {
      return surprise('unexpected-message', `handshake message ${type}`);
    }
    this.#conversation.transcript.add(raw);
    return undefined;
  }

  #certificateVerify(body: Uint8Array): Fault | undefined {
    const parsed = parseCertificateVerify(body);
    if (!parsed) return surprise('malformed-message', 'CertificateVerify');
    const content = certificateVerifyContent(this.#conversation.transcript.hash(this.#suite.hash));
    const possession = checkPossession(leafKey(this.#conversation.chain![0]!), {
      version: 'tls13',
      content,
      ...parsed,
    });
    if (possession === 'wrong') return { reason: 'key-not-proven', detail: 'CertificateVerify', secondOpinion: false };
    this.#conversation.possession = possession;
    return undefined;
  }

  #finished(raw: Uint8Array, body: Uint8Array): Step {
    const { transcript } = this.#conversation;
    const expected = finishedData(this.#suite.hash, this.#serverSecret, transcript.hash(this.#suite.hash));
    if (!sameBytes(expected, body)) return surprise('bad-finished');
    transcript.add(raw);
    this.#leave();
    return 'finished';
  }

  /** [Certificate, empty] Finished, and close_notify under the application keys, in one write. */
  #leave(): void {
    const { transcript } = this.#conversation;
    const { hash } = this.#suite;
    const application = this.#schedule.clientApplicationSecret(transcript.hash(hash));
    const messages: Uint8Array[] = [];
    if (this.#requestContext) {
      const none = handshakeMessage(MESSAGE.certificate, vector8(this.#requestContext), Uint8Array.of(0, 0, 0));
      transcript.add(none);
      messages.push(none);
    }
    messages.push(handshakeMessage(MESSAGE.finished, finishedData(hash, this.#clientSecret, transcript.hash(hash))));
    this.#conversation.send(record(CONTENT.changeCipherSpec, 0x0303, Uint8Array.of(1)));
    this.#conversation.send(this.#protection(this.#clientSecret).seal(CONTENT.handshake, Buffer.concat(messages)));
    this.#conversation.send(this.#protection(application).seal(CONTENT.alert, CLOSE_NOTIFY));
  }

  #protection(secret: Uint8Array): RecordProtection {
    const aead = this.#suite.aead!; // every suite of TLS 1.3 is one
    return new RecordProtection(aead, trafficKeys(this.#suite.hash, secret, aead.keyLength), true);
  }
}
