/**
 * Parsers for what a server sends in a handshake (RFC 8446 4, RFC 5246 7.4). Each takes a message body and gives its parts,
 * or undefined where the bytes are not what the message should be.
 */
import { EXTENSION } from './client-hello.ts';
import { type Fault, flood, surprise } from './outcome.ts';
import { Cursor } from './wire.ts';

export const MESSAGE = {
  helloRequest: 0,
  serverHello: 2,
  newSessionTicket: 4,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
  certificateStatus: 22,
  messageHash: 254,
} as const;

type Extensions = ReadonlyMap<number, Uint8Array>;

export interface ServerHello {
  /** legacy_version in TLS 1.3. */
  readonly version: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly suite: number;
  readonly compression: number;
  readonly extensions: Extensions;
}

export function parseServerHello(body: Uint8Array): ServerHello | undefined {
  const cursor = new Cursor(body);
  const version = cursor.u16();
  const random = cursor.take(32);
  const sessionId = cursor.vector8();
  const suite = cursor.u16();
  const compression = cursor.u8();
  // Before RFC 3546 there were no extensions, and no length for them either.
  const block = cursor.remaining > 0 ? cursor.vector16() : new Uint8Array(0);
  const extensions = parseExtensions(block);
  if (!cursor.complete || sessionId.length > 32 || !extensions) return undefined;
  return { version, random, sessionId, suite, compression, extensions };
}

/** @returns undefined where one is cut short or comes twice (RFC 8446 4.2). */
export function parseExtensions(block: Uint8Array): Extensions | undefined {
  const cursor = new Cursor(block);
  const extensions = new Map<number, Uint8Array>();
  while (cursor.ok && cursor.remaining > 0) {
    const type = cursor.u16();
    const body = cursor.vector16();
    if (extensions.has(type)) return undefined;
    extensions.set(type, body);
  }
  return cursor.complete ? extensions : undefined;
}

export function parseEncryptedExtensions(body: Uint8Array): Extensions | undefined {
  const cursor = new Cursor(body);
  const block = cursor.vector16();
  return cursor.complete ? parseExtensions(block) : undefined;
}

/** The one protocol that the server chose (RFC 7301 3.1); untrusted text. */
export function parseAlpn(extensions: Extensions): string | undefined {
  const body = extensions.get(EXTENSION.alpn);
  if (!body) return undefined;
  const cursor = new Cursor(body);
  const list = new Cursor(cursor.vector16());
  const protocol = list.vector8();
  if (!cursor.complete || !list.complete || protocol.length === 0) return undefined;
  return Buffer.from(protocol).toString('latin1');
}

/** Nobody's client would follow so many; a message of 1 MiB can hold 200,000. */
const MOST_CERTIFICATES = 1_000;

export interface CertificateMessage {
  readonly chain: readonly Uint8Array[];
  readonly ocspStaple?: Uint8Array;
}

/** @param tls13 with a request context, and extensions behind every certificate (RFC 8446 4.4.2). */
export function parseCertificate(body: Uint8Array, tls13: boolean): CertificateMessage | Fault {
  const cursor = new Cursor(body);
  const context = tls13 ? cursor.vector8() : new Uint8Array(0);
  const list = new Cursor(cursor.vector24());
  if (!cursor.complete || context.length > 0) return surprise('malformed-message', 'Certificate');
  const chain: Uint8Array[] = [];
  let ocspStaple: Uint8Array | undefined;
  while (list.ok && list.remaining > 0) {
    const der = list.vector24();
    const extensions = tls13 ? parseExtensions(list.vector16()) : undefined;
    if (!list.ok || der.length === 0 || (tls13 && !extensions)) return surprise('malformed-message', 'Certificate');
    if (chain.length >= MOST_CERTIFICATES) return flood('too-large', `more than ${MOST_CERTIFICATES} certificates`);
    const status = chain.length === 0 ? extensions?.get(EXTENSION.statusRequest) : undefined;
    if (status) ocspStaple = parseCertificateStatus(status);
    chain.push(new Uint8Array(der)); // a copy: what is kept must not hold on to the segment that it came in
  }
  if (chain.length === 0) return surprise('no-certificate');
  return { chain, ...(ocspStaple ? { ocspStaple } : {}) };
}

/** RFC 6066 8: only status_type ocsp is known; a copy. */
export function parseCertificateStatus(body: Uint8Array): Uint8Array | undefined {
  const cursor = new Cursor(body);
  const type = cursor.u8();
  const response = cursor.vector24();
  return cursor.complete && type === 1 && response.length > 0 ? new Uint8Array(response) : undefined;
}

export interface SignedBytes {
  /** SignatureScheme; undefined below TLS 1.2, where the key decides. */
  readonly scheme: number | undefined;
  readonly signature: Uint8Array;
}

export function parseCertificateVerify(body: Uint8Array): SignedBytes | undefined {
  const cursor = new Cursor(body);
  const scheme = cursor.u16();
  const signature = cursor.vector16();
  return cursor.complete ? { scheme, signature } : undefined;
}

export interface ServerKeyExchange extends SignedBytes {
  /** ServerECDHParams or ServerDHParams: what the signature covers behind the two randoms. */
  readonly params: Uint8Array;
  /** ECDHE only. */
  readonly group?: number;
  readonly point?: Uint8Array;
}

const NAMED_CURVE = 3;

/** ECDHE over a named curve (RFC 8422 5.4) or DHE (RFC 5246 7.4.3), with its signature. */
export function parseServerKeyExchange(
  body: Uint8Array,
  exchange: 'ecdhe' | 'dhe',
  tls12: boolean,
): ServerKeyExchange | undefined {
  const cursor = new Cursor(body);
  let ecdh: { group: number; point: Uint8Array } | undefined;
  if (exchange === 'ecdhe') {
    if (cursor.u8() !== NAMED_CURVE) return undefined;
    ecdh = { group: cursor.u16(), point: cursor.vector8() };
  } else {
    for (let i = 0; i < 3; i++) cursor.vector16(); // p, g, Ys
  }
  const params = body.subarray(0, cursor.at);
  const scheme = tls12 ? cursor.u16() : undefined;
  const signature = cursor.vector16();
  return cursor.complete ? { params, scheme, signature, ...ecdh } : undefined;
}
