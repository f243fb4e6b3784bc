/**
 * Transcripts: `certwatch show`, and its PEM, byte for byte.
 */
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeKey } from '../support/pki/pki.ts';
import { scriptedTlsServer } from '../support/servers/scripted-tls.ts';
import { NOW_FLAG, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('www', 'down', 'docs');
});
afterAll(() => scene[Symbol.asyncDispose]());

const FLAGS = [...NOW_FLAG, '--ca-file', 'root.pem'];
const show = (...args: string[]) => scene.show(['show', ...args, ...FLAGS]);

function dersOf(pem: string): Buffer[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
  expect(blocks.join('')).toBe(pem);
  return blocks.map((block) => Buffer.from(block.replace(/-----[^-]+-----/g, ''), 'base64'));
}

test('a chain in full', async () => {
  expect(await show(scene.line('www'))).toMatchInlineSnapshot(`
    "www  OK  60d left  until 2027-01-23

    address    127.0.0.1
    protocol   TLSv1.3, TLS_AES_256_GCM_SHA384
    key proof  proven
    took       connect TIME, handshake TIME

    #0 leaf
      subject    CN=www.shop.example
      issuer     O=Example Shop,CN=Shop TLS CA
      serial     SERIAL
      valid      2026-10-25 09:00 UTC to 2027-01-23 08:59 UTC (60d left)
      names      dns:www.shop.example
      key        EC P-256
      signature  ecdsa-with-SHA256
      sha256     SHA256

    #1 intermediate
      subject    O=Example Shop,CN=Shop TLS CA
      issuer     O=Example Shop,CN=Shop Root
      serial     SERIAL
      valid      2026-05-25 21:00 UTC to 2031-05-24 20:59 UTC (1642d 12h left)
      key        EC P-256
      signature  ecdsa-with-SHA256
      sha256     SHA256

    window  renewal opens 2026-12-24 09:00 UTC, overdue 2026-12-27 09:00 UTC, critical 2027-01-16 09:00 UTC (auto)

    Trusted by this path
      #0 CN=www.shop.example
      └─ #1 O=Example Shop,CN=Shop TLS CA
         └─ O=Example Shop,CN=Shop Root (trust anchor)
    exit 0"
  `);
});

test('what is wrong with it is said, too', async () => {
  expect(await show(scene.line('docs'))).toMatch(/^docs {2}CRITICAL [\s\S]*\nexpired: [\s\S]*exit 2$/);
});

test('nothing was seen', async () => {
  expect(await show(scene.line('down'), '--retries', '0')).toMatchInlineSnapshot(`
    "down  UNKNOWN  no certificate seen

    address  127.0.0.1
    took     connect TIME

    connect-failed: No connection: 127.0.0.1:PORT: connection refused.
      → Nothing listens on 127.0.0.1 port PORT: start the service, or correct the port.
    exit 3"
  `);
});

describe('--pem', () => {
  test('the presented bytes', async () => {
    const { stdout, stderr, status } = await scene.run(['show', scene.line('www'), '--pem', ...FLAGS]);
    expect(dersOf(stdout).map((der) => new X509Certificate(der).subject)).toHaveLength(2);
    expect(dersOf(stdout)).toEqual(scene.leaf('www').chain.map(({ der }) => der));
    expect([stderr, status]).toEqual(['', 0]);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('bytes that are no certificate, in %s', async (version) => {
    const sent = [Buffer.from('This is no certificate.'), scene.leaf('www').der.subarray(0, 300), scene.issuing.der];
    await using server = await scriptedTlsServer({ certificates: sent, key: makeKey(), version });
    const target = `odd.shop.example connect-to=127.0.0.1:${server.port}`;
    const { stdout, status } = await scene.run(['show', target, '--pem', ...FLAGS]);
    expect(dersOf(stdout)).toEqual(sent.map((der) => Buffer.from(der)));
    expect(status).toBe(2);
    if (version === 'TLSv1.3')
      expect(await show(target)).toMatchInlineSnapshot(`
        "odd.shop.example  CRITICAL  no readable certificate

        address    127.0.0.1
        protocol   TLSv1.3, TLS_AES_128_GCM_SHA256
        key proof  not shown (unreadable key)
        took       connect TIME, handshake TIME

        #0 malformed
          unreadable  not der at offset 0
          bytes       23
          sha256      SHA256

        #1 malformed
          unreadable  not der at offset 0
          bytes       300
          sha256      SHA256

        #2 extra
          subject    O=Example Shop,CN=Shop TLS CA
          issuer     O=Example Shop,CN=Shop Root
          serial     SERIAL
          valid      2026-05-25 21:00 UTC to 2031-05-24 20:59 UTC (1642d 12h left)
          key        EC P-256
          signature  ecdsa-with-SHA256
          sha256     SHA256

        Not trusted; the best path
          no trust anchor

        chain-invalid: Certificate #0 breaks the chain: it is no readable certificate (not der at offset
          0).
          → Install the chain again from the CA's files; the bytes as sent:
            \`certwatch show 'odd.shop.example connect-to=127.0.0.1:PORT' --pem\`
        chain-invalid: Certificate #1 breaks the chain: it is no readable certificate (not der at offset
          0).
          → Install the chain again from the CA's files; the bytes as sent:
            \`certwatch show 'odd.shop.example connect-to=127.0.0.1:PORT' --pem\`
        exit 2"
      `);
  });

  test('nothing was seen: no PEM, the reason, and the exit status says so', async () => {
    expect(await show(scene.line('down'), '--pem', '--retries', '0')).toMatchInlineSnapshot(`
      "! certwatch: down: No connection: 127.0.0.1:PORT: connection refused.
      exit 3"
    `);
  });

  test('of a file', async () => {
    await scene.folder.write('chain.pem', `a comment\n${scene.leaf('www').chainPem}`);
    const { stdout } = await scene.run(['show', 'file:chain.pem', '--pem', ...FLAGS]);
    expect(stdout).toBe(scene.leaf('www').chainPem);
  });
});

test.each([[], ['a.example', 'b.example'], ['www.shop.example:0'], ['--bogus', 'a.example']])(
  'show %j %j',
  async (...words) => {
    expect(await scene.show(['show', ...words])).toMatchSnapshot();
  },
);
