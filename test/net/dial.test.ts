/**
 * Dialing: happy eyeballs over several addresses, each way to fail told apart, and nothing left behind.
 */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { connectedToItself, dial } from '../../src/net/dial.ts';
import { type AttemptError, dialFailure } from '../../src/net/dial-failure.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { closedPort } from '../support/ports.ts';
import { REPOSITORY } from '../support/repository.ts';
import { fullBacklogServer } from '../support/servers/misbehaving.ts';
import { serve } from '../support/servers/server.ts';

async function dialWithin(ms: number, addresses: readonly string[], port: number) {
  const deadline = Deadline.after(ms);
  try {
    return await dial(addresses, port, { deadline });
  } finally {
    deadline.release();
  }
}

/** Stays open for as long as the client does. */
const keep = (socket: Socket) => void socket.resume().on('end', () => socket.end());

/** Sockets of this process that are open or being opened. */
const held = () => process.getActiveResourcesInfo().filter((kind) => /^(?:TCPSocket|Connect)Wrap$/.test(kind)).length;

describe('a peer that is there', () => {
  it('hands over a paused socket with one harmless listener, before any byte is read', async () => {
    await using server = await serve((socket) => {
      socket.write('banner');
      keep(socket);
    });
    const dialed = await dialWithin(5_000, ['127.0.0.1'], server.port);
    if (!dialed.ok) throw new Error(dialed.error.detail);
    const { socket, address } = dialed.value;
    expect(address).toBe('127.0.0.1');
    // The banner is there by now; it waits for whoever asks.
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([socket.isPaused(), socket.readableLength, socket.bytesRead]).toEqual([true, 0, 0]);
    expect(socket.listenerCount('error')).toBe(1);
    for (const event of ['data', 'readable', 'connect', 'close', 'timeout']) {
      expect([event, socket.listenerCount(event)]).toEqual([event, 0]);
    }
    const banner = new Promise((resolve) => socket.on('data', (bytes) => resolve(bytes.toString())));
    socket.resume();
    expect(await banner).toBe('banner');
    socket.destroy();
    await server.idle();
  });

  it('survives a reset that comes while nobody owns the socket', async () => {
    await using server = await serve((socket) => void setTimeout(() => socket.resetAndDestroy(), 20));
    const dialed = await dialWithin(5_000, ['127.0.0.1'], server.port);
    if (!dialed.ok) throw new Error(dialed.error.detail);
    const { socket } = dialed.value;
    await server.idle();
    socket.resume();
    await new Promise((resolve) => (socket.destroyed ? resolve(true) : socket.on('close', resolve)));
    expect(socket.errored?.message).toMatch(/ECONNRESET/);
  });
});

describe('several addresses', () => {
  it('goes on at once past one that refuses', async () => {
    await using server = await serve(keep);
    // On loopback each 127.x address is its own host: nobody listens on the first two.
    const dialed = await dialWithin(5_000, ['::1', '127.0.0.9', '127.0.0.1'], server.port);
    expect(dialed.ok && dialed.value.address).toBe('127.0.0.1');
    if (dialed.ok) dialed.value.socket.destroy();
    await server.idle();
  });

  it('overtakes one that never answers, and lets go of it', async () => {
    await using full = await fullBacklogServer();
    await using server = await serve(keep, { host: '127.0.0.2', port: full.port });
    const before = held();
    const dialed = await dialWithin(5_000, ['127.0.0.1', '127.0.0.2'], full.port);
    expect(dialed.ok && dialed.value.address).toBe('127.0.0.2');
    if (dialed.ok) dialed.value.socket.destroy();
    await server.idle();
    await vi.waitFor(() => expect(held()).toBeLessThanOrEqual(before), { timeout: 10_000 });
  });

  it('gives the first a while before it starts the second', async () => {
    await using full = await fullBacklogServer();
    await using second = await serve(keep, { host: '127.0.0.2', port: full.port });
    // This deadline lies before the second attempt.
    expect((await dialWithin(100, ['127.0.0.1', '127.0.0.2'], full.port)).ok).toBe(false);
    expect(second.accepted).toBe(0);
  });

  it('takes the first while the second has not even been started', async () => {
    await using first = await serve(keep);
    await using second = await serve(keep, { host: '127.0.0.2', port: first.port });
    const dialed = await dialWithin(5_000, ['127.0.0.1', '127.0.0.2'], first.port);
    expect(dialed.ok && dialed.value.address).toBe('127.0.0.1');
    if (dialed.ok) dialed.value.socket.destroy();
    await first.idle();
    expect(second.accepted).toBe(0);
  });
});

describe('a peer that is not there', () => {
  it('says that it was refused, for each address', async () => {
    const port = await closedPort();
    expect(await dialWithin(5_000, ['127.0.0.1', '127.0.0.3'], port)).toEqual({
      ok: false,
      error: {
        code: 'connect-failed',
        phase: 'connect',
        reason: 'refused',
        detail: `127.0.0.1:${port}: connection refused; 127.0.0.3:${port}: connection refused`,
      },
    });
  });

  it('ends at the deadline where SYNs are dropped', async () => {
    await using full = await fullBacklogServer();
    const before = held();
    const dialed = await dialWithin(80, ['127.0.0.1'], full.port);
    expect(dialed).toEqual({
      ok: false,
      error: { code: 'timeout', phase: 'connect', reason: 'deadline', detail: `127.0.0.1:${full.port}: no answer` },
    });
    await vi.waitFor(() => expect(held()).toBeLessThanOrEqual(before), { timeout: 10_000 });
  });

  it('calls it a timeout where one refused and another never answered', async () => {
    await using full = await fullBacklogServer();
    // The second is begun after a quarter of a second.
    const dialed = await dialWithin(1_500, ['127.0.0.1', '127.0.0.2'], full.port);
    expect(dialed).toMatchObject({ ok: false, error: { code: 'timeout', reason: 'deadline' } });
    expect(!dialed.ok && dialed.error.detail).toMatch(
      /127\.0\.0\.2:\d+: connection refused; 127\.0\.0\.1:\d+: no answer/,
    );
  });

  it('starts nothing after its deadline', async () => {
    await using server = await serve(keep);
    const deadline = Deadline.none();
    deadline.expire();
    expect(await dial(['127.0.0.1'], server.port, { deadline })).toMatchObject({
      ok: false,
      error: { code: 'timeout', phase: 'connect' },
    });
    expect(server.accepted).toBe(0);
  });

  it('is ended by an expiry that comes early', async () => {
    await using full = await fullBacklogServer();
    const deadline = Deadline.none();
    const dialed = dial(['127.0.0.1'], full.port, { deadline });
    deadline.expire();
    expect(await dialed).toMatchObject({ ok: false, error: { code: 'timeout', phase: 'connect' } });
  });

  it('tells our own limit on open files apart from what a peer does', async () => {
    await using server = await serve(keep);
    const script = `
      import { open } from 'node:fs/promises';
      import { dial } from ${JSON.stringify(join(REPOSITORY, 'src/net/dial.ts'))};
      import { Deadline } from ${JSON.stringify(join(REPOSITORY, 'src/time/deadline.ts'))};
      const held = [];
      let dialed;
      do {
        // The loader of this script may give back a few as we go: then the dial stands, and is held as well.
        try { for (;;) held.push(await open('/dev/null')); } catch {}
        dialed = await dial(['127.0.0.1'], ${server.port}, { deadline: Deadline.after(5000) });
        held.push(dialed);
      } while (dialed.ok);
      for (const file of held) await file.close?.();
      console.log(JSON.stringify(dialed.error));
      process.exit();`;
    const run = promisify(execFile);
    const command = `ulimit -n 128; exec "$0" --import tsx --input-type=module -e "$1"`;
    const { stdout } = await run('sh', ['-c', command, process.execPath, script], { cwd: REPOSITORY });
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'connect-failed',
      phase: 'connect',
      reason: 'too-many-open-files',
    });
  });
});

describe('a socket that is connected to itself', () => {
  it('is known by its addresses', async () => {
    const port = await closedPort();
    // Dialing from the port that is dialed: what the system does once in some 28,000 times.
    const socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.1', localPort: port });
    await once(socket, 'connect');
    expect(connectedToItself(socket, port)).toBe(true);
    socket.destroy();
    await using server = await serve(keep);
    const dialed = await dialWithin(5_000, ['127.0.0.1'], server.port);
    expect(dialed.ok && connectedToItself(dialed.value.socket, server.port)).toBe(false);
    if (dialed.ok) dialed.value.socket.destroy();
  });
});

describe('the most telling of several errors', () => {
  const errors = (...errnos: string[]): AttemptError[] => errnos.map((errno) => ({ address: '192.0.2.1', errno }));

  it.each<[string, string, string[]]>([
    ['refused', 'connect-failed', ['EHOSTUNREACH', 'ECONNREFUSED']],
    ['refused', 'connect-failed', ['ECONNREFUSED', 'ENETUNREACH', 'ECONNRESET']],
    ['reset', 'connect-failed', ['ECONNRESET']],
    ['unreachable', 'connect-failed', ['ENETUNREACH', 'EHOSTUNREACH']],
    ['unreachable', 'connect-failed', ['EADDRNOTAVAIL', 'EHOSTUNREACH']],
    ['no-local-address', 'connect-failed', ['EADDRNOTAVAIL']],
    ['no-permission', 'connect-failed', ['EACCES', 'ENETUNREACH']],
    ['too-many-open-files', 'connect-failed', ['ECONNREFUSED', 'EMFILE']],
    ['deadline', 'timeout', ['ECONNREFUSED', 'DEADLINE']],
    ['no-answer', 'timeout', ['ENETUNREACH', 'ETIMEDOUT']],
    ['failed', 'connect-failed', ['EWHATEVER']],
  ])('%s (%s)', (reason, code, errnos) => {
    expect(dialFailure(errors(...errnos), 443)).toMatchObject({ code, phase: 'connect', reason });
  });

  it('names an address and its port as people write them, and counts what is too much to tell', () => {
    const many = Array.from({ length: 9 }, () => ({ address: '2001:db8::1', errno: 'ECONNREFUSED' }));
    expect(dialFailure(many, 443).detail).toMatch(/^\[2001:db8::1\]:443: connection refused; .* and 5 more$/);
  });
});
