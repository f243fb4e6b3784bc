/**
 * What a server of TLS 1.2 and below can do wrong, one row each; and chains that are too much.
 */
import { describe, expect, test } from 'vitest';
import { MESSAGE } from '../../src/tls/messages.ts';
import { LONGEST_MESSAGE } from '../../src/tls/records.ts';
import { handshakeMessage, record } from '../../src/tls/wire.ts';
import { createCa } from '../support/pki/pki.ts';
import { failed, hex } from './dial.ts';
import { type Row, testFaults } from './faults.ts';
import { alertRecord, DONE, type MiniServer, plain, vector24 } from './mini-server.ts';
import { run } from './script.ts';

const root = createCa({ now: Date.UTC(2031, 0, 1) });
const leaf = root.issue({ sans: ['dns:www.shop.example'] });
const chain = [leaf.der];
const NONE = new Uint8Array(0);
const CBC = 0xc009;

const old = (server: MiniServer): Uint8Array => server.hello({ suite: CBC, sessionId: NONE });

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
    'a Finished that is wrong under the right keys',
    { reason: 'bad-finished', chain: true },
    (server, answer) => server.finish12(answer(server.flight12(leaf, { suite: 0xc02b }))!, { tamper: true }),
  ],
  [
    'HelloRequests without end',
    { reason: 'unexpected-message', detail: 'HelloRequest', chain: true },
    (server) => plain(old(server), server.certificate12(chain), ...Array(30).fill(handshakeMessage(0))),
  ],
  [
    'session tickets without end',
    { reason: 'flood', secondOpinion: false, chain: true },
    (server, answer) => {
      answer(server.flight12(leaf, { suite: 0xc02b }));
      const ticket = plain(handshakeMessage(MESSAGE.newSessionTicket, Buffer.alloc(16_000)));
      return Buffer.concat(Array(300).fill(ticket));
    },
  ],
  [
    'a certificate in more records than anybody needs',
    { reason: 'flood', secondOpinion: false },
    (server) => {
      const message = server.certificate12([Buffer.alloc(30_000)]);
      const bytes = Array.from(message, (byte) => record(22, 0x0303, Uint8Array.of(byte)));
      return Buffer.concat([plain(old(server)), ...bytes]);
    },
  ],
  [
    'an alert inside a message',
    { reason: 'alert', detail: 'internal_error' },
    (server) => Buffer.concat([plain(old(server).subarray(0, 9)), alertRecord(2, 80)]),
  ],
];

describe('TLS 1.2 and below', () => testFaults(OLDER));

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
