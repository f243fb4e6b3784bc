/**
 * PKCS#12 files as OpenSSL reads them back, for keys of each kind and passwords of each sort.
 */
import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { chmod, stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { parseSet } from '../../src/renew/install/certificate-set.ts';
import { writePkcs12 } from '../../src/renew/install/pkcs12.ts';
import { createCa, type KeyKind } from '../support/pki/pki.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ca = createCa({ now: Date.UTC(2031, 0, 1) }).issueCa({ subject: 'CN=Test Intermediate' });

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
