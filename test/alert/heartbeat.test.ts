/**
 * The heartbeat against a service that is well, ill, slow, silent or gone: what it is told, and that nothing of it takes
 * longer than it may.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { createHeartbeat, type HeartbeatOptions, parsePingUrl } from '../../src/alert/heartbeat.ts';
import { err, ok } from '../../src/model/result.ts';
import type { ResolveName } from '../../src/net/http-exchange.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { createCa } from '../support/pki/pki.ts';
import { closedPort } from '../support/ports.ts';
import { drippingServer, floodingServer, resetServer, silentServer } from '../support/servers/misbehaving.ts';
import { pingService, type Reply } from './ping-service.ts';

const RUN_ID = '3e9c0b52-5a1c-4f6e-8f43-0d3b6c1f2a11';
const SECRET = 'b0c7a1de-secret';

/** Names never leave the test: every one of them is here. */
const loopback: ResolveName = async () => ok(['127.0.0.1']);

const deadlines: Deadline[] = [];
afterEach(() => {
  for (const deadline of deadlines.splice(0)) deadline.release();
});
function within(ms: number): Deadline {
  const deadline = Deadline.after(ms);
  deadlines.push(deadline);
  return deadline;
}

const heartbeat = (port: number, over: Partial<HeartbeatOptions> & { at?: string } = {}) => {
  const { at = `http://hc.example:${port}/ping/${SECRET}`, ...rest } = over;
  const url = new URL(at);
  return createHeartbeat({ url, runId: RUN_ID, version: '1.2.3', resolve: loopback, pausesMs: [1, 1], ...rest });
};

const OK: Reply = { status: 200 };

describe('what the service is told', () => {
  test('the start, and the end with its status and summary', async () => {
    await using service = await pingService([OK]);
    const beat = heartbeat(service.port);
    expect(await beat.start(within(15_000))).toEqual(ok(undefined));
    expect(await beat.end(0, '5 targets: all ok\n', within(15_000))).toEqual(ok(undefined));
    expect(await heartbeat(service.port).end(2, '5 targets: 1 critical — expired\n', within(15_000))).toEqual(
      ok(undefined),
    );
    const host = `hc.example:${service.port}`;
    expect(service.received).toEqual([
      { method: 'POST', url: `/ping/${SECRET}/start?rid=${RUN_ID}`, host, body: '' },
      { method: 'POST', url: `/ping/${SECRET}?rid=${RUN_ID}`, host, body: '5 targets: all ok\n' },
      { method: 'POST', url: `/ping/${SECRET}/2?rid=${RUN_ID}`, host, body: '5 targets: 1 critical — expired\n' },
    ]);
    await service.idle();
  });

  test('a URL with a query and a final slash keeps both where they belong', async () => {
    await using service = await pingService([OK]);
    const at = `http://127.0.0.1:${service.port}/key/slug/?create=1`;
    await heartbeat(0, { at }).end(3, '', within(15_000));
    expect(service.received[0]?.url).toBe(`/key/slug/3?create=1&rid=${RUN_ID}`);
  });

  test('a long summary is cut at 10 kB, between characters', async () => {
    await using service = await pingService([OK]);
    await heartbeat(service.port).end(1, `x${'é'.repeat(20_000)}`, within(15_000));
    const body = service.received[0]?.body ?? '';
    expect(Buffer.byteLength(body)).toBe(9_999);
    expect(body).toMatch(/^xé+$/);
  });

  test('over https, with a private CA, by the name in the certificate', async () => {
    const ca = createCa({ now: Date.now() });
    await using service = await pingService([OK], ca.issue({ sans: ['dns:hc.example'] }));
    const at = `https://hc.example:${service.port}/x`;
    expect(await heartbeat(0, { at, ca: ca.pem }).end(0, '', within(15_000))).toEqual(ok(undefined));
    const stranger = await heartbeat(0, { at }).end(0, '', within(15_000));
    expect(stranger).toMatchObject({ ok: false, error: expect.stringMatching(/certificate/) });
    expect(service.received).toHaveLength(1);
  });
});

describe('a service that is ill', () => {
  const cases: [string, Reply[], number, RegExp | undefined][] = [
    ['is asked again', [{ status: 500 }, { status: 429 }, OK], 3, undefined],
    ['is asked three times and no more', [{ status: 503 }], 3, /HTTP 503$/],
    ['that knows no such check is not asked again', [{ status: 404 }], 1, /HTTP 404$/],
    ['that throws the ping away, and says so in a 200', [{ status: 200, body: 'OK (not found)' }], 1, /"not found"$/],
    ['that is asked too often', [{ status: 200, body: 'OK (rate limited)' }, OK], 2, undefined],
    ['that redirects', [{ status: 302, location: '/elsewhere' }, OK], 2, undefined],
    ['that redirects without end', [{ status: 302, location: '/elsewhere' }], 4, /redirects without end$/],
    ['that redirects to ftp', [{ status: 301, location: 'ftp://hc.example/' }], 1, /another kind of address$/],
    ['that redirects to nowhere', [{ status: 301, location: 'http://[' }], 1, /another kind of address$/],
    ['with control characters', [{ status: 200, body: 'OK (not found)\u001b[2J' }], 1, /"not found"$/],
  ];
  test.each(cases)('%s', async (_name, replies, requests, error) => {
    await using service = await pingService(replies);
    const result = await heartbeat(service.port).end(0, 'x', within(15_000));
    expect(service.received).toHaveLength(requests);
    if (error === undefined) expect(result).toEqual(ok(undefined));
    else {
      expect(result).toEqual({ ok: false, error: expect.stringMatching(error) });
      // Whoever reads the log of a cron job must not learn how to ping.
      expect(result).not.toEqual({ ok: false, error: expect.stringContaining(SECRET) });
      expect(result).toEqual({ ok: false, error: expect.stringContaining(`http://hc.example:${service.port}: `) });
    }
    await service.idle();
  });
});

describe('a service that is gone', () => {
  test('is a sentence', async () => {
    const result = await heartbeat(await closedPort()).end(0, '', within(15_000));
    expect(result).toEqual({
      ok: false,
      error: expect.stringMatching(/^the end of the run could not be told .*refused$/),
    });
  });

  test('a name that is not there is a sentence', async () => {
    const resolve: ResolveName = async () => err('there is no name hc.example (NXDOMAIN)');
    const result = await heartbeat(1, { resolve }).start(within(15_000));
    expect(result).toEqual({ ok: false, error: expect.stringMatching(/^the start .*: there is no name hc.example/) });
  });

  const stuck = {
    'never answers': silentServer,
    'drips a byte at a time': () =>
      drippingServer({ bytes: Buffer.from(`HTTP/1.1 200 OK\r\n${'X-Y: z\r\n'.repeat(999)}`) }),
    'floods headers without end': () => floodingServer(Buffer.from('HTTP/1.1 200 OK\r\nX: y\r\n'.repeat(99))),
    'resets the connection': () => resetServer('accept'),
  };
  test.each(Object.entries(stuck))('one that %s costs its tries and no more', async (_name, start) => {
    await using server = await start();
    const result = await heartbeat(server.port, { tryMs: 100 }).end(0, 'x', within(15_000));
    expect(result.ok).toBe(false);
    // The last one's connection stands by now, but its server may not have been told yet.
    await expect.poll(() => server.accepted).toBe(3);
  });

  test('nothing outlives the deadline: not a try, not a pause, not a look-up', async () => {
    await using server = await silentServer();
    const never: ResolveName = () => new Promise(() => {});
    const late = within(100);
    const results = await Promise.all([
      heartbeat(server.port).end(0, '', late),
      heartbeat(server.port, { tryMs: 1, pausesMs: [3_600_000] }).end(0, '', late),
      heartbeat(server.port, { resolve: never }).start(late),
    ]);
    expect(results.map((result) => result.ok)).toEqual([false, false, false]);
    expect(await heartbeat(server.port).end(0, '', late)).toMatchObject({ ok: false });
  });

  test('a start that hangs does not keep the end from being told', async () => {
    await using silent = await silentServer();
    await using service = await pingService([OK]);
    const url = new URL(`http://127.0.0.1:${silent.port}/x`);
    const beat = createHeartbeat({ url, runId: RUN_ID, version: '1', resolve: loopback, tryMs: 200 });
    const starting = beat.start(within(15_000));
    await expect.poll(() => silent.accepted).toBe(1);
    // From here on the service is well again.
    url.port = String(service.port);
    expect(await beat.end(0, 'done', within(15_000))).toEqual(ok(undefined));
    await starting;
    expect(service.received.at(-1)?.body).toBe('done');
  });
});

test.each([
  ['https://hc-ping.com/uuid', true],
  ['http://127.0.0.1:8000/x', true],
  ['hc-ping.com/uuid', false],
  ['ftp://hc-ping.com/uuid', false],
  ['file:///etc/passwd', false],
  ['', false],
])('%s as a ping URL', (text, valid) => {
  expect(parsePingUrl(text).ok).toBe(valid);
});
