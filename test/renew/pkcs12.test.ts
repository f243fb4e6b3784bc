/**
 * PKCS#12 files as OpenSSL, GnuTLS, Java and node-forge read them back, for keys of each kind and passwords of each sort.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { chmod, readFile, stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { loadForge } from '../../src/files/forge.ts';
import { parseSet } from '../../src/renew/install/certificate-set.ts';
import { writePkcs12 } from '../../src/renew/install/pkcs12.ts';
import { findProgram, testWith } from '../support/acme/daemon.ts';
import { createCa, type KeyKind } from '../support/pki/pki.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const ca = createCa({ now: Date.UTC(2031, 0, 1) }).issueCa({ subject: 'CN=Test Intermediate' });

const certtool = findProgram('certtool');
const keytool = findProgram('keytool');

const KEYS: readonly KeyKind[] = ['ec256', 'ec384', 'rsa2048'];
const PASSWORDS = ['secret', '', 'grüße und mehr', 'x'.repeat(200)];

test.each(KEYS.flatMap((key) => PASSWORDS.map((password) => ({ key, password }))))(
  '$key, password "$password"',
  async ({ key, password }) => {
    await using folder = await tempFolder('pkcs12');
    const leaf = ca.issue({ sans: ['dns:www.shop.example'], key });
    const set = parseSet(leaf.keyPem, leaf.chainPem, 'test');
    if (!set.ok) throw new Error(set.error.detail);
    const file = folder.at('out.p12');
    expect(await writePkcs12({ file, password: new Secret(password) }, set.value)).toEqual({
      ok: true,
      value: undefined,
    });
    const openssl = (...args: readonly string[]) =>
      execFileSync('openssl', ['pkcs12', '-in', file, '-passin', 'env:PASSWORD', '-nodes', ...args], {
        env: { ...process.env, PASSWORD: password },
        stdio: ['ignore', 'pipe', 'pipe'],
      }).toString();
    const out = createPrivateKey(openssl('-nocerts')).export({ type: 'pkcs8', format: 'pem' });
    expect(out).toBe(leaf.keyPem);
    const certificates = openssl('-nokeys').match(/-----BEGIN CERTIFICATE[\s\S]*?-----END CERTIFICATE-----\n/g);
    expect(certificates).toEqual(leaf.chain.map((each) => each.pem));
    expect(() => openssl('-nokeys', '-passin', 'pass:wrong one')).toThrow();
  },
);

/** A file with the password "secret". */
async function written(folder: TempFolder, key: KeyKind) {
  const leaf = ca.issue({ sans: ['dns:www.shop.example'], key });
  const set = parseSet(leaf.keyPem, leaf.chainPem, 'test');
  if (!set.ok) throw new Error(set.error.detail);
  const file = folder.at(`${key}.p12`);
  await writePkcs12({ file, password: new Secret('secret') }, set.value);
  return { leaf, file };
}

test.each(KEYS)('%s: what OpenSSL says of it: AES-256 and SHA-256 throughout', async (key) => {
  await using folder = await tempFolder('pkcs12');
  const { file } = await written(folder, key);
  const info = spawnSync('openssl', ['pkcs12', '-info', '-noout', '-in', file, '-passin', 'pass:secret']);
  // An RSA key is node-forge's, an EC key Node's: the number of iterations tells them apart.
  const iterations = key === 'rsa2048' ? 10_000 : 2048;
  expect(info.stderr.toString().trim().split(/\r?\n/)).toEqual([
    'MAC: sha256, Iteration 10000',
    'MAC length: 32, salt length: 16',
    'PKCS7 Data',
    'Certificate bag',
    'Certificate bag',
    'PKCS7 Data',
    `Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration ${iterations}, PRF hmacWithSHA256`,
  ]);
});

testWith({ certtool })('GnuTLS reads it, too', async () => {
  await using folder = await tempFolder('pkcs12');
  for (const key of KEYS) {
    const { file, leaf } = await written(folder, key);
    const args = ['--p12-info', '--inder', '--infile', file, '--password', 'secret'];
    const { stdout } = spawnSync(certtool ?? 'certtool', args);
    const pems = stdout.toString().match(/-----BEGIN [\s\S]*?-----END .*-----\n/g) ?? [];
    const keys = pems.filter((pem) => pem.includes('PRIVATE KEY'));
    const opened = keys.map((key) => createPrivateKey({ key, passphrase: 'secret' }));
    expect(opened.map((key) => key.export({ type: 'pkcs8', format: 'pem' }))).toEqual([leaf.keyPem]);
    expect(pems.filter((pem) => pem.includes('CERTIFICATE')).map(derOf)).toEqual(
      leaf.chain.map((each) => derOf(each.pem)),
    );
  }
});

testWith({ keytool })('Java reads it, too: one key with its chain', async () => {
  await using folder = await tempFolder('pkcs12');
  for (const key of KEYS) {
    const { file } = await written(folder, key);
    const args = ['-J-Duser.language=en', '-list', '-v', '-keystore', file, '-storepass', 'secret'];
    const listed = spawnSync(keytool ?? 'keytool', args).stdout.toString();
    expect(listed.match(/^(Entry type|Certificate chain length): .*$/gm)).toEqual([
      'Entry type: PrivateKeyEntry',
      'Certificate chain length: 2',
    ]);
  }
});

const derOf = (pem: string): string => pem.replace(/-----.*|\s/g, '');

test('node-forge reads back the RSA key', async () => {
  await using folder = await tempFolder('pkcs12');
  const { file, leaf } = await written(folder, 'rsa2048');
  const { asn1, pkcs12, pki } = await loadForge();
  const opened = pkcs12.pkcs12FromAsn1(asn1.fromDer(await readFile(file, 'latin1')), 'secret');
  const oid = pki.oids.pkcs8ShroudedKeyBag as string;
  const [bag] = opened.getBags({ bagType: oid })[oid] ?? [];
  if (!bag?.key) throw new Error('no key');
  const key = createPrivateKey(pki.privateKeyToPem(bag.key));
  expect(key.export({ type: 'pkcs8', format: 'pem' })).toBe(leaf.keyPem);
});

test('mode 0600 where it is new; kept where it is not, but never for others', async () => {
  await using folder = await tempFolder('pkcs12');
  const leaf = ca.issue({ sans: ['dns:www.shop.example'] });
  const set = parseSet(leaf.keyPem, leaf.chainPem, 'test');
  if (!set.ok) throw new Error(set.error.detail);
  const to = { file: folder.at('out.p12'), password: new Secret('secret') };
  const modeAfter = async () => {
    await writePkcs12(to, set.value);
    return (await stat(to.file)).mode & 0o777;
  };
  expect(await modeAfter()).toBe(0o600);
  await chmod(to.file, 0o644);
  expect(await modeAfter()).toBe(0o640);
});
