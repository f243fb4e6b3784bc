/**
 * What reading a handshake comes to: the presented chain, or why there is none. Both readers (certwatch's own in
 * `read-chain.ts`, node:tls in `second-opinion.ts`) answer in these words.
 */
import type { Failure, Possession } from '../model/observation.ts';
import type { KeyKind } from '../model/target.ts';
import type { Deadline } from '../time/deadline.ts';

export interface ReadOptions {
  /** Sent as SNI where it is a DNS name; an IP address is never sent (RFC 6066 3). */
  readonly servername?: string;
  /** ALPN protocol names in order of preference (RFC 7301), 1–255 bytes each; the extension is left out without. */
  readonly alpn?: readonly string[];
  /** Only a certificate with such a key is asked for. */
  readonly keyKind?: KeyKind;
  readonly deadline: Deadline;
}

export interface ReadPresented {
  readonly kind: 'presented';
  /** DER of every certificate exactly as sent, in the order sent. Never empty. */
  readonly chain: readonly Uint8Array[];
  /** `TLSv1.3`, `TLSv1.2`, `TLSv1.1`, `TLSv1` or `SSLv3`. */
  readonly tlsVersion: string;
  /** IANA name of the cipher suite. */
  readonly cipherSuite: string;
  readonly alpn?: string;
  readonly possession: Possession;
  /** The stapled OCSP response for the leaf (DER), where one came. */
  readonly ocspStaple?: Uint8Array;
}

export interface ReadFailed {
  readonly kind: 'failed';
  readonly failure: Failure;
  /** Certificates that had come before it failed. */
  readonly chain?: readonly Uint8Array[];
  readonly tlsVersion?: string;
  /** True where another implementation may get further on a new connection; never for silence, floods and plaintext. */
  readonly secondOpinion: boolean;
  /**
   * Set where the server turned the ClientHello down before it said anything: a second attempt that offers no more than
   * this says something new, where the same offer again would be turned down again.
   */
  readonly secondOpinionMaxVersion?: 'TLSv1.2';
}

export type ReadOutcome = ReadPresented | ReadFailed;

/** Why a handshake cannot go on: a value, turned into a failure by whoever holds what was seen so far. */
export interface Fault {
  /** The failure's stable word. */
  readonly reason: string;
  /** For a person; may hold the peer's own words, capped. */
  readonly detail?: string;
  readonly secondOpinion: boolean;
}

/** The peer did what the protocol does not allow, or what this reader does not know: worth another implementation's try. */
export const surprise = (reason: string, detail?: string): Fault => ({
  reason,
  ...(detail === undefined ? {} : { detail }),
  secondOpinion: true,
});

/** The peer does not end, or sends more than any honest one: not worth another connection. */
export const flood = (reason: string, detail: string): Fault => ({ reason, detail, secondOpinion: false });
