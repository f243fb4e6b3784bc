/** Signatures, weak ones among them, and graphs that were made to be searched for ever. */
import { describe, expect, it } from 'vitest';
import { createCa, der, makeKey } from '../support/pki/pki.ts';
import { certificateOf, judge, type Minted, NOW, verdict, verdictOf } from './chains.ts';

const root = createCa({ now: NOW, subject: 'CN=Root' });
const other = createCa({ now: NOW, subject: 'CN=Other Root' });
const intermediate = root.issueCa({ subject: 'CN=Intermediate' });
const SANS = { sans: ['dns:www.shop.example'] };
const leaf = intermediate.issue(SANS);

describe('signatures', () => {
  it('that are wrong', () => {
    const flipped = (good: Buffer) => Buffer.from(good.map((octet, i) => (i === good.length - 1 ? octet ^ 1 : octet)));
    const broken = intermediate.issue({ ...SANS, raw: { signature: flipped } });
    const judged = judge([broken, intermediate], [root]);
    expect(verdictOf(judged)).toEqual(['invalid/signature']);
    expect(judged.problems[0]?.certificate).toBe(certificateOf(broken));
  });
  it('over other bytes', () => {
    const changed = intermediate.issue({ ...SANS, raw: { signWith: makeKey() } });
    expect(verdict([changed, intermediate], [root])).toEqual(['invalid/signature']);
  });
  it('of an intermediate', () => {
    const forged = root.issueCa({ subject: 'CN=Forged', raw: { signWith: makeKey() } });
    const judged = judge([forged.issue(SANS), forged], [root]);
    expect(verdictOf(judged)).toEqual(['invalid/signature']);
    expect(judged.problems[0]?.certificate).toBe(certificateOf(forged));
  });
  it('by another CA of the same name are no forgery, just not this one', () => {
    const namesake = createCa({ now: NOW, subject: 'CN=Intermediate' });
    expect(verdict([leaf, namesake], [root])).toEqual(['no-issuer/issuer-not-presented']);
    expect(verdict([leaf, namesake, intermediate], [root, namesake])).toEqual(['trusted']);
  });
  it('of another kind of key', () => {
    const rsa = createCa({ now: NOW, subject: 'CN=RSA', key: 'rsa2048' });
    const child = rsa.issue({ ...SANS, authorityKeyId: null, raw: { signWith: makeKey('ec256') } });
    expect(verdict([child], [rsa])).toEqual(['invalid/signature']);
  });
  it('by algorithms that nobody here knows', () => {
    const algorithm = der.sequence(der.oid('1.2.3.4'));
    const child = root.issue({ ...SANS, raw: { innerAlgorithm: algorithm, outerAlgorithm: algorithm } });
    expect(verdict([child], [root])).toEqual(['invalid/unsupported-signature-algorithm']);
  });
});

describe('strength', () => {
  const weakKey = createCa({ now: NOW, subject: 'CN=Weak', key: 'rsa1024' });
  const rsa = createCa({ now: NOW, subject: 'CN=RSA Root', key: 'rsa2048' });
  it.each<[string, Minted, Minted, string]>([
    ['a 1024-bit CA', weakKey.issue(SANS), weakKey, 'invalid/weak-key'],
    ['a 1024-bit leaf', root.issue({ ...SANS, key: 'rsa1024' }), root, 'invalid/weak-key'],
    ['a DSA leaf', root.issue({ ...SANS, key: 'dsa1024' }), root, 'invalid/weak-key'],
    ['SHA-1', rsa.issue({ ...SANS, signatureHash: 'sha1' }), rsa, 'invalid/weak-signature'],
    ['MD5', rsa.issue({ ...SANS, signatureHash: 'md5' }), rsa, 'invalid/weak-signature'],
  ])('%s is left to the findings, or refused where that is asked', (_, child, anchor, expected) => {
    expect(verdict([child], [anchor])).toEqual(['trusted']);
    expect(verdict([child], [anchor], { strength: 'reject' })).toEqual([expected]);
  });
  it('of an anchor’s own signature does not matter', () => {
    const sha1 = createCa({ now: NOW, subject: 'CN=SHA-1 Root', key: 'rsa2048', signatureHash: 'sha1' });
    expect(verdict([sha1.issue(SANS)], [sha1], { strength: 'reject' })).toEqual(['trusted']);
  });
});

describe('hostile graphs', () => {
  it('end in a cycle', () => {
    const a = other.issueCa({ subject: 'CN=A' });
    const b = a.issueCa({ subject: 'CN=B' });
    const back = b.crossSign(a);
    expect(verdict([b.issue(SANS), b, back], [root])).toEqual(['untrusted-root/root-not-presented']);
    expect(verdict([b.issue(SANS), b, back, a], [other])).toEqual(['trusted']);
  });

  it('of many CAs with one name cost a bounded number of signatures', () => {
    const same = Array.from({ length: 150 }, () => createCa({ now: NOW, subject: 'CN=Same', subjectKeyId: null }));
    const child = same[0]!.issue({ ...SANS, authorityKeyId: null });
    // Unbounded, this would try 149 keys for each link of a path of 150.
    expect(verdict([child, ...same.slice(1)], [root])).toContain('invalid/search-limit');
  });

  it('of a full mesh do so, too', () => {
    const nodes = Array.from({ length: 9 }, (_, i) => other.issueCa({ subject: `CN=Node ${i}` }));
    const mesh = nodes.flatMap((a) => nodes.filter((b) => b !== a).map((b) => a.crossSign(b)));
    const child = nodes[0]!.issue(SANS);
    const judged = judge([child, ...mesh], [root]);
    expect(verdictOf(judged)).toContain('invalid/search-limit');
    expect(verdict([child, ...mesh], [other])).not.toEqual(['trusted']);
    expect(verdict([child, ...mesh, nodes[3]!], [other])).toEqual(['trusted']);
  });
});
