/**
 * What a stapled OCSP response proves: right answers by the issuer and by a delegated responder, and every way in which one
 * proves nothing.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeStaple } from '../../../src/trust/revocation/stapled.ts';
import { createCa, makeKey, type OcspOptions, ocspRefusal, ocspResponse, selfSigned } from '../../support/pki/pki.ts';
import { NOW, parsed } from '../../verdict/builders.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const root = createCa({ now: NOW });
const issuer = root.issueCa({ subject: 'CN=Test Issuing CA' });
const leaf = issuer.issue({ sans: ['dns:www.shop.example'] });
const sibling = issuer.issue({ sans: ['dns:www.shop.example'] });

const CURRENT = { thisUpdate: NOW - HOUR, nextUpdate: NOW + DAY };
const judgeBytes = (staple: Uint8Array, now = NOW) =>
  judgeStaple({ leaf: parsed(leaf), issuer: parsed(issuer), staple, now });
const judgeOf = (over: Partial<OcspOptions> = {}, now = NOW) =>
  judgeBytes(ocspResponse(leaf, issuer, { ...CURRENT, ...over }), now);

const responder = (over: Parameters<typeof issuer.issue>[0] = {}) =>
  issuer.issue({ subject: 'CN=OCSP Responder', extendedKeyUsage: ['OCSPSigning'], ...over });
const delegated = (signer: ReturnType<typeof responder>) => judgeOf({ key: signer.key, certificates: [signer] });

test.each(['sha1', 'sha256'] as const)('good, with %s', (hash) => {
  expect(judgeOf({ hash })).toEqual({ kind: 'good' });
});

test.each(['ec256', 'ec384', 'rsa2048', 'ed25519'] as const)('good, signed by an issuer with a key of %s', (kind) => {
  const ca = root.issueCa({ key: kind });
  const child = ca.issue({ sans: ['dns:www.shop.example'] });
  const staple = ocspResponse(child, ca, CURRENT);
  expect(judgeStaple({ leaf: parsed(child), issuer: parsed(ca), staple, now: NOW })).toEqual({ kind: 'good' });
});

describe('revoked', () => {
  const revokedAt = NOW - 3 * DAY;
  test('since when, and why', () => {
    expect(judgeOf({ status: { revokedAt, reason: 1 } })).toEqual({
      kind: 'revoked',
      at: revokedAt,
      reason: 'key-compromise',
    });
    expect(judgeOf({ status: { revokedAt } })).toEqual({ kind: 'revoked', at: revokedAt });
    expect(judgeOf({ status: { revokedAt, reason: 7 } })).toEqual({ kind: 'revoked', at: revokedAt });
  });
  test('stays so in an answer that is out of date', () => {
    expect(judgeOf({ status: { revokedAt }, nextUpdate: NOW - HOUR })).toMatchObject({ kind: 'revoked' });
  });
  test('not yet, as of a time before', () => {
    expect(judgeOf({ status: { revokedAt }, thisUpdate: revokedAt - DAY }, revokedAt - HOUR)).toEqual({ kind: 'good' });
  });
  test('unsigned, it is not believed', () => {
    expect(judgeOf({ status: { revokedAt }, key: makeKey() })).toMatchObject({ reason: 'bad-signature' });
  });
});

describe('a delegated responder', () => {
  test('certified by the issuer for that', () => expect(delegated(responder())).toEqual({ kind: 'good' }));
  test.each([
    ['without the usage', responder({ extendedKeyUsage: ['serverAuth'] })],
    ['without any usage', responder({ extendedKeyUsage: null })],
    ['expired', responder({ remainingMs: -DAY })],
    ['not valid yet', responder({ notBefore: NOW + DAY, lifetimeMs: 10 * DAY })],
    ['of another CA', root.issue({ subject: 'CN=OCSP Responder', extendedKeyUsage: ['OCSPSigning'] })],
    ['of itself', selfSigned({ now: NOW, subject: 'CN=OCSP Responder', extendedKeyUsage: ['OCSPSigning'] })],
    [
      'in the name of the issuer',
      createCa({ now: NOW, subject: 'CN=Test Issuing CA' }).issue({ extendedKeyUsage: ['OCSPSigning'] }),
    ],
  ])('%s', (_, signer) => expect(delegated(signer)).toEqual({ kind: 'not-known', reason: 'wrong-signer' }));
  test('that has not signed it', () => {
    expect(judgeOf({ key: makeKey(), certificates: [responder()] })).toMatchObject({ reason: 'bad-signature' });
  });
});

test.each<[string, Uint8Array, object]>([
  ['about another certificate', ocspResponse(sibling, issuer, CURRENT), { reason: 'about-another-certificate' }],
  ['of another issuer', ocspResponse(leaf, root, CURRENT), { reason: 'about-another-certificate' }],
  ['unknown', ocspResponse(leaf, issuer, { ...CURRENT, status: 'unknown' }), { reason: 'unknown-to-responder' }],
  ['out of date', ocspResponse(leaf, issuer, { ...CURRENT, nextUpdate: NOW - 1 }), { reason: 'out-of-date' }],
  ['old, without an end', ocspResponse(leaf, issuer, { thisUpdate: NOW - 11 * DAY }), { reason: 'out-of-date' }],
  ['of tomorrow', ocspResponse(leaf, issuer, { thisUpdate: NOW + DAY }), { reason: 'not-yet-current' }],
  ['tryLater', ocspRefusal(3), { reason: 'responder-refused', detail: 'try-later' }],
  ['a refusal nobody knows', ocspRefusal(9), { reason: 'responder-refused', detail: 'status 9' }],
  ['no OCSP', Buffer.from('30030a0100', 'hex'), { reason: 'malformed-answer' }],
  ['nothing', new Uint8Array(0), { reason: 'malformed-answer' }],
])('an answer that is %s says nothing', (_, staple, expected) => {
  expect(judgeBytes(staple)).toEqual({ kind: 'not-known', ...expected });
});

test('an answer that names no end is good for some days', () => {
  expect(judgeBytes(ocspResponse(leaf, issuer, { thisUpdate: NOW - 9 * DAY }))).toEqual({ kind: 'good' });
});

test('whatever octet of a good answer is changed or cut off, it never turns into another answer', () => {
  const good = ocspResponse(leaf, issuer, CURRENT);
  const octet = fc.tuple(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(octet, ([index, change]) => {
      const staple = Buffer.from(good);
      staple[index]! ^= change;
      // Good again only where what was changed is not signed and says nothing.
      expect(judgeBytes(staple).kind).not.toBe('revoked');
      expect(judgeBytes(good.subarray(0, index))).toMatchObject({ kind: 'not-known' });
    }),
  );
});
