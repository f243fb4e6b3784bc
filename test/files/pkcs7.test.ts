/**
 * PKCS#7 and CMS as openssl writes them, with and without signatures, and in the BER that Microsoft's tools write.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { context, integer, octetString, oid, sequence, set, TAG } from '../support/pki/der.ts';
import { createCa, toPem } from '../support/pki/pki.ts';
import { type Bench, bench, hasOpenssl, indefinite, pkcs7 } from '../support/stores.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { hex, read, readContent } from './reading.ts';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const DATA = '1.2.840.113549.1.7.1';

const root = createCa({ now: Date.UTC(2026, 0, 1) });
const leaf = root.issueCa({ subject: 'CN=CA' }).issue({ sans: ['dns:shop.example'] });
const DERS = leaf.chainWithRoot.map(({ der }) => der);

let folder: TempFolder;
beforeAll(async () => {
  folder = await tempFolder();
});
afterAll(() => folder.remove());

const certsOnly = (certificates: readonly Uint8Array[] = DERS): Buffer => pkcs7(certificates);

describe.skipIf(!hasOpenssl).each(['rsa2048', 'ec256', 'ed25519'] as const)(
  'by openssl, with a key of kind %s',
  (key) => {
    const ca = createCa({ now: Date.UTC(2026, 0, 1), key }).issueCa({ subject: 'CN=CA', key });
    const own = ca.issue({ sans: ['dns:shop.example'], key });
    const ders = hex(own.chainWithRoot.map(({ der }) => der));
    let made: Bench;
    beforeAll(async () => {
      made = await bench(own);
    });
    afterAll(() => made.folder.remove());

    it.each([
      'crl2pkcs7 -nocrl -certfile cert.pem -certfile chain.pem -outform PEM',
      'crl2pkcs7 -nocrl -certfile cert.pem -certfile chain.pem -outform DER',
    ])('%s', async (command) => {
      const aliases = [null, null, null];
      expect(await read(made.openssl(command))).toEqual({ format: 'pkcs7', ders, aliases });
    });

    // `-stream` writes BER: indefinite lengths, and the content in pieces. (By another key: OpenSSL signs no CMS by Ed25519.)
    it.each(['PEM', 'DER', 'PEM -stream', 'DER -stream'])('cms -sign, %s', async (form) => {
      const signer = root.issue({ sans: ['dns:signer.example'], key: 'ec256' });
      await made.folder.write('signer.pem', signer.keyPem + signer.pem);
      const certificates = '-signer signer.pem -certfile all.pem';
      const seen = await read(made.openssl(`cms -sign -nodetach -in cert.pem ${certificates} -outform ${form}`));
      // A set has no order of its own: OpenSSL sorts it.
      expect({ ...seen, ders: 'ders' in seen && [...seen.ders].sort() }).toMatchObject({
        format: 'pkcs7',
        ders: [...ders, ...hex([signer.der])].sort(),
      });
    });
  },
);

describe('by hand', () => {
  it.each<[string, Buffer | string, readonly Uint8Array[]]>([
    ['a set of three, in its order', certsOnly([DERS[2]!, DERS[0]!, DERS[1]!]), [DERS[2]!, DERS[0]!, DERS[1]!]],
    [
      'indefinite lengths all the way down',
      indefinite(
        TAG.sequence,
        oid(SIGNED_DATA),
        indefinite(
          0xa0,
          indefinite(
            TAG.sequence,
            integer(1),
            set(),
            indefinite(TAG.sequence, oid(DATA)),
            indefinite(0xa0, ...DERS),
            set(),
          ),
        ),
      ),
      DERS,
    ],
    ['under the label CMS', toPem(certsOnly(), 'CMS'), DERS],
    ['under the old label', toPem(certsOnly(), 'PKCS #7 SIGNED DATA'), DERS],
    ['two blocks', toPem(certsOnly(DERS.slice(0, 1)), 'PKCS7') + toPem(certsOnly(DERS.slice(1)), 'PKCS7'), DERS],
    ['beside attribute certificates', certsOnly([context(2, integer(1)), ...DERS]), DERS],
    ['with bytes behind it', Buffer.concat([certsOnly(), Buffer.from('\r\n')]), DERS],
  ])('%s', async (_, content, ders) => {
    const aliases = ders.map(() => null);
    expect(await readContent(folder, content)).toEqual({ format: 'pkcs7', ders: hex(ders), aliases });
  });

  it('between certificates of the same PEM file, in the order of the file, which then has one', async () => {
    const content = toPem(DERS[0]!) + toPem(certsOnly([DERS[1]!]), 'PKCS7') + toPem(DERS[2]!);
    expect(await readContent(folder, content)).toEqual({ ders: hex(DERS) });
  });

  const withoutSet = sequence(integer(1), set(), sequence(oid(DATA)), set());
  it.each<[string, Buffer, string, RegExp]>([
    ['no certificate in the set', certsOnly([]), 'no-certificate', /is PKCS#7, but holds no certificate/],
    ['no set', sequence(oid(SIGNED_DATA), context(0, withoutSet)), 'no-certificate', /holds no certificate/],
    [
      'enveloped data',
      sequence(oid('1.2.840.113549.1.7.3'), context(0, sequence(integer(0)))),
      'no-certificate',
      /enveloped data, but no certificate/,
    ],
    ['data', sequence(oid(DATA), context(0, octetString(leaf.der))), 'no-certificate', /with data/],
    ['nothing in it', sequence(oid(SIGNED_DATA)), 'malformed', /cut short or damaged/],
    ['ten thousand and one', certsOnly(Array.from({ length: 10_001 }, () => sequence())), 'too-large', /10000/],
    ['an open end', certsOnly().subarray(0, -1), 'malformed', /cut short or damaged/],
  ])('%s', async (_, content, reason, words) => {
    expect(await readContent(folder, content)).toMatchObject({
      code: 'read-failed',
      reason,
      detail: expect.stringMatching(words),
    });
  });

  it('is refused wherever it is cut, never half read', async () => {
    const whole = certsOnly();
    for (let length = 2; length < whole.length; length++) {
      expect(await readContent(folder, whole.subarray(0, length)), `cut at ${length}`).toMatchObject({
        code: 'read-failed',
      });
    }
  });
});
