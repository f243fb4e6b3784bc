/**
 * Observation: what was seen at a target, a presented chain or a failure with the phase that it failed in.
 */
import type { ChainElement } from './certificate.ts';

/** Where a look at a target can fail or run out of time. `queue`: the run ended before its turn came. */
export type Phase = 'queue' | 'resolve' | 'connect' | 'starttls' | 'handshake' | 'read';

/** Milliseconds spent in each phase; 0 where a phase did not apply. */
export interface Timings {
  readonly resolve: number;
  readonly connect: number;
  readonly starttls: number;
  readonly handshake: number;
}

/** Did the peer prove that it holds the leaf's private key (CertificateVerify, or the ServerKeyExchange signature)? */
export type Possession =
  | { readonly kind: 'proven' }
  /** A key exchange that proves nothing by signature (static RSA), or an algorithm that cannot be checked here. */
  | { readonly kind: 'not-shown'; readonly reason: string };

export type ContainerFormat = 'pkcs7' | 'pkcs12' | 'jks' | 'jceks';

/** A file that holds certificates as entries: their order means nothing, and each may be there for its own sake. */
export interface Container {
  readonly format: ContainerFormat;
  /** For each element of the chain, in order. */
  readonly entries: readonly ContainerEntry[];
}

export interface ContainerEntry {
  /** Its alias or friendly name; a key's chain has that of the key (JKS) or its own (PKCS#12). Untrusted text, capped. */
  readonly alias?: string;
  /** There to be trusted (a Java keystore's trusted entry), not as part of the chain of a key. */
  readonly trusted?: true;
}

interface Seen {
  /** The IP address that was spoken to; absent for files and before a connection stood. */
  readonly address?: string;
  readonly timings: Timings;
}

export interface Presented extends Seen {
  readonly kind: 'presented';
  /** `TLSv1.3`, `TLSv1.2`, …; absent for files. */
  readonly tlsVersion?: string;
  /** IANA name of the cipher suite. */
  readonly cipherSuite?: string;
  readonly alpn?: string;
  /** The certificates exactly as sent: every one, in its order, byte for byte. Never empty. */
  readonly chain: readonly ChainElement[];
  readonly possession?: Possession;
  /** The stapled OCSP response (DER), where one came. */
  readonly ocspStaple?: Uint8Array;
  /** Of a file that is one. */
  readonly container?: Container;
  /** Who read it: certwatch's own reader, or node:tls as the second opinion. */
  readonly engine?: 'certwatch' | 'node-tls';
}

/** What a failure is called, by phase; each is the code of the finding that reports it. */
export type FailureCode =
  | 'resolve-failed'
  | 'connect-failed'
  | 'starttls-failed'
  | 'handshake-failed'
  | 'read-failed'
  | 'timeout'
  | 'internal-error';

export interface Failure {
  readonly code: FailureCode;
  readonly phase: Phase;
  /** A stable word in kebab case: `refused`, `reset`, `nxdomain`, `alert`, `plaintext-answer`, `key-not-proven`, … */
  readonly reason: string;
  /** More for a person, may hold the peer's own words: untrusted text, capped in length. */
  readonly detail?: string;
}

export interface Failed extends Seen, Failure {
  readonly kind: 'failed';
  /** Certificates that had come before it failed: still worth judging. */
  readonly chain?: readonly ChainElement[];
  readonly tlsVersion?: string;
  /** How often it was looked at, where more than once. */
  readonly looks?: number;
  /** It was cut off by the deadline of the run, before its own timeout. */
  readonly limit?: 'run';
}

export type Observation = Presented | Failed;
