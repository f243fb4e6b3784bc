/**
 * Java keystores: by keytool where there is one, and by hand as its source says, whole, cut and bent.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCa } from '../support/pki/pki.ts';
import { type Bench, bench, hasKeytool, hasOpenssl, javaKeystore } from '../support/stores.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { hex, read, readContent } from './reading.ts';

const root = createCa({ now: Date.UTC(2026, 0, 1) });
const ca = root.issueCa({ subject: 'CN=CA' });
const [www, mail] = ['www', 'mail'].map((name) => ca.issue({ sans: [`dns:${name}.shop.example`] }));
const chainOf = (leaf: typeof www) => leaf!.chainWithRoot.map(({ der }) => der);
const ENTRIES = [
  { alias: 'www', chain: chainOf(www) },
  { alias: 'root', trusted: root.certificate.der },
  { alias: 'mail', chain: chainOf(mail) },
];
const DERS = hex([...chainOf(www), root.certificate.der, ...chainOf(mail)]);
const ALIASES = ['www', 'www', 'www', '*root', 'mail', 'mail', 'mail'];

let folder: TempFolder;
beforeAll(async () => {
  folder = await tempFolder();
});
afterAll(() => folder.remove());

describe('by hand', () => {
  it.each([
    { magic: 'feedfeed', version: 2, format: 'jks' },
    { magic: 'feedfeed', version: 1, format: 'jks' },
    { magic: 'cececece', version: 2, format: 'jceks' },
    { magic: 'cececece', version: 1, format: 'jceks' },
  ] as const)('$format, version $version: no password, the right one, a wrong one', async ({ format, ...options }) => {
    const store = javaKeystore(ENTRIES, options);
    const whole = { format, ders: DERS, aliases: ALIASES };
    expect(await readContent(folder, store)).toEqual(whole);
    expect(await readContent(folder, store, 'changeit')).toEqual(whole);
    const failure = {
      reason: 'wrong-password',
      detail: expect.stringMatching(/the password given, or has been changed/),
    };
    expect(await readContent(folder, store, 'changed')).toMatchObject(failure);
  });

  it('a byte changed: seen where the password is given', async () => {
    const store = javaKeystore(ENTRIES);
    store[store.length - 100]! ^= 1;
    expect(await readContent(folder, store, 'changeit')).toMatchObject({ reason: 'wrong-password' });
    expect(await readContent(folder, store)).toMatchObject({ format: 'jks' });
  });

  it('an alias of any text, and one without end', async () => {
    const store = javaKeystore([
      { alias: 'büro 中', trusted: root.certificate.der },
      { alias: 'x'.repeat(5_000), trusted: root.certificate.der },
    ]);
    expect(await readContent(folder, store)).toMatchObject({ aliases: ['*büro 中', `*${'x'.repeat(256)}…`] });
  });

  it('passes over secret keys, whose length stands nowhere', async () => {
    const secret = (alias: string, size: number) => ({ alias, secret: Buffer.alloc(size, 0x78) });
    const entries = [secret('first', 0), ...ENTRIES, secret('middle', 90_000), ...ENTRIES, secret('last', 144)];
    const store = javaKeystore(entries, { magic: 'cececece' });
    expect(await readContent(folder, store, 'changeit')).toEqual({
      format: 'jceks',
      ders: [...DERS, ...DERS],
      aliases: [...ALIASES, ...ALIASES],
    });
    for (let length = 12; length < 500; length++) {
      expect(await readContent(folder, store.subarray(0, length)), `cut at ${length}`).toMatchObject({
        reason: 'malformed',
      });
    }
  });

  const store = javaKeystore(ENTRIES);
  const secretFirst = Buffer.concat([store.subarray(0, 12), Buffer.from('00000003', 'hex'), store.subarray(16)]);
  const claimsMany = Buffer.concat([store.subarray(0, 8), Buffer.from('ffffffff', 'hex'), store.subarray(12)]);
  it.each<[string, Buffer, string, RegExp]>([
    [
      'an unknown version',
      javaKeystore(ENTRIES, { version: 3 }),
      'unsupported-format',
      /version 3; certwatch knows 1 and 2/,
    ],
    ['no entry', javaKeystore([]), 'no-certificate', /holds no certificate/],
    ['a key without certificates', javaKeystore([{ alias: 'a', chain: [] }]), 'no-certificate', /holds no certificate/],
    ['more entries than there are', claimsMany, 'malformed', /cut short or damaged/],
    ['a secret key that is none', secretFirst, 'malformed', /cut short or damaged/],
    ['bytes in between', Buffer.concat([store, Buffer.alloc(8)]), 'malformed', /cut short or damaged/],
    [
      'ten thousand and one',
      javaKeystore(Array.from({ length: 10_001 }, () => ({ alias: 'a', trusted: Buffer.alloc(1) }))),
      'too-large',
      /10000/,
    ],
  ])('%s', async (_, content, reason, words) => {
    expect(await readContent(folder, content)).toMatchObject({
      code: 'read-failed',
      reason,
      detail: expect.stringMatching(words),
    });
  });

  it('is refused wherever it is cut, never half read', async () => {
    const whole = javaKeystore(ENTRIES.slice(0, 2));
    for (let length = 4; length < whole.length; length++) {
      const seen = await readContent(folder, whole.subarray(0, length));
      expect(seen, `cut at ${length}`).toMatchObject({ code: 'read-failed' });
    }
  });

  it('any bit changed: certificates or a sentence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(store.length - 1), fc.nat(7), async (at, bit) => {
        const bent = Buffer.from(store);
        bent[at] = bent[at]! ^ (1 << bit);
        const seen = await readContent(folder, bent);
        if ('code' in seen) expect(seen.detail?.length).toBeGreaterThan(10);
        else expect(seen.ders.length).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  });
});

describe.skipIf(!hasKeytool || !hasOpenssl)('by keytool', () => {
  let made: Bench;
  let password: string;
  beforeAll(async () => {
    made = await bench(www!);
    password = await made.folder.write('password', 'changeit\n');
    await made.folder.write('root.pem', root.certificate.pem);
    const store = made.openssl(
      'pkcs12 -export -inkey key.pem -in cert.pem -certfile chain.pem -name www -passout pass:changeit',
    );
    for (const type of ['jks', 'jceks', 'pkcs12']) {
      const to = ['-storetype', type, '-keystore', type];
      // A secret key has no certificate, and its length stands nowhere in a JCEKS.
      if (type !== 'jks') made.keytool('-genseckey', '-alias', 'secret', '-keyalg', 'AES', '-keysize', '128', ...to);
      const from = ['-srckeystore', store, '-srcstorepass', 'changeit', '-srcalias', 'www'];
      made.keytool(
        '-importkeystore',
        ...from,
        '-deststoretype',
        type,
        '-destkeystore',
        type,
        '-deststorepass',
        'changeit',
      );
      made.keytool('-importcert', '-alias', 'trusted', '-file', 'root.pem', ...to);
    }
  }, 60_000);
  afterAll(() => made.folder.remove());

  const sorted = (seen: object): unknown =>
    'ders' in seen && 'aliases' in seen
      ? (seen.ders as string[]).map((der, i) => [(seen.aliases as string[])[i], der]).sort()
      : seen;

  it.each(['jks', 'jceks'])('%s', async (type) => {
    const [leaf, above, top] = hex(chainOf(www));
    const expected = [
      ['*trusted', top],
      ['www', leaf],
      ['www', above],
      ['www', top],
    ].sort();
    expect(sorted(await read(made.folder.at(type)))).toEqual(expected);
    expect(sorted(await read(made.folder.at(type), { passwordFile: password }))).toEqual(expected);
  });

  it('pkcs12, a secret key in it', async () => {
    const seen = await read(made.folder.at('pkcs12'), { passwordFile: password });
    if ('code' in seen) throw new Error(seen.detail);
    expect(new Set(seen.ders)).toEqual(new Set(hex(chainOf(www))));
    expect(seen.aliases).toEqual(expect.arrayContaining(['www', '*trusted']));
    expect(await read(made.folder.at('pkcs12'))).toMatchObject({ reason: 'password-needed' });
  });
});
