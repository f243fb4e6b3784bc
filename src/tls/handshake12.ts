/**
 * TLS 1.2 and below from ServerHello to the goodbye (RFC 5246 7.3). The Certificate message comes in the clear, so every
 * suite can be read; with ECDHE and an AEAD the handshake is completed before leaving, else it is cancelled politely.
 */
import { CLOSE_NOTIFY, USER_CANCELED } from './alerts.ts';
import type { Aead, CipherSuite } from './cipher-suites.ts';
import { EXTENSION } from './client-hello.ts';
import type { Conversation, Negotiated, Opened, Step } from './conversation.ts';
import { isFault } from './conversation.ts';
import { keyPair } from './groups.ts';
import { prf } from './key-schedule.ts';
import { leafKey } from './leaf-key.ts';
import {
  MESSAGE,
  parseAlpn,
  parseCertificate,
  parseCertificateStatus,
  parseServerKeyExchange,
  type ServerHello,
  type ServerKeyExchange,
} from './messages.ts';
import { type Fault, surprise } from './outcome.ts';
import { RecordProtection } from './record-protection.ts';
import { CONTENT, type HandshakeMessage, type TlsRecord } from './records.ts';
import { checkPossession } from './signatures.ts';
import { handshakeMessage, record, sameBytes, vector8 } from './wire.ts';

const TLS12 = 0x0303;
/** HelloRequest may come at any time and is to be ignored (RFC 5246 7.4.1.1), but not for ever. */
const MOST_HELLO_REQUESTS = 16;

type Awaited = 'certificate' | 'rest' | 'changeCipherSpec' | 'finished';

export class Handshake12 implements Negotiated {
  readonly #conversation: Conversation;
  readonly #suite: CipherSuite;
  readonly #version: number;
  readonly #serverRandom: Uint8Array;
  readonly #extendedMasterSecret: boolean;
  #awaited: Awaited = 'certificate';
  #keyExchange: ServerKeyExchange | undefined;
  #certificateWanted = false;
  #helloRequests = 0;
  #master: Uint8Array | undefined;
  #client: RecordProtection | undefined;
  #server: RecordProtection | undefined;

  constructor(conversation: Conversation, hello: ServerHello, suite: CipherSuite) {
    this.#conversation = conversation;
    this.#suite = suite;
    this.#version = hello.version;
    this.#serverRandom = hello.random;
    conversation.alpn = parseAlpn(hello.extensions);
    this.#extendedMasterSecret = hello.extensions.has(EXTENSION.extendedMasterSecret);
  }

  get mayRefuse(): boolean {
    return this.#certificateWanted && this.#master !== undefined;
  }

  open(record: TlsRecord): Opened | Fault {
    if (this.#awaited !== 'finished') return { type: record.type, content: record.fragment };
    const content = this.#server?.open(record);
    return content ? { type: record.type, content } : surprise('bad-record');
  }

  changeCipherSpec(content: Uint8Array): Step {
    const wellFormed = content.length === 1 && content[0] === 1;
    if (!wellFormed || this.#awaited !== 'changeCipherSpec') return surprise('unexpected-message', 'ChangeCipherSpec');
    this.#awaited = 'finished';
    return undefined;
  }

  message(message: HandshakeMessage): Step {
    const { type, raw, body } = message;
    if (type === MESSAGE.helloRequest) {
      return ++this.#helloRequests > MOST_HELLO_REQUESTS ? surprise('unexpected-message', 'HelloRequest') : undefined;
    }
    if (type === MESSAGE.finished && this.#awaited === 'finished') return this.#finished(body);
    const fault = this.#flight(message);
    if (fault) return fault;
    this.#conversation.transcript.add(raw);
    return type === MESSAGE.serverHelloDone ? this.#answer() : undefined;
  }

  /** The server's first flight, and the ticket in front of its ChangeCipherSpec. */
  #flight({ type, body }: HandshakeMessage): Fault | undefined {
    if (this.#awaited === 'certificate' && type === MESSAGE.certificate) {
      const parsed = parseCertificate(body, false);
      if (isFault(parsed)) return parsed;
      this.#conversation.chain = parsed.chain;
      this.#awaited = 'rest';
      return undefined;
    }
    if (this.#awaited === 'rest') {
      if (type === MESSAGE.certificateStatus) {
        this.#conversation.ocspStaple = parseCertificateStatus(body);
        return undefined;
      }
      if (type === MESSAGE.serverKeyExchange && !this.#keyExchange) return this.#serverKeyExchange(body);
      if (type === MESSAGE.certificateRequest) {
        this.#certificateWanted = true;
        return undefined;
      }
      if (type === MESSAGE.serverHelloDone) return body.length > 0 ? surprise('malformed-message') : undefined;
    }
    if (this.#awaited === 'changeCipherSpec' && type === MESSAGE.newSessionTicket) return undefined;
    return surprise('unexpected-message', `handshake message ${type}`);
  }

  #serverKeyExchange(body: Uint8Array): Fault | undefined {
    const { keyExchange } = this.#suite;
    if (keyExchange !== 'ecdhe' && keyExchange !== 'dhe') return surprise('unexpected-message', 'ServerKeyExchange');
    const parsed = parseServerKeyExchange(body, keyExchange, this.#version === TLS12);
    if (!parsed) return surprise('malformed-message', 'ServerKeyExchange');
    const { scheme, signature } = parsed;
    const content = Buffer.concat([this.#conversation.hello.random, this.#serverRandom, parsed.params]);
    const version = this.#version === TLS12 ? 'tls12' : 'older';
    const possession = checkPossession(leafKey(this.#conversation.chain![0]!), { version, scheme, content, signature });
    if (possession === 'wrong') return { reason: 'key-not-proven', detail: 'ServerKeyExchange', secondOpinion: false };
    this.#conversation.possession = possession;
    this.#keyExchange = parsed;
    return undefined;
  }

  /** Behind ServerHelloDone: complete the handshake where that is cheap, else say that nothing more is wanted. */
  #answer(): Step {
    if (this.#suite.keyExchange === 'rsa') {
      this.#conversation.possession = { kind: 'not-shown', reason: 'rsa-key-exchange' };
    } else if (!this.#keyExchange) {
      return surprise('unexpected-message', 'ServerHelloDone without ServerKeyExchange');
    }
    const { group, point } = this.#keyExchange ?? {};
    const pair = group === undefined ? undefined : keyPair(group);
    const { aead } = this.#suite;
    if (!aead || !pair || !point || this.#version !== TLS12) {
      this.#conversation.send(record(CONTENT.alert, this.#version, USER_CANCELED));
      this.#conversation.send(record(CONTENT.alert, this.#version, CLOSE_NOTIFY));
      return 'finished';
    }
    const premaster = pair.agree(point);
    if (!premaster) return surprise('bad-key-share');
    this.#complete(pair.share, premaster, aead);
    return undefined;
  }

  /** [Certificate, empty] ClientKeyExchange, ChangeCipherSpec, Finished. */
  #complete(share: Uint8Array, premaster: Uint8Array, aead: Aead): void {
    const { transcript } = this.#conversation;
    const { hash } = this.#suite;
    const messages: Uint8Array[] = [];
    if (this.#certificateWanted) messages.push(handshakeMessage(MESSAGE.certificate, Uint8Array.of(0, 0, 0)));
    messages.push(handshakeMessage(MESSAGE.clientKeyExchange, vector8(share)));
    for (const message of messages) transcript.add(message);
    const randoms = [this.#conversation.hello.random, this.#serverRandom];
    this.#master = this.#extendedMasterSecret
      ? prf(hash, premaster, 'extended master secret', transcript.hash(hash), 48) // RFC 7627 4
      : prf(hash, premaster, 'master secret', Buffer.concat(randoms), 48);
    this.#deriveKeys(this.#master, aead);
    const verifyData = prf(hash, this.#master, 'client finished', transcript.hash(hash), 12);
    const finished = handshakeMessage(MESSAGE.finished, verifyData);
    transcript.add(finished);
    this.#conversation.send(record(CONTENT.handshake, TLS12, Buffer.concat(messages)));
    this.#conversation.send(record(CONTENT.changeCipherSpec, TLS12, Uint8Array.of(1)));
    this.#conversation.send(this.#client!.seal(CONTENT.handshake, finished));
    this.#awaited = 'changeCipherSpec';
  }

  /** RFC 5246 6.3: no MAC keys, both write keys, both IVs. */
  #deriveKeys(master: Uint8Array, aead: Aead): void {
    const seed = Buffer.concat([this.#serverRandom, this.#conversation.hello.random]);
    const ivLength = aead.explicitNonce ? 4 : 12;
    const block = prf(this.#suite.hash, master, 'key expansion', seed, 2 * (aead.keyLength + ivLength));
    const take = (from: number, length: number) => block.subarray(from, from + length);
    const ivs = 2 * aead.keyLength;
    const client = { key: take(0, aead.keyLength), iv: take(ivs, ivLength) };
    const server = { key: take(aead.keyLength, aead.keyLength), iv: take(ivs + ivLength, ivLength) };
    this.#client = new RecordProtection(aead, client, false);
    this.#server = new RecordProtection(aead, server, false);
  }

  #finished(body: Uint8Array): Step {
    const { hash } = this.#suite;
    const expected = prf(hash, this.#master!, 'server finished', this.#conversation.transcript.hash(hash), 12);
    if (!sameBytes(expected, body)) return surprise('bad-finished');
    this.#conversation.send(this.#client!.seal(CONTENT.alert, CLOSE_NOTIFY));
    return 'finished';
  }
}
