/**
 * The reader against nginx: exact bytes in exact order, and nothing in its error log that its default level would show.
 */
import { describe, expect } from 'vitest';
import { findProgram, testWith } from '../support/acme/daemon.ts';
import { createCa, type Issued, type KeyKind } from '../support/pki/pki.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { presented, readWithNodeTls } from '../tls/dial.ts';
import { PROVEN, readExactly, startTlsDaemon } from './tls-daemon.ts';

const nginx = findProgram('nginx');
const test = testWith({ nginx });

const root = createCa({ now: Date.UTC(2031, 0, 1) });
const intermediate = root.issueCa({ subject: 'CN=Test Intermediate' });
const issue = (key: KeyKind = 'ec256') => intermediate.issue({ sans: ['dns:www.shop.example'], key });
const stranger = createCa({ now: Date.UTC(2031, 0, 1), subject: 'CN=Someone Else' }).certificate;

/** What nginx writes at level info of a client that came, shook hands, and left without a request. */
const LEFT = 'client closed connection while waiting for request';
/** … and of one that did not complete the handshake. */
const CANCELLED = 'peer closed connection in SSL handshake while SSL handshaking';

/** Everything that it writes in its own folder, which it does at the start whether it needs them or not. */
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);

async function nginxWith(folder: TempFolder, leaf: Issued, sent: readonly Issued[], directives: readonly string[]) {
  await folder.write('chain.pem', sent.map((each) => each.pem).join(''));
  await folder.write('key.pem', leaf.keyPem);
  await folder.write('root.pem', root.pem);
  const configuration = (port: number) => `
    daemon off; master_process off; pid nginx.pid; error_log stderr info;
    events {}
    http {
      access_log off; ${TEMPORARY.join(' ')}
      server {
        listen 127.0.0.1:${port} ssl; ssl_certificate chain.pem; ssl_certificate_key key.pem; ${directives.join(' ')}
      }
    }`;
  return startTlsDaemon({
    program: nginx ?? 'nginx',
    args: async (port) => [
      '-p',
      folder.path,
      '-e',
      'stderr',
      '-c',
      await folder.write('nginx.conf', configuration(port)),
    ],
    // It listens before it says which events it waits with.
    ready: /event method/,
  });
}

/** What it wrote about clients, without date, level aside: `[info] client closed connection …`. */
const aboutClients = (output: string): string[] =>
  [...output.matchAll(/(\[\w+\]) [\d#]+: \*\d+ (.*), client: 127\.0\.0\.1/g)].map(
    ([, level, text]) => `${level} ${text}`,
  );

interface Mood {
  readonly key?: KeyKind;
  readonly directives?: readonly string[];
  readonly expected?: object;
  readonly logs?: string;
}
const only = (version: string) => `ssl_protocols ${version};`;
const LEGACY = 'ssl_ciphers ALL:@SECLEVEL=0;';
const NOT_SHOWN = { possession: { kind: 'not-shown', reason: 'rsa-key-exchange' } };

const MOODS: Readonly<Record<string, Mood>> = {
  'TLS 1.3': { expected: { tlsVersion: 'TLSv1.3', ...PROVEN }, directives: [only('TLSv1.3')] },
  'TLS 1.3, RSA': { key: 'rsa2048', directives: [only('TLSv1.3')] },
  'TLS 1.3, P-384 key': { key: 'ec384', directives: [only('TLSv1.3')] },
  'TLS 1.3, Ed25519': { key: 'ed25519', directives: [only('TLSv1.3')] },
  'TLS 1.3 behind HelloRetryRequest': { directives: ['ssl_ecdh_curve P-384;'] },
  'TLS 1.3, a client certificate wanted': { directives: ['ssl_verify_client optional_no_ca;'] },
  'TLS 1.3, a client certificate demanded': { directives: ['ssl_verify_client on; ssl_client_certificate root.pem;'] },
  'TLS 1.2': { expected: { tlsVersion: 'TLSv1.2', ...PROVEN }, directives: [only('TLSv1.2')] },
  'TLS 1.2, RSA': { key: 'rsa2048', directives: [only('TLSv1.2')] },
  'TLS 1.2, ChaCha20': { directives: [only('TLSv1.2'), 'ssl_ciphers ECDHE-ECDSA-CHACHA20-POLY1305;'] },
  'TLS 1.2, a client certificate demanded': {
    directives: [only('TLSv1.2'), 'ssl_verify_client on; ssl_client_certificate root.pem;'],
  },
  'TLS 1.2, RSA key exchange': {
    key: 'rsa2048',
    directives: [only('TLSv1.2'), 'ssl_ciphers AES128-SHA;'],
    expected: NOT_SHOWN,
    logs: CANCELLED,
  },
  'TLS 1.1': { directives: [only('TLSv1.1'), LEGACY], expected: { tlsVersion: 'TLSv1.1', ...PROVEN }, logs: CANCELLED },
  'TLS 1.0, a small key': { key: 'rsa1024', directives: [only('TLSv1'), LEGACY], logs: CANCELLED },
};

describe('nginx', () => {
  for (const [name, { key, directives = [], expected = PROVEN, logs = LEFT }] of Object.entries(MOODS)) {
    test(name, async () => {
      await using folder = await tempFolder('nginx');
      const leaf = issue(key);
      await using server = await nginxWith(folder, leaf, leaf.chain, directives);
      expect(await readExactly(server.port, leaf.chain)).toMatchObject(expected);
      expect(aboutClients(await server.stop())).toEqual([`[info] ${logs}`]);
    });
  }

  test('six certificates in disorder', async () => {
    await using folder = await tempFolder('nginx');
    const leaf = issue();
    const sent = [leaf, root.certificate, stranger, intermediate.certificate, stranger, leaf];
    await using server = await nginxWith(folder, leaf, sent, []);
    await readExactly(server.port, sent);
    expect(aboutClients(await server.stop())).toEqual([`[info] ${LEFT}`]);
  });

  test('a stapled OCSP response', async () => {
    await using folder = await tempFolder('nginx');
    const staple = await folder.write('ocsp.der', Buffer.from('30030a0103', 'hex'));
    const leaf = issue();
    await using server = await nginxWith(folder, leaf, leaf.chain, [`ssl_stapling on; ssl_stapling_file ${staple};`]);
    const { ocspStaple } = await readExactly(server.port, leaf.chain);
    expect(Buffer.from(ocspStaple!).toString('hex')).toBe('30030a0103');
  });

  test('the second opinion leaves as quietly', async () => {
    await using folder = await tempFolder('nginx');
    const leaf = issue();
    await using server = await nginxWith(folder, leaf, leaf.chain, []);
    presented(await readWithNodeTls(server.port));
    expect(aboutClients(await server.stop())).toEqual([`[info] ${LEFT}`]);
  });
});
