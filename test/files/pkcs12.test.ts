/**
 * PKCS#12 as openssl and node-forge write it, opened with a password, with none and with a wrong one; and what nobody
 * writes in good faith.
 */
import { createCipheriv, createPrivateKey } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadForge } from '../../src/files/forge.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { context, contextPrimitive, integer, octetString, oid, sequence, TAG } from '../support/pki/der.ts';
import { createCa, type Issued } from '../support/pki/pki.ts';
import {
  type Bench,
  bench,
  certBag,
  data,
  encrypted,
  encryptedData,
  hasOpenssl,
  indefinite,
  octetsInPieces,
  pbmac1,
  pfx,
  someMac,
} from '../support/stores.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { hex, read, readContent } from './reading.ts';

const NOW = Date.UTC(2026, 0, 1);
const leaf = createCa({ now: NOW })
  .issueCa({ subject: 'CN=CA' })
  .issue({ sans: ['dns:shop.example'] });
const DERS = leaf.chainWithRoot.map(({ der }) => der);
const OLD_3DES = '1.2.840.113549.1.12.1.3';
const OLD_RC2 = '1.2.840.113549.1.12.1.6';
const BAGS = sequence(...DERS.map((der) => certBag(der)));
const PART = data(BAGS);

let folder: TempFolder;
beforeAll(async () => {
  folder = await tempFolder();
});
afterAll(() => folder.remove());

/** `-nomac` alone leaves the certificates open as well. */
const UNCHECKED = ' -nomac -certpbe AES-256-CBC';
const UNCHECKED_OLD = ' -nomac -certpbe PBE-SHA1-RC2-40';
const EXPORT = 'pkcs12 -export -inkey key.pem -in cert.pem -certfile chain.pem';

describe.skipIf(!hasOpenssl).each(['rsa2048', 'ec256', 'ed25519'] as const)(
  'by openssl, with a key of kind %s',
  (key) => {
    let made: Bench;
    let password: string;
    let own: Issued;
    let ders: string[];
    beforeAll(async () => {
      own = createCa({ now: NOW, key })
        .issueCa({ subject: 'CN=CA', key })
        .issue({ sans: ['dns:shop.example'], key });
      ders = hex(own.chainWithRoot.map((each) => each.der));
      made = await bench(own);
      password = await made.folder.write('password', 'grüße und mehr\n');
    });
    afterAll(() => made.folder.remove());

    const args = ['-passout', 'file:password'].join(' ');
    it.each([
      '', // PBES2, AES-256, HMAC-SHA-256; MAC by SHA-256
      ' -legacy', // RC2 with 40 bits for the certificates; MAC by SHA-1
      ' -descert -legacy',
      ' -certpbe PBE-SHA1-RC2-128 -legacy',
      ' -certpbe PBE-SHA1-2DES -legacy',
      ' -certpbe AES-128-CBC -macalg sha1',
      ' -certpbe AES-192-CBC -macalg sha384',
      ' -certpbe DES-EDE3-CBC -macalg sha512',
      ' -iter 100000',
      ' -noiter -nomaciter',
      UNCHECKED,
      ' -certpbe NONE',
      ' -nomac',
    ])('the password in a file:%s', async (variant) => {
      const seen = await read(made.openssl(`${EXPORT} ${args}${variant}`), { passwordFile: password });
      expect(seen).toEqual({ format: 'pkcs12', ders, aliases: [null, null, null] });
    });

    it.each(['', ' -legacy', UNCHECKED])('the empty password, and no file for it:%s', async (variant) => {
      expect(await read(made.openssl(`${EXPORT} -passout pass:${variant}`))).toMatchObject({ ders });
    });

    it.each([' -certpbe NONE', ' -nomac'])('no password for certificates that lie open:%s', async (variant) => {
      expect(await read(made.openssl(`${EXPORT} ${args}${variant}`))).toMatchObject({ ders });
    });

    it.each(['', ' -legacy', UNCHECKED, ` -legacy${UNCHECKED_OLD}`])(
      'no password where one is needed:%s',
      async (variant) => {
        const path = made.openssl(`${EXPORT} ${args}${variant}`);
        expect(await read(path)).toEqual({
          code: 'read-failed',
          phase: 'read',
          reason: 'password-needed',
          detail: `${path} is protected by a password: name the file that holds it with --password-file`,
        });
      },
    );

    it.each(['', ' -legacy', UNCHECKED, ' -certpbe NONE'])('a wrong password:%s', async (variant) => {
      const path = made.openssl(`${EXPORT} ${args}${variant}`);
      const wrong = await made.folder.write('wrong', 'a wrong one');
      expect(await read(path, { passwordFile: wrong })).toEqual({
        code: 'read-failed',
        phase: 'read',
        reason: 'wrong-password',
        detail: `${path} does not open with the password given (${wrong})`,
      });
    });

    it('friendly names', async () => {
      const path = made.openssl(`${EXPORT} ${args} -name tomcat -caname above -caname root`);
      expect(await read(path, { passwordFile: password })).toMatchObject({ aliases: ['tomcat', 'above', 'root'] });
    });

    it('more certificates than fit into one slice of decryption', async () => {
      const sans = Array.from({ length: 300 }, (_, i) => `dns:host-${i}.shop.example` as const);
      const long = createCa({ now: NOW, key }).issue({ sans, key });
      const other = await bench(long);
      await using there = other.folder;
      const secret = await there.write('password', 'secret');
      const path = other.openssl(`${EXPORT} ${args} -legacy`);
      const seen = await read(path, { passwordFile: secret });
      expect(seen).toMatchObject({ ders: hex(long.chainWithRoot.map((each) => each.der)) });
    });

    it('keys and no certificate', async () => {
      const path = made.openssl(`pkcs12 -export -inkey key.pem -nocerts ${args}`);
      expect(await read(path, { passwordFile: password })).toMatchObject({ reason: 'no-certificate' });
    });
  },
);

it('as node-forge writes it', async () => {
  const own = createCa({ now: NOW, key: 'rsa2048' }).issue({ sans: ['dns:shop.example'], key: 'rsa2048' });
  const forge = await loadForge();
  const key = forge.pki.privateKeyFromPem(
    String(createPrivateKey(own.keyPem).export({ type: 'pkcs1', format: 'pem' })),
  );
  const certificate = forge.pki.certificateFromPem(own.pem);
  const options = { algorithm: '3des', friendlyName: 'forged' } as const;
  const made = forge.pkcs12.toPkcs12Asn1(key, [certificate], 'secret', options);
  const bytes = Buffer.from(forge.asn1.toDer(made).getBytes(), 'latin1');
  expect(await readContent(folder, bytes, 'secret')).toEqual({
    format: 'pkcs12',
    ders: hex([own.der]),
    aliases: ['forged'],
  });
  expect(await readContent(folder, bytes, 'other')).toMatchObject({ reason: 'wrong-password' });
});

describe('by hand', () => {
  const names = sequence(certBag(DERS[0]!, 'büro'), certBag(DERS[1]!, ''), certBag(DERS[2]!, 'x'.repeat(5_000)));
  it.each<[string, Buffer, readonly (string | null)[]]>([
    ['open certificates', pfx([PART]), [null, null, null]],
    ['a part for each', pfx(DERS.map((der) => data(sequence(certBag(der))))), [null, null, null]],
    ['names: any text, none, one without end', pfx([data(names)]), ['büro', null, `${'x'.repeat(256)}…`]],
    [
      'in BER, and in pieces',
      indefinite(
        TAG.sequence,
        Buffer.from('020103', 'hex'),
        indefinite(
          TAG.sequence,
          oid('1.2.840.113549.1.7.1'),
          indefinite(
            0xa0,
            octetsInPieces(
              indefinite(
                TAG.sequence,
                indefinite(TAG.sequence, oid('1.2.840.113549.1.7.1'), indefinite(0xa0, octetsInPieces(BAGS, 100))),
              ),
              7,
            ),
          ),
        ),
      ),
      [null, null, null],
    ],
    [
      'bags in a bag, among those of kinds that are not known',
      pfx([
        data(
          sequence(
            sequence(oid('1.2.840.113549.1.12.10.1.5'), context(0, octetString(Buffer.from('a secret')))),
            sequence(oid('1.2.840.113549.1.12.10.1.6'), context(0, BAGS)),
          ),
        ),
      ]),
      [null, null, null],
    ],
  ])('%s', async (_, content, aliases) => {
    expect(await readContent(folder, content)).toEqual({ format: 'pkcs12', ders: hex(DERS), aliases });
  });

  // Independently derived, by node-forge.
  it.each([null, ''])('the password %j, which are two', async (none) => {
    const { pkcs12, util } = await loadForge();
    const derive = (id: 1 | 2, length: number): Buffer => {
      const key = pkcs12.generateKey(none as string, util.createBuffer('saltsalt'), id, 3, length);
      return Buffer.from(key.getBytes(), 'latin1');
    };
    const cipher = createCipheriv('des-ede3-cbc', derive(1, 24), derive(2, 8));
    const algorithm = sequence(oid(OLD_3DES), sequence(octetString(Buffer.from('saltsalt')), integer(3)));
    const content = contextPrimitive(0, Buffer.concat([cipher.update(BAGS), cipher.final()]));
    expect(await readContent(folder, pfx([encryptedData(algorithm, content)]))).toMatchObject({ ders: hex(DERS) });
  });

  it('a MAC of an unknown kind says nothing about the password', async () => {
    const info = sequence(sequence(oid('1.2.3.4')), octetString(Buffer.alloc(20)));
    const mac = sequence(info, octetString(Buffer.alloc(8)));
    expect(await readContent(folder, pfx([PART], mac), 'secret')).toMatchObject({ ders: hex(DERS) });
  });

  it('PBMAC1: the right password and a wrong one', async () => {
    const store = pfx([PART], pbmac1([PART], 'secret'));
    expect(await readContent(folder, store, 'secret')).toMatchObject({ ders: hex(DERS) });
    expect(await readContent(folder, store, 'other')).toMatchObject({ reason: 'wrong-password' });
  });

  const scrypt = sequence(oid('1.3.6.1.4.1.11591.4.11'), sequence());
  const signed = sequence(oid('1.2.840.113549.1.7.2'), context(0, sequence()));
  const enveloped = sequence(oid('1.2.840.113549.1.7.3'), context(0, sequence()));
  it.each<[string, Buffer, string, RegExp]>([
    ['1e9 rounds of PBKDF2', pfx([encrypted({ iterations: 1e9 })]), 'too-costly', /1000000000 rounds.*2000000 at most/],
    ['1e9 rounds for the MAC', pfx([encrypted()], someMac(1e9)), 'too-costly', /1000000000 rounds/],
    ['no rounds at all', pfx([encrypted({ iterations: 0 })]), 'malformed', /impossible parameters/],
    ['scrypt', pfx([encrypted({ kdf: scrypt })]), 'unsupported-format', /key by scrypt, which certwatch does not read/],
    ['an unknown cipher', pfx([encrypted({ scheme: '1.2.3.4' })]), 'unsupported-format', /PBES2 with 1\.2\.3\.4/],
    ['signed with a key', sequence(Buffer.from('020103', 'hex'), signed), 'unsupported-format', /signed with a key/],
    ['encrypted for a key', pfx([enveloped]), 'unsupported-format', /encrypted for a key/],
    ['no certificate', pfx([data(sequence())]), 'no-certificate', /holds no certificate/],
    ['nothing in it', pfx([]), 'no-certificate', /holds no certificate/],
    ['ten thousand and one', pfx(Array.from({ length: 10_001 }, () => data(sequence()))), 'too-large', /10000/],
    ['bytes behind the bags', pfx([data(Buffer.concat([BAGS, Buffer.alloc(2)]))]), 'malformed', /damaged/],
    ['a cut bag', pfx([data(BAGS.subarray(0, -1))]), 'malformed', /damaged/],
  ])('%s', async (_, content, reason, words) => {
    expect(await readContent(folder, content)).toMatchObject({
      code: 'read-failed',
      reason,
      detail: expect.stringMatching(words),
    });
  });

  it('reads open certificates whatever the MAC asks for, unless it is to be checked', async () => {
    const store = pfx([PART], someMac(1e9));
    expect(await readContent(folder, store)).toMatchObject({ ders: hex(DERS) });
    expect(await readContent(folder, store, 'secret')).toMatchObject({ reason: 'too-costly' });
  });

  it('leaves room for others while it derives a key', async () => {
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns += 1;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    expect(await readContent(folder, pfx([encrypted()], someMac(200_000)))).toMatchObject({
      reason: 'password-needed',
    });
    running = false;
    expect(turns).toBeGreaterThan(50);
  });

  it('stops deriving at its deadline', async () => {
    const path = await folder.write('slow', pfx([encrypted()], someMac(2_000_000)));
    const deadline = Deadline.after(30);
    expect(await read(path, { deadline })).toMatchObject({ code: 'timeout', phase: 'read', reason: 'deadline' });
  });

  it('is refused wherever it is cut, never half read', async () => {
    const whole = pfx([PART], someMac(1));
    for (let length = 2; length < whole.length; length++) {
      const seen = await readContent(folder, whole.subarray(0, length));
      expect(seen, `cut at ${length}`).toMatchObject({ code: 'read-failed' });
    }
  });

  it('any bit changed: certificates or a sentence', async () => {
    const whole = pfx([PART, encrypted()], someMac(1));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), async (at, bit) => {
        const bent = Buffer.from(whole);
        bent[at] = bent[at]! ^ (1 << bit);
        const seen = await readContent(folder, bent, 'secret');
        if ('code' in seen) expect(seen.detail?.length).toBeGreaterThan(10);
        else expect(seen.ders.length).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  });
});

describe('bombs', () => {
  const MIB = 1024 * 1024;
  const bagsInBags = (levels: number): Buffer => {
    let bags = BAGS;
    for (let i = 0; i < levels; i++) bags = sequence(sequence(oid('1.2.840.113549.1.12.10.1.6'), context(0, bags)));
    return bags;
  };
  it.each<[string, () => Buffer]>([
    [
      'millions of open ends',
      () => Buffer.concat([Buffer.from('3080020103', 'hex'), Buffer.alloc(15 * MIB, Buffer.of(0x30, 0x80))]),
    ],
    ['millions of ends', () => Buffer.concat([Buffer.from('3080020103', 'hex'), Buffer.alloc(15 * MIB)])],
    ['bags in bags', () => pfx([data(bagsInBags(1_000))])],
    ['millions of empty parts', () => pfx([Buffer.alloc(15 * MIB, Buffer.of(0x30, 0))])],
    [
      'a string in millions of empty pieces',
      () =>
        pfx([
          indefinite(
            TAG.sequence,
            oid('1.2.840.113549.1.7.1'),
            indefinite(0xa0, indefinite(0x24, Buffer.alloc(14 * MIB, Buffer.of(4, 0)))),
          ),
        ]),
    ],
    [
      'strings in strings',
      () =>
        pfx([
          indefinite(
            TAG.sequence,
            oid('1.2.840.113549.1.7.1'),
            context(0, Buffer.alloc(10 * MIB, Buffer.of(0x24, 0x80))),
          ),
        ]),
    ],
  ])('%s', async (_, make) => {
    expect(await readContent(folder, make())).toMatchObject({ code: 'read-failed' });
  });

  it('16 MiB by the slowest cipher do not hold up others', async () => {
    const algorithm = sequence(oid(OLD_RC2), sequence(octetString(Buffer.alloc(8)), integer(1)));
    const part = encryptedData(algorithm, contextPrimitive(0, Buffer.alloc(15 * MIB)));
    const path = await folder.write('rc2', pfx([part]));
    const deadline = Deadline.after(300);
    expect(await read(path, { deadline })).toMatchObject({ code: 'timeout', phase: 'read' });
  });
});

describe('the file with the password', () => {
  const store = pfx([PART], pbmac1([PART], 'secret'));
  let path: string;
  beforeAll(async () => {
    path = await folder.write('store.p12', store);
  });

  it.each(['secret', 'secret\n', 'secret\r\n'])('%j', async (text) => {
    expect(await read(path, { passwordFile: await folder.write('given', text) })).toMatchObject({ ders: hex(DERS) });
  });

  it.each(['secret\n\n', ' secret', 'secret '])('is taken as it is: %j', async (text) => {
    const seen = await read(path, { passwordFile: await folder.write('given', text) });
    expect(seen).toMatchObject({ reason: 'wrong-password' });
  });

  it.each<[string, () => Promise<string> | string, RegExp]>([
    ['is not there', () => folder.at('nowhere'), /the file with its password: there is no file/],
    ['is a folder', () => folder.path, /a directory, not a file/],
    [
      'is longer than any password',
      () => folder.write('long', 'x'.repeat(5_000)),
      /larger than 4 KiB: that is no password file/,
    ],
  ])('%s', async (_, file, words) => {
    const failure = { code: 'read-failed', reason: 'password-file', detail: expect.stringMatching(words) };
    expect(await read(path, { passwordFile: await file() })).toMatchObject(failure);
  });

  it('is not touched for what needs none', async () => {
    const plain = await folder.write('plain.pem', leaf.pem);
    expect(await read(plain, { passwordFile: folder.at('nowhere') })).toEqual({ ders: hex([leaf.der]) });
  });

  it('never gets into a message', async () => {
    for (const variant of [pfx([PART], someMac(1)), pfx([encrypted()]), store.subarray(0, -5)]) {
      const seen = await readContent(folder, variant, 'hunter2');
      expect(JSON.stringify(seen)).not.toContain('hunter2');
      expect(seen).toMatchObject({ code: 'read-failed' });
    }
  });
});
