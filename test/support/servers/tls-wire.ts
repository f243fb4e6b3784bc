/**
 * TLS records and handshake messages as bytes (RFC 8446 4 and 5, RFC 5246 6 and 7), for the scripted server. Written apart
 * from the reader under test, so that the two cannot share a mistake.
 */

export const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;
export const MESSAGE = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  newSessionTicket: 4,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
  keyUpdate: 24,
} as const;
export const EXTENSION = {
  serverName: 0,
  supportedGroups: 10,
  ecPointFormats: 11,
  extendedMasterSecret: 23,
  supportedVersions: 43,
  keyShare: 51,
  renegotiationInfo: 0xff01,
} as const;
export const X25519 = 29;
export const SECP256R1 = 23;

/** A big-endian number of so many octets. */
export function uint(octets: number, value: number): Buffer {
  const out = Buffer.alloc(octets);
  out.writeUIntBE(value, 0, octets);
  return out;
}

/** Content behind its own length. */
export function vector(octets: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([uint(octets, body.length), body]);
}

export const message = (type: number, ...content: readonly Uint8Array[]): Buffer =>
  Buffer.concat([uint(1, type), vector(3, ...content)]);

export const extension = (type: number, content: Uint8Array): Buffer =>
  Buffer.concat([uint(2, type), vector(2, content)]);

/** One record, also an oversized or an empty one. @param version 0x0303 unless told otherwise. */
export const record = (type: number, body: Uint8Array, version = 0x0303): Buffer =>
  Buffer.concat([uint(1, type), uint(2, version), vector(2, body)]);

/** As many records as the content needs, each of at most `size` bytes. */
export function records(type: number, content: Uint8Array, size = 16_384): Buffer {
  const out: Buffer[] = [];
  for (let at = 0; at < content.length; at += size) out.push(record(type, content.subarray(at, at + size)));
  return Buffer.concat(out);
}

export interface ClientHello {
  /** The handshake message, header included, as it goes into the transcript. */
  readonly raw: Buffer;
  readonly random: Buffer;
  readonly sessionId: Buffer;
  readonly cipherSuites: readonly number[];
  readonly extensions: ReadonlyMap<number, Buffer>;
  readonly versions: readonly number[];
  readonly keyShares: ReadonlyMap<number, Buffer>;
  readonly serverName: string | undefined;
}

/** @throws RangeError where the message is not whole: the client under test is taken at its word. */
export function readClientHello(raw: Buffer): ClientHello {
  const cursor = new Cursor(raw.subarray(4));
  cursor.take(2);
  const random = cursor.take(32);
  const sessionId = cursor.vector(1);
  const cipherSuites = words(cursor.vector(2));
  cursor.vector(1);
  const extensions = new Map<number, Buffer>();
  const list = new Cursor(cursor.left > 0 ? cursor.vector(2) : Buffer.alloc(0));
  while (list.left > 0) extensions.set(list.number(2), list.vector(2));
  const keyShares = new Map<number, Buffer>();
  const shares = new Cursor(new Cursor(extensions.get(EXTENSION.keyShare) ?? uint(2, 0)).vector(2));
  while (shares.left > 0) keyShares.set(shares.number(2), shares.vector(2));
  const versions = extensions.get(EXTENSION.supportedVersions);
  const name = extensions.get(EXTENSION.serverName);
  return {
    raw,
    random,
    sessionId,
    cipherSuites,
    extensions,
    keyShares,
    versions: versions ? words(new Cursor(versions).vector(1)) : [],
    // ServerNameList: one entry, its type, its length (RFC 6066 3).
    serverName: name && name.length > 5 ? name.toString('latin1', 5) : undefined,
  };
}

function words(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length >> 1 }, (_, index) => bytes.readUInt16BE(2 * index));
}

/** Reads along a buffer; RangeError at its end. */
export class Cursor {
  #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Buffer {
    if (length > this.left) throw new RangeError(`expected ${length} more bytes, got ${this.left}`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  number(octets: number): number {
    return this.take(octets).readUIntBE(0, octets);
  }

  vector(octets: number): Buffer {
    return this.take(this.number(octets));
  }
}
