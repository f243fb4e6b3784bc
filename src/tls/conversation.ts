/**
 * What the states of one handshake share: the hello, the transcript, what has been seen of the server so far, and the
 * bytes to be sent next.
 */
import type { Possession } from '../model/observation.ts';
import type { CipherSuite } from './cipher-suites.ts';
import type { ClientHello, HelloOptions } from './client-hello.ts';
import { Transcript } from './key-schedule.ts';
import type { Fault } from './outcome.ts';
import type { HandshakeMessage, TlsRecord } from './records.ts';

/** Goes on, is over with everything seen, or cannot go on. */
export type Step = undefined | 'finished' | Fault;

/** A record as its content: what it is and what is in it. */
export interface Opened {
  readonly type: number;
  readonly content: Uint8Array;
}

/** The part of a handshake behind ServerHello: one implementation for TLS 1.3, one for everything below. */
export interface Negotiated {
  open(record: TlsRecord): Opened | Fault;
  message(message: HandshakeMessage): Step;
  changeCipherSpec(content: Uint8Array): Step;
  /**
   * True once everything was seen and the server only has to accept that there is no client certificate: when it hangs
   * up or sends an alert now, that is its right and no failure of the read.
   */
  readonly mayRefuse: boolean;
}

export class Conversation {
  readonly options: HelloOptions;
  readonly transcript = new Transcript();
  hello: ClientHello;

  tlsVersion: string | undefined;
  suite: CipherSuite | undefined;
  alpn: string | undefined;
  chain: readonly Uint8Array[] | undefined;
  possession: Possession | undefined;
  ocspStaple: Uint8Array | undefined;

  #outgoing: Uint8Array[] = [];

  constructor(hello: ClientHello, options: HelloOptions) {
    this.hello = hello;
    this.options = options;
  }

  send(record: Uint8Array): void {
    this.#outgoing.push(record);
  }

  /** Everything since the last call, for one write. */
  takeOutgoing(): Uint8Array | undefined {
    if (this.#outgoing.length === 0) return undefined;
    const bytes = this.#outgoing.length === 1 ? this.#outgoing[0] : Buffer.concat(this.#outgoing);
    this.#outgoing = [];
    return bytes;
  }
}

/** True for the value that says why it cannot go on. */
export const isFault = (value: object | string | undefined): value is Fault =>
  typeof value === 'object' && 'secondOpinion' in value;
