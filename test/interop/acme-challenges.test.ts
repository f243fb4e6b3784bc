/**
 * Every way to answer a challenge, against pebble, with preflight on.
 */

import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import type { AcmeJob, AcmeResult } from '../../src/renew/acme/job.ts';
import { testWith } from '../support/acme/daemon.ts';
import { bind, startNamed, type UpdatableZone } from '../support/acme/name-server.ts';
import { type Ordered, orderWith } from '../support/acme/order-with.ts';
import { newPebble, type Pebble, startPebble } from '../support/acme/pebble.ts';
import { webServer } from '../support/acme/web-server.ts';
import { closedPort } from '../support/ports.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import { serve } from '../support/servers/server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

// An order takes a second; on a busy machine it may take many, and no result may depend on that.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const test = testWith({ ...newPebble });
const hookScript = join(import.meta.dirname, '../support/acme/dns-hook.mjs');
let pebble: Pebble;
beforeAll(async () => {
  if (newPebble.pebble) pebble = await startPebble({ programs: newPebble });
});
afterAll(async () => {
  await pebble?.[Symbol.asyncDispose]();
});

function order(
  folder: TempFolder,
  job: Pick<AcmeJob, 'challenge'> & Partial<AcmeJob>,
  deadlineMs = 60_000,
): Promise<Ordered> {
  return orderWith({
    folder,
    deadlineMs,
    job: {
      directory: pebble.directory,
      caFile: pebble.caFile,
      nameServers: [pebble.nameServer],
      preflight: { httpPort: pebble.httpPort },
      ...job,
    },
  });
}

const namesOf = (result: AcmeResult): string[] =>
  result.ok
    ? (new X509Certificate(readFileSync(result.files.cert)).subjectAltName?.split(', ').sort() ?? [])
    : [`${result.step}: ${result.reason}: ${result.detail}`];

describe('http-01', () => {
  test('by webroot: the file is there while the CA looks, and nothing is left of it', async () => {
    await using folder = await tempFolder('acme');
    await using root = await tempFolder('webroot');
    await using web = await webServer(root.path, pebble.httpPort);
    const { result } = await order(folder, {
      identifiers: ['www.shop.example', 'shop.example'],
      challenge: { type: 'http-01', webroot: root.path },
    });
    expect(namesOf(result)).toEqual(['DNS:shop.example', 'DNS:www.shop.example']);
    expect(result.warnings).toEqual([]);
    expect(web.paths.filter((path) => !path.includes('preflight')).length).toBeGreaterThanOrEqual(2);
    expect(readdirSync(root.path)).toEqual([]);
  });

  test('by webroot that another root is served from: found before an order is spent', async () => {
    await using folder = await tempFolder('acme');
    await using root = await tempFolder('webroot');
    await using other = await tempFolder('other-root');
    await using _web = await webServer(other.path, pebble.httpPort);
    const { result, events } = await order(folder, { challenge: { type: 'http-01', webroot: root.path } });
    expect(result).toMatchObject({
      ok: false,
      step: 'preflight',
      reason: 'webroot-not-served',
      advice: 'fix-webserver',
    });
    expect(events.some((event) => event.kind === 'order')).toBe(false);
    expect(readdirSync(root.path)).toEqual([]);
  });

  test('a webroot that is not there: not a matter of permissions', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await order(folder, { challenge: { type: 'http-01', webroot: folder.at('nowhere') } });
    expect(result).toMatchObject({ ok: false, step: 'preflight', reason: 'webroot-missing', advice: 'fix-webroot' });
    expect(result).toMatchObject({ detail: expect.stringContaining(folder.at('nowhere')) });
  });

  test('the CA sees something else: its words, and what to do', async () => {
    await using folder = await tempFolder('acme');
    await using root = await tempFolder('webroot');
    await using other = await tempFolder('other-root');
    await using _web = await webServer(other.path, pebble.httpPort);
    const { result } = await order(folder, {
      challenge: { type: 'http-01', webroot: root.path },
      preflight: { skip: true },
    });
    expect(result).toMatchObject({
      ok: false,
      step: 'validate',
      reason: 'acme-unauthorized',
      advice: 'fix-webserver',
      problem: { type: 'urn:ietf:params:acme:error:unauthorized' },
    });
    expect(readdirSync(root.path)).toEqual([]);
  });

  test('for an IP address', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await order(folder, {
      identifiers: ['127.0.0.1', 'www.shop.example'],
      challenge: { type: 'http-01', listen: `127.0.0.1:${pebble.httpPort}` },
    });
    expect(namesOf(result)).toEqual(['DNS:www.shop.example', 'IP Address:127.0.0.1']);
  });

  test('a port that is taken', async () => {
    await using folder = await tempFolder('acme');
    await using _server = await silentServer({ port: pebble.httpPort });
    const { result } = await order(folder, {
      challenge: { type: 'http-01', listen: `127.0.0.1:${pebble.httpPort}` },
    });
    expect(result).toMatchObject({ ok: false, step: 'preflight', reason: 'port-taken', advice: 'free-port' });
  });

  test('an address that this machine does not have', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await order(folder, {
      challenge: { type: 'http-01', listen: `192.0.2.1:${pebble.httpPort}` },
    });
    expect(result).toMatchObject({ ok: false, step: 'preflight', reason: 'address-not-here', advice: 'fix-config' });
  });

  describe('what is seen from here is not what the CA sees', () => {
    /** The CA's port 80 is pebble's; `httpPort` is where this machine looks. */
    const seenFromHere = (httpPort: number, challenge: AcmeJob['challenge'], more: Partial<AcmeJob> = {}) => ({
      challenge,
      preflight: { httpPort },
      ...more,
    });
    const forwarded = () => ({ type: 'http-01', listen: `127.0.0.1:${pebble.httpPort}` }) as const;

    test('a port that is forwarded for others only: no word about it', async () => {
      await using folder = await tempFolder('acme');
      const { result } = await order(folder, seenFromHere(await closedPort(), forwarded()));
      expect(result).toMatchObject({ ok: true, warnings: [] });
    });

    test('another server there, and the port is forwarded for others: a doubt', async () => {
      await using folder = await tempFolder('acme');
      await using root = await tempFolder('webroot');
      await using web = await webServer(root.path);
      const { result } = await order(folder, seenFromHere(web.server.port, forwarded()));
      expect(result).toMatchObject({ ok: true, warnings: [{ code: 'http-not-seen' }] });
    });

    test('a redirect, which the CA follows: no word about it', async () => {
      await using folder = await tempFolder('acme');
      await using root = await tempFolder('webroot');
      await using _web = await webServer(root.path, pebble.httpPort);
      const redirect = 'HTTP/1.1 301 Moved\r\nLocation: https://www.shop.example/\r\nConnection: close\r\n\r\n';
      await using server = await serve((socket) => void socket.end(redirect));
      const { result } = await order(folder, seenFromHere(server.port, { type: 'http-01', webroot: root.path }));
      expect(result).toMatchObject({ ok: true, warnings: [] });
    });

    test('an address that is not of this machine and does not answer it: no word about it', async () => {
      await using folder = await tempFolder('acme');
      await using root = await tempFolder('webroot');
      // Elsewhere, as far as the list of this machine's addresses goes.
      await pebble.set('add-a', { host: 'elsewhere.example.', addresses: ['127.0.0.77'] });
      await using _web = await webServer(root.path, pebble.httpPort, '127.0.0.77');
      const challenge = { type: 'http-01', webroot: root.path } as const;
      const { result } = await order(
        folder,
        seenFromHere(await closedPort(), challenge, { identifiers: ['elsewhere.example'] }),
      );
      expect(result).toMatchObject({ ok: true, warnings: [] });
    });
  });

  test('the CA cannot connect', async () => {
    await using folder = await tempFolder('acme');
    await using root = await tempFolder('webroot');
    const { result } = await order(folder, { challenge: { type: 'http-01', webroot: root.path } });
    expect(result).toMatchObject({ ok: false, step: 'validate', reason: 'acme-connection', advice: 'fix-firewall' });
    expect(result.warnings.map(({ code }) => code)).toEqual(['http-not-seen']);
  });
});

describe('tls-alpn-01', () => {
  test('for a name and an IP address', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await order(folder, {
      identifiers: ['www.shop.example', '127.0.0.1'],
      challenge: { type: 'tls-alpn-01', listen: `127.0.0.1:${pebble.tlsPort}` },
    });
    expect(namesOf(result)).toEqual(['DNS:www.shop.example', 'IP Address:127.0.0.1']);
  });

  test('a TLS server in the way that does not know acme-tls/1', async () => {
    await using folder = await tempFolder('acme');
    await using _server = await serve((socket) => socket.destroy(), { port: pebble.tlsPort });
    const { result } = await order(folder, {
      challenge: { type: 'tls-alpn-01', listen: `127.0.0.2:${pebble.tlsPort}` },
    });
    expect(result).toMatchObject({ ok: false, step: 'validate', advice: 'fix-firewall' });
  });
});

describe('several renewals that listen at one port', () => {
  const CASES = [
    ['http-01', () => pebble.httpPort],
    ['tls-alpn-01', () => pebble.tlsPort],
  ] as const;
  test.for(CASES)('%s: each waits until the one before has done', async ([type, port]) => {
    await using folder = await tempFolder('acme');
    const results = await Promise.all(
      [1, 2, 3].map((n) =>
        order(folder, {
          identifiers: [`www${n}.shop.example`],
          challenge: { type, listen: `127.0.0.1:${port()}` } as AcmeJob['challenge'],
          outDir: folder.at(`out${n}`),
        }),
      ),
    );
    expect(results.map(({ result }) => namesOf(result))).toEqual([1, 2, 3].map((n) => [`DNS:www${n}.shop.example`]));
  });

  test('one that holds the port for long is waited for, since it is of our kind', async () => {
    await using folder = await tempFolder('acme');
    const challenge = { type: 'tls-alpn-01', listen: `127.0.0.1:${pebble.tlsPort}` } as const;
    let release = () => {};
    const holds = new Promise<void>((resolve) => {
      release = resolve;
    });
    let holder = 0;
    const first = orderWith({
      folder,
      job: {
        directory: pebble.directory,
        caFile: pebble.caFile,
        challenge,
        outDir: folder.at('first'),
        pauseAt: { step: 'validate', how: 'wait' },
      },
      onSpawn: (pid) => {
        holder = pid;
      },
      onEvent: (event) => {
        if (event.kind === 'paused') release();
      },
    });
    await holds;
    // Longer than an unknown program would be waited for.
    const timer = setTimeout(() => process.kill(holder, 'SIGTERM'), 4_000);
    const { result } = await order(folder, { challenge, preflight: { skip: true }, outDir: folder.at('second') });
    clearTimeout(timer);
    expect((await first).result.ok).toBe(false);
    expect(result).toMatchObject({ ok: true });
  });
});

describe.concurrent('dns-01 by hook', () => {
  const hookFor = (log: string) => ({ present: [process.execPath, hookScript, pebble.management, log] as const });

  test('a name and its wildcard: two values at one record, both taken back', async () => {
    await using folder = await tempFolder('acme');
    const log = folder.at('hook.log');
    const argv = [...hookFor(log).present] as [string, ...string[]];
    const { result } = await order(folder, {
      identifiers: ['wild.example', '*.wild.example'],
      challenge: { type: 'dns-01', hook: { present: argv, cleanup: argv } },
    });
    expect(namesOf(result)).toEqual(['DNS:*.wild.example', 'DNS:wild.example']);
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    expect(lines.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'present _acme-challenge.wild.example',
      'present _acme-challenge.wild.example',
      'cleanup _acme-challenge.wild.example',
      'cleanup _acme-challenge.wild.example',
    ]);
    // What was put in last goes first, each with its own value.
    const values = lines.map((line) => line.split(' ')[2]);
    expect(values.slice(2)).toEqual(values.slice(0, 2).reverse());
    expect(readdirSync(folder.at('out'))).not.toContain('clean-up.json');
  });

  test('where a CNAME leads', async () => {
    await using folder = await tempFolder('acme');
    await pebble.set('set-cname', { host: '_acme-challenge.away.example.', target: 'away.delegated.example.' });
    const log = folder.at('hook.log');
    const argv = [...hookFor(log).present] as [string, ...string[]];
    const { result } = await order(folder, {
      identifiers: ['away.example'],
      challenge: { type: 'dns-01', hook: { present: argv, cleanup: argv } },
    });
    expect(namesOf(result)).toEqual(['DNS:away.example']);
    expect(readFileSync(log, 'utf8')).toMatch(/^present away\.delegated\.example /);
  });

  test('a circle of CNAMEs is found before an order is spent', async () => {
    await using folder = await tempFolder('acme');
    await pebble.set('set-cname', { host: '_acme-challenge.loop.example.', target: 'a.loop.example.' });
    await pebble.set('set-cname', { host: 'a.loop.example.', target: '_acme-challenge.loop.example.' });
    const { result } = await order(folder, {
      identifiers: ['loop.example'],
      challenge: { type: 'dns-01', hook: { present: ['/bin/true'] } },
    });
    expect(result).toMatchObject({ ok: false, step: 'preflight', reason: 'cname-loop', advice: 'fix-dns' });
    // Without preflight, too, it is not followed for ever.
    const { result: late } = await order(folder, {
      identifiers: ['loop.example'],
      challenge: { type: 'dns-01', hook: { present: ['/bin/true'] } },
      preflight: { skip: true },
    });
    expect(late).toMatchObject({ ok: false, step: 'present', reason: 'cname-loop' });
  });

  test('a chain of CNAMEs without end', async () => {
    await using folder = await tempFolder('acme');
    const at = (n: number) => `${n}.chain.example.`;
    await pebble.set('set-cname', { host: '_acme-challenge.chain.example.', target: at(0) });
    for (let n = 0; n < 20; n += 1) await pebble.set('set-cname', { host: at(n), target: at(n + 1) });
    const { result } = await order(folder, {
      identifiers: ['chain.example'],
      challenge: { type: 'dns-01', hook: { present: ['/bin/true'] } },
    });
    expect(result).toMatchObject({
      ok: false,
      step: 'preflight',
      reason: 'cname-loop',
      detail: expect.stringContaining('more than 10 CNAMEs'),
    });
  });

  test('a hook that fails: its status and what it said; the clean-up hook runs all the same', async () => {
    await using folder = await tempFolder('acme');
    const cleaned = folder.at('cleaned');
    const { result } = await order(folder, {
      environment: { CERTWATCH_NAME: 'www', COLOUR: 'blue' },
      challenge: {
        type: 'dns-01',
        hook: {
          present: ['/bin/sh', '-c', 'echo "the zone is locked" >&2; exit 7'],
          cleanup: [
            '/bin/sh',
            '-c',
            `echo "$CERTWATCH_ACTION $CERTWATCH_DOMAIN $CERTWATCH_RECORD $CERTWATCH_NAME $COLOUR" > ${cleaned}`,
          ],
        },
      },
    });
    expect(result).toMatchObject({
      ok: false,
      step: 'present',
      reason: 'hook-failed',
      advice: 'fix-hook',
      output: 'the zone is locked\n',
    });
    expect(readFileSync(cleaned, 'utf8')).toBe('cleanup www.shop.example _acme-challenge.www.shop.example www blue\n');
  });

  test('a hook that is not there', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await order(folder, {
      challenge: { type: 'dns-01', hook: { present: ['/nonexistent/hook'] } },
    });
    expect(result).toMatchObject({ ok: false, step: 'present', reason: 'hook-not-started', advice: 'fix-hook' });
  });
});

describe.concurrent('CAA, before an order is spent', () => {
  const CASES = [
    ['another CA only', 'a.example', [{ tag: 'issue', value: 'other.example' }], '', 'caa-forbids'],
    ['nobody at all', 'b.example', [{ tag: 'issue', value: ';' }], '', 'caa-forbids'],
    ['this CA', 'c.example', [{ tag: 'issue', value: 'pebble.letsencrypt.org' }], '', undefined],
    ['inherited from above', 'd.example', [{ tag: 'issue', value: 'other.example' }], 'www.deep.', 'caa-forbids'],
    ['wildcards only', 'e.example', [{ tag: 'issuewild', value: ';' }], '', undefined],
    ['wildcards only, and one is asked for', 'f.example', [{ tag: 'issuewild', value: ';' }], '*.', 'caa-forbids'],
  ] as const;
  test.for(CASES)('%s', async ([_name, zone, policies, prefix, reason]) => {
    await using folder = await tempFolder('acme');
    await pebble.set('add-caa', { host: `${zone}.`, policies });
    const { result, events } = await order(folder, {
      identifiers: [prefix + zone],
      challenge: { type: 'dns-01', hook: { present: ['/bin/false'] } },
    });
    // Whatever gets past preflight ends at the hook.
    const expected = reason
      ? { step: 'preflight', reason, advice: 'fix-caa' }
      : { step: 'present', reason: 'hook-failed' };
    expect(result).toMatchObject({ ok: false, ...expected });
    expect(events.some((event) => event.kind === 'order')).toBe(reason === undefined);
  });

  test('a name server that fails is a warning', async () => {
    await using folder = await tempFolder('acme');
    await pebble.set('set-servfail', { host: 'servfail.example.' });
    const { result } = await order(folder, {
      identifiers: ['servfail.example'],
      challenge: { type: 'http-01', listen: `127.0.0.1:${pebble.httpPort}` },
    });
    expect(result).toMatchObject({ ok: false, step: 'validate' });
    expect(result.warnings.map(({ code }) => code)).toEqual(['caa-unknown', 'name-unknown']);
  });
});

describe.concurrent('dns-01 by dynamic update', () => {
  const testNamed = testWith({ ...newPebble, ...bind });
  let zone: UpdatableZone;
  let ca: Pebble;
  beforeAll(async () => {
    if (!newPebble.pebble || !bind.named) return;
    zone = await startNamed({ zone: 'zone.example', records: '_acme-challenge.alias IN CNAME target.deep' });
    ca = await startPebble({ programs: newPebble, nameServer: zone.address });
  });
  afterAll(async () => {
    await ca?.[Symbol.asyncDispose]();
    await zone?.[Symbol.asyncDispose]();
  });

  const update = (folder: TempFolder, keyFile: string | undefined, more: Partial<AcmeJob> = {}) =>
    order(folder, {
      directory: ca.directory,
      caFile: ca.caFile,
      nameServers: [zone.address],
      authorityPort: zone.port,
      identifiers: ['www.zone.example', '*.www.zone.example', 'deep.er.zone.example', 'alias.zone.example'],
      challenge: { type: 'dns-01', rfc2136: { server: zone.address, ...(keyFile ? { keyFile } : {}) } },
      ...more,
    });

  testNamed('with TSIG, in a zone that is found, where a CNAME leads too', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await update(folder, zone.keyFile);
    expect(namesOf(result)).toEqual([
      'DNS:*.www.zone.example',
      'DNS:alias.zone.example',
      'DNS:deep.er.zone.example',
      'DNS:www.zone.example',
    ]);
    // named knows its zone only: what CAA says at the top is not to be had from it.
    expect(result.warnings.filter(({ code }) => code !== 'caa-unknown')).toEqual([]);
    // What named itself has seen: each record added and taken away again.
    const said = zone.output();
    expect(said.match(/adding an RR at '_acme-challenge\.www\.zone\.example' TXT/g)).toHaveLength(2);
    expect(said.match(/deleting an RR at _acme-challenge\.www\.zone\.example TXT/g)).toHaveLength(2);
    expect(said).toMatch(/adding an RR at 'target\.deep\.zone\.example' TXT/);
    expect(said).toMatch(/deleting an RR at target\.deep\.zone\.example TXT/);
  });

  const REFUSALS = [
    ['another secret', 'wrongKeyFile', 'BADSIG'],
    ['a key that the server does not know', 'otherKeyFile', 'BADKEY'],
    ['no key', undefined, 'REFUSED'],
  ] as const;
  testNamed.for(REFUSALS)('%s', async ([_name, which, said]) => {
    await using folder = await tempFolder('acme');
    const { result } = await update(folder, which && zone[which], { identifiers: ['zone.example'] });
    expect(result).toMatchObject({
      ok: false,
      step: 'present',
      reason: 'update-refused',
      advice: 'fix-update',
      detail: expect.stringContaining(said),
    });
  });

  testNamed('a record that never appears: the servers that do not have it are named', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await update(folder, undefined, {
      identifiers: ['zone.example'],
      challenge: { type: 'dns-01', hook: { present: ['/bin/true'] }, propagation: { timeoutMs: 700 } },
    });
    expect(result).toMatchObject({
      ok: false,
      step: 'propagate',
      reason: 'not-propagated',
      advice: 'fix-dns',
      detail: expect.stringContaining(`_acme-challenge.zone.example at ${zone.address}`),
    });
  });

  testNamed('a zone that the server does not have', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await update(folder, zone.keyFile, { identifiers: ['elsewhere.example'] });
    expect(result).toMatchObject({ ok: false, step: 'present', reason: 'zone-not-found', advice: 'fix-update' });
  });
});
