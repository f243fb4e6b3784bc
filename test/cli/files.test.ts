/**
 * Transcripts: certificates in files, with globs, and files that are something else.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NOW_FLAG, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('www', 'blog', 'mail');
  for (const name of ['www', 'blog', 'mail'] as const)
    await scene.folder.write(`tls/${name}.pem`, scene.leaf(name).chainPem);
});
afterAll(() => scene[Symbol.asyncDispose]());

const check = (...args: string[]) => scene.show(['check', ...args, ...NOW_FLAG, '--ca-file', 'root.pem']);

test('PEM and DER', async () => {
  await scene.folder.write('www.der', scene.leaf('www').der);
  expect(await check('file:tls/www.pem', 'file:www.der')).toMatchInlineSnapshot(`
    "OK  2 targets
      tls/www.pem  60d left       until 2027-01-23
      www.der      60d left       until 2027-01-23  chain-incomplete

    2 targets in TIME: 2 ok. Exit status 0: OK.
    exit 0"
  `);
});

test('a glob: each file is a target', async () => {
  expect(await check('file:tls/*.pem')).toMatchInlineSnapshot(`
    "CRITICAL  1 target
      tls/mail.pem  2d left        until 2026-11-26
        expires-soon: The certificate expires in 2d, on 2026-11-26 08:59 UTC (critical from 7d
          before).
        → Renewal has not happened: run it by hand now, read what it says, then replace the file.

    WARNING  1 target
      tls/blog.pem  20d left       until 2026-12-14
        renewal-due: The certificate should have been renewed by now: 20d left, until 2026-12-14 08:59
          UTC (due from 27d before).
        → See why automation has not renewed it (its log, its timer), or renew it by hand and replace
          the file.

    OK  1 target
      tls/www.pem  60d left       until 2027-01-23

    3 targets in TIME: 1 critical, 1 warning, 1 ok. Exit status 2: CRITICAL.
    exit 2"
  `);
});

test('a glob that matches nothing', async () => {
  expect(await check('file:tls/*.crt')).toMatchInlineSnapshot(`
    "NOT UNDERSTOOD  1
      command line: no file matches "file:tls/*.crt"

    Nothing was checked. 1 not understood. Exit status 3: UNKNOWN.
    ! certwatch: command line: no file matches "file:tls/*.crt"
    exit 3"
  `);
});

test('a file that is not there, a text, a key without a certificate', async () => {
  await scene.folder.write('notes.txt', 'remember the milk\n');
  await scene.folder.write('only.key', scene.leaf('www').keyPem);
  expect(await check('file:none.pem', 'file:notes.txt', 'file:only.key')).toMatchInlineSnapshot(`
    "UNKNOWN  3 targets
      none.pem   no certificate seen
        read-failed: It could not be read: there is no file none.pem.
        → Correct the path or its permissions: \`ls -l none.pem\`
      notes.txt  no certificate seen
        read-failed: It could not be read: notes.txt looks like something else; certwatch reads PEM,
          DER, PKCS#7, PKCS#12 and Java keystores.
        → Name a file with certificates in PEM, DER, PKCS#7, PKCS#12 or a Java keystore; this one is:
          \`file notes.txt\`
      only.key   no certificate seen
        read-failed: It could not be read: only.key holds a private key, but no certificate.
        → Name a file with certificates in PEM, DER, PKCS#7, PKCS#12 or a Java keystore; this one is:
          \`file only.key\`

    3 targets in TIME: 3 unknown. Exit status 3: UNKNOWN.
    exit 3"
  `);
});

test('a malformed certificate among good ones', async () => {
  const { pem, der } = scene.leaf('www');
  const broken = `-----BEGIN CERTIFICATE-----\n${der.subarray(0, 200).toString('base64')}\n-----END CERTIFICATE-----\n`;
  await scene.folder.write('half.pem', pem + broken);
  expect(await check('file:half.pem')).toMatchInlineSnapshot(`
    "CRITICAL  1 target
      half.pem  60d left       until 2027-01-23
        chain-incomplete: The certificate was issued by "O=Example Shop,CN=Shop TLS CA", and that
          certificate was not sent.
        → Append the issuer's certificate to the chain file and replace the file.
        chain-invalid: Certificate #1 breaks the chain: it is no readable certificate (not der at
          offset 0).
        → Install the chain again from the CA's files; the bytes as sent:
          \`certwatch show file:half.pem --pem\`

    1 target in TIME: 1 critical. Exit status 2: CRITICAL.
    exit 2"
  `);
});

test('servername= makes a file a matter of names, too', async () => {
  expect(await check('file:tls/www.pem servername=shop.example')).toMatch(/hostname-mismatch: [\s\S]*exit 2$/);
  expect(await check('file:tls/www.pem servername=www.shop.example')).toMatch(/exit 0$/);
  expect(await check('file:tls/www.pem', '--servername', 'shop.example')).toMatch(/hostname-mismatch: [\s\S]*exit 2$/);
});

test('a bare word that is a file is no host', async () => {
  await scene.folder.write('hosts.txt', scene.line('www'));
  expect(await check('hosts.txt')).toMatchInlineSnapshot(`
    "NOT UNDERSTOOD  1
      command line: "hosts.txt" is a file, not a host: -f hosts.txt checks the targets in it,
        file:hosts.txt the certificates in it

    Nothing was checked. 1 not understood. Exit status 3: UNKNOWN.
    ! certwatch: command line: "hosts.txt" is a file, not a host: -f hosts.txt checks the targets in it, file:hosts.txt the certificates in it
    exit 3"
  `);
  expect(await check('tls/www.pem')).toMatchInlineSnapshot(`
    "NOT UNDERSTOOD  1
      command line: "tls/www.pem" is a file, not a host: -f tls/www.pem checks the targets in it,
        file:tls/www.pem the certificates in it

    Nothing was checked. 1 not understood. Exit status 3: UNKNOWN.
    ! certwatch: command line: "tls/www.pem" is a file, not a host: -f tls/www.pem checks the targets in it, file:tls/www.pem the certificates in it
    exit 3"
  `);
});
