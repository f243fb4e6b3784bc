/**
 * The ClientHello's shape: what is in it, in what order, and how long it is.
 */
import { describe, expect, test } from 'vitest';
import { clientHello, EXTENSION } from '../../src/tls/client-hello.ts';
import { parseExtensions } from '../../src/tls/messages.ts';
import { Cursor } from '../../src/tls/wire.ts';

function parse(message: Uint8Array) {
  const cursor = new Cursor(message);
  expect([cursor.u8(), cursor.u24()]).toEqual([1, message.length - 4]);
  const version = cursor.u16();
  const random = cursor.take(32);
  const sessionId = cursor.vector8();
  const suites = cursor.vector16();
  const compression = cursor.vector8();
  const extensions = parseExtensions(cursor.vector16())!;
  expect(cursor.complete).toBe(true);
  return { version, random, sessionId, suites, compression, extensions };
}

test("extensions come in OpenSSL's order", () => {
  const { message } = clientHello({ servername: 'www.shop.example', alpn: ['h2'] });
  const { version, suites, compression, extensions } = parse(message);
  expect(version).toBe(0x0303);
  expect([...compression]).toEqual([0]);
  expect(Buffer.from(suites).toString('hex')).toMatch(/^130213031301.*00ff$/);
  expect([...extensions.keys()]).toEqual([
    EXTENSION.serverName,
    EXTENSION.pointFormats,
    EXTENSION.supportedGroups,
    EXTENSION.sessionTicket,
    EXTENSION.statusRequest,
    EXTENSION.alpn,
    EXTENSION.encryptThenMac,
    EXTENSION.extendedMasterSecret,
    EXTENSION.signatureAlgorithms,
    EXTENSION.supportedVersions,
    EXTENSION.pskKeyExchangeModes,
    EXTENSION.keyShare,
    EXTENSION.padding,
  ]);
});

test('no suite is offered twice', () => {
  const suites = Buffer.from(parse(clientHello({}).message).suites);
  const ids = Array.from({ length: suites.length / 2 }, (_, i) => suites.readUInt16BE(2 * i));
  expect(new Set(ids).size).toBe(ids.length);
});

test('random and session id are fresh each time; the key share is the process’s own', () => {
  const [one, two] = [parse(clientHello({}).message), parse(clientHello({}).message)];
  expect(one.random).not.toEqual(two.random);
  expect(one.sessionId).not.toEqual(two.sessionId);
  expect(one.extensions.get(EXTENSION.keyShare)).toEqual(two.extensions.get(EXTENSION.keyShare));
});

test('a hello that would be 256 to 511 bytes long is 512: some load balancers hang on those', () => {
  for (let length = 1; length <= 253; length++) {
    const { message } = clientHello({ servername: 'a'.repeat(length) });
    expect(message.length < 256 || message.length >= 512).toBe(true);
    parse(message);
  }
});

describe('server_name', () => {
  test.each([
    ['www.shop.example', 'www.shop.example'],
    ['www.shop.example.', 'www.shop.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['localhost', 'localhost'],
    ['192.0.2.1', undefined],
    ['2001:db8::1', undefined],
    ['', undefined],
    ['bücher.example', undefined],
    ['a b', undefined],
    ['a'.repeat(256), undefined],
  ])('%s', (servername, sent) => {
    const body = parse(clientHello({ servername }).message).extensions.get(EXTENSION.serverName);
    const list = body && new Cursor(new Cursor(body).vector16());
    expect(list?.u8()).toBe(sent === undefined ? undefined : 0);
    expect(list && Buffer.from(list.vector16()).toString()).toBe(sent);
  });
});
