/**
 * Reading over real connections that misbehave below TLS: the deadline holds, the outcome says what it was, and nothing is
 * left on the socket.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Deadline } from '../../src/time/deadline.ts';
import { readChain } from '../../src/tls/read-chain.ts';
import { createCa } from '../support/pki/pki.ts';
import {
  closingServer,
  deafServer,
  drippingServer,
  floodingServer,
  foreignServer,
  halfClosedServer,
  resetServer,
  silentServer,
} from '../support/servers/misbehaving.ts';
import { listen, serve, type TestServer } from '../support/servers/server.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { dial, failed, hex, presented, read } from './dial.ts';
import { MiniServer } from './mini-server.ts';

const root = createCa({ now: Date.UTC(2031, 0, 1) });
const leaf = root.issueCa({ subject: 'CN=Test Intermediate' }).issue({ sans: ['dns:www.shop.example'] });
const chain = leaf.chain.map((each) => each.der);

type Row = readonly [name: string, server: () => Promise<TestServer>, failure: object, secondOpinion: boolean];
const handshakeFailed = (reason: string, detail?: unknown) => ({
  code: 'handshake-failed',
  reason,
  ...(detail ? { detail } : {}),
});

describe('a deadline ends', () => {
  const NO_ANSWER = { code: 'timeout', reason: 'no-answer' };
  const STALLED = { code: 'timeout', reason: 'stalled' };
  const halfAnAlert = () => serve((socket) => void socket.write(Buffer.from('150303000202', 'hex')));
  const emptyRecords = () => drippingServer({ everyMs: 1, bytes: Buffer.from('1603030000', 'hex') });
  const prompt = () => drippingServer({ everyMs: 1, bytes: Buffer.from('login: ') });
  const text = handshakeFailed('plaintext-answer', expect.stringMatching(/^not TLS: login: /));
  /** The last column: after so many bytes from the server. */
  test.each([
    ['silence', silentServer, NO_ANSWER, 0],
    ['a peer that does not even read', deafServer, NO_ANSWER, 0],
    ['a record that never gets whole', () => drippingServer({ everyMs: 1 }), STALLED, 20],
    ['an alert of which half comes', halfAnAlert, STALLED, 6],
    ['text that never ends its line', prompt, text, 10],
    ['empty records, dripped', emptyRecords, STALLED, 50],
  ] as const)('%s', async (_, start, failure, bytes) => {
    await using server = await start();
    const socket = await dial(server.port);
    const deadline = Deadline.none();
    const reading = readChain(socket, { deadline });
    const check = () => socket.bytesRead >= bytes && setImmediate(() => deadline.expire());
    socket.on('data', check);
    check();
    expect(await reading).toMatchObject({
      kind: 'failed',
      failure: { phase: 'handshake', ...failure },
      secondOpinion: false,
    });
    expect(socket.destroyed).toBe(true);
  });
});

describe('without waiting for the deadline', () => {
  const rows: readonly Row[] = [
    ['reset at the start', () => resetServer('data'), handshakeFailed('reset'), true],
    ['reset in the middle', () => resetServer('half-answer'), handshakeFailed('reset'), true],
    ['closed', () => closingServer('data'), handshakeFailed('closed'), true],
    ['half-closed for ever', halfClosedServer, handshakeFailed('closed'), true],
    ['empty records', () => floodingServer(Buffer.from('1603030000', 'hex')), handshakeFailed('flood'), false],
    [
      'warnings',
      () => floodingServer(Buffer.from('15030300020170', 'hex')),
      handshakeFailed('alert', 'unrecognized_name'),
      true,
    ],
    ['zeros', () => floodingServer(Buffer.alloc(100)), handshakeFailed('plaintext-answer'), false],
    ['HTTP', () => foreignServer('http'), handshakeFailed('plaintext-answer', 'HTTP: HTTP/1.1 400 Bad Request'), false],
    [
      'SSH',
      () => foreignServer('ssh'),
      handshakeFailed('plaintext-answer', 'SSH: SSH-2.0-OpenSSH_9.2p1 Debian-2'),
      false,
    ],
    ['SMTP', () => foreignServer('smtp'), handshakeFailed('plaintext-answer', 'SMTP: 220 mail.example ESMTP'), false],
    ['IMAP', () => foreignServer('imap'), handshakeFailed('plaintext-answer', 'IMAP: * OK IMAP4rev1 ready'), false],
    ['POP3', () => foreignServer('pop3'), handshakeFailed('plaintext-answer', 'POP3: +OK POP3 ready'), false],
    ['MySQL', () => foreignServer('mysql'), handshakeFailed('plaintext-answer', 'MySQL'), false],
    ['SSLv2', () => foreignServer('sslv2'), handshakeFailed('plaintext-answer', 'SSLv2'), false],
  ];
  test.each(rows)('%s', async (_, start, failure, secondOpinion) => {
    await using server = await start();
    const outcome = failed(await read(server.port));
    expect(outcome).toMatchObject({ failure: { phase: 'handshake', ...failure }, secondOpinion });
  });
});

/** A server of one scripted flight, sent as `send` likes. */
const scripted = (send: (flight: Uint8Array, socket: Socket) => void): Promise<TestServer> =>
  serve((socket) => {
    socket.once('data', (hello) => send(new MiniServer(hello).flight13(leaf), socket));
    socket.on('data', () => {}).on('end', () => socket.end());
  });

/** As fast as segments go out, where `drip` takes a timer's tick for each. */
function byteByByte(socket: Socket, bytes: Uint8Array, at = 0): void {
  socket.setNoDelay(true);
  socket.write(bytes.subarray(at, at + 1));
  if (at + 1 < bytes.length) setImmediate(() => byteByByte(socket, bytes, at + 1));
}

test('a flight of one byte a segment', async () => {
  await using server = await scripted((flight, socket) => byteByByte(socket, flight));
  expect(hex(presented(await read(server.port)).chain)).toEqual(hex(chain));
  await server.idle();
});

test('data without end behind the handshake is not listened to', async () => {
  await using server = await scripted((flight, socket) => {
    socket.write(flight);
    const pour = () => {
      while (socket.writable && socket.write(Buffer.alloc(16_384)));
    };
    socket.on('drain', pour);
    pour();
  });
  const socket = await dial(server.port);
  presented(await readChain(socket, { deadline: Deadline.none() }));
  if (!socket.closed) await once(socket, 'close');
  expect(socket.bytesRead).toBeLessThan(1_000_000);
});

test('a peer that never closes is left behind', async () => {
  const halfOpen = createServer({ allowHalfOpen: true }, (socket) => {
    socket.once('data', (hello) => socket.write(new MiniServer(hello).flight13(leaf)));
  });
  await using server = await listen(halfOpen);
  // Resolves once the socket is closed.
  presented(await read(server.port));
  expect(server.open).toBe(1);
});

test('the server sees a whole handshake and an orderly end', async () => {
  const ends: string[] = [];
  await using server = await tlsServer({
    leaf,
    onSecure: (socket) =>
      socket
        .on('end', () => ends.push('end'))
        .on('close', (bad) => ends.push(`close ${bad}`))
        .resume(),
  });
  presented(await read(server.port));
  await server.idle();
  expect(ends).toEqual(['end', 'close false']);
  expect(server.errors).toEqual([]);
});

describe('the socket', () => {
  test('keeps none of our listeners but the one that swallows its last errors', async () => {
    await using server = await tlsServer({ leaf });
    const socket = await dial(server.port);
    const deadline = Deadline.after(10_000);
    presented(await readChain(socket, { deadline }));
    await once(socket, 'close');
    deadline.release();
    expect(socket.listenerCount('error')).toBe(1);
    expect(socket.destroyed).toBe(true);
  });

  test('may be gone already', async () => {
    await using server = await silentServer();
    const socket = await dial(server.port);
    socket.destroy();
    const outcome = await readChain(socket, { deadline: Deadline.none() });
    expect(failed(outcome).failure.reason).toBe('closed');
  });

  test('may find its deadline passed', async () => {
    await using server = await silentServer();
    const socket = await dial(server.port);
    const deadline = Deadline.none();
    deadline.expire();
    expect(failed(await readChain(socket, { deadline })).failure).toMatchObject({
      code: 'timeout',
      reason: 'no-answer',
    });
    expect(socket.destroyed).toBe(true);
  });

  test('is destroyed when the deadline comes by signal', async () => {
    await using server = await silentServer();
    const socket = await dial(server.port);
    const deadline = Deadline.none();
    const reading = readChain(socket, { deadline });
    deadline.expire();
    expect(failed(await reading).failure.code).toBe('timeout');
    expect(socket.destroyed).toBe(true);
  });

  test('may be any stream', async () => {
    await using server = await tlsServer({ leaf });
    const inner = connect(server.port, '127.0.0.1');
    const stream = Duplex.from({ readable: inner, writable: inner });
    const deadline = Deadline.after(10_000);
    expect(hex(presented(await readChain(stream, { deadline })).chain)).toEqual(hex(chain));
    deadline.release();
  });
});
