/**
 * Looks at an endpoint, over real sockets: what is tried again, how often, and what is reported when time is up.
 */

import { afterEach, expect, test } from 'vitest';
import type { EndpointTarget, TargetSettings } from '../../src/model/target.ts';
import { createResolver } from '../../src/net/resolve.ts';
import { observeEndpoint } from '../../src/scan/observe-endpoint.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { ChainReader } from '../../src/x509/chain-reader.ts';
import { createCa } from '../support/pki/pki.ts';
import { closedPort } from '../support/ports.ts';
import { type DnsTable, dnsServer } from '../support/servers/dns-server.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import { serve } from '../support/servers/server.ts';
import { secureContextOf, tlsServer, upgradeToTls } from '../support/servers/tls-server.ts';

const now = Date.now();
const leaf = createCa({ now }).issue({ sans: ['dns:localhost'] });
const tools = { resolver: createResolver(), chainReader: new ChainReader() };
const deadlines: Deadline[] = [];
afterEach(() => {
  for (const deadline of deadlines.splice(0)) deadline.release();
});

function targetAt(port: number, settings: Partial<TargetSettings> = {}): EndpointTarget {
  return {
    kind: 'endpoint',
    input: 'x',
    name: 'x',
    origin: 'test',
    host: '127.0.0.1',
    port,
    protocol: 'tls',
    servername: 'localhost',
    settings: { ...DEFAULT_SETTINGS, retries: 0, ...settings },
  };
}

async function look(target: EndpointTarget, ms = 5_000) {
  const deadline = Deadline.after(ms);
  deadlines.push(deadline);
  return observeEndpoint(target, tools, deadline);
}

test('a healthy server is read at the first look', async () => {
  await using server = await tlsServer({ leaf });
  const [seen] = await look(targetAt(server.port));
  expect(seen).toMatchObject({ kind: 'presented', address: '127.0.0.1', engine: 'certwatch' });
  expect(seen.chain?.[0]?.der).toEqual(new Uint8Array(leaf.der));
  expect(server.accepted).toBe(1);
});

test.each([
  { retries: 0, confirm: 1, looks: undefined },
  { retries: 2, confirm: 1, looks: 3 },
  { retries: 0, confirm: 2, looks: 2 },
])('a closed port with $retries retries, confirm $confirm: looks $looks', async ({ looks, ...settings }) => {
  const port = await closedPort();
  const [seen] = await look(targetAt(port, settings));
  expect(seen).toMatchObject({ kind: 'failed', code: 'connect-failed', reason: 'refused' });
  expect(seen.kind === 'failed' ? seen.looks : 0).toBe(looks);
});

test('silence is looked at once, and takes the whole timeout', async () => {
  await using server = await silentServer();
  const [seen] = await look(targetAt(server.port, { retries: 3 }), 150);
  expect(seen).toMatchObject({ kind: 'failed', code: 'timeout', phase: 'handshake' });
  expect(server.accepted).toBe(1);
});

test('with confirm, silence is looked at again within the same timeout', async () => {
  await using server = await silentServer();
  const [seen] = await look(targetAt(server.port, { confirm: 3 }), 300);
  expect(seen).toMatchObject({ kind: 'failed', code: 'timeout', phase: 'handshake' });
  expect(server.accepted).toBe(3);
});

test('with confirm, a host that answers at its second look is up', async () => {
  const context = secureContextOf({ leaf });
  let connections = 0;
  await using server = await serve((socket) => {
    connections += 1;
    if (connections > 1) upgradeToTls(socket, context).resume();
    else socket.resume();
  });
  const [seen] = await look(targetAt(server.port, { confirm: 2 }), 2_000);
  expect(seen.kind).toBe('presented');
  expect(connections).toBe(2);
});

/** What a peer has proved about itself is not asked for twice, unless it is to be confirmed: a proxy may say it in its place. */
test.each([
  { confirm: 1, kind: 'failed', connections: 1 },
  { confirm: 2, kind: 'presented', connections: 2 },
])('plain text at the first look, with confirm $confirm: $kind', async ({ confirm, kind, connections: expected }) => {
  const context = secureContextOf({ leaf });
  let connections = 0;
  await using server = await serve((socket) => {
    connections += 1;
    if (connections > 1) upgradeToTls(socket, context).resume();
    else socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
  });
  const [seen] = await look(targetAt(server.port, { retries: 3, confirm }));
  expect(seen.kind).toBe(kind);
  expect(connections).toBe(expected);
});

test.each([
  { confirm: 1, kind: 'failed' },
  { confirm: 2, kind: 'presented' },
])('a name that is not there at the first look, with confirm $confirm: $kind', async ({ confirm, kind }) => {
  await using server = await tlsServer({ leaf });
  const asked = () => dns.queries.filter(({ name }) => name === 'late.example').length;
  await using dns = await dnsServer({
    get 'late.example'(): DnsTable[string] {
      return asked() > 1 ? ['127.0.0.1'] : 'nxdomain';
    },
  });
  const own = { ...tools, resolver: createResolver({ servers: [dns.address] }) };
  const target = { ...targetAt(server.port, { retries: 3, confirm, family: 4 }), host: 'late.example' };
  const deadline = Deadline.after(5_000);
  deadlines.push(deadline);
  const [seen] = await observeEndpoint(target, own, deadline);
  expect(seen.kind).toBe(kind);
});

test('a second look that is cut off does not unsay what the first one found', async () => {
  let connections = 0;
  // A fatal alert (protocol_version), and silence for whoever asks again.
  await using server = await serve((socket) => {
    connections += 1;
    if (connections === 1) socket.end(Buffer.from('15030100020246', 'hex'));
    else socket.resume();
  });
  const [seen] = await look(targetAt(server.port), 400);
  expect(seen).toMatchObject({ kind: 'failed', code: 'handshake-failed', reason: 'alert' });
  expect(connections).toBe(2);
});

test('of several addresses a silent one does not take away what the others present, nor its own phase', async () => {
  await using names = await dnsServer({ 'two.example': ['127.0.0.1', '127.0.0.2'] });
  await using server = await tlsServer({ leaf });
  await using silent = await silentServer({ host: '127.0.0.2', port: server.port });
  const target = { ...targetAt(server.port, { allAddresses: true, family: 4 }), host: 'two.example' };
  const deadline = Deadline.after(1_500);
  deadlines.push(deadline);
  const resolver = createResolver({ servers: [names.address] });
  const seen = await observeEndpoint(target, { ...tools, resolver }, deadline);
  expect(seen).toMatchObject([
    { kind: 'presented', address: '127.0.0.1' },
    { kind: 'failed', code: 'timeout', phase: 'handshake', reason: 'deadline', address: '127.0.0.2' },
  ]);
  expect(silent.accepted).toBe(1);
});

test('what was known when the time was over is told: which address, and how far it was', async () => {
  await using silent = await silentServer();
  const [tls] = await look(targetAt(silent.port), 300);
  expect(tls).toMatchObject({ code: 'timeout', phase: 'handshake', reason: 'deadline', address: '127.0.0.1' });
  const [smtp] = await look({ ...targetAt(silent.port), protocol: 'smtp' }, 300);
  expect(smtp).toMatchObject({ code: 'timeout', phase: 'starttls', address: '127.0.0.1' });
  expect(smtp).toHaveProperty('detail', expect.stringMatching(/no greeting.*TLS from the first byte/));
});
