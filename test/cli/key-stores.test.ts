/**
 * Transcripts: key stores and PKCS#7 as targets, their passwords from files, and what of them is shown.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, bench, hasOpenssl, javaKeystore } from '../support/stores.ts';
import { NOW_FLAG, openScene, type Scene } from './scene.ts';

let scene: Scene;
let made: Bench;
beforeAll(async () => {
  scene = await openScene('www', 'mail', 'docs');
  made = await bench(scene.leaf('www'));
  const { folder } = scene;
  await folder.write('secret', 'open sesame\n');
  await folder.write('other', 'close sesame\n');
  const chainOf = (name: 'www' | 'mail' | 'docs') => ({
    alias: name,
    chain: scene.leaf(name).chain.map(({ der }) => der),
  });
  const entries = [chainOf('www'), chainOf('docs'), { alias: 'shop root', trusted: scene.root.certificate.der }];
  await folder.write('app.jks', javaKeystore(entries));
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
  await made.folder.remove();
});

const FLAGS = [...NOW_FLAG, '--ca-file', 'root.pem'];
const check = (...args: string[]) => scene.show(['check', ...args, ...FLAGS]);

test('a Java keystore: what has expired does not hide behind what has not', async () => {
  expect(await check('file:app.jks')).toMatchInlineSnapshot(`
    "CRITICAL  1 target
      app.jks  ended 6h ago
        expired: The certificate "CN=docs.shop.example" (entry "docs") expired 6h ago, on 2026-11-24
          02:59 UTC.
        → Renew it now, replace the file, and look again:
          \`certwatch check 'file:app.jks ca-file=root.pem'\`

    1 target in TIME: 1 critical. Exit status 2: CRITICAL.
    exit 2"
  `);
});

test('its entries in the report', async () => {
  const { report } = await scene.report(['check', 'file:app.jks', ...FLAGS]);
  const [{ observation, findings }] = report.results;
  expect(observation).toMatchObject({ kind: 'presented', container: 'jks' });
  expect(
    observation.chain.map(({ entry, trustedEntry }: { entry: string; trustedEntry?: true }) => [entry, trustedEntry]),
  ).toEqual([
    ['www', undefined],
    ['www', undefined],
    ['docs', undefined],
    ['docs', undefined],
    ['shop root', true],
  ]);
  expect(findings).toMatchObject([{ code: 'expired', certificate: 2, entry: 'docs' }]);
});

test('shown to a person', async () => {
  const text = await scene.show(['show', 'file:app.jks', ...FLAGS]);
  expect(
    text
      .split('\n')
      .filter((line) => /^(container|#)/.test(line))
      .join('\n'),
  ).toMatchInlineSnapshot(`
    "container  Java keystore (JKS)
    #0 leaf, entry "www"
    #1 intermediate, entry "www"
    #2 leaf, entry "docs"
    #3 duplicate, entry "docs"
    #4 root, entry "shop root", there to be trusted"
  `);
});

describe.skipIf(!hasOpenssl)('PKCS#12 and PKCS#7 by openssl', () => {
  const pkcs12 = (more = '') =>
    made.openssl(`pkcs12 -export -inkey key.pem -in cert.pem -certfile chain.pem -name www ${more}`);
  const locked = () => pkcs12('-passout pass:open_sesame').trim();

  test('the password by line, by flag, by config; and as PEM, byte for byte', async () => {
    await scene.folder.write('secret', 'open_sesame\n');
    const store = locked();
    const expected = scene
      .leaf('www')
      .chainWithRoot.map(({ pem }) => pem)
      .join('');
    expect((await scene.run(['show', `file:${store} password-file=secret`, '--pem', ...FLAGS])).stdout).toBe(expected);
    expect((await scene.run(['show', `file:${store}`, '--pem', '--password-file', 'secret', ...FLAGS])).stdout).toBe(
      expected,
    );
    await scene.folder.write('conf/pass', 'open_sesame');
    await scene.folder.write('conf/certwatch.yaml', `targets:\n  - { file: ${store}, password-file: ./pass }\n`);
    const { report, status } = await scene.report(['check', '--config', 'conf/certwatch.yaml', ...FLAGS]);
    expect(status).toBe(0);
    expect(report.results[0].observation).toMatchObject({ container: 'pkcs12', chain: [{ entry: 'www' }, {}, {}] });
  });

  test('as OpenSSL 1 and Windows encrypt it', async () => {
    await scene.folder.write('secret', 'open_sesame\n');
    const store = pkcs12('-passout pass:open_sesame -legacy');
    expect(await check(`file:${store} password-file=secret`)).toMatch(/exit 0$/);
  });

  test('without the password, and with a wrong one', async () => {
    const store = locked();
    const hide = (text: string) => text.replaceAll(store, 'STORE').replace(/\s+/g, ' ');
    expect(hide(await check(`file:${store} name=store`))).toMatchInlineSnapshot(
      `"UNKNOWN 1 target store no certificate seen read-failed: It could not be read: STORE is protected by a password: name the file that holds it with --password-file. → Put the password, and nothing else, into a file that only certwatch can read, and name that: \`--password-file FILE\` (on a line or in the config: \`password-file\`). 1 target in TIME: 1 unknown. Exit status 3: UNKNOWN. exit 3"`,
    );
    expect(hide(await check(`file:${store} name=store`, '--password-file', 'other'))).toMatchInlineSnapshot(
      `"UNKNOWN 1 target store no certificate seen read-failed: It could not be read: STORE does not open with the password given (other). → Put the password of STORE, and nothing else, into the file that \`--password-file\` names. 1 target in TIME: 1 unknown. Exit status 3: UNKNOWN. exit 3"`,
    );
    expect(hide(await check(`file:${store} name=store`, '--password-file', 'nowhere'))).toMatchInlineSnapshot(
      `"UNKNOWN 1 target store no certificate seen read-failed: It could not be read: the file with its password: there is no file nowhere. → Put the password of STORE, and nothing else, into the file that \`--password-file\` names. 1 target in TIME: 1 unknown. Exit status 3: UNKNOWN. exit 3"`,
    );
  });

  test('PKCS#7 in any order', async () => {
    const der = made.openssl('crl2pkcs7 -nocrl -certfile chain.pem -certfile cert.pem -outform DER');
    expect(await check(`file:${der} name=p7b servername=www.shop.example`)).toMatch(/^OK {2}1 target[\s\S]*exit 0$/);
  });

  test('what is served, against a key store: that of the name, wherever it lies', async () => {
    await scene.folder.write('secret', 'open_sesame\n');
    const same = `expect-file=${locked()} password-file=secret`;
    expect(await check(scene.line('www', same))).toMatch(/exit 0$/);
    expect(await check(scene.line('mail', same))).toMatch(/served-differs-from-file[\s\S]*exit 2$/);
    expect(await check(scene.line('docs', 'expect-file=app.jks'))).not.toContain('served-differs-from-file');
  });

  test('a folder of all sorts, some with a password', async () => {
    await scene.folder.write('all/a.pem', scene.leaf('www').chainPem);
    await scene.folder.write(
      'all/c.jks',
      javaKeystore([{ alias: 'a', trusted: scene.root.certificate.der }], { password: 'x' }),
    );
    expect(await check('file:all/* password-file=nowhere')).toMatchInlineSnapshot(`
      "UNKNOWN  1 target
        all/c.jks  no certificate seen
          read-failed: It could not be read: the file with its password: there is no file nowhere.
          → Put the password of all/c.jks, and nothing else, into the file that \`--password-file\` names.

      OK  1 target
        all/a.pem  60d left       until 2027-01-23

      2 targets in TIME: 1 unknown, 1 ok. Exit status 3: UNKNOWN.
      exit 3"
    `);
  });
});
