/**
 * What the scripts of both TLS versions have in common.
 */
import type { KeyPair } from '../pki/pki.ts';

export interface FlightOptions {
  readonly certificates: readonly Uint8Array[];
  readonly signWith: KeyPair;
  readonly wrongSignature: boolean;
  readonly recordSize?: number;
}

/** One version's flight, ready to be sent piece by piece. */
export interface Script {
  /** The ServerHello's record. */
  readonly hello: Buffer;
  /** Sealed when they are asked for, and in that order: records carry a count. */
  certificate(): Buffer;
  /** CertificateVerify and Finished, or ServerKeyExchange and ServerHelloDone. */
  rest(): Buffer;
  emptyRecord(): Buffer;
  /** Under the keys that are in force after the handshake. */
  seal(type: number, content: Uint8Array): Buffer;
  onRecord(
    type: number,
    header: Buffer,
    body: Buffer,
  ): { readonly finished: boolean; readonly answer?: Buffer } | undefined;
}
