/**
 * What a server of TLS 1.3 can do wrong, one row each.
 */
import { describe } from 'vitest';
import { EXTENSION } from '../../src/tls/client-hello.ts';
import { MESSAGE } from '../../src/tls/messages.ts';
import { handshakeMessage, record, u16, vector8, vector16 } from '../../src/tls/wire.ts';
import { createCa } from '../support/pki/pki.ts';
import { type Row, testFaults } from './faults.ts';
import { extension, type MiniServer, plain, tls13Only, vector24 } from './mini-server.ts';

const root = createCa({ now: Date.UTC(2031, 0, 1) });
const leaf = root.issue({ sans: ['dns:www.shop.example'] });
const stranger = root.issue({ sans: ['dns:www.shop.example'] });
const rsaLeaf = root.issue({ sans: ['dns:www.shop.example'], key: 'rsa2048' });
const chain = [leaf.der];
const NONE = new Uint8Array(0);

/** The honest beginning of TLS 1.3, then whatever else. */
const encrypted = (server: MiniServer, ...messages: Uint8Array[]): Uint8Array =>
  Buffer.concat([server.hello13(), server.seal(...messages)]);
/** The honest beginning up to and without CertificateVerify. */
const certified = (server: MiniServer): Uint8Array =>
  encrypted(server, server.encryptedExtensions(), server.certificate13(chain));

const TLS13: readonly Row[] = [
  ['wrong legacy_version', { reason: 'malformed-message' }, (server) => server.hello13({ version: 0x0304 })],
  [
    'a session id of its own',
    { reason: 'malformed-message' },
    (server) => server.hello13({ sessionId: Buffer.alloc(32) }),
  ],
  ['a suite of 1.2', { reason: 'unsupported-cipher' }, (server) => server.hello13({ suite: 0xc02b })],
  [
    'no key share',
    { reason: 'malformed-message', detail: 'key_share' },
    (server) => plain(server.hello({ extensions: [tls13Only] })),
  ],
  [
    'a share in another group',
    { reason: 'unsupported-group', detail: '0x17' },
    (server) =>
      plain(
        server.hello({
          extensions: [
            tls13Only,
            extension(EXTENSION.keyShare, Buffer.concat([u16(23), vector16(Buffer.alloc(65, 4))])),
          ],
        }),
      ),
  ],
  [
    'a share that is no point',
    { reason: 'bad-key-share' },
    (server) =>
      plain(
        server.hello({
          extensions: [tls13Only, extension(EXTENSION.keyShare, Buffer.concat([u16(29), vector16(Buffer.alloc(32))]))],
        }),
      ),
  ],
  [
    'data behind ServerHello in its record',
    { reason: 'unexpected-message' },
    (server) => plain(server.hello13().subarray(5), server.encryptedExtensions()),
  ],
  [
    'ServerHello after ServerHello',
    { reason: 'unexpected-message' },
    (server) => Buffer.concat([server.hello13(), plain(server.hello({ extensions: [tls13Only] }))]),
  ],
  [
    'ServerHello after ServerHello, encrypted',
    { reason: 'unexpected-message' },
    (server) => encrypted(server, server.hello({ extensions: [tls13Only] })),
  ],
  [
    'a record under other keys',
    { reason: 'bad-record' },
    (server) => Buffer.concat([server.hello13(), record(23, 0x0303, Buffer.alloc(50))]),
  ],
  [
    'a record shorter than its tag',
    { reason: 'bad-record' },
    (server) => Buffer.concat([server.hello13(), record(23, 0x0303, Buffer.alloc(3))]),
  ],
  [
    'a record of nothing but padding',
    { reason: 'malformed-record' },
    (server) => Buffer.concat([server.hello13(), server.sealContent(0, Buffer.alloc(9))]),
  ],
  [
    'an encrypted ChangeCipherSpec',
    { reason: 'malformed-record' },
    (server) => Buffer.concat([server.hello13(), server.sealContent(20, Uint8Array.of(1))]),
  ],
  [
    'ChangeCipherSpecs without end',
    { reason: 'flood', secondOpinion: false },
    (server) => Buffer.concat([server.hello13(), ...Array(9).fill(record(20, 0x0303, Uint8Array.of(1)))]),
  ],
  [
    'a ChangeCipherSpec of two',
    { reason: 'malformed-message' },
    (server) => Buffer.concat([server.hello13(), record(20, 0x0303, Uint8Array.of(2))]),
  ],
  [
    'application data',
    { reason: 'unexpected-message' },
    (server) => Buffer.concat([server.hello13(), server.sealContent(23, Buffer.from('hi'))]),
  ],
  [
    'empty encrypted records without end',
    { reason: 'flood', secondOpinion: false },
    (server) => Buffer.concat([server.hello13(), ...Array.from({ length: 40 }, () => server.sealContent(22, NONE))]),
  ],
  [
    'a ChangeCipherSpec inside a message',
    { reason: 'unexpected-message', detail: 'record of type 20 inside a message' },
    (server) =>
      Buffer.concat([
        server.hello13(),
        server.sealContent(22, server.encryptedExtensions().subarray(0, 3)),
        record(20, 0x0303, Uint8Array.of(1)),
      ]),
  ],
  [
    'no EncryptedExtensions',
    { reason: 'unexpected-message' },
    (server) => encrypted(server, server.certificate13(chain)),
  ],
  [
    'EncryptedExtensions cut short',
    { reason: 'malformed-message' },
    (server) => encrypted(server, handshakeMessage(MESSAGE.encryptedExtensions, Uint8Array.of(0, 9))),
  ],
  [
    'CertificateRequest cut short',
    { reason: 'malformed-message' },
    (server) =>
      encrypted(server, server.encryptedExtensions(), handshakeMessage(MESSAGE.certificateRequest, Uint8Array.of(5))),
  ],
  [
    'no certificate',
    { reason: 'no-certificate' },
    (server) => encrypted(server, server.encryptedExtensions(), server.certificate13([])),
  ],
  [
    'a certificate of no bytes',
    { reason: 'malformed-message' },
    (server) => encrypted(server, server.encryptedExtensions(), server.certificate13([NONE])),
  ],
  [
    'a certificate under a context',
    { reason: 'malformed-message' },
    (server) =>
      encrypted(
        server,
        server.encryptedExtensions(),
        handshakeMessage(MESSAGE.certificate, vector8(Uint8Array.of(1)), vector24(NONE)),
      ),
  ],
  [
    'a certificate longer than its list',
    { reason: 'malformed-message' },
    (server) =>
      encrypted(
        server,
        server.encryptedExtensions(),
        handshakeMessage(MESSAGE.certificate, Uint8Array.of(0), vector24(Uint8Array.of(0, 0, 200))),
      ),
  ],
  [
    'Finished for CertificateVerify (a resumption)',
    { reason: 'unexpected-message', chain: true },
    (server) => Buffer.concat([certified(server), server.seal(server.finished())]),
  ],
  [
    'a second Certificate',
    { reason: 'unexpected-message', chain: true },
    (server) => Buffer.concat([certified(server), server.seal(server.certificate13(chain))]),
  ],
  [
    'an alert under the keys',
    { reason: 'alert', detail: 'internal_error', chain: true },
    (server) => Buffer.concat([certified(server), server.sealContent(21, Uint8Array.of(2, 80))]),
  ],
  [
    'CertificateVerify cut short',
    { reason: 'malformed-message', chain: true },
    (server) =>
      Buffer.concat([certified(server), server.seal(handshakeMessage(MESSAGE.certificateVerify, u16(0x0403)))]),
  ],
  [
    'a forged CertificateVerify',
    { reason: 'key-not-proven', detail: 'CertificateVerify', secondOpinion: false, chain: true },
    (server) => Buffer.concat([certified(server), server.seal(server.certificateVerify(leaf, { tamper: true }))]),
  ],
  [
    "another key's CertificateVerify",
    { reason: 'key-not-proven', secondOpinion: false, chain: true },
    (server) => Buffer.concat([certified(server), server.seal(server.certificateVerify(stranger))]),
  ],
  [
    'a scheme of another kind of key',
    { reason: 'key-not-proven', secondOpinion: false, chain: true },
    (server) => Buffer.concat([certified(server), server.seal(server.certificateVerify(leaf, { scheme: 0x0804 }))]),
  ],
  [
    'a scheme of another curve',
    { reason: 'key-not-proven', secondOpinion: false, chain: true },
    (server) =>
      Buffer.concat([
        certified(server),
        server.seal(server.certificateVerify(leaf, { scheme: 0x0503, hash: 'sha384' })),
      ]),
  ],
  [
    'a scheme that 1.3 forbids',
    { reason: 'key-not-proven', secondOpinion: false, chain: true },
    (server) =>
      Buffer.concat([
        encrypted(server, server.encryptedExtensions(), server.certificate13([rsaLeaf.der])),
        server.seal(server.certificateVerify(rsaLeaf, { scheme: 0x0401 })),
      ]),
  ],
  [
    'a wrong Finished',
    { reason: 'bad-finished', chain: true },
    (server) =>
      Buffer.concat([
        certified(server),
        server.seal(server.certificateVerify(leaf)),
        server.seal(server.finished(true)),
      ]),
  ],
  [
    'close in front of Finished',
    { reason: 'closed', chain: true },
    (server) => Buffer.concat([certified(server), server.seal(server.certificateVerify(leaf))]),
  ],
];

describe('TLS 1.3', () => testFaults(TLS13));
