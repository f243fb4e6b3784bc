/**
 * The servers themselves: each does what its name says, and leaves nothing behind.
 */

import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createCa } from '../pki/pki.ts';
import { closedPort } from '../ports.ts';
import {
  closingServer,
  drippingServer,
  floodingServer,
  foreignServer,
  fullBacklogServer,
  halfClosedServer,
  resetServer,
  silentServer,
} from './misbehaving.ts';
import { tlsServer } from './tls-server.ts';

const NOW = Date.UTC(2031, 0, 1);
const root = createCa({ now: NOW });
const intermediate = root.issueCa({ subject: 'CN=Intermediate' });
const leaf = intermediate.issue({ sans: ['dns:www.shop.example'] });

async function dial(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function handshake(port: number, options: object = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** @returns `end`, or the error's code. */
const ending = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.resume();
    socket.on('end', () => resolve('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });

describe('tlsServer', () => {
  it('sends the chain of its leaf', async () => {
    await using server = await tlsServer({ leaf });
    const socket = await handshake(server.port);
    const peer = socket.getPeerCertificate(true) as DetailedPeerCertificate;
    expect(peer.raw).toEqual(leaf.der);
    expect(peer.issuerCertificate.raw).toEqual(intermediate.der);
    socket.destroy();
    await server.idle();
    expect(server.accepted).toBe(1);
  });

  it('speaks only the version that it is told, also an old one with a small key', async () => {
    const device = root.issue({ key: 'rsa1024', signatureHash: 'sha1' });
    await using server = await tlsServer({ leaf: device, version: 'TLSv1', legacy: true });
    const old = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };
    const socket = await handshake(server.port, old);
    expect(socket.getProtocol()).toBe('TLSv1');
    socket.destroy();
    await expect(handshake(server.port)).rejects.toThrow();
    expect(server.errors.length).toBeGreaterThan(0);
  });
});

describe('servers that misbehave', () => {
  it('silent: takes bytes and gives none', async () => {
    await using server = await silentServer();
    const socket = await dial(server.port);
    socket.write('hello');
    const nothing = new Promise((resolve) => setTimeout(resolve, 50, 'nothing'));
    expect(await Promise.race([once(socket, 'data'), nothing])).toBe('nothing');
    socket.destroy();
  });

  it('closed: refuses', async () => {
    await expect(dial(await closedPort())).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each(['accept', 'data', 'half-answer'] as const)('resets at %s', async (stage) => {
    await using server = await resetServer(stage);
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.write('hello');
    expect(await ending(socket)).toBe('ECONNRESET');
  });

  it('closes in order', async () => {
    await using server = await closingServer('data');
    const socket = await dial(server.port);
    socket.write('hello');
    expect(await ending(socket)).toBe('end');
  });

  it('half-closes and stays', async () => {
    await using server = await halfClosedServer();
    const socket = connectTcp({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    expect(await ending(socket)).toBe('end');
    expect(server.open).toBe(1);
    socket.destroy();
    await server.idle();
  });

  it('drips', async () => {
    await using server = await drippingServer({ everyMs: 1, bytes: Buffer.from('ab') });
    const socket = await dial(server.port);
    socket.write('hello');
    let text = '';
    for await (const chunk of socket) {
      text += chunk;
      if (text.length >= 5) break;
    }
    expect(text).toMatch(/^ababa/);
  });

  it('floods', async () => {
    await using server = await floodingServer(Buffer.from('spam'));
    const socket = await dial(server.port);
    socket.write('hello');
    let length = 0;
    for await (const chunk of socket) {
      length += chunk.length;
      if (length > 1_000_000) break;
    }
    expect(length).toBeGreaterThan(1_000_000);
  });

  it('answers in another protocol', async () => {
    await using server = await foreignServer('ssh');
    const socket = await dial(server.port);
    const [chunk] = await once(socket, 'data');
    expect(String(chunk)).toMatch(/^SSH-2.0/);
    socket.destroy();
  });

  it('drops SYNs behind a full backlog', async () => {
    await using server = await fullBacklogServer();
    const socket = connectTcp(server.port, '127.0.0.1');
    const waited = new Promise((resolve) => setTimeout(resolve, 300, 'no answer'));
    expect(await Promise.race([once(socket, 'connect'), waited])).toBe('no answer');
    socket.destroy();
  });

  it('is dead at one of two addresses with one port', async () => {
    await using alive = await silentServer();
    await using dead = await fullBacklogServer({ host: '127.0.0.2', port: alive.port });
    expect(dead.port).toBe(alive.port);
    (await dial(alive.port)).destroy();
  });
});

describe('what a server knows', () => {
  it('counts who came and who is still there, and lets nobody stay when it closes', async () => {
    const server = await silentServer();
    const [first, second] = [await dial(server.port), await dial(server.port)];
    await expect.poll(() => server.accepted).toBe(2);
    first.destroy();
    await expect.poll(() => server.open).toBe(1);
    const ended = ending(second);
    await server.close();
    expect(server.open).toBe(0);
    expect(await ended).toMatch(/end|ECONNRESET/);
    await expect(dial(server.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
