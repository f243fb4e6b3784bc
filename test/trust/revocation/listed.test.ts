/**
 * What a revocation list proves about a certificate: right ones, and every way in which one proves nothing.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { err, type Result } from '../../../src/model/result.ts';
import { judgeByLists } from '../../../src/trust/revocation/listed.ts';
import type { FetchedLists, ListTrouble } from '../../../src/trust/revocation/revocation.ts';
import { listAddresses } from '../../../src/x509/list-scope.ts';
import { findRevocation, parseRevocationList, type RevocationList } from '../../../src/x509/revocation-list.ts';
import {
  createCa,
  der,
  ext,
  type Issued,
  listPoint,
  listScope,
  makeKey,
  type RevocationListOptions,
  revocationList,
} from '../../support/pki/pki.ts';
import { NOW, parsed } from '../../verdict/builders.ts';

type Fetched = Result<RevocationList, ListTrouble>;

const DAY = 24 * 3_600_000;
const HERE = 'http://crl.ca.example/1.crl';
const root = createCa({ now: NOW });
const issuer = root.issueCa({ subject: 'CN=Test Issuing CA' });
const leaf = issuer.issue({ sans: ['dns:www.shop.example'], extraExtensions: [listPoint([HERE])] });
const sibling = issuer.issue({ sans: ['dns:www.shop.example'] });

const CURRENT = { thisUpdate: NOW - DAY, nextUpdate: NOW + DAY };
const revokedAt = NOW - 3 * DAY;
const entry = (certificate: Issued, reason?: number) => ({
  certificate,
  at: revokedAt,
  ...(reason === undefined ? {} : { reason }),
});

const judgeBytes = (list: Uint8Array, { certificate = leaf, now = NOW, address = HERE } = {}) => {
  const read = parseRevocationList(list);
  const lists = new Map([[address, read.ok ? read : err({ reason: 'malformed-list' as const })]]);
  return judgeByLists({ certificate: parsed(certificate), issuer: parsed(issuer), lists, now });
};
const judgeOf = (over: Partial<RevocationListOptions> = {}) =>
  judgeBytes(revocationList(issuer, { ...CURRENT, ...over }));

test('good: not in the list, whatever else is', () => {
  expect(judgeOf()).toEqual({ kind: 'good' });
  expect(judgeOf({ revoked: [entry(sibling)] })).toEqual({ kind: 'good' });
});

describe('revoked', () => {
  test('since when, and why', () => {
    expect(judgeOf({ revoked: [entry(sibling), entry(leaf, 4)] })).toEqual({
      kind: 'revoked',
      at: revokedAt,
      reason: 'superseded',
    });
    expect(judgeOf({ revoked: [entry(leaf)] })).toEqual({ kind: 'revoked', at: revokedAt });
  });
  test('stays so in a list that is out of date', () => {
    expect(judgeOf({ revoked: [entry(leaf)], nextUpdate: NOW - 1_000 })).toMatchObject({ kind: 'revoked' });
  });
  test('not yet, as of a time before', () => {
    const list = revocationList(issuer, { thisUpdate: NOW - 10 * DAY, nextUpdate: NOW, revoked: [entry(leaf)] });
    expect(judgeBytes(list, { now: revokedAt - DAY })).toEqual({ kind: 'good' });
  });
  test('a serial number that starts with a high bit', () => {
    const high = issuer.issue({
      sans: ['dns:x.example'],
      serial: Buffer.from('00f102030405060708', 'hex'),
      extraExtensions: [listPoint([HERE])],
    });
    const list = revocationList(issuer, { ...CURRENT, revoked: [entry(high)] });
    expect(judgeBytes(list, { certificate: high })).toMatchObject({ kind: 'revoked' });
    expect(judgeBytes(list)).toEqual({ kind: 'good' });
  });
});

test.each<[string, Partial<RevocationListOptions>, string]>([
  ['signed by somebody else', { key: makeKey() }, 'list-wrongly-signed'],
  ['that revokes it, signed by somebody else', { key: makeKey(), revoked: [entry(leaf)] }, 'list-wrongly-signed'],
  ['in another name', { issuer: root.identity.name }, 'list-of-another-issuer'],
  ['out of date', { nextUpdate: NOW - 1_000 }, 'list-out-of-date'],
  ['of tomorrow', { thisUpdate: NOW + DAY }, 'list-not-yet-current'],
  [
    'for another part of the certificates',
    { scope: listScope(['http://crl.ca.example/2.crl']) },
    'list-does-not-cover',
  ],
  ['for CAs', { scope: listScope([], [2]) }, 'list-does-not-cover'],
  ['that is indirect', { scope: listScope([], [4]), revoked: [entry(leaf)] }, 'list-does-not-cover'],
  ['that is a delta', { extraExtensions: [ext.extension('2.5.29.27', der.integer(1), true)] }, 'list-does-not-cover'],
  [
    'with a critical extension',
    { extraExtensions: [ext.extension('1.2.3.4', der.integer(1), true)] },
    'list-does-not-cover',
  ],
])('a list %s says nothing', (_, options, reason) => {
  expect(judgeOf(options)).toMatchObject({ kind: 'not-known', reason });
});

test.each<[string, Partial<RevocationListOptions>]>([
  ['of this distribution point', { scope: listScope([HERE]) }],
  ['for users', { scope: listScope([HERE], [1]) }],
  ['with an extension that is not critical', { extraExtensions: [ext.extension('1.2.3.4', der.integer(1))] }],
])('a list %s covers it', (_, options) => expect(judgeOf(options)).toEqual({ kind: 'good' }));

test('an issuer that may not sign lists', () => {
  const mute = root.issueCa({ subject: 'CN=Mute', keyUsage: ['keyCertSign'] });
  const child = mute.issue({ extraExtensions: [listPoint([HERE])] });
  const read = parseRevocationList(revocationList(mute, CURRENT));
  const lists = new Map([[HERE, read.ok ? read : err({ reason: 'malformed-list' as const })]]);
  const state = judgeByLists({ certificate: parsed(child), issuer: parsed(mute), lists, now: NOW });
  expect(state).toMatchObject({ reason: 'list-wrongly-signed' });
});

test('one list that says something is enough', () => {
  const twice = issuer.issue({ extraExtensions: [listPoint(['http://a.example/'], ['http://b.example/'])] });
  const read = parseRevocationList(revocationList(issuer, CURRENT));
  if (!read.ok) throw new Error('unreadable');
  const lists: FetchedLists = new Map<string, Fetched>([
    ['http://a.example/', err({ reason: 'list-not-fetched' as const })],
    ['http://b.example/', read],
  ]);
  const question = { certificate: parsed(twice), issuer: parsed(issuer), now: NOW };
  expect(judgeByLists({ ...question, lists })).toEqual({ kind: 'good' });
  expect(judgeByLists({ ...question, lists: new Map() })).toMatchObject({ reason: 'list-not-fetched' });
});

describe('where the list is', () => {
  const of = (...extensions: Uint8Array[]) => listAddresses(parsed(issuer.issue({ extraExtensions: extensions })));
  test('over plain HTTP alone, in order', () => {
    expect(of(listPoint(['ldap://x/', 'http://a.example/1', 'https://b.example/'], ['HTTP://c.example/']))).toEqual([
      'http://a.example/1',
      'HTTP://c.example/',
    ]);
    expect(of()).toEqual([]);
  });
  test('nothing of what is malformed, or of another issuer', () => {
    expect(of(ext.extension('2.5.29.31', Buffer.from('300201')))).toEqual([]);
    const name = der.context(0, der.context(0, der.contextPrimitive(6, Buffer.from('http://a.example/'))));
    const point = der.sequence(name, der.context(2, der.sequence()));
    expect(of(ext.extension('2.5.29.31', der.sequence(point)))).toEqual([]);
  });
  test('a certificate that names none', () => {
    expect(judgeBytes(revocationList(issuer, CURRENT), { certificate: sibling })).toEqual({
      kind: 'not-known',
      reason: 'names-no-list',
    });
  });
});

test('whatever octet of a list is changed or cut off, nobody is revoked by it, and nothing throws', () => {
  const good = revocationList(issuer, { ...CURRENT, revoked: [entry(sibling)] });
  const octet = fc.tuple(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(octet, ([index, change]) => {
      const list = Buffer.from(good);
      list[index]! ^= change;
      expect(judgeBytes(list).kind).toBe('not-known');
      expect(parseRevocationList(good.subarray(0, index)).ok).toBe(false);
      const read = parseRevocationList(list);
      if (read.ok) findRevocation(read.value, parsed(leaf).serial);
    }),
  );
});
