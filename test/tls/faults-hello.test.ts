/**
 * What a server can do wrong in front of ServerHello, in it, and in HelloRetryRequest, one row each.
 */
import { describe } from 'vitest';
import { EXTENSION } from '../../src/tls/client-hello.ts';
import { CONTENT } from '../../src/tls/records.ts';
import { handshakeMessage, record, u16 } from '../../src/tls/wire.ts';
import { createCa } from '../support/pki/pki.ts';
import { type Row, testFaults } from './faults.ts';
import { alertRecord, extension, plain, RETRY_RANDOM, tls13Only } from './mini-server.ts';

const root = createCa({ now: Date.UTC(2031, 0, 1) });
const leaf = root.issue({ sans: ['dns:www.shop.example'] });
const chain = [leaf.der];
const NONE = new Uint8Array(0);
const CBC = 0xc009;

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
    { reason: 'malformed-message', detail: 'ServerHello' },
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

describe('in front of ServerHello, and in it', () => testFaults(BEFORE_HELLO));
describe('HelloRetryRequest', () => testFaults(RETRY));
