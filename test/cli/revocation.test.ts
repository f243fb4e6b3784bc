/**
 * `--revocation crl` of the built program: the CA's lists are fetched by HTTP, once a run, only for chains that are trusted,
 * and never longer than the target's own time.
 */
import { createServer, type ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { createCa, type Issued, listPoint, revocationList, toPem } from '../support/pki/pki.ts';
import { runCertwatch } from '../support/run-certwatch.ts';
import { listen } from '../support/servers/server.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { tempFolder } from '../support/temp-folder.ts';

const NOW = Date.UTC(2026, 10, 24, 8, 0, 0);
const DAY = 24 * 3_600_000;
const CURRENT = { thisUpdate: NOW - DAY, nextUpdate: NOW + DAY };
const root = createCa({ now: NOW });
const issuer = root.issueCa({ subject: 'CN=Test Issuing CA' });

interface Result {
  readonly target: { readonly name: string };
  readonly status: string;
  readonly findings: readonly { readonly code: string; readonly data: object }[];
}

interface Asked {
  readonly answer: (response: ServerResponse, leaf: Issued) => void;
  readonly args?: readonly string[];
  /** How many targets are the same server. */
  readonly targets?: number;
  readonly trusted?: boolean;
}

async function check({ answer, args = ['--revocation', 'crl'], targets = 1, trusted = true }: Asked) {
  const requests: string[] = [];
  let leaf: Issued | undefined;
  await using lists = await listen(
    createServer((request, response) => {
      requests.push(request.url ?? '');
      answer(response, leaf!);
    }),
  );
  leaf = issuer.issue({
    sans: ['dns:www.shop.example'],
    extraExtensions: [listPoint([`http://127.0.0.1:${lists.port}/1.crl`])],
  });
  await using server = await tlsServer({ leaf });
  await using folder = await tempFolder();
  const anchor = await folder.write('root.pem', trusted ? root.pem : createCa({ now: NOW }).pem);
  const words = Array.from(
    { length: targets },
    (_, i) => `www.shop.example connect-to=127.0.0.1:${server.port} name=t${i}`,
  );
  const flags = ['--trust', 'none', '--ca-file', anchor, '--now', new Date(NOW).toISOString(), '--format', 'json'];
  const ran = await runCertwatch(['check', ...words, ...flags, ...args]);
  const { results } = JSON.parse(ran.stdout) as { results: Result[] };
  return { status: ran.status, results, requests, durationMs: ran.durationMs };
}

const send = (list: (leaf: Issued) => Uint8Array) => (response: ServerResponse, leaf: Issued) => {
  response.writeHead(200, { 'content-type': 'application/pkix-crl' }).end(list(leaf));
};
const good = send(() => revocationList(issuer, CURRENT));
const revoking = (leaf: Issued) =>
  revocationList(issuer, { ...CURRENT, revoked: [{ certificate: leaf, at: NOW - DAY, reason: 1 }] });

test('revoked: critical, for every target, by one request', async () => {
  const { status, results, requests } = await check({ answer: send(revoking), targets: 12 });
  expect(status).toBe(2);
  expect(results.map(({ findings }) => findings.map(({ code }) => code))).toEqual(
    Array(12).fill(['revoked', 'revocation-unknown']),
  );
  expect(results[0]!.findings[0]).toMatchObject({
    certificate: 0,
    data: { at: '2026-11-23T08:00:00Z', reason: 'key-compromise' },
  });
  // The intermediate names no list.
  expect(results[0]!.findings[1]).toMatchObject({ certificate: 1, data: { reason: 'names-no-list' } });
  expect(requests).toEqual(['/1.crl']);
});

test('in PEM, behind a redirect', async () => {
  let asked = 0;
  const { status, results, requests } = await check({
    answer: (response, leaf) => {
      asked += 1;
      if (asked === 1) response.writeHead(302, { location: '/moved.crl' }).end();
      else response.end(toPem(Buffer.from(revoking(leaf)), 'X509 CRL'));
    },
  });
  expect(requests).toEqual(['/1.crl', '/moved.crl']);
  expect(status).toBe(2);
  expect(results[0]!.findings[0]!.code).toBe('revoked');
});

test('good: nothing to tell of the leaf', async () => {
  const { status, results } = await check({ answer: good });
  expect(status).toBe(0);
  expect(results[0]!.findings).toMatchObject([{ code: 'revocation-unknown', certificate: 1 }]);
});

test.each<[string, Asked['answer'], string]>([
  ['no answer', () => {}, 'list-not-fetched'],
  ['a drip', (response) => void response.writeHead(200).write('x'), 'list-not-fetched'],
  ['an error', (response) => void response.writeHead(503).end(), 'list-not-fetched'],
  ['redirects for ever', (response) => void response.writeHead(302, { location: '/1.crl' }).end(), 'list-not-fetched'],
  [
    'a redirect to a file',
    (response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    'list-not-fetched',
  ],
  ['a page', (response) => void response.writeHead(200).end('<html>'), 'malformed-list'],
])('%s: said, in time, and no reason to wake anybody', async (_, answer, reason) => {
  const { status, results } = await check({
    answer,
    args: ['--revocation', 'crl', '--timeout', '4s', '--deadline', '5s'],
  });
  expect(status).toBe(0);
  expect(results[0]).toMatchObject({
    status: 'ok',
    findings: [{ code: 'revocation-unknown', certificate: 0, data: { reason } }, {}],
  });
});

test('a chain that is not trusted sends this machine nowhere', async () => {
  const { status, results, requests } = await check({ answer: good, trusted: false });
  expect(status).toBe(2);
  expect(results[0]!.findings.map(({ code }) => code)).not.toContain('revocation-unknown');
  expect(requests).toEqual([]);
});

test('nothing is fetched unless it is asked for', async () => {
  const { requests, results } = await check({ answer: send(revoking), args: ['--revocation', 'stapled'] });
  expect({ requests, findings: results[0]!.findings }).toEqual({ requests: [], findings: [] });
});
