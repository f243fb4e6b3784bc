/**
 * The ClientHello (RFC 8446 4.1.2): one offer of TLS 1.3 with an X25519 share and of 1.2 and below with a broad list of
 * suites. Its shape is OpenSSL's (extensions, groups and signature algorithms in that order), for some front ends drop
 * what looks odd.
 */
import { randomFillSync } from 'node:crypto';
import type { KeyKind } from '../model/target.ts';
import { ipVersion } from '../x509/ip.ts';
import { OFFERED_SUITES, suitesFor } from './cipher-suites.ts';
import { type KeyPair, keyPair, OFFERED_GROUPS, X25519 } from './groups.ts';
import { handshakeMessage, u16, u16List, vector8, vector16 } from './wire.ts';

export interface HelloOptions {
  readonly servername?: string;
  readonly alpn?: readonly string[];
  /** Of a server that has several certificates, the one with such a key is asked for. */
  readonly keyKind?: KeyKind;
  /** 32 bytes each of client random and legacy session id; fresh ones without. For tests that replay a flight. */
  readonly random?: Uint8Array;
}

export interface ClientHello {
  /** The whole handshake message. */
  readonly message: Uint8Array;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly keyPair: KeyPair;
}

export const EXTENSION = {
  serverName: 0,
  statusRequest: 5,
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  alpn: 16,
  padding: 21,
  encryptThenMac: 22,
  extendedMasterSecret: 23,
  sessionTicket: 35,
  supportedVersions: 43,
  cookie: 44,
  pskKeyExchangeModes: 45,
  signatureAlgorithmsCert: 50,
  keyShare: 51,
} as const;

/** OpenSSL's list, SHA-1 and SHA-224 included; then RSA with MD5, which only old devices would use. */
const SIGNATURE_ALGORITHMS: readonly number[] = [
  0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081a, 0x081b, 0x081c, 0x0809, 0x080a, 0x080b, 0x0804, 0x0805, 0x0806,
  0x0401, 0x0501, 0x0601, 0x0303, 0x0203, 0x0301, 0x0201, 0x0302, 0x0202, 0x0402, 0x0502, 0x0602, 0x0101,
];

/** TLS 1.3 down to 1.0. */
const VERSIONS: readonly number[] = [0x0304, 0x0303, 0x0302, 0x0301];

/** Of a leaf with such a key; the signatures above it may be any (RFC 8446 4.2.3). */
const SIGNATURES_BY: Readonly<Record<KeyKind, readonly number[]>> = {
  ec: [0x0403, 0x0503, 0x0603, 0x081a, 0x081b, 0x081c, 0x0303, 0x0203],
  rsa: [0x0809, 0x080a, 0x080b, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0301, 0x0201, 0x0101],
};

const NONE = new Uint8Array(0);
const extension = (type: number, body: Uint8Array): Uint8Array => Buffer.concat([u16(type), vector16(body)]);

/** What depends on the key that is asked for. */
interface KeyOffer {
  readonly suitesAndCompression: Uint8Array;
  readonly signatures: Uint8Array;
}

const withCompression = (suites: readonly number[]) =>
  Buffer.concat([vector16(u16List(suites)), vector8(Uint8Array.of(0))]);
const signatures = (type: number, list: readonly number[]) => extension(type, vector16(u16List(list)));

// What never changes is encoded once.
const ANY_KEY: KeyOffer = {
  suitesAndCompression: withCompression(OFFERED_SUITES),
  signatures: signatures(EXTENSION.signatureAlgorithms, SIGNATURE_ALGORITHMS),
};

const keyOffer = (kind: KeyKind | undefined): KeyOffer =>
  kind === undefined
    ? ANY_KEY
    : {
        suitesAndCompression: withCompression(suitesFor(kind)),
        signatures: Buffer.concat([
          signatures(EXTENSION.signatureAlgorithms, SIGNATURES_BY[kind]),
          signatures(EXTENSION.signatureAlgorithmsCert, SIGNATURE_ALGORITHMS),
        ]),
      };

const BEFORE_ALPN = Buffer.concat([
  extension(EXTENSION.pointFormats, vector8(Uint8Array.of(0, 1, 2))),
  extension(EXTENSION.supportedGroups, vector16(u16List(OFFERED_GROUPS))),
  extension(EXTENSION.sessionTicket, NONE),
  // status_type ocsp, no responder ids, no extensions (RFC 6066 8).
  extension(EXTENSION.statusRequest, Uint8Array.of(1, 0, 0, 0, 0)),
]);
const BEHIND_ALPN = Buffer.concat([
  extension(EXTENSION.encryptThenMac, NONE),
  extension(EXTENSION.extendedMasterSecret, NONE),
]);
const BEHIND_SIGNATURES = Buffer.concat([
  extension(EXTENSION.supportedVersions, vector8(u16List(VERSIONS))),
  // psk_dhe_ke. No PSK is ever offered, but a hello without this looks odd.
  extension(EXTENSION.pskKeyExchangeModes, vector8(Uint8Array.of(1))),
]);

export function clientHello(options: HelloOptions): ClientHello {
  const bytes = options.random ?? randomFillSync(new Uint8Array(64));
  const pair = keyPair(X25519) as KeyPair;
  const hello = { random: bytes.subarray(0, 32), sessionId: bytes.subarray(32, 64), keyPair: pair };
  return { ...hello, message: encode(hello, options, NONE) };
}

/** The second ClientHello, in answer to a HelloRetryRequest (RFC 8446 4.1.2): another share, and the cookie handed back. */
export function retriedHello(
  first: ClientHello,
  pair: KeyPair,
  cookie: Uint8Array,
  options: HelloOptions,
): ClientHello {
  const hello = { random: first.random, sessionId: first.sessionId, keyPair: pair };
  const extra = cookie.length > 0 ? extension(EXTENSION.cookie, vector16(cookie)) : NONE;
  return { ...hello, message: encode(hello, options, extra) };
}

function encode(hello: Omit<ClientHello, 'message'>, options: HelloOptions, extra: Uint8Array): Uint8Array {
  const share = Buffer.concat([u16(hello.keyPair.group), vector16(hello.keyPair.share)]);
  const offer = keyOffer(options.keyKind);
  const extensions = [
    serverName(options.servername),
    BEFORE_ALPN,
    alpn(options.alpn),
    BEHIND_ALPN,
    offer.signatures,
    BEHIND_SIGNATURES,
    extension(EXTENSION.keyShare, vector16(share)),
    extra,
  ];
  const fixed = [u16(0x0303), hello.random, vector8(hello.sessionId), offer.suitesAndCompression];
  let length = 6; // message header and the extensions' own length
  for (const part of [...fixed, ...extensions]) length += part.length;
  extensions.push(padding(length));
  return handshakeMessage(1, ...fixed, vector16(Buffer.concat(extensions)));
}

/** A hello of 256 to 511 bytes hangs some old load balancers: RFC 7685 pads it to 512. */
function padding(length: number): Uint8Array {
  if (length < 256 || length > 511) return NONE;
  return extension(EXTENSION.padding, new Uint8Array(Math.max(1, 512 - length - 4)));
}

/** RFC 6066 3: a DNS name in ASCII without its trailing dot, never an IP address. */
function serverName(servername: string | undefined): Uint8Array {
  const name = servername?.replace(/\.$/, '') ?? '';
  if (name === '' || name.length > 255 || ipVersion(name) !== 0 || !/^[\x21-\x7e]+$/.test(name)) return NONE;
  const entry = Buffer.concat([Uint8Array.of(0), vector16(Buffer.from(name, 'latin1'))]);
  return extension(EXTENSION.serverName, vector16(entry));
}

function alpn(protocols: readonly string[] | undefined): Uint8Array {
  if (!protocols || protocols.length === 0) return NONE;
  const list = protocols.map((protocol) => vector8(Buffer.from(protocol, 'latin1')));
  return extension(EXTENSION.alpn, vector16(Buffer.concat(list)));
}
