/**
 * The handshake without sockets: what an honest server's flight comes to in every shape that the protocol allows, and what
 * each breach of it comes to.
 */
import { describe, expect, test } from 'vitest';
import { EXTENSION } from '../../src/tls/client-hello.ts';
import { MESSAGE } from '../../src/tls/messages.ts';
import { CONTENT } from '../../src/tls/records.ts';
import { Cursor, handshakeMessage, record, u16, vector8, vector16 } from '../../src/tls/wire.ts';
import { createCa } from '../support/pki/pki.ts';
import { failed, hex, presented } from './dial.ts';
import { alertRecord, DONE, extension, plain, vector24 } from './mini-server.ts';
import { recordTypes, run, type Script } from './script.ts';

const root = createCa({ now: Date.UTC(2031, 0, 1) });
const leaf = root.issueCa({ subject: 'CN=Test Intermediate' }).issue({ sans: ['dns:www.shop.example'] });
const rsaLeaf = root.issue({ sans: ['dns:www.shop.example'], key: 'rsa2048' });
const chain = leaf.chain.map((each) => each.der);
const NONE = new Uint8Array(0);

describe('TLS 1.3', () => {
  const honest: Record<string, Script> = {
    'one flight': (server) => server.flight13(leaf),
    'every message in a record of its own': (server) => {
      const parts = [
        server.hello13(),
        server.seal(server.encryptedExtensions()),
        server.seal(server.certificate13(chain)),
      ];
      parts.push(server.seal(server.certificateVerify(leaf)));
      return Buffer.concat([...parts, server.seal(server.finished())]);
    },
    'a message over many records': (server) => {
      const parts = [server.hello13(), server.seal(server.encryptedExtensions())];
      const message = server.certificate13(chain);
      server.transcript.add(message);
      for (let at = 0; at < message.length; at += 7) {
        parts.push(server.sealContent(CONTENT.handshake, message.subarray(at, at + 7)));
      }
      parts.push(server.seal(server.certificateVerify(leaf)));
      return Buffer.concat([...parts, server.seal(server.finished())]);
    },
    'padded records': (server) => {
      const parts = [server.hello13()];
      const add = (message: Uint8Array) => {
        server.transcript.add(message);
        parts.push(server.sealContent(CONTENT.handshake, message, 300));
      };
      add(server.encryptedExtensions());
      add(server.certificate13(chain));
      add(server.certificateVerify(leaf));
      add(server.finished());
      return Buffer.concat(parts);
    },
    'ChangeCipherSpec for middleboxes, and a few empty records': (server) => {
      const flight = server.flight13(leaf);
      const hello = 5 + Buffer.from(flight).readUInt16BE(3);
      const between = [
        record(CONTENT.changeCipherSpec, 0x0303, Uint8Array.of(1)),
        record(CONTENT.handshake, 0x0303, NONE),
      ];
      // An empty record in the clear may only stand in front of the keys.
      return Buffer.concat([between[1]!, flight.subarray(0, hello), between[0]!, flight.subarray(hello)]);
    },
    'a warning in front: unrecognized_name': (server) => Buffer.concat([alertRecord(1, 112), server.flight13(leaf)]),
    'SHA-384': (server) => {
      const parts = [server.hello13({ suite: 0x1302 }), server.seal(server.encryptedExtensions())];
      parts.push(server.seal(server.certificate13(chain)));
      parts.push(server.seal(server.certificateVerify(leaf)));
      return Buffer.concat([...parts, server.seal(server.finished())]);
    },
  };
  test.each(Object.entries(honest))('%s', (_, script) => {
    const { outcome } = run(script);
    expect(hex(presented(outcome).chain)).toEqual(hex(chain));
    expect(outcome).toMatchObject({ tlsVersion: 'TLSv1.3', possession: { kind: 'proven' } });
  });

  test('says goodbye in one write: ChangeCipherSpec, Finished, close_notify', () => {
    const { sent } = run((server) => server.flight13(leaf));
    expect(sent.map(recordTypes)).toEqual([[20, 23, 23]]);
  });

  test('a wanted client certificate is answered with none, under the same context', () => {
    const { outcome, sent } = run((server) => {
      const request = server.certificateRequest(Uint8Array.of(1, 2, 3));
      const parts = [server.hello13(), server.seal(server.encryptedExtensions(), request, server.certificate13(chain))];
      parts.push(server.seal(server.certificateVerify(leaf)));
      return Buffer.concat([...parts, server.seal(server.finished())]);
    });
    expect(presented(outcome).possession).toEqual({ kind: 'proven' });
    // Header, Certificate (4 + 1 + 3 + 3), Finished (4 + 32), type and tag.
    expect(Buffer.from(sent[0]!).readUInt16BE(6 + 3)).toBe(11 + 36 + 17);
  });

  test('ALPN and a stapled OCSP response', () => {
    const staple = Buffer.from('3003020100', 'hex');
    const { outcome } = run((server) => {
      const alpn = extension(EXTENSION.alpn, vector16(vector8(Buffer.from('h2'))));
      const parts = [
        server.hello13(),
        server.seal(server.encryptedExtensions(alpn), server.certificate13(chain, staple)),
      ];
      parts.push(server.seal(server.certificateVerify(leaf)));
      return Buffer.concat([...parts, server.seal(server.finished())]);
    });
    expect(presented(outcome).alpn).toBe('h2');
    expect(hex([presented(outcome).ocspStaple!])).toEqual(hex([staple]));
  });

  test('HelloRetryRequest: the second hello has the wanted share, hands the cookie back and changes nothing else', () => {
    const cookie = Buffer.from('a cookie');
    let extensions: ReadonlyMap<number, Uint8Array> = new Map();
    let before: ReadonlyMap<number, Uint8Array> = new Map();
    const { outcome } = run((server, answer) => {
      before = server.extensions;
      server.clientHello(answer(server.retry(23, { cookie }))!);
      extensions = server.extensions;
      // OpenSSL sends its ChangeCipherSpec here, in front of the ServerHello.
      return Buffer.concat([record(CONTENT.changeCipherSpec, 0x0303, Uint8Array.of(1)), server.flight13(leaf)]);
    });
    expect(hex(presented(outcome).chain)).toEqual(hex(chain));
    expect(new Cursor(extensions.get(EXTENSION.cookie)!).vector16()).toEqual(cookie);
    const share = new Cursor(new Cursor(extensions.get(EXTENSION.keyShare)!).vector16());
    expect([share.u16(), share.vector16().length, share.remaining]).toEqual([23, 65, 0]);
    const changed = new Set<number>([EXTENSION.cookie, EXTENSION.keyShare, EXTENSION.padding]);
    for (const [type, body] of before) if (!changed.has(type)) expect(extensions.get(type)).toEqual(body);
  });

  test('HelloRetryRequest with a cookie only keeps the share', () => {
    const { outcome } = run((server, answer) => {
      server.clientHello(answer(server.retry(undefined, { cookie: Buffer.from('again') }))!);
      return server.flight13(leaf);
    });
    expect(presented(outcome).possession).toEqual({ kind: 'proven' });
  });
});

describe('TLS 1.2 and below', () => {
  const CBC = 0xc009;
  test.each([
    ['TLSv1.2', { version: 0x0303, suite: CBC }, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'],
    ['TLSv1.1', { version: 0x0302, suite: CBC, scheme: null, hash: 'sha1' }, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'],
    ['TLSv1', { version: 0x0301, suite: 0xc007, scheme: null, hash: 'sha1' }, 'TLS_ECDHE_ECDSA_WITH_RC4_128_SHA'],
    ['SSLv3', { version: 0x0300, suite: 0xc008, scheme: null, hash: 'sha1' }, 'TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA'],
  ] as const)('%s is read and left by user_canceled and close_notify', (tlsVersion, options, cipherSuite) => {
    const { outcome, sent } = run((server) => server.flight12(leaf, options));
    expect(hex(presented(outcome).chain)).toEqual(hex(chain));
    expect(outcome).toMatchObject({ tlsVersion, cipherSuite, possession: { kind: 'proven' } });
    const version = options.version.toString(16).padStart(4, '0');
    expect(hex(sent)).toEqual([`15${version}0002015a15${version}00020100`]);
  });

  test('one byte a record', () => {
    const { outcome } = run((server) => {
      const content = server.flight12(leaf).subarray(5);
      const records = Array.from(content, (byte) => record(CONTENT.handshake, 0x0303, Uint8Array.of(byte)));
      return Buffer.concat(records);
    });
    expect(hex(presented(outcome).chain)).toEqual(hex(chain));
  });

  test('RSA key exchange shows no possession', () => {
    const { outcome } = run((server) => {
      const hello = server.hello({ suite: 0x0035, sessionId: NONE });
      return plain(hello, server.certificate12([rsaLeaf.der]), DONE);
    });
    expect(presented(outcome).possession).toEqual({ kind: 'not-shown', reason: 'rsa-key-exchange' });
  });

  test('a leaf that is no certificate is shown all the same', () => {
    const junk = Buffer.from('not a certificate');
    const { outcome } = run((server) =>
      plain(server.hello({ suite: CBC }), server.certificate12([junk]), server.serverKeyExchange(leaf), DONE),
    );
    expect(hex(presented(outcome).chain)).toEqual(hex([junk]));
    expect(presented(outcome).possession).toEqual({ kind: 'not-shown', reason: 'unreadable-key' });
  });

  test('CertificateStatus, CertificateRequest and HelloRequest are taken in stride', () => {
    const staple = Buffer.from('3003020100', 'hex');
    const { outcome } = run((server) =>
      plain(
        handshakeMessage(MESSAGE.helloRequest),
        server.hello({ suite: CBC, extensions: [extension(EXTENSION.statusRequest, NONE)] }),
        server.certificate12(chain),
        handshakeMessage(MESSAGE.certificateStatus, Uint8Array.of(1), vector24(staple)),
        server.serverKeyExchange(leaf),
        handshakeMessage(MESSAGE.certificateRequest, Uint8Array.of(1, 64), vector16(u16(0x0403)), vector16(NONE)),
        handshakeMessage(MESSAGE.helloRequest),
        DONE,
      ),
    );
    expect(hex([presented(outcome).ocspStaple!])).toEqual(hex([staple]));
  });

  test('with ECDHE and an AEAD the handshake is completed, then left by an encrypted close_notify', () => {
    const { outcome, sent } = run((server, answer) =>
      server.finish12(answer(server.flight12(leaf, { suite: 0xc02b }))!),
    );
    expect(hex(presented(outcome).chain)).toEqual(hex(chain));
    expect(sent.map(recordTypes)).toEqual([[22, 20, 22], [21]]);
  });

  test('behind the Finished, a server that wanted a client certificate may hang up', () => {
    const { outcome, sent } = run((server) =>
      plain(
        server.hello({ suite: 0xc02b }),
        server.certificate12(chain),
        server.serverKeyExchange(leaf),
        handshakeMessage(MESSAGE.certificateRequest, Uint8Array.of(1, 64), vector16(u16(0x0403)), vector16(NONE)),
        DONE,
      ),
    );
    expect(sent.map(recordTypes)).toEqual([[22, 20, 22]]);
    expect(presented(outcome).possession).toEqual({ kind: 'proven' });
  });

  test('one that did not may not: the chain is kept, and another implementation is asked', () => {
    const { outcome } = run((server) => server.flight12(leaf, { suite: 0xc02b }));
    expect(failed(outcome)).toMatchObject({ failure: { reason: 'closed' }, secondOpinion: true });
    expect(hex(failed(outcome).chain)).toEqual(hex(chain));
  });
});
