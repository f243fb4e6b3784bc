/**
 * From a leaf to its key: every kind of key by the way in that is made for it, and certificates that are none.
 */
import { createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leafKey, subjectPublicKeyInfo } from '../../src/tls/leaf-key.ts';
import { createCa, explicitP256Spki, type KeyKind, unknownSpki } from '../support/pki/pki.ts';

const root = createCa({ now: Date.UTC(2031, 0, 1) });

test.each<KeyKind>([
  'ec256',
  'ec384',
  'ec521',
  'secp256k1',
  'brainpool256',
  'rsa512',
  'rsa2048',
  'rsa-pss2048',
  'dsa1024',
  'ed25519',
  'ed448',
  'x25519',
])('%s', (kind) => {
  const { der, key } = root.issue({ sans: ['dns:a.example'], key: kind });
  expect(Buffer.compare(subjectPublicKeyInfo(der)!, key.spki)).toBe(0);
  expect(leafKey(der)?.equals(key.publicKey)).toBe(true);
  // From what was kept of it, too.
  expect(leafKey(new Uint8Array(der))?.equals(key.publicKey)).toBe(true);
});

test('a certificate of version 1', () => {
  const { der, key } = root.issue({ sans: null, version: 1, extensions: null, subject: 'CN=old' });
  expect(leafKey(der)?.equals(key.publicKey)).toBe(true);
});

test('a compressed point', () => {
  const { key } = root.issue({ sans: null, subject: 'CN=x' });
  const point = key.spki.subarray(-65);
  const head = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');
  const spki = Buffer.concat([head, Buffer.of(2 + (point[64]! & 1)), point.subarray(1, 33)]);
  const { der } = root.issue({ sans: null, subject: 'CN=x', raw: { spki } });
  expect(leafKey(der)?.equals(key.publicKey)).toBe(true);
});

test('explicit parameters', () => {
  const spki = explicitP256Spki();
  const { der } = root.issue({ sans: null, subject: 'CN=x', raw: { spki } });
  expect(leafKey(der)?.equals(createPublicKey({ key: spki, format: 'der', type: 'spki' }))).toBe(true);
});

test.each([
  ['of an unknown algorithm', unknownSpki()],
  [
    'that is no point of its curve',
    Buffer.from(`3059301306072a8648ce3d020106082a8648ce3d03010703420004${'11'.repeat(64)}`, 'hex'),
  ],
  ['that is no key', Buffer.from('3003020100', 'hex')],
])('a key %s', (_, spki) => {
  expect(leafKey(root.issue({ sans: null, subject: 'CN=x', raw: { spki } }).der)).toBeUndefined();
});

test('any bytes, and any prefix or bent copy of a certificate', () => {
  const { der } = root.issue({ sans: ['dns:a.example'] });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void leafKey(bytes)));
  for (let length = 0; length < der.length; length++) expect(leafKey(der.subarray(0, length))).toBeUndefined();
  const bent = fc.tuple(fc.nat(der.length - 1), fc.nat(255));
  fc.assert(
    fc.property(bent, ([at, value]) => {
      const copy = Buffer.from(der);
      copy[at] = value;
      leafKey(copy);
    }),
    { numRuns: 500 },
  );
});
