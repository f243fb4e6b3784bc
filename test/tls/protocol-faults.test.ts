/**
 * What a server can do wrong in a handshake, one row each: it comes to a failure with its reason, with the certificates
 * that had come by then, and with the right advice on asking another implementation.
 */
import { describe, expect, test } from 'vitest';
import { EXTENSION } from '../../src/tls/client-hello.ts';
import { MESSAGE } from '../../src/tls/messages.ts';
import { CONTENT, LONGEST_MESSAGE } from '../../src/tls/records.ts';
import { handshakeMessage, record, u16, vector8, vector16 } from '../../src/tls/wire.ts';
import { createCa } from '../support/pki/pki.ts';
import { failed, hex } from './dial.ts';
import {
  alertRecord,
  DONE,
  extension,
  type MiniServer,
  plain,
  RETRY_RANDOM,
  tls13Only,
  vector24,
} from './mini-server.ts';
import { run, type Script } from './script.ts';

const root = createCa({ now: Date.UTC(2031, 0, 1) });
const leaf = root.issue({ sans: ['dns:www.shop.example'] });
const stranger = root.issue({ sans: ['dns:www.shop.example'] });
const rsaLeaf = root.issue({ sans: ['dns:www.shop.example'], key: 'rsa2048' });
const chain = [leaf.der];
const NONE = new Uint8Array(0);
const CBC = 0xc009;

interface Expected {
  readonly reason: string;
  readonly detail?: unknown;
  readonly secondOpinion?: boolean;
  readonly chain?: boolean;
  readonly maxVersion?: 'TLSv1.2';
}
type Row = readonly [name: string, expected: Expected, script: Script];

/** The honest beginning of TLS 1.3, then whatever else. */
const encrypted = (server: MiniServer, ...messages: Uint8Array[]): Uint8Array =>
  Buffer.concat([server.hello13(), server.seal(...messages)]);
/** The honest beginning up to and without CertificateVerify. */
const certified = (server: MiniServer): Uint8Array =>
  encrypted(server, server.encryptedExtensions(), server.certificate13(chain));
const old = (server: MiniServer): Uint8Array => server.hello({ suite: CBC, sessionId: NONE });

const BEFORE_HELLO: readonly Row[] = [
  ['an alert', { reason: 'alert', detail: 'protocol_version', maxVersion: 'TLSv1.2' }, () => alertRecord(2, 70)],
  [
    'an alert of its own invention',
    { reason: 'alert', detail: 'alert_200', maxVersion: 'TLSv1.2' },
    () => alertRecord(2, 200),
  ],
  ['close_notify', { reason: 'closed', detail: 'close_notify', maxVersion: 'TLSv1.2' }, () => alertRecord(1, 0)],
  ['nothing', { reason: 'closed', maxVersion: 'TLSv1.2' }, () => NONE],
  [
    'warnings without end',
    { reason: 'alert', maxVersion: 'TLSv1.2' },
    () => Buffer.concat(Array(20).fill(alertRecord(1, 112))),
  ],
  [
    'an alert of three bytes',
    { reason: 'malformed-message' },
    () => record(CONTENT.alert, 0x0303, Uint8Array.of(2, 40, 0)),
  ],
  [
    'application data',
    { reason: 'unexpected-message' },
    () => record(CONTENT.applicationData, 0x0303, Buffer.from('hi')),
  ],
  [
    'a ChangeCipherSpec',
    { reason: 'unexpected-message' },
    () => record(CONTENT.changeCipherSpec, 0x0303, Uint8Array.of(1)),
  ],
  ['a certificate', { reason: 'unexpected-message' }, (server) => plain(server.certificate12(chain))],
  ['HelloRequests without end', { reason: 'unexpected-message' }, () => plain(...Array(30).fill(handshakeMessage(0)))],
  [
    'empty records without end',
    { reason: 'flood', secondOpinion: false },
    () => Buffer.concat(Array(40).fill(record(22, 0x0303, NONE))),
  ],
  ['a record that is too long', { reason: 'malformed-record' }, () => Buffer.from('160303ffff', 'hex')],
  [
    'a second record of no known type',
    { reason: 'malformed-record' },
    (server) => Buffer.concat([plain(server.hello({ suite: CBC }).subarray(0, 10)), Buffer.from('99030300')]),
  ],
  [
    'a message of 16 MB',
    { reason: 'too-large', secondOpinion: false },
    () => plain(Uint8Array.of(2, 0xff, 0xff, 0xff)),
  ],
  [
    'close in the middle of a message',
    { reason: 'closed' },
    (server) => plain(server.hello({ suite: CBC }).subarray(0, 20)),
  ],
  ['ServerHello cut short', { reason: 'malformed-message' }, () => plain(handshakeMessage(2, Buffer.alloc(20)))],
  [
    'an extension twice',
    { reason: 'malformed-message' },
    (server) => plain(server.hello({ extensions: [tls13Only, tls13Only] })),
  ],
  [
    'a cipher suite nobody offered',
    { reason: 'unsupported-cipher', detail: '0xabcd' },
    (server) => plain(server.hello({ suite: 0xabcd })),
  ],
  ['a suite of 1.3 for 1.2', { reason: 'unsupported-cipher' }, (server) => plain(server.hello({ suite: 0x1301 }))],
  [
    'a version from the future',
    { reason: 'unsupported-version' },
    (server) => plain(server.hello({ version: 0x0305 })),
  ],
  [
    'a draft of 1.3',
    { reason: 'unsupported-version' },
    (server) => plain(server.hello({ extensions: [extension(EXTENSION.supportedVersions, u16(0x7f1c))] })),
  ],
  ['compression', { reason: 'malformed-message' }, (server) => plain(server.hello({ suite: CBC, compression: 1 }))],
];

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

const RETRY: readonly Row[] = [
  [
    'twice',
    { reason: 'unexpected-message', detail: 'a second HelloRetryRequest' },
    (server, answer) => {
      server.clientHello(answer(server.retry(23))!);
      return server.retry(24);
    },
  ],
  [
    'into a group that was not offered',
    { reason: 'unsupported-group', detail: '0x11ec' },
    (server) => server.retry(0x11ec),
  ],
  ['into the group that it has', { reason: 'malformed-message' }, (server) => server.retry(29)],
  ['that asks for nothing', { reason: 'malformed-message' }, (server) => server.retry(undefined)],
  [
    'with a cookie cut short',
    { reason: 'malformed-message', detail: 'cookie' },
    (server) =>
      plain(
        server.hello({
          random: RETRY_RANDOM,
          extensions: [tls13Only, extension(EXTENSION.cookie, Uint8Array.of(0, 9))],
        }),
      ),
  ],
  ['with a suite of 1.2', { reason: 'unsupported-cipher' }, (server) => server.retry(23, { suite: 0xc02b })],
  [
    'then another suite',
    { reason: 'malformed-message' },
    (server, answer) => {
      server.clientHello(answer(server.retry(23, { suite: 0x1303 }))!);
      return server.hello13();
    },
  ],
  [
    'then TLS 1.2',
    { reason: 'unsupported-version' },
    (server, answer) => {
      server.clientHello(answer(server.retry(23))!);
      return server.flight12(leaf);
    },
  ],
];

const OLDER: readonly Row[] = [
  ['no certificate', { reason: 'no-certificate' }, (server) => plain(old(server), server.certificate12([]))],
  [
    'bytes behind the list',
    { reason: 'malformed-message' },
    (server) =>
      plain(old(server), handshakeMessage(MESSAGE.certificate, vector24(vector24(leaf.der)), Uint8Array.of(0))),
  ],
  ['ServerHelloDone for Certificate', { reason: 'unexpected-message' }, (server) => plain(old(server), DONE)],
  [
    'Certificate twice',
    { reason: 'unexpected-message', chain: true },
    (server) => plain(old(server), server.certificate12(chain), server.certificate12(chain)),
  ],
  [
    'no ServerKeyExchange',
    { reason: 'unexpected-message', chain: true },
    (server) => plain(old(server), server.certificate12(chain), DONE),
  ],
  [
    'ServerKeyExchange for RSA key exchange',
    { reason: 'unexpected-message', chain: true },
    (server) => plain(server.hello({ suite: 0x002f }), server.certificate12(chain), server.serverKeyExchange(leaf)),
  ],
  [
    'explicit curves',
    { reason: 'malformed-message', chain: true },
    (server) =>
      plain(
        old(server),
        server.certificate12(chain),
        handshakeMessage(MESSAGE.serverKeyExchange, Uint8Array.of(1, 0, 0)),
      ),
  ],
  [
    'a forged ServerKeyExchange',
    { reason: 'key-not-proven', detail: 'ServerKeyExchange', secondOpinion: false, chain: true },
    (server) => server.flight12(leaf, { tamper: true }),
  ],
  [
    'the same below 1.2',
    { reason: 'key-not-proven', secondOpinion: false, chain: true },
    (server) => server.flight12(leaf, { version: 0x0301, scheme: null, hash: 'sha1', tamper: true }),
  ],
  [
    'a point that is none',
    { reason: 'bad-key-share', chain: true },
    (server) =>
      plain(
        server.hello({ suite: 0xc02b }),
        server.certificate12(chain),
        server.serverKeyExchange(leaf, { point: Buffer.alloc(32) }),
        DONE,
      ),
  ],
  [
    'ServerHelloDone with a body',
    { reason: 'malformed-message', chain: true },
    (server) =>
      plain(
        old(server),
        server.certificate12(chain),
        server.serverKeyExchange(leaf),
        handshakeMessage(MESSAGE.serverHelloDone, Uint8Array.of(1)),
      ),
  ],
  [
    'ChangeCipherSpec too early',
    { reason: 'unexpected-message', chain: true },
    (server) => Buffer.concat([plain(old(server), server.certificate12(chain)), record(20, 0x0303, Uint8Array.of(1))]),
  ],
  [
    'Finished in the clear',
    { reason: 'unexpected-message', chain: true },
    (server) =>
      plain(server.flight12(leaf, { suite: 0xc02b }).subarray(5), handshakeMessage(MESSAGE.finished, Buffer.alloc(12))),
  ],
  [
    'a Finished that does not authenticate',
    { reason: 'bad-record', chain: true },
    (server) =>
      Buffer.concat([
        server.flight12(leaf, { suite: 0xc02b }),
        record(20, 0x0303, Uint8Array.of(1)),
        record(22, 0x0303, Buffer.alloc(40)),
      ]),
  ],
  [
    'an alert for the Finished',
    { reason: 'alert', detail: 'decrypt_error', chain: true },
    (server) => Buffer.concat([server.flight12(leaf, { suite: 0xc02b }), alertRecord(2, 51)]),
  ],
  [
    'an alert inside a message',
    { reason: 'alert', detail: 'internal_error' },
    (server) => Buffer.concat([plain(old(server).subarray(0, 9)), alertRecord(2, 80)]),
  ],
];

describe.each([
  ['in front of ServerHello', BEFORE_HELLO],
  ['TLS 1.3', TLS13],
  ['HelloRetryRequest', RETRY],
  ['TLS 1.2 and below', OLDER],
] as const)('%s', (_, rows) => {
  test.each(rows)('%s', (_name, expected, script) => {
    const { outcome, sent } = run(script);
    const { failure, secondOpinion, secondOpinionMaxVersion } = failed(outcome);
    expect(failure).toMatchObject({ code: 'handshake-failed', phase: 'handshake', reason: expected.reason });
    if (expected.detail !== undefined) expect(failure.detail).toBe(expected.detail);
    expect(secondOpinion).toBe(expected.secondOpinion ?? true);
    if (expected.maxVersion) expect(secondOpinionMaxVersion).toBe(expected.maxVersion);
    if (expected.chain) expect(failed(outcome).chain).toHaveLength(1);
    else expect(failed(outcome).chain).toBeUndefined();
    expect(sent.length).toBeLessThan(3);
  });
});

test('a chain of ten thousand certificates is cut off by number, one of a megabyte by size', () => {
  const tiny = Buffer.from('3000', 'hex');
  const many = run((server) => records(Buffer.concat([old(server), server.certificate12(Array(10_000).fill(tiny))])));
  expect(failed(many.outcome)).toMatchObject({ failure: { reason: 'too-large' }, secondOpinion: false });
  const large = run((server) =>
    records(Buffer.concat([old(server), server.certificate12([Buffer.alloc(LONGEST_MESSAGE)])])),
  );
  expect(failed(large.outcome)).toMatchObject({ failure: { reason: 'too-large' }, secondOpinion: false });
});

test('a thousand certificates are read', () => {
  const all = [leaf.der, ...Array.from({ length: 999 }, () => Buffer.from('3000', 'hex'))];
  const { outcome } = run((server) =>
    records(Buffer.concat([old(server), server.certificate12(all), server.serverKeyExchange(leaf), DONE])),
  );
  expect(outcome.kind).toBe('presented');
  expect(hex(outcome.chain)).toEqual(hex(all));
});

/** Messages in records of 16 kB. */
function records(messages: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < messages.length; at += 16_384)
    parts.push(record(22, 0x0303, messages.subarray(at, at + 16_384)));
  return Buffer.concat(parts);
}
