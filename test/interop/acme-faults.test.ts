/**
 * A CA that misbehaves: pebble behind a proxy that hangs, drips, resets, limits and lies. Each is a failure with its own
 * word, before the deadline, and nothing is left running.
 */

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import type { AcmeEvent, AcmeJob, AcmeResult } from '../../src/renew/acme/job.ts';
import { testWith } from '../support/acme/daemon.ts';
import { type Fault, type FaultProxy, faultProxy, type Resource } from '../support/acme/fault-proxy.ts';
import { groupGone, type OrderWith, orderWith } from '../support/acme/order-with.ts';
import { oldPebble, type Pebble, startPebble } from '../support/acme/pebble.ts';
import { type WebServer, webServer } from '../support/acme/web-server.ts';
import { type CertificateOptions, createCa, type KeyPair, makeKey } from '../support/pki/pki.ts';
import { closedPort } from '../support/ports.ts';
import { Disposals } from '../support/renew/disposals.ts';
import { dnsServer } from '../support/servers/dns-server.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

// An order takes a second; on a busy machine it may take many, and no result may depend on that.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const test = testWith({ ...oldPebble });
let pebble: Pebble;
let web: WebServer;
let webroot: TempFolder;
/** Of all trials: vitest cannot tell which of the tests that run at once has finished. */
const opened = new Disposals();
beforeAll(async () => {
  if (!oldPebble.pebble) return;
  // Only what a test makes wrong is wrong here.
  pebble = await startPebble({ programs: oldPebble, rejectNonces: 0 });
  webroot = await tempFolder('webroot');
  web = await webServer(webroot.path, pebble.httpPort);
});
afterAll(async () => {
  // Whatever happened to an order, its challenge is gone. (An empty folder may stay: whoever made it was not the last.)
  const left = webroot ? readdirSync(webroot.path, { recursive: true, withFileTypes: true }) : [];
  for (const each of [opened, pebble, web, webroot]) await each?.[Symbol.asyncDispose]();
  expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([]);
});

interface Trial {
  readonly result: AcmeResult;
  readonly proxy: FaultProxy;
  readonly folder: TempFolder;
}

interface TrialOptions {
  readonly arrange?: (proxy: FaultProxy, folder: TempFolder) => void;
  readonly directory?: string;
  readonly job?: Partial<AcmeJob>;
  readonly onEvent?: (event: AcmeEvent, proxy: FaultProxy) => void;
  readonly requestTimeoutMs?: number;
  readonly deadlineMs?: number;
}

/** One order through a proxy with faults; afterwards nobody of its process group is left. */
async function trial(options: TrialOptions): Promise<Trial> {
  const proxy = opened.use(await faultProxy(pebble));
  const folder = opened.use(await tempFolder('acme-faults'));
  options.arrange?.(proxy, folder);
  const { result, pid } = await orderWith({
    folder,
    deadlineMs: options.deadlineMs ?? 60_000,
    job: {
      ...jobBy(proxy),
      ...(options.directory === undefined ? {} : { directory: options.directory }),
      requestTimeoutMs: options.requestTimeoutMs ?? 5_000,
      ...options.job,
    },
    onEvent: (event) => options.onEvent?.(event, proxy),
  });
  await groupGone(pid);
  return { result, proxy, folder };
}

const jobBy = ({ directory }: FaultProxy): OrderWith['job'] => ({
  directory,
  caFile: pebble.caFile,
  challenge: { type: 'http-01', webroot: webroot.path },
});

const EVERYWHERE: readonly (readonly [Resource, string])[] = [
  ['directory', 'directory'],
  ['new-nonce', 'account'],
  ['new-account', 'account'],
  ['new-order', 'order'],
  ['authorization', 'authorize'],
  ['challenge', 'validate'],
  ['finalize', 'finalize'],
  ['order', 'finalize'],
  ['certificate', 'download'],
];

/** What may pass by itself is tried so often. */
const TRIES = 4;

/** More would be acme-client's own retries, which multiply certwatch's; a busy machine may not even connect in time. */
function expectTries(count: number): void {
  expect(count).toBeGreaterThan(1);
  expect(count).toBeLessThanOrEqual(TRIES);
}

describe.concurrent.each(EVERYWHERE)('at %s', (resource, step) => {
  test('a silent CA is given up on', async () => {
    const { result, proxy } = await trial({
      arrange: (proxy) => proxy.fault(resource, { kind: 'hang' }),
      requestTimeoutMs: 300,
    });
    expect(result).toMatchObject({ ok: false, step, reason: 'request-timeout' });
    expectTries(proxy.count(resource));
  });
});

describe.concurrent.each(EVERYWHERE.filter((_, i) => i % 4 === 0))('at %s', (resource, step) => {
  test('a CA that drips is cut off', async () => {
    const { result, proxy } = await trial({
      arrange: (proxy) => proxy.fault(resource, { kind: 'drip' }),
      requestTimeoutMs: 400,
    });
    expect(result).toMatchObject({ ok: false, step, reason: 'request-timeout' });
    expectTries(proxy.count(resource));
  });

  test('a connection that breaks every time is called that', async () => {
    const { result, proxy } = await trial({ arrange: (proxy) => proxy.fault(resource, { kind: 'reset' }) });
    expect(result).toMatchObject({ ok: false, step, reason: 'connection-lost', advice: 'try-again' });
    expect(proxy.count(resource)).toBe(TRIES);
  });

  test('a connection that breaks is made again', async () => {
    const { result, proxy } = await trial({ arrange: (proxy) => proxy.fault(resource, { kind: 'reset' }, 1) });
    expect(result).toMatchObject({ ok: true });
    expect(proxy.count(resource)).toBeGreaterThan(1);
  });

  test('without time for another try the deadline ends it', async () => {
    const { result } = await trial({ arrange: (proxy) => proxy.fault(resource, { kind: 'hang' }), deadlineMs: 3_000 });
    expect(result).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/^(timeout|authorization-stuck|order-stuck)$/),
    });
  });
});

interface Case {
  readonly name: string;
  readonly at: Resource;
  readonly fault: Fault;
  readonly times?: number;
  readonly expected: object;
  /** How often it is asked for. */
  readonly asked?: number;
  readonly deadlineMs?: number;
}

const RATE_LIMITED = { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many orders this week' };

const CASES: readonly Case[] = [
  {
    name: '429 with Retry-After beyond the deadline: not slept, told',
    at: 'new-order',
    fault: { kind: 'status', status: 429, retryAfter: '3600', problem: RATE_LIMITED },
    expected: {
      ok: false,
      step: 'order',
      reason: 'acme-rate-limited',
      advice: 'wait-until',
      retryAfterMs: 3_600_000,
      notBefore: expect.any(Number),
      problem: { ...RATE_LIMITED, status: 429, subproblems: [] },
    },
    asked: 1,
  },
  {
    name: 'new terms: told where they are, and where a person agrees to them',
    at: 'new-order',
    fault: {
      kind: 'status',
      status: 403,
      link: '<https://ca.example/dir>;rel="index", <https://ca.example/terms/2>;rel="terms-of-service"',
      problem: {
        type: 'urn:ietf:params:acme:error:userActionRequired',
        detail: 'The terms have changed',
        instance: 'https://ca.example/agree',
      },
    },
    expected: {
      ok: false,
      reason: 'acme-user-action-required',
      advice: 'act-at-ca',
      detail:
        'the new order: The terms have changed; what to do is at https://ca.example/agree; the terms are https://ca.example/terms/2',
    },
    asked: 1,
  },
  {
    name: 'an account that was deactivated: told which, and how to get another one',
    at: 'new-order',
    fault: {
      kind: 'status',
      status: 401,
      problem: { type: 'urn:ietf:params:acme:error:unauthorized', detail: 'the account is deactivated' },
    },
    expected: {
      ok: false,
      reason: 'acme-unauthorized',
      advice: 'check-account',
      detail: expect.stringMatching(
        /; the key of the account is in \/\S+ \(moved away, the next run makes a new account\)$/,
      ),
    },
    asked: 1,
  },
  {
    name: '429 without a problem document',
    at: 'new-account',
    fault: { kind: 'status', status: 429 },
    expected: { ok: false, step: 'account', reason: 'acme-rate-limited', advice: 'wait-until' },
    asked: 1,
  },
  {
    name: '429 with a Retry-After that fits: kept to',
    at: 'new-order',
    fault: { kind: 'status', status: 429, retryAfter: '1', problem: RATE_LIMITED },
    times: 1,
    expected: { ok: true },
    asked: 2,
  },
  {
    name: '503 with a Retry-After that overflows timers',
    at: 'directory',
    fault: { kind: 'status', status: 503, retryAfter: '9999999' },
    expected: { ok: false, step: 'directory', reason: 'server-error', retryAfterMs: 9_999_999_000 },
    asked: 1,
  },
  {
    name: '503 that passes',
    at: 'finalize',
    fault: { kind: 'status', status: 503 },
    times: 2,
    expected: { ok: true },
    asked: 3,
  },
  {
    name: '503 for ever',
    at: 'new-order',
    fault: { kind: 'status', status: 503 },
    expected: { ok: false, step: 'order', reason: 'server-error' },
    asked: 4,
  },
  {
    name: 'badNonce for ever',
    at: 'new-order',
    fault: { kind: 'bad-nonce' },
    expected: { ok: false, step: 'order', reason: 'bad-nonce' },
    asked: 21,
  },
  {
    name: 'badNonce for a while',
    at: 'new-order',
    fault: { kind: 'bad-nonce' },
    times: 8,
    expected: { ok: true },
    // The ninth comes with the proxy's own nonce, which pebble has never heard of.
    asked: 10,
  },
  {
    name: 'an authorization that never leaves pending',
    at: 'authorization',
    fault: { kind: 'edit-json', edit: (value) => Object.assign(value, { status: 'pending' }) },
    expected: { ok: false, step: 'validate', reason: 'authorization-stuck' },
    deadlineMs: 10_000,
  },
  {
    name: 'an order that never leaves processing',
    at: 'order',
    fault: { kind: 'edit-json', edit: (value) => Object.assign(value, { status: 'processing' }) },
    expected: { ok: false, reason: 'order-stuck', orderUrl: expect.stringContaining('https://127.0.0.1') },
    deadlineMs: 10_000,
  },
  {
    name: 'an order that asks to come again tomorrow',
    at: 'finalize',
    fault: { kind: 'header', headers: { 'retry-after': '86400' } },
    expected: { ok: false, reason: 'order-stuck', retryAfterMs: 86_400_000, notBefore: expect.any(Number) },
  },
  {
    name: 'an order that asks to come again when timers have overflown',
    at: 'finalize',
    fault: { kind: 'header', headers: { 'retry-after': '9999999' } },
    expected: { ok: false, reason: 'order-stuck', retryAfterMs: 9_999_999_000 },
  },
  {
    name: 'an authorization that asks to come again when timers have overflown',
    at: 'authorization',
    fault: {
      kind: 'edit-json',
      edit: (value) => Object.assign(value, { status: 'pending' }),
      headers: { 'retry-after': '9999999' },
    },
    expected: { ok: false, step: 'validate', reason: 'authorization-stuck', retryAfterMs: 9_999_999_000 },
    asked: 2,
  },
  {
    name: 'an order that never becomes ready',
    at: 'order',
    fault: { kind: 'edit-json', edit: (value) => Object.assign(value, { status: 'pending' }) },
    expected: { ok: false, step: 'finalize', reason: 'order-stuck' },
    deadlineMs: 10_000,
  },
  {
    name: 'an order that stays ready when it has been finalized: that is not done',
    at: 'order',
    fault: { kind: 'edit-json', edit: (value) => Object.assign(value, { status: 'ready' }) },
    expected: { ok: false, step: 'issue', reason: 'order-stuck' },
    deadlineMs: 10_000,
  },
  {
    name: 'truncated JSON in the directory',
    at: 'directory',
    fault: { kind: 'truncated-json' },
    expected: { ok: false, step: 'directory', reason: 'bad-json' },
  },
  {
    name: 'truncated JSON in the order',
    at: 'new-order',
    fault: { kind: 'truncated-json' },
    expected: { ok: false, step: 'order', reason: 'bad-json' },
  },
  {
    name: 'a body of 100 MB',
    at: 'certificate',
    fault: { kind: 'huge' },
    expected: { ok: false, step: 'download', reason: 'body-too-large' },
  },
  {
    name: 'a redirect',
    at: 'directory',
    fault: { kind: 'redirect', to: 'https://ca.example/' },
    expected: { ok: false, step: 'directory', reason: 'redirected', detail: expect.stringContaining('ca.example') },
  },
  {
    name: 'an order without what RFC 8555 wants',
    at: 'new-order',
    fault: { kind: 'edit-json', edit: (value) => Object.assign(value, { finalize: 7 }) },
    expected: { ok: false, step: 'order', reason: 'bad-answer' },
  },
  {
    name: 'a token that would leave the folder',
    at: 'authorization',
    fault: {
      kind: 'edit-json',
      edit: (value) => {
        for (const challenge of value.challenges as { token: string }[])
          challenge.token = '../../../../tmp/somewhere-else';
      },
    },
    expected: { ok: false, step: 'authorize', reason: 'no-such-challenge' },
  },
  {
    name: 'subproblems are kept',
    at: 'new-order',
    fault: {
      kind: 'status',
      status: 400,
      problem: {
        type: 'urn:ietf:params:acme:error:rejectedIdentifier',
        detail: 'some names are refused',
        subproblems: [
          {
            type: 'urn:ietf:params:acme:error:rejectedIdentifier',
            detail: 'not this one',
            identifier: { type: 'dns', value: 'www.shop.example' },
          },
        ],
      },
    },
    expected: {
      ok: false,
      reason: 'acme-rejected-identifier',
      advice: 'fix-config',
      problem: { subproblems: [{ detail: 'not this one', identifier: 'www.shop.example' }] },
    },
    asked: 1,
  },
];

describe.concurrent('answers that are wrong', () => {
  test.for(CASES)('$name', async ({ at, fault, times, expected, asked, deadlineMs }) => {
    const { result, proxy } = await trial({
      arrange: (proxy) => proxy.fault(at, fault, times),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    });
    expect(result).toMatchObject(expected);
    if (asked !== undefined) expect(proxy.count(at)).toBe(asked);
  });

  test('the pace of the CA is kept to', async () => {
    const { proxy } = await trial({
      arrange: (proxy) =>
        proxy.fault('order', {
          kind: 'edit-json',
          edit: (value) => Object.assign(value, { status: 'processing' }),
          headers: { 'retry-after': '6' },
        }),
      deadlineMs: 10_000,
    });
    // At its own pace it would have been asked seven times.
    expect(proxy.count('order')).toBeLessThanOrEqual(3);
  });

  test('an order that is processed for more than an hour is given up, and another one is placed', async () => {
    let stuck: unknown;
    const { result, proxy, folder } = await trial({
      arrange: (proxy) =>
        proxy.fault('order', {
          kind: 'edit-json',
          edit: (order) => {
            stuck ??= order.finalize;
            if (order.finalize === stuck && order.status === 'valid') Object.assign(order, { status: 'processing' });
          },
        }),
      deadlineMs: 6_000,
    });
    expect(result).toMatchObject({ ok: false, step: 'issue', reason: 'order-stuck', advice: 'try-again' });
    const again = async (deadlineMs: number) => (await orderWith({ folder, job: jobBy(proxy), deadlineMs })).result;
    expect(await again(6_000)).toMatchObject({ ok: false, reason: 'order-stuck' });
    expect(proxy.count('new-order')).toBe(1);
    const file = folder.at('out', 'order.json');
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...kept, placedAt: kept.placedAt - 61 * 60_000 }));
    expect(await again(60_000)).toMatchObject({ ok: true, warnings: [{ code: 'order-given-up' }] });
    expect(proxy.count('new-order')).toBe(2);
  });

  const CHAINS: readonly (readonly [string, CertificateOptions, 'own' | 'other', string])[] = [
    ['other names', { sans: ['dns:other.example'] }, 'own', 'other-names'],
    ['a wildcard in place of the name', { sans: ['dns:*.shop.example'] }, 'own', 'other-names'],
    ['another key', { sans: ['dns:www.shop.example'] }, 'other', 'other-key'],
    ['a life that is over', { sans: ['dns:www.shop.example'], remainingMs: -1_000 }, 'own', 'not-valid-now'],
  ];
  test.for(CHAINS)('a certificate with %s', async ([_name, options, whose, reason]) => {
    const { result, folder } = await trial({
      arrange: (proxy, folder) =>
        proxy.fault('certificate', {
          kind: 'edit-text',
          edit: () => {
            const key = whose === 'own' ? keyOf(folder.at('out', 'privkey.pem')) : makeKey();
            return createCa({ now: Date.now() }).issue({ ...options, key }).chainPem;
          },
        }),
    });
    expect(result).toMatchObject({ ok: false, step: 'check', reason });
    expect(readdirSync(folder.at('out'))).not.toContain('fullchain.pem');
  });

  test('a chain that is no chain', async () => {
    const { result } = await trial({
      arrange: (proxy) => {
        const stranger = createCa({ now: Date.now() });
        proxy.fault('certificate', { kind: 'edit-text', edit: (pem) => pem.split(/(?=-----BEGIN)/)[0] + stranger.pem });
      },
    });
    expect(result).toMatchObject({ ok: false, step: 'check', reason: 'bad-chain' });
  });
});

describe.concurrent('after an order that failed', () => {
  const failing: Partial<AcmeJob> = {
    identifiers: ['www.shop.example', 'shop.example', 'api.shop.example'],
    challenge: { type: 'dns-01', hook: { present: ['/bin/false'] } },
  };
  const failed = { ok: false, step: 'present', reason: 'hook-failed' };

  /** What the CA has said of authorizations. */
  function listen(proxy: FaultProxy): string[] {
    const said: string[] = [];
    proxy.fault('authorization', { kind: 'edit-json', edit: ({ status }) => void said.push(String(status)) });
    return said;
  }

  test('what is pending of it is given back; the next one is a new one', async () => {
    let said: string[] = [];
    const { result, proxy, folder } = await trial({
      arrange: (proxy) => {
        said = listen(proxy);
      },
      job: failing,
    });
    expect(result).toMatchObject(failed);
    expect(said.filter((status) => status === 'deactivated')).toHaveLength(3);
    const { identifiers = [] } = failing;
    const { result: next } = await orderWith({ folder, job: { ...jobBy(proxy), identifiers } });
    expect(next).toMatchObject({ ok: true });
    expect(proxy.count('new-order')).toBe(2);
  });

  test.for<{ name: string; at: Resource; fault: Fault; reason: string; orders: number }>([
    {
      name: 'the certificate is of no use: another one is ordered',
      at: 'certificate',
      fault: { kind: 'edit-text', edit: () => createCa({ now: Date.now() }).issue({ sans: ['dns:a.example'] }).pem },
      reason: 'other-key',
      orders: 2,
    },
    {
      name: 'the certificate is not there: another one is ordered',
      at: 'certificate',
      fault: { kind: 'status', status: 404 },
      reason: 'http-error',
      orders: 2,
    },
    {
      name: 'a rate limit: the order is gone on with',
      at: 'finalize',
      fault: { kind: 'status', status: 429, retryAfter: '3600', problem: RATE_LIMITED },
      reason: 'acme-rate-limited',
      orders: 1,
    },
    {
      name: 'a CA that is down: the order is gone on with',
      at: 'finalize',
      fault: { kind: 'status', status: 503, retryAfter: '3600' },
      reason: 'server-error',
      orders: 1,
    },
  ])('$name', async ({ at, fault, reason, orders }) => {
    const { result, proxy, folder } = await trial({ arrange: (proxy) => proxy.fault(at, fault) });
    expect(result).toMatchObject({ ok: false, reason });
    proxy.fault(at, undefined);
    const { result: next } = await orderWith({ folder, job: jobBy(proxy) });
    expect(next).toMatchObject({ ok: true });
    expect(proxy.count('new-order')).toBe(orders);
  });

  test('one that cannot be written down is given back, too', async () => {
    let said: string[] = [];
    const { result } = await trial({
      arrange: (proxy, folder) => {
        said = listen(proxy);
        mkdirSync(folder.at('out'), { mode: 0o700 });
        mkdirSync(folder.at('out', 'order.json'));
      },
    });
    expect(result).toMatchObject({ ok: false, step: 'order', reason: 'cannot-write' });
    expect(said).toEqual(['pending', 'deactivated']);
  });

  test.for<[string, Fault]>([
    ['is silent', { kind: 'hang' }],
    ['drips', { kind: 'drip' }],
    ['refuses', { kind: 'status', status: 500 }],
    ['wants to be asked tomorrow', { kind: 'status', status: 503, retryAfter: '86400' }],
    ['lies', { kind: 'edit-text', edit: () => '[' }],
  ])('a CA that %s then changes nothing', async ([_name, fault]) => {
    const { result, proxy } = await trial({
      job: failing,
      onEvent: (event, proxy) => {
        if (event.kind === 'step' && event.step === 'present') proxy.fault('authorization', fault);
      },
    });
    expect(result).toMatchObject(failed);
    expect(proxy.count('authorization')).toBeGreaterThan(3);
  });

  test('without time for it nothing is asked, and the next run takes the order up', async () => {
    let said: string[] = [];
    const { result, proxy, folder } = await trial({
      arrange: (proxy) => {
        said = listen(proxy);
      },
      job: { ...failing, challenge: { type: 'dns-01', hook: { present: ['/bin/sh', '-c', 'sleep 60'] } } },
      deadlineMs: 6_000,
    });
    expect(result).toMatchObject({ ok: false, reason: 'hook-timeout' });
    expect(said).toEqual(['pending', 'pending', 'pending']);
    const { identifiers = [] } = failing;
    const { result: next } = await orderWith({ folder, job: { ...jobBy(proxy), identifiers } });
    expect(next).toMatchObject({ ok: true });
    expect(proxy.count('new-order')).toBe(1);
  });
});

describe.concurrent('no CA there', () => {
  test('a closed port', async () => {
    const { result } = await trial({ directory: `https://127.0.0.1:${await closedPort()}/dir` });
    expect(result).toMatchObject({ ok: false, step: 'directory', reason: 'connect-failed', advice: 'see-network' });
  });

  test('a host that there is none of, by the name server that is to be asked', async () => {
    await using dns = await dnsServer({ 'silent.shop.example': 'servfail' });
    const at = (host: string) => trial({ directory: `https://${host}/dir`, job: { nameServers: [dns.address] } });
    const nowhere = (await at('ca.shop.example')).result;
    expect(nowhere).toMatchObject({ step: 'directory', reason: 'ca-not-found', advice: 'fix-directory' });
    const unknown = (await at('silent.shop.example')).result;
    expect(unknown).toMatchObject({ step: 'directory', reason: 'connect-failed', advice: 'see-network' });
  });

  test('a CA, but no directory at this URL', async () => {
    const { result } = await trial({ directory: pebble.directory.replace(/dir$/, 'nothing') });
    expect(result).toMatchObject({ step: 'directory', reason: 'not-a-directory', advice: 'fix-directory' });
    expect(result).toMatchObject({ detail: expect.stringContaining('404') });
  });

  test('a port that never speaks TLS', async () => {
    await using server = await silentServer();
    const { result } = await trial({ directory: `https://127.0.0.1:${server.port}/dir`, requestTimeoutMs: 200 });
    expect(result).toMatchObject({ ok: false, step: 'directory', reason: 'request-timeout' });
  });

  test('a page that is no directory', async () => {
    const { result } = await trial({
      arrange: (proxy) => proxy.fault('directory', { kind: 'edit-text', edit: () => '{"welcome":"here"}' }),
    });
    expect(result).toMatchObject({ ok: false, step: 'directory', reason: 'not-a-directory', advice: 'fix-directory' });
  });

  test('a name that nobody knows', async () => {
    await pebble.set('set-servfail', { host: 'nowhere.shop.example.' });
    const { result } = await trial({
      directory: `https://nowhere.shop.example:${pebble.port}/dir`,
      job: { nameServers: [pebble.nameServer] },
    });
    expect(result).toMatchObject({ ok: false, step: 'directory', reason: 'connect-failed' });
  });

  test('its name is asked of the name servers of the job', async () => {
    const { result } = await trial({
      directory: `https://ca.shop.example:${pebble.port}/dir`,
      job: { nameServers: [pebble.nameServer] },
    });
    // Found, though its certificate has no such name.
    expect(result).toMatchObject({
      ok: false,
      step: 'directory',
      reason: 'tls-failed',
      detail: expect.stringContaining('ALTNAME'),
    });
  });

  test('HTTPS that nobody vouches for', async () => {
    await using folder = await tempFolder('acme-faults');
    const { result } = await orderWith({
      folder,
      job: { directory: pebble.directory, challenge: { type: 'http-01', webroot: webroot.path } },
    });
    expect(result).toMatchObject({ ok: false, step: 'directory', reason: 'tls-failed', advice: 'check-ca-trust' });
  });
});

function keyOf(path: string): KeyPair {
  const privateKey = createPrivateKey(readFileSync(path));
  const publicKey = createPublicKey(privateKey);
  return { kind: 'ec256', privateKey, publicKey, spki: publicKey.export({ type: 'spki', format: 'der' }) };
}
