/**
 * The second opinion speaks the same words as the first, for real servers and for those that misbehave.
 */
import { describe, expect, test } from 'vitest';
import { Deadline } from '../../src/time/deadline.ts';
import { readChainWithNodeTls } from '../../src/tls/second-opinion.ts';
import { createCa } from '../support/pki/pki.ts';
import { closingServer, foreignServer, resetServer, silentServer } from '../support/servers/misbehaving.ts';
import { serve, type TestServer } from '../support/servers/server.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { dial, failed, hex, presented, read, readWithNodeTls } from './dial.ts';
import { alertRecord, MiniServer } from './mini-server.ts';

const root = createCa({ now: Date.UTC(2031, 0, 1) });
const intermediate = root.issueCa({ subject: 'CN=Test Intermediate' });
const leaf = intermediate.issue({ sans: ['dns:www.shop.example'] });
const rsaLeaf = intermediate.issue({ sans: ['dns:www.shop.example'], key: 'rsa2048' });

test.each(['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1'] as const)('%s: the same as the first opinion', async (version) => {
  const legacy = version === 'TLSv1.1' || version === 'TLSv1';
  await using server = await tlsServer({ leaf, version, legacy, tls: { ALPNProtocols: ['h2'] } });
  const second = presented(await readWithNodeTls(server.port, { alpn: ['h2'] }));
  expect(second).toEqual(presented(await read(server.port, { alpn: ['h2'] })));
  expect(second).toMatchObject({ tlsVersion: version, alpn: 'h2' });
  await server.idle();
  // Below 1.2 the first opinion cancels the handshake once it has read what it wants, and the server says so.
  expect(server.errors).toHaveLength(legacy ? 1 : 0);
});

test('a chain in disorder comes as it was sent, extras and duplicates too', async () => {
  const extra = createCa({ now: Date.UTC(2031, 0, 1), subject: 'CN=Someone Else' }).certificate;
  const sent = [leaf, root.certificate, extra, intermediate.certificate, extra];
  await using server = await tlsServer({ leaf, chain: sent });
  const outcome = presented(await readWithNodeTls(server.port));
  expect(hex(outcome.chain)).toEqual(hex(sent.map((each) => each.der)));
});

test('RSA key exchange, completed, proves the key', async () => {
  await using server = await tlsServer({ leaf: rsaLeaf, version: 'TLSv1.2', tls: { ciphers: 'AES128-SHA' } });
  const outcome = presented(await readWithNodeTls(server.port));
  expect(outcome).toMatchObject({ cipherSuite: 'TLS_RSA_WITH_AES_128_CBC_SHA', possession: { kind: 'proven' } });
});

test('a server that cannot serve its key at 1.3 is read at what the first opinion advises', async () => {
  const device = root.issue({ sans: ['dns:www.shop.example'], key: 'rsa512' });
  await using server = await tlsServer({ leaf: device, legacy: true });
  const first = failed(await read(server.port));
  expect(first).toMatchObject({ failure: { reason: 'alert', detail: 'handshake_failure' }, secondOpinion: true });
  expect(first.secondOpinionMaxVersion).toBe('TLSv1.2');
  const outcome = presented(await readWithNodeTls(server.port, { maxVersion: first.secondOpinionMaxVersion! }));
  expect(hex(outcome.chain)).toEqual(hex([device.der]));
});

test('a server from before RFC 5746 (no renegotiation_info) is not refused for that', async () => {
  await using server = await serve((socket) => {
    socket.once('data', (hello) => socket.end(new MiniServer(hello).flight12(leaf)));
  });
  expect(failed(await readWithNodeTls(server.port)).failure.reason).toBe('closed');
});

test('a socket that fails while node:tls is being loaded', async () => {
  await using server = await silentServer();
  const socket = await dial(server.port);
  const reading = readChainWithNodeTls(socket, { deadline: Deadline.none() });
  socket.destroy(new Error('gone'));
  expect(failed(await reading).failure.reason).toBe('closed');
});

describe('failures', () => {
  type Row = readonly [name: string, start: () => Promise<TestServer>, failure: object];
  const rows: readonly Row[] = [
    ['closed', () => closingServer('data'), { code: 'handshake-failed', reason: 'closed' }],
    ['reset', () => resetServer('data'), { code: 'handshake-failed', reason: 'reset' }],
    [
      'an alert',
      () => serve((socket) => void socket.once('data', () => socket.end(alertRecord(2, 112)))),
      { code: 'handshake-failed', reason: 'alert', detail: 'unrecognized_name' },
    ],
    [
      'an alert of old',
      () => serve((socket) => void socket.once('data', () => socket.end(alertRecord(2, 40)))),
      { code: 'handshake-failed', reason: 'alert', detail: 'handshake_failure' },
    ],
    [
      'an alert of 1.3',
      () => serve((socket) => void socket.once('data', () => socket.end(alertRecord(2, 70)))),
      { code: 'handshake-failed', reason: 'alert', detail: 'protocol_version' },
    ],
    [
      'plaintext',
      () => foreignServer('http'),
      { code: 'handshake-failed', reason: 'tls-error', detail: 'wrong version number' },
    ],
  ];
  test.each(rows)('%s', async (_, start, failure) => {
    await using server = await start();
    const outcome = failed(await readWithNodeTls(server.port));
    expect(outcome).toMatchObject({ failure: { phase: 'handshake', ...failure }, secondOpinion: false });
  });

  test('silence, until the deadline', async () => {
    await using server = await silentServer();
    const outcome = failed(await readWithNodeTls(server.port, { timeoutMs: 50 }));
    expect(outcome).toMatchObject({ failure: { code: 'timeout', phase: 'handshake' }, secondOpinion: false });
  });
});
