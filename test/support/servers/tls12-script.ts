/**
 * The server's side of a TLS 1.2 handshake (RFC 5246, 8422), ECDHE by X25519 with AES-128-GCM-SHA256, with any bytes for
 * certificates. It can be completed: a polite client gets its Finished.
 */
import { randomBytes } from 'node:crypto';
import { ephemeral, prf, seal, sha256, signHandshake, unseal } from './tls-keys.ts';
import type { FlightOptions, Script } from './tls-script.ts';
import {
  type ClientHello,
  Cursor,
  EXTENSION,
  extension,
  MESSAGE,
  message,
  RECORD,
  record,
  records,
  uint,
  vector,
  X25519,
} from './tls-wire.ts';

const ECDHE_ECDSA = 0xc02b;
const ECDHE_RSA = 0xc02f;

export function script12(hello: ClientHello, options: FlightOptions): Script {
  const random = randomBytes(32);
  const pair = ephemeral();
  const extended = hello.extensions.has(EXTENSION.extendedMasterSecret);
  const serverHello = message(
    MESSAGE.serverHello,
    uint(2, 0x0303),
    random,
    vector(1),
    uint(2, options.signWith.kind.startsWith('rsa') ? ECDHE_RSA : ECDHE_ECDSA),
    uint(1, 0),
    vector(
      2,
      extension(EXTENSION.renegotiationInfo, vector(1)),
      ...(extended ? [extension(EXTENSION.extendedMasterSecret, Buffer.alloc(0))] : []),
      extension(EXTENSION.ecPointFormats, vector(1, Buffer.of(0))),
    ),
  );
  const certificate = message(MESSAGE.certificate, vector(3, ...options.certificates.map((der) => vector(3, der))));
  const parameters = Buffer.concat([Buffer.of(3), uint(2, X25519), vector(1, pair.share)]);
  const { scheme, signature } = signHandshake(options.signWith, Buffer.concat([hello.random, random, parameters]));
  if (options.wrongSignature) signature[signature.length - 1]! ^= 1;
  const keyExchange = message(MESSAGE.serverKeyExchange, parameters, uint(2, scheme), vector(2, signature));
  const done = message(MESSAGE.serverHelloDone);
  const send = (...messages: readonly Buffer[]) =>
    records(RECORD.handshake, Buffer.concat(messages), options.recordSize ?? 16_384);
  const completion = new Completion({
    agree: (share) => pair.agree(share),
    transcript: [hello.raw, serverHello, certificate, keyExchange, done],
    clientRandom: hello.random,
    serverRandom: random,
    extended,
  });
  return {
    hello: send(serverHello),
    certificate: () => send(certificate),
    rest: () => send(keyExchange, done),
    emptyRecord: () => record(RECORD.handshake, Buffer.alloc(0)),
    seal: (type, content) => completion.seal(type, content),
    onRecord: (type, header, body) => completion.onRecord(type, header, body),
  };
}

interface CompletionOptions {
  readonly agree: (share: Buffer) => Buffer;
  readonly transcript: Buffer[];
  readonly clientRandom: Buffer;
  readonly serverRandom: Buffer;
  readonly extended: boolean;
}

/** From ClientKeyExchange to the server's own Finished. */
class Completion {
  #options: CompletionOptions;
  #master: Buffer = Buffer.alloc(0);
  #keys: Readonly<Record<'clientKey' | 'serverKey' | 'clientIv' | 'serverIv', Buffer>> | undefined;
  #protected = false;
  #sent = 0n;

  constructor(options: CompletionOptions) {
    this.#options = options;
  }

  onRecord(type: number, header: Buffer, body: Buffer): ReturnType<Script['onRecord']> {
    if (type === RECORD.changeCipherSpec) this.#protected = true;
    else if (type === RECORD.handshake && this.#protected) return this.#onFinished(header, body);
    else if (type === RECORD.handshake) this.#onPlain(body);
    return undefined;
  }

  seal(type: number, content: Uint8Array): Buffer {
    const count = uint64(this.#sent);
    this.#sent += 1n;
    const head = Buffer.concat([Buffer.of(type), uint(2, 0x0303)]);
    const nonce = Buffer.concat([this.#keys!.serverIv, count]);
    const aad = Buffer.concat([count, head, uint(2, content.length)]);
    return record(type, Buffer.concat([count, seal({ key: this.#keys!.serverKey, nonce, aad }, content)]));
  }

  #onPlain(body: Buffer): void {
    const cursor = new Cursor(body);
    while (cursor.left > 0) {
      const type = cursor.number(1);
      const content = cursor.vector(3);
      this.#options.transcript.push(message(type, content));
      if (type === MESSAGE.clientKeyExchange) this.#derive(new Cursor(content).vector(1));
    }
  }

  #derive(share: Buffer): void {
    const { agree, transcript, clientRandom, serverRandom, extended } = this.#options;
    const premaster = agree(share);
    this.#master = extended
      ? prf(premaster, 'extended master secret', sha256(...transcript), 48)
      : prf(premaster, 'master secret', Buffer.concat([clientRandom, serverRandom]), 48);
    const block = new Cursor(prf(this.#master, 'key expansion', Buffer.concat([serverRandom, clientRandom]), 40));
    this.#keys = {
      clientKey: block.take(16),
      serverKey: block.take(16),
      clientIv: block.take(4),
      serverIv: block.take(4),
    };
  }

  #onFinished(header: Buffer, body: Buffer): ReturnType<Script['onRecord']> {
    const { transcript } = this.#options;
    const explicit = body.subarray(0, 8);
    const nonce = Buffer.concat([this.#keys!.clientIv, explicit]);
    const aad = Buffer.concat([uint64(0n), header.subarray(0, 3), uint(2, body.length - 24)]);
    const plain = unseal({ key: this.#keys!.clientKey, nonce, aad }, body.subarray(8));
    const expected = message(MESSAGE.finished, prf(this.#master, 'client finished', sha256(...transcript), 12));
    transcript.push(plain);
    const own = message(MESSAGE.finished, prf(this.#master, 'server finished', sha256(...transcript), 12));
    const answer = Buffer.concat([record(RECORD.changeCipherSpec, Buffer.of(1)), this.seal(RECORD.handshake, own)]);
    return { finished: plain.equals(expected), answer };
  }
}

function uint64(value: bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(value);
  return out;
}
