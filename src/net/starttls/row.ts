/**
 * The form of a row of the STARTTLS table: a dialogue as data. One engine (dialogue.ts) runs them all.
 */
import type { Result } from '../../model/result.ts';
import type { PeerStream, StreamEnd } from './peer-stream.ts';

export interface DialogueContext {
  /** The name that the client is after; XMPP addresses its stream to it. */
  readonly servername: string;
  /** Our own end's address, for protocols in which a client says who it is. */
  readonly localAddress: string;
}

export interface Reply {
  /** What the peer said in one word: `220`, `OK`, `-ERR`; `NONSENSE` where it does not speak the protocol. */
  readonly code: string;
  /** All of it, lines joined by LF. Untrusted. */
  readonly text: string;
}

/** The code of a reply that is none. */
export const NONSENSE = '?';

export type ReplyReader = (stream: PeerStream) => Promise<Result<Reply, StreamEnd>>;

export interface Step {
  /** What a message calls it: `greeting`, `EHLO`, `STARTTLS`. */
  readonly name: string;
  /** Sent first; absent where the peer speaks first. */
  readonly send?: string | Uint8Array | ((context: DialogueContext) => string);
  /** Reads one whole reply; absent where the peer does not answer. */
  readonly read?: ReplyReader;
  /** Codes with which the dialogue goes on; every other one refuses. */
  readonly accept?: readonly string[];
  /** What the reply's text must hold where the peer offers TLS. */
  readonly offer?: RegExp;
  /** A peer that does not know this command may still know the next one. */
  readonly optional?: boolean;
}

/** Why a refusal was given: temporary, TLS not offered at all, or else refused. */
export type RefusalReason = 'refused' | 'try-later' | 'not-offered';

export interface Row {
  /** As people call it: `SMTP`. */
  readonly label: string;
  /** The port on which it is mostly spoken. */
  readonly port: number;
  readonly steps: readonly Step[];
  /** The first pattern that fits a refusing code says why; `refused` where none does. */
  readonly refusals?: readonly (readonly [RegExp, RefusalReason])[];
  /** Said before leaving where TLS was refused, so that the server logs an ordinary end. */
  readonly farewell?: string;
  /** The peer may speak without being asked (IMAP's untagged responses). Elsewhere that is a fault. */
  readonly unsolicited?: boolean;
}
