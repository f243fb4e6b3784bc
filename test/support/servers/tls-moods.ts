/**
 * How the scripted TLS server misbehaves: which certificates it sends, how the flight is delivered, what comes after it.
 */
import type { Socket } from 'node:net';
import { drip, pour } from './misbehaving.ts';
import type { Script } from './tls-script.ts';
import { MESSAGE, message, RECORD, record, uint, vector } from './tls-wire.ts';

export type TlsMood =
  | 'proper'
  /** One bit of the CertificateVerify or ServerKeyExchange signature is wrong. */
  | 'wrong-signature'
  /** Silence: after the ClientHello, the ServerHello, the Certificate. */
  | 'silent'
  | 'silent-after-hello'
  | 'silent-after-certificate'
  /** Hangs up (FIN) in the same places. */
  | 'hangs-up-after-hello'
  | 'hangs-up-after-certificate'
  /** Resets the connection (RST) there. */
  | 'resets-after-hello'
  | 'resets-after-certificate'
  /** In order, but each byte a segment, or each byte a record. */
  | 'one-byte-segments'
  | 'one-byte-records'
  /** A byte of a proper flight now and then. */
  | 'drips'
  /** Handshake records without content, and no end to them. */
  | 'empty-records'
  /** A Certificate message that announces more than ever comes. */
  | 'unfinished-certificate'
  /** A Certificate message of 16 MB less one byte; one of ten thousand certificates; one without any. */
  | 'huge-certificate'
  | 'ten-thousand-certificates'
  | 'no-certificates'
  /** A record longer than any may be (RFC 8446 5.2), of a type that is none, of a broken tag. */
  | 'oversized-record'
  | 'unknown-record'
  | 'broken-tag'
  /** Asks for another key share again and again (RFC 8446 4.1.4 allows it once). */
  | 'retries-without-end'
  /** A ServerHello with a cipher suite that nobody offered. */
  | 'foreign-cipher'
  /** A HelloRequest in the middle of the handshake (RFC 5246 7.4.1.1: to be passed over). */
  | 'early-hello-request'
  /** Once the handshake stands: hangs up without close_notify, or resets the connection. */
  | 'hangs-up-after-handshake'
  | 'resets-after-handshake'
  /** Once the handshake stands: session tickets, HelloRequests, KeyUpdates, application data without end. */
  | 'endless-tickets'
  | 'endless-hello-requests'
  | 'endless-key-updates'
  | 'endless-data'
  /** Answers the ClientHello with an alert. */
  | { readonly alert: number; readonly level?: number };

/** What goes into the Certificate message instead of `ders`. */
export function certificatesFor(mood: TlsMood, ders: Uint8Array[]): Uint8Array[] {
  if (mood === 'no-certificates') return [];
  if (mood === 'ten-thousand-certificates') return new Array<Uint8Array>(10_000).fill(ders[0]!);
  // 16,777,215 bytes are as many as the message's length can say; lists and lengths need some of them.
  if (mood === 'huge-certificate')
    return [...ders, Buffer.alloc(16_777_215 - 64 - ders.reduce((sum, der) => sum + der.length + 5, 0))];
  return ders;
}

type Delivery = (socket: Socket, script: Script) => void;

const whole = ({ hello, certificate, rest }: Script): Buffer => Buffer.concat([hello, certificate(), rest()]);

/** How a flight is sent, where it is not sent whole. */
const DELIVERIES: Readonly<Partial<Record<Extract<TlsMood, string>, Delivery>>> = {
  'silent-after-hello': (socket, { hello }) => socket.write(hello),
  'silent-after-certificate': (socket, { hello, certificate }) => socket.write(Buffer.concat([hello, certificate()])),
  'hangs-up-after-hello': (socket, { hello }) => socket.end(hello),
  'hangs-up-after-certificate': (socket, { hello, certificate }) => socket.end(Buffer.concat([hello, certificate()])),
  'resets-after-hello': (socket, { hello }) => writeAndReset(socket, hello),
  'resets-after-certificate': (socket, { hello, certificate }) =>
    writeAndReset(socket, Buffer.concat([hello, certificate()])),
  'early-hello-request': (socket, { hello, certificate, rest }) =>
    socket.write(
      Buffer.concat([hello, record(RECORD.handshake, message(MESSAGE.helloRequest)), certificate(), rest()]),
    ),
  'one-byte-segments': (socket, script) => drip(socket, whole(script), { everyMs: 0 }),
  drips: (socket, script) => drip(socket, whole(script), { everyMs: 50 }),
  'unfinished-certificate': (socket, { hello, certificate }) =>
    socket.write(Buffer.concat([hello, certificate().subarray(0, -40)])),
  'oversized-record': (socket, { hello }) =>
    socket.write(Buffer.concat([hello, record(RECORD.handshake, Buffer.alloc(0xffff))])),
  'unknown-record': (socket, { hello, certificate, rest }) =>
    socket.write(Buffer.concat([hello, record(99, Buffer.from('what?')), certificate(), rest()])),
  'broken-tag': (socket, script) => {
    const bytes = whole(script);
    bytes[bytes.length - 1]! ^= 1;
    socket.write(bytes);
  },
  'foreign-cipher': (socket, { hello }) => {
    // The suite stands behind the record header, message header, version, random and session id.
    const sessionIdAt = 5 + 4 + 2 + 32;
    hello.writeUInt16BE(0xeaea, sessionIdAt + 1 + hello[sessionIdAt]!);
    socket.write(hello);
  },
  'empty-records': (socket, script) => {
    socket.write(script.hello);
    pour(socket, () => script.emptyRecord());
  },
};

export function deliver(socket: Socket, script: Script, mood: TlsMood): void {
  const delivery = typeof mood === 'string' ? DELIVERIES[mood] : undefined;
  if (delivery) delivery(socket, script);
  else socket.write(whole(script));
}

/** A moment lies between, so that the bytes are read before the RST takes them away. */
function writeAndReset(socket: Socket, bytes: Uint8Array): void {
  socket.write(bytes);
  setTimeout(() => socket.resetAndDestroy(), 20);
}

const TICKET = message(
  MESSAGE.newSessionTicket,
  uint(4, 7200),
  uint(4, 0),
  vector(1, Buffer.of(0)),
  vector(2, Buffer.alloc(64)),
  vector(2),
);

/** What is sent without end once the handshake stands. */
const FLOODS: Readonly<Partial<Record<Extract<TlsMood, string>, (script: Script) => Buffer>>> = {
  'endless-tickets': (script) => script.seal(RECORD.handshake, TICKET),
  'endless-hello-requests': (script) => script.seal(RECORD.handshake, message(MESSAGE.helloRequest)),
  // update_not_requested (RFC 8446 4.6.3); the keys stay, which nobody reads so far to find out.
  'endless-key-updates': (script) => script.seal(RECORD.handshake, message(MESSAGE.keyUpdate, Buffer.of(0))),
  'endless-data': (script) => script.seal(RECORD.applicationData, Buffer.alloc(1024)),
};

export function afterHandshake(socket: Socket, script: Script, mood: TlsMood | undefined): void {
  const flood = typeof mood === 'string' ? FLOODS[mood] : undefined;
  if (flood) pour(socket, () => flood(script));
  if (mood === 'hangs-up-after-handshake') socket.end();
  if (mood === 'resets-after-handshake') socket.resetAndDestroy();
}
