/**
 * One handshake as a machine without a socket: bytes of any segmentation are pushed in, each push says what to send and,
 * in the end, what came of it. It never throws and keeps no time; whoever feeds it does.
 */
import { alertName } from './alerts.ts';
import { cipherSuite } from './cipher-suites.ts';
import { clientHello, EXTENSION, type HelloOptions } from './client-hello.ts';
import { Conversation, isFault, type Negotiated, type Step } from './conversation.ts';
import { Handshake12 } from './handshake12.ts';
import { answerRetryRequest, isRetryRequest, startTls13 } from './handshake13.ts';
import { MESSAGE, parseServerHello, type ServerHello } from './messages.ts';
import { type Fault, flood, type ReadFailed, type ReadOutcome, surprise } from './outcome.ts';
import { describePlaintext, isEnough } from './plaintext.ts';
import { CONTENT, type HandshakeMessage, looksLikeTls, MessageReader, RecordReader } from './records.ts';
import { record, u16 } from './wire.ts';

export interface Action {
  /** To be written; with an outcome, it is the goodbye. */
  readonly send?: Uint8Array;
  /** Set once, with the last action; what is pushed afterwards is ignored. */
  readonly outcome?: ReadOutcome;
}

/** How a connection ended that the peer or the clock ended. */
export type Ending = 'closed' | 'reset' | 'timeout';

const VERSION_NAMES: Readonly<Record<number, string>> = {
  768: 'SSLv3',
  769: 'TLSv1',
  770: 'TLSv1.1',
  771: 'TLSv1.2',
};

const WARNING = 1;
/** Warnings may be survived, but not for ever. */
const MOST_WARNINGS = 8;
const MOST_CHANGE_CIPHER_SPECS = 4;
/** Of any kind, encrypted ones included. OpenSSL gives up at 32, too. */
const MOST_EMPTY = 32;

export class ClientHandshake {
  readonly #conversation: Conversation;
  readonly #records = new RecordReader();
  readonly #messages = new MessageReader();
  #negotiated: Negotiated | undefined;
  #retried = false;
  #warnings = 0;
  #changes = 0;
  #empty = 0;
  /** The first bytes, until they are known to be TLS; undefined from then on. */
  #opening: Uint8Array | undefined = new Uint8Array(0);
  #plaintext = false;
  #over = false;

  constructor(options: HelloOptions) {
    this.#conversation = new Conversation(clientHello(options), options);
  }

  /** The first flight. Its record says TLS 1.0, for servers that stumble over more (RFC 8446 5.1). */
  start(): Uint8Array {
    const { message } = this.#conversation.hello;
    this.#conversation.transcript.add(message);
    return record(CONTENT.handshake, 0x0301, message);
  }

  /** @param segment must not be changed afterwards. */
  push(segment: Uint8Array): Action {
    if (this.#over || segment.length === 0) return {};
    const input = this.#opening ? this.#recognise(this.#opening, segment) : segment;
    if (!input) return this.#plaintext && isEnough(this.#opening!) ? this.#conclude(this.#spokePlaintext()) : {};
    this.#records.push(input);
    const step = this.#drain();
    if (step !== undefined) return this.#conclude(step);
    const send = this.#conversation.takeOutgoing();
    return send ? { send } : {};
  }

  /** The peer is gone, or the time is. @param detail the socket's error code, where it had one. */
  end(how: Ending, detail?: string): ReadOutcome {
    this.#over = true;
    if (this.#plaintext) return this.#failed(this.#spokePlaintext());
    if (how !== 'timeout' && this.#negotiated?.mayRefuse) return this.#presented();
    if (how === 'timeout') return this.#timedOut();
    return this.#failed(surprise(how, detail));
  }

  /** Waits for the two bytes that tell TLS from anything else; @returns the bytes to parse, once that is known. */
  #recognise(before: Uint8Array, segment: Uint8Array): Uint8Array | undefined {
    const start = before.length === 0 ? segment : Buffer.concat([before, segment]);
    this.#plaintext = !looksLikeTls(start);
    this.#opening = this.#plaintext || start.length < 2 ? start : undefined;
    return this.#opening ? undefined : start;
  }

  #spokePlaintext(): Fault {
    return { reason: 'plaintext-answer', detail: describePlaintext(this.#opening!), secondOpinion: false };
  }

  #drain(): Step {
    for (;;) {
      const next = this.#records.next();
      if (!next || isFault(next)) return next;
      const opened = this.#negotiated?.open(next) ?? { type: next.type, content: next.fragment };
      if (isFault(opened)) return opened;
      const step = this.#content(opened.type, opened.content);
      if (step !== undefined) return step;
    }
  }

  #content(type: number, content: Uint8Array): Step {
    if (content.length === 0) {
      return ++this.#empty > MOST_EMPTY ? flood('flood', 'empty records without end') : undefined;
    }
    if (type === CONTENT.handshake) return this.#handshake(content);
    if (type === CONTENT.alert) return this.#alert(content);
    if (!this.#messages.atBoundary) return surprise('unexpected-message', `record of type ${type} inside a message`);
    if (type === CONTENT.changeCipherSpec) {
      if (++this.#changes > MOST_CHANGE_CIPHER_SPECS) return flood('flood', 'ChangeCipherSpec without end');
      // Behind a HelloRetryRequest it comes before there is anything to change (RFC 8446 D.4).
      if (this.#negotiated) return this.#negotiated.changeCipherSpec(content);
      return this.#retried ? undefined : surprise('unexpected-message', 'ChangeCipherSpec');
    }
    return surprise('unexpected-message', `record of type ${type}`);
  }

  #handshake(fragment: Uint8Array): Step {
    this.#messages.push(fragment);
    for (;;) {
      const message = this.#messages.next();
      if (!message || isFault(message)) return message;
      const step = this.#negotiated ? this.#negotiated.message(message) : this.#serverHello(message);
      if (step !== undefined) return step;
    }
  }

  #serverHello(message: HandshakeMessage): Step {
    if (message.type === MESSAGE.helloRequest) {
      return ++this.#warnings > MOST_WARNINGS ? surprise('unexpected-message', 'HelloRequest') : undefined;
    }
    if (message.type !== MESSAGE.serverHello)
      return surprise('unexpected-message', `handshake message ${message.type}`);
    const hello = parseServerHello(message.body);
    if (!hello) return surprise('malformed-message', 'ServerHello');
    const selected = hello.extensions.get(EXTENSION.supportedVersions);
    if (!selected) return this.#older(hello, message);
    if (selected.length !== 2 || Buffer.compare(selected, u16(0x0304)) !== 0) return surprise('unsupported-version');
    // Whatever comes next is encrypted or answers another hello: it cannot share this message's record.
    if (!this.#messages.atBoundary) return surprise('unexpected-message', 'data behind ServerHello');
    this.#conversation.tlsVersion = 'TLSv1.3';
    if (isRetryRequest(hello)) {
      if (this.#retried) return surprise('unexpected-message', 'a second HelloRetryRequest');
      this.#retried = true;
      return answerRetryRequest(this.#conversation, hello, message.raw);
    }
    this.#conversation.transcript.add(message.raw);
    const negotiated = startTls13(this.#conversation, hello);
    if (isFault(negotiated)) return negotiated;
    this.#negotiated = negotiated;
    return undefined;
  }

  /**
   * TLS 1.2 and below. The downgrade sentinel of RFC 8446 4.1.3 is not looked at: a reader has nothing to protect, and
   * what the server (or a box in front of it) presents at 1.2 is what it presents.
   */
  #older(hello: ServerHello, message: HandshakeMessage): Step {
    const version = VERSION_NAMES[hello.version];
    if (!version || this.#retried) return surprise('unsupported-version', `0x${hello.version.toString(16)}`);
    this.#conversation.tlsVersion = version;
    const suite = cipherSuite(hello.suite);
    if (!suite || suite.keyExchange === 'tls13') return surprise('unsupported-cipher', `0x${hello.suite.toString(16)}`);
    if (hello.compression !== 0) return surprise('malformed-message', 'ServerHello');
    this.#conversation.suite = suite;
    this.#conversation.transcript.add(message.raw);
    this.#negotiated = new Handshake12(this.#conversation, hello, suite);
    return undefined;
  }

  #alert(content: Uint8Array): Step {
    const [level, description] = content;
    if (content.length !== 2 || description === undefined) return surprise('malformed-message', 'alert');
    if (this.#negotiated?.mayRefuse) return 'finished';
    if (description === 0) return { reason: 'closed', detail: alertName(0), secondOpinion: true };
    // unrecognized_name as a warning is common and meant to be survived (RFC 6066 3).
    if (level === WARNING && ++this.#warnings <= MOST_WARNINGS) return undefined;
    return surprise('alert', alertName(description));
  }

  #conclude(step: Fault | 'finished'): Action {
    this.#over = true;
    const outcome = step === 'finished' ? this.#presented() : this.#failed(step);
    const send = this.#conversation.takeOutgoing();
    return send ? { send, outcome } : { outcome };
  }

  #presented(): ReadOutcome {
    const { chain, tlsVersion, suite, alpn, possession, ocspStaple } = this.#conversation;
    return {
      kind: 'presented',
      chain: chain!,
      tlsVersion: tlsVersion!,
      cipherSuite: suite!.name,
      ...(alpn === undefined ? {} : { alpn }),
      possession: possession!,
      ...(ocspStaple ? { ocspStaple } : {}),
    };
  }

  #timedOut(): ReadFailed {
    const reason = this.#opening?.length === 0 ? 'no-answer' : 'stalled';
    return {
      ...this.#failed({ reason, secondOpinion: false }),
      failure: { code: 'timeout', phase: 'handshake', reason },
    };
  }

  #failed({ reason, detail, secondOpinion }: Fault): ReadFailed {
    const { chain, tlsVersion } = this.#conversation;
    return {
      kind: 'failed',
      failure: { code: 'handshake-failed', phase: 'handshake', reason, ...(detail === undefined ? {} : { detail }) },
      ...(chain ? { chain } : {}),
      ...(tlsVersion ? { tlsVersion } : {}),
      secondOpinion,
      // Turned down before it said hello: the same offer again would be turned down again.
      ...(secondOpinion && !tlsVersion ? { secondOpinionMaxVersion: 'TLSv1.2' } : {}),
    };
  }
}
