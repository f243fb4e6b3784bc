/** validatePath: what is trusted, and which one thing to repair is named where it is not. */
import { describe, expect, it } from 'vitest';
import { createCa, der, makeKey, selfSigned } from '../support/pki/pki.ts';
import { certificateOf, DAY, judge, type Minted, NOW, verdict, verdictOf } from './chains.ts';

const root = createCa({ now: NOW, subject: 'CN=Root' });
const other = createCa({ now: NOW, subject: 'CN=Other Root' });
const intermediate = root.issueCa({ subject: 'CN=Intermediate' });
const SANS = { sans: ['dns:www.shop.example'] };
const leaf = intermediate.issue(SANS);

const path = (judged: ReturnType<typeof judge>) => judged.path;

describe('trusted', () => {
  it('with the path as it was presented, and the anchor beside it', () => {
    const judged = judge([leaf, intermediate], [root]);
    expect(judged).toEqual({
      trusted: true,
      path: [certificateOf(leaf), certificateOf(intermediate)],
      anchor: certificateOf(root),
      problems: [],
    });
  });
  it('in any order, with extras and duplicates', () => {
    const judged = judge([leaf, other, root, intermediate, intermediate, leaf], [root]);
    expect(path(judged)).toEqual([leaf, intermediate, root].map(certificateOf));
  });
  it('with the anchor presented: the path ends with it', () => {
    expect(path(judge([leaf, intermediate, root], [root]))).toEqual([leaf, intermediate, root].map(certificateOf));
  });
  it('straight below an anchor', () => {
    expect(path(judge([root.issue(SANS)], [root]))).toHaveLength(1);
  });
  it('when the intermediate is the anchor', () => {
    expect(judge([leaf, intermediate, root], [intermediate]).anchor).toBe(certificateOf(intermediate));
  });
  it('when the leaf itself is the anchor, self-signed or not', () => {
    const own = selfSigned({ now: NOW, ...SANS });
    expect(judge([own], [own])).toMatchObject({
      trusted: true,
      path: [certificateOf(own)],
      anchor: certificateOf(own),
    });
    expect(verdict([leaf], [leaf])).toEqual(['trusted']);
  });
  it('by a root that was renewed under the same name and key', () => {
    const renewed = root.reissue({ serial: 99 });
    expect(judge([leaf, intermediate, root], [renewed]).anchor).toBe(certificateOf(renewed));
  });
  it('below an anchor of version 1, which has no basic constraints', () => {
    const old = createCa({ now: NOW, subject: 'CN=Old Root', version: 1, extensions: null });
    expect(verdict([old.issue(SANS)], [old])).toEqual(['trusted']);
  });
  it.each(['ec384', 'ec521', 'rsa2048', 'rsa-pss2048', 'ed25519', 'ed448', 'brainpool256', 'dsa1024'] as const)(
    'by a %s key',
    (key) => {
      const ca = createCa({ now: NOW, subject: `CN=Root ${key}`, key });
      expect(verdict([ca.issue(SANS)], [ca])).toEqual(['trusted']);
    },
  );
  it('by RSASSA-PSS', () => {
    const ca = createCa({ now: NOW, subject: 'CN=PSS', key: 'rsa2048' });
    expect(verdict([ca.issue({ ...SANS, pss: true, signatureHash: 'sha512' })], [ca])).toEqual(['trusted']);
  });
  it('where issuer and subject are the same name in other string types and case', () => {
    const child = intermediate.issue({
      ...SANS,
      raw: {
        issuer: der.sequence(
          der.set(der.sequence(der.oid('2.5.4.3'), der.tlv(der.TAG.printableString, Buffer.from('INTERMEDIATE')))),
        ),
      },
    });
    expect(verdict([child, intermediate], [root])).toEqual(['trusted']);
  });
});

describe('of several paths', () => {
  // Renewed under the same name and key: the server still sends the old one, too.
  const renewed = root.crossSign(intermediate, { now: NOW, remainingMs: 900 * DAY });
  const ending = root.crossSign(intermediate, { now: NOW, remainingMs: 2 * DAY });
  it.each<[string, Minted[]]>([
    ['the old one first', [leaf, ending, renewed]],
    ['the new one first', [leaf, renewed, ending]],
  ])('the one that holds longest counts, %s', (_, chain) => {
    expect(judge(chain, [root]).path).toEqual([leaf, renewed].map(certificateOf));
  });
});

describe('no way to an anchor', () => {
  const own = selfSigned({ now: NOW, ...SANS });
  const far = intermediate.issueCa({ subject: 'CN=Far' });
  const middle = root.issueCa({ subject: 'CN=Middle' });
  const saysWhere = middle.issueCa({
    subject: 'CN=Says Where',
    authorityInfo: { caIssuers: ['http://ca.example/middle.cer'] },
  });
  const saysRoot = root.issueCa({
    subject: 'CN=Says Root',
    authorityInfo: { caIssuers: ['http://ca.example/root.cer'] },
  });
  it.each<[string, Minted[], string]>([
    ['a leaf that signs itself', [own], 'self-signed/self-signed'],
    ['the same with extras', [own, intermediate, root], 'self-signed/self-signed'],
    ['an issuer that was not sent', [leaf], 'no-issuer/issuer-not-presented'],
    ['an issuer that was not sent, with an unrelated CA', [leaf, other], 'no-issuer/issuer-not-presented'],
    ['a presented root that nobody trusts', [leaf, intermediate, root], 'untrusted-root/root-not-trusted'],
    ['a root that nobody trusts and that is not sent', [leaf, intermediate], 'untrusted-root/root-not-presented'],
    ['the same two steps up', [far.issue(SANS), far, intermediate], 'untrusted-root/root-not-presented'],
    ['a leaf right below a root that nobody trusts', [root.issue(SANS)], 'untrusted-root/root-not-presented'],
    ['an intermediate missing, by its name', [far.issue(SANS), far], 'no-issuer/link-missing'],
    ['a link missing above an intermediate', [saysWhere.issue(SANS), saysWhere], 'no-issuer/link-missing'],
    [
      'an intermediate that knows where its root is',
      [saysRoot.issue(SANS), saysRoot],
      'untrusted-root/root-not-presented',
    ],
  ])('%s', (_, chain, expected) => {
    expect(verdict(chain, [other])).toEqual([expected]);
  });

  it('a self-issued leaf that another key has signed', () => {
    const forged = selfSigned({ now: NOW, ...SANS, raw: { signWith: makeKey() } });
    expect(verdict([forged], [root])).toEqual(['no-issuer/issuer-not-presented']);
  });
  it.each([true, false])(
    "a leaf that signs itself under a trusted root's name (key identifiers: %s)",
    (identifiers) => {
      const none = identifiers ? {} : { authorityKeyId: null };
      const namesake = selfSigned({ now: NOW, subject: 'CN=Root', ...SANS, ...none });
      expect(verdict([namesake], [root])).toEqual(['self-signed/self-signed']);
    },
  );
  it("a presented root that bears a trusted root's name, and another key", () => {
    const namesake = createCa({ now: NOW, subject: 'CN=Root' });
    expect(verdict([namesake.issue(SANS), namesake], [root])).toEqual(['untrusted-root/root-not-trusted']);
  });
  it('names the certificate and its issuer', () => {
    const { problems, path } = judge([leaf], [other]);
    expect(problems[0]).toMatchObject({ certificate: certificateOf(leaf), detail: 'CN=Intermediate' });
    expect(path).toEqual([certificateOf(leaf)]);
  });
  it('keeps the path as far as it went', () => {
    expect(judge([leaf, root, intermediate], [other]).path).toEqual([leaf, intermediate, root].map(certificateOf));
  });
  it('an expired leaf that signs itself is both', () => {
    const expired = selfSigned({ now: NOW, ...SANS, remainingMs: -DAY });
    expect(verdict([expired], [root])).toEqual(['self-signed/self-signed', 'outside-validity/expired']);
  });
});

describe('dates', () => {
  const start = Date.UTC(2026, 0, 1);
  const end = Date.UTC(2026, 2, 1);
  const dated = intermediate.issue({ ...SANS, notBefore: start, notAfter: end });
  it.each([
    [start - 1000, 'outside-validity/not-yet-valid'],
    [start - 1, 'outside-validity/not-yet-valid'],
    [start, 'trusted'],
    [end, 'trusted'],
    [end + 999, 'trusted'],
    [end + 1000, 'outside-validity/expired'],
  ])('at %d: %s', (at, expected) => {
    expect(verdict([dated, intermediate], [root], { at })).toEqual([expected]);
  });

  it('alone leave path and anchor as they would be', () => {
    const judged = judge([dated, intermediate], [root], { at: end + DAY });
    expect(judged).toMatchObject({
      trusted: false,
      path: [dated, intermediate].map(certificateOf),
      anchor: certificateOf(root),
    });
  });
  it('of the anchor count, too, presented or not', () => {
    const old = createCa({ now: NOW, subject: 'CN=Old', remainingMs: -DAY });
    const { problems } = judge([old.issue(SANS)], [old]);
    expect(problems).toEqual([{ kind: 'outside-validity', reason: 'expired', certificate: certificateOf(old) }]);
  });
  it('an expired cross-sign is stepped round, whatever the order', () => {
    const ca = other.issueCa({ subject: 'CN=Crossed' });
    const expired = root.crossSign(ca, { remainingMs: -DAY });
    const child = ca.issue(SANS);
    for (const chain of [
      [child, expired, ca],
      [child, ca, expired],
    ]) {
      expect(path(judge(chain, [root, other]))).toEqual([child, ca].map(certificateOf));
    }
    expect(verdict([child, expired], [root, other])).toEqual(['outside-validity/expired']);
  });
  it('a valid path wins over one that is not, however short that is', () => {
    const expiredAnchor = createCa({ now: NOW, subject: 'CN=Short', remainingMs: -DAY });
    const crossed = root.crossSign(expiredAnchor);
    const child = expiredAnchor.issue({ ...SANS, now: NOW });
    const judged = judge([child, crossed], [expiredAnchor, root]);
    expect(judged).toMatchObject({ trusted: true, anchor: certificateOf(root) });
  });
});

describe('of several attempts that fail, the one to repair', () => {
  const ca = createCa({ now: NOW, subject: 'CN=Wanted' });
  const child = ca.issue(SANS);
  it('reaches an anchor, however far another goes', () => {
    const wrongUse = root.crossSign(ca, { extendedKeyUsage: ['clientAuth'] });
    const upper = other.issueCa({ subject: 'CN=Upper' });
    const astray = upper.crossSign(ca);
    for (const chain of [
      [child, astray, upper, other, wrongUse],
      [child, wrongUse, astray, upper, other],
    ]) {
      const judged = judge(chain, [root]);
      expect(verdictOf(judged)).toEqual(['invalid/extended-key-usage']);
      expect(judged.anchor).toBe(certificateOf(root));
    }
  });
  it('goes furthest where none reaches one', () => {
    const short = createCa({ now: NOW, subject: 'CN=Gone' }).crossSign(ca);
    const upper = other.issueCa({ subject: 'CN=Upper' });
    const long = upper.crossSign(ca);
    for (const chain of [
      [child, short, long, upper, other],
      [child, long, upper, other, short],
    ]) {
      expect(judge(chain, [root]).path).toEqual([child, long, upper, other].map(certificateOf));
    }
  });
  it('has fewer problems where both are as long', () => {
    const twice = root.crossSign(ca, { extendedKeyUsage: ['clientAuth'], remainingMs: -DAY });
    const once = root.crossSign(ca, { remainingMs: -DAY });
    for (const chain of [
      [child, twice, once],
      [child, once, twice],
    ]) {
      expect(verdict(chain, [root])).toEqual(['outside-validity/expired']);
    }
  });
});
