/**
 * The server's side of a TLS 1.3 handshake (RFC 8446), X25519 and AES-128-GCM-SHA256, with any bytes for certificates.
 */
import { randomBytes } from 'node:crypto';
import {
  ephemeral,
  expandLabel,
  extract,
  hmac,
  seal,
  sha256,
  signHandshake,
  type TrafficKeys,
  trafficKeys,
  unseal,
} from './tls-keys.ts';
import type { FlightOptions, Script } from './tls-script.ts';
import {
  type ClientHello,
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

const AES_128_GCM_SHA256 = 0x1301;
/** The random that makes a ServerHello a HelloRetryRequest (RFC 8446 4.1.3). */
const RETRY_RANDOM = sha256(Buffer.from('HelloRetryRequest'));
const SIGNED_PREFIX = Buffer.concat([Buffer.alloc(64, 0x20), Buffer.from('TLS 1.3, server CertificateVerify\0')]);

/** @throws where the client brought no X25519 share. */
export function script13(hello: ClientHello, options: FlightOptions): Script {
  const peerShare = hello.keyShares.get(X25519);
  if (!peerShare) throw new Error('the client sent no X25519 share');
  const pair = ephemeral();
  const serverHello = helloMessage(hello, {
    random: randomBytes(32),
    keyShare: Buffer.concat([uint(2, X25519), vector(2, pair.share)]),
  });
  const none = Buffer.alloc(0);
  const early = extract(Buffer.alloc(32), Buffer.alloc(32));
  const secret = extract(expandLabel(early, 'derived', sha256(), 32), pair.agree(peerShare));
  const afterHello = sha256(hello.raw, serverHello);
  const server = trafficKeys(expandLabel(secret, 's hs traffic', afterHello, 32));
  const client = trafficKeys(expandLabel(secret, 'c hs traffic', afterHello, 32));

  const encryptedExtensions = message(MESSAGE.encryptedExtensions, vector(2));
  const certificate = message(
    MESSAGE.certificate,
    vector(1),
    vector(3, ...options.certificates.map((der) => Buffer.concat([vector(3, der), vector(2)]))),
  );
  const before = [hello.raw, serverHello, encryptedExtensions, certificate];
  const { scheme, signature } = signHandshake(options.signWith, Buffer.concat([SIGNED_PREFIX, sha256(...before)]));
  if (options.wrongSignature) signature[signature.length - 1]! ^= 1;
  const verify = message(MESSAGE.certificateVerify, uint(2, scheme), vector(2, signature));
  const finished = message(MESSAGE.finished, hmac(server.finished, sha256(...before, verify)));
  const transcript = [...before, verify, finished];
  const master = extract(expandLabel(secret, 'derived', sha256(), 32), Buffer.alloc(32));
  const application = trafficKeys(expandLabel(master, 's ap traffic', sha256(...transcript), 32));

  const sealer = new Sealer(server);
  const after = new Sealer(application);
  let opened = 0n;
  return {
    hello: Buffer.concat([records(RECORD.handshake, serverHello), record(RECORD.changeCipherSpec, Buffer.of(1))]),
    certificate: () =>
      sealer.seal(RECORD.handshake, Buffer.concat([encryptedExtensions, certificate]), options.recordSize),
    rest: () => sealer.seal(RECORD.handshake, Buffer.concat([verify, finished]), options.recordSize),
    emptyRecord: () => sealer.seal(RECORD.handshake, none),
    seal: (type, content) => after.seal(type, content),
    onRecord(type, header, body) {
      if (type !== RECORD.applicationData) return undefined;
      const plain = unseal({ key: client.key, nonce: nonceOf(client.iv, opened), aad: header }, body);
      opened += 1n;
      const expected = message(MESSAGE.finished, hmac(client.finished, sha256(...transcript)));
      return { finished: plain.subarray(0, expected.length).equals(expected) };
    },
  };
}

/** A HelloRetryRequest for a group that the client said it knows, or for any other. */
export function retryRequest(hello: ClientHello, group: number): Buffer {
  return records(RECORD.handshake, helloMessage(hello, { random: RETRY_RANDOM, keyShare: uint(2, group) }));
}

function helloMessage(hello: ClientHello, { random, keyShare }: { random: Buffer; keyShare: Buffer }): Buffer {
  return message(
    MESSAGE.serverHello,
    uint(2, 0x0303),
    random,
    vector(1, hello.sessionId),
    uint(2, AES_128_GCM_SHA256),
    uint(1, 0),
    vector(2, extension(EXTENSION.supportedVersions, uint(2, 0x0304)), extension(EXTENSION.keyShare, keyShare)),
  );
}

class Sealer {
  #keys: TrafficKeys;
  #count = 0n;

  constructor(keys: TrafficKeys) {
    this.#keys = keys;
  }

  /** TLSInnerPlaintext (RFC 8446 5.2) in as many records as it takes; one of no content for no content. */
  seal(type: number, content: Uint8Array, size = 16_384): Buffer {
    const out: Buffer[] = [];
    let at = 0;
    do {
      const inner = Buffer.concat([content.subarray(at, at + size), Buffer.of(type)]);
      const aad = Buffer.concat([Buffer.of(RECORD.applicationData), uint(2, 0x0303), uint(2, inner.length + 16)]);
      out.push(aad, seal({ key: this.#keys.key, nonce: nonceOf(this.#keys.iv, this.#count), aad }, inner));
      this.#count += 1n;
      at += size;
    } while (at < content.length);
    return Buffer.concat(out);
  }
}

function nonceOf(iv: Buffer, count: bigint): Buffer {
  const nonce = Buffer.from(iv);
  nonce.writeBigUInt64BE(nonce.readBigUInt64BE(4) ^ count, 4);
  return nonce;
}
