/**
 * Revocation from end to end: answers made by `openssl ocsp`, stapled by `openssl s_server`, judged by the built program.
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { findProgram, testWith } from '../support/acme/daemon.ts';
import { createCa, type Issued } from '../support/pki/pki.ts';
import { runCertwatch } from '../support/run-certwatch.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { startTlsDaemon } from './tls-daemon.ts';

const openssl = findProgram('openssl');
const test = testWith({ openssl });
const run = promisify(execFile);

const root = createCa({ now: Date.now() });
const issuer = root.issueCa({ subject: 'CN=Test Issuing CA' });

/** A line of OpenSSL's CA index (`V` valid, `R` revoked), tab-separated. */
function indexLine(leaf: Issued, revoked?: string): string {
  const { serialNumber } = new X509Certificate(leaf.der);
  const expiry = `${new Date(leaf.notAfter)
    .toISOString()
    .replace(/[-:T]|\.\d+/g, '')
    .slice(2)}`;
  return [revoked ? 'R' : 'V', expiry, revoked ?? '', serialNumber, 'unknown', '/CN=www.shop.example\n'].join('\t');
}

async function answerFor(folder: TempFolder, leaf: Issued, index: string): Promise<string> {
  const path = (name: string) => `${folder.path}/${name}`;
  await folder.write('index.txt', index);
  await folder.write('index.txt.attr', 'unique_subject = no\n');
  await folder.write('issuer.pem', issuer.pem);
  await folder.write('issuer.key', issuer.certificate.keyPem);
  await folder.write('leaf.pem', leaf.pem);
  const files = ['-issuer', path('issuer.pem'), '-cert', path('leaf.pem')];
  await run('openssl', ['ocsp', ...files, '-no_nonce', '-reqout', path('request.der')]);
  const signer = ['-CA', path('issuer.pem'), '-rsigner', path('issuer.pem'), '-rkey', path('issuer.key')];
  const files2 = ['-index', path('index.txt'), '-reqin', path('request.der'), '-respout', path('answer.der')];
  await run('openssl', ['ocsp', ...signer, ...files2, '-ndays', '2']);
  return path('answer.der');
}

async function checkStapled(leaf: Issued, index: string) {
  await using folder = await tempFolder();
  const staple = await answerFor(folder, leaf, index);
  const [chain, above, key, trusted] = [
    await folder.write('chain.pem', leaf.pem),
    await folder.write('above.pem', issuer.pem),
    await folder.write('key.pem', leaf.keyPem),
    await folder.write('root.pem', root.pem),
  ];
  await using server = await startTlsDaemon({
    program: 'openssl',
    args: (port) => [
      ...['s_server', '-accept', `127.0.0.1:${port}`, '-cert', chain, '-cert_chain', above, '-key', key],
      ...['-status_file', staple],
    ],
    ready: /ACCEPT/,
  });
  const target = `www.shop.example connect-to=127.0.0.1:${server.port}`;
  const checked = await runCertwatch(['check', target, '--ca-file', trusted, '--trust', 'none', '--format', 'json']);
  const { results } = JSON.parse(checked.stdout) as { results: { status: string; findings: object[] }[] };
  return { ...results[0]!, exit: checked.status };
}

test('revoked by its CA, as the server itself tells', async () => {
  const leaf = issuer.issue({ sans: ['dns:www.shop.example'] });
  const revokedAt = new Date(Date.now() - 60_000)
    .toISOString()
    .replace(/[-:T]|\.\d+/g, '')
    .slice(2);
  const seen = await checkStapled(leaf, indexLine(leaf, `${revokedAt},keyCompromise`));
  expect(seen).toMatchObject({
    exit: 2,
    status: 'critical',
    findings: [{ code: 'revoked', severity: 'critical', certificate: 0, data: { reason: 'key-compromise' } }],
  });
});

test('good', async () => {
  const leaf = issuer.issue({ sans: ['dns:www.shop.example'] });
  expect(await checkStapled(leaf, indexLine(leaf))).toMatchObject({ exit: 0, status: 'ok', findings: [] });
});

test('not known to the responder: said, and no reason to wake anybody', async () => {
  const leaf = issuer.issue({ sans: ['dns:www.shop.example'] });
  const other = issuer.issue({ sans: ['dns:www.shop.example'] });
  expect(await checkStapled(leaf, indexLine(other))).toMatchObject({
    exit: 0,
    status: 'ok',
    findings: [{ code: 'revocation-unknown', severity: 'info', data: { reason: 'unknown-to-responder' } }],
  });
});
