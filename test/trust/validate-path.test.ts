/** validatePath: what is trusted, and which one thing to repair is named where it is not. */
import { describe, expect, it } from 'vitest';
import {
  type CertificateOptions,
  createCa,
  der,
  explicitP256Spki,
  ext,
  makeKey,
  modulusOfBits,
  rsaSpki,
  selfSigned,
} from '../support/pki/pki.ts';
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

describe('rules of RFC 5280', () => {
  const below = (ca: CertificateOptions, child: CertificateOptions = {}): string[] => {
    const issuer = root.issueCa({ subject: 'CN=Issuer', ...ca });
    return verdict([issuer.issue({ ...SANS, ...child }), issuer], [root]);
  };
  const unknown = ext.extension('1.3.6.1.4.1.55738.666.1', der.nullValue(), true);
  const policies = (qualifier: string, critical: boolean) =>
    ext.extension(
      '2.5.29.32',
      der.sequence(
        der.sequence(
          der.oid('1.2.3.4'),
          der.sequence(der.sequence(der.oid(qualifier), der.tlv(0x16, Buffer.from('x')))),
        ),
      ),
      critical,
    );

  it.each<[string, CertificateOptions, string]>(
    [
      ['no basic constraints', { basicConstraints: null }, 'invalid/not-a-ca'],
      ['basic constraints that say no', { ca: false, keyUsage: ['keyCertSign'] }, 'invalid/not-a-ca'],
      ['no keyCertSign', { keyUsage: ['cRLSign'] }, 'invalid/key-usage'],
      ['no key usage at all', { keyUsage: null }, 'trusted'],
      ['usages for something else', { extendedKeyUsage: ['clientAuth'] }, 'invalid/extended-key-usage'],
      ['usages with serverAuth among them', { extendedKeyUsage: ['clientAuth', 'serverAuth'] }, 'trusted'],
      ['any usage', { extendedKeyUsage: ['any'] }, 'trusted'],
      ['an unknown critical extension', { extraExtensions: [unknown] }, 'invalid/unknown-critical-extension'],
      ['a known policy qualifier, critical', { extraExtensions: [policies('1.3.6.1.5.5.7.2.1', true)] }, 'trusted'],
      [
        'an unknown policy qualifier, critical',
        { extraExtensions: [policies('1.2.3', true)] },
        'invalid/unknown-critical-extension',
      ],
      ['an unknown policy qualifier', { extraExtensions: [policies('1.2.3', false)] }, 'trusted'],
      [
        'a critical key identifier',
        { subjectKeyId: null, extraExtensions: [ext.extension('2.5.29.14', der.octetString(Buffer.of(1)), true)] },
        'invalid/misplaced-critical-flag',
      ],
      ['version 1', { version: 1, extensions: null }, 'invalid/not-a-ca'],
      ['no subject', { subject: '' }, 'invalid/empty-issuer'],
    ].filter(([, , expected]) => expected !== '') as [string, CertificateOptions, string][],
  )('an intermediate with %s', (_, options, expected) => {
    expect(below(options)[0]).toBe(expected);
  });

  const san = ext.subjectAltName(SANS.sans);
  it.each<[string, CertificateOptions, string]>([
    ['no usages', { extendedKeyUsage: null }, 'trusted'],
    ['usages for something else', { extendedKeyUsage: ['clientAuth'] }, 'invalid/extended-key-usage'],
    ['an unknown critical extension', { extraExtensions: [unknown] }, 'invalid/unknown-critical-extension'],
    ['an extension twice', { extensions: [san, san] }, 'invalid/duplicate-extension'],
    ['extensions before version 3', { version: 2 }, 'invalid/version'],
    [
      'a malformed subjectAltName',
      { extensions: [ext.extension('2.5.29.17', Buffer.from('x'))] },
      'invalid/malformed-san',
    ],
    [
      'name constraints',
      { nameConstraints: { permitted: ['dns:shop.example'] } },
      'invalid/misplaced-name-constraints',
    ],
    ['a time without seconds', { notBefore: der.utcTime('2501010000Z') }, 'invalid/malformed-time'],
    [
      'two signature algorithms',
      { raw: { innerAlgorithm: der.sequence(der.oid('1.2.840.10045.4.3.3')) } },
      'invalid/signature-algorithm-mismatch',
    ],
    ['serial 0', { serial: 0 }, 'trusted'],
    ['a long serial', { serial: Buffer.alloc(30, 0x11) }, 'trusted'],
    ['the CA bit', { ca: true }, 'trusted'],
    ['no key identifiers', { authorityKeyId: null, subjectKeyId: null }, 'trusted'],
  ])('a leaf with %s', (_, options, expected) => {
    expect(below({}, options)[0]).toBe(expected);
  });

  it('explicit curve parameters are refused in a CA and in a leaf', () => {
    const odd = root.issueCa({ subject: 'CN=Odd', raw: { spki: explicitP256Spki() } });
    expect(verdict([root.issue({ ...SANS, raw: { spki: explicitP256Spki() } })], [root])).toEqual([
      'invalid/unsupported-key',
    ]);
    expect(judge([odd.issue(SANS), odd], [root]).trusted).toBe(false);
  });

  it('an RSA exponent of 1 is refused: any text would be its own signature', () => {
    const child = root.issue({ ...SANS, raw: { spki: rsaSpki(modulusOfBits(2048), 1) } });
    expect(verdict([child], [root])).toEqual(['invalid/unsupported-key']);
  });

  it('any purpose asks for no usage', () => {
    const child = root.issue({ ...SANS, extendedKeyUsage: ['clientAuth'] });
    expect(verdict([child], [root], { purpose: 'any' })).toEqual(['trusted']);
    expect(verdict([child], [root], { purpose: 'clientAuth' })).toEqual(['trusted']);
  });

  it('path lengths do not count self-issued certificates', () => {
    const confined = root.issueCa({ subject: 'CN=Confined', pathLength: 0 });
    const rolled = confined.issueCa({ subject: 'CN=Confined' });
    const second = confined.issueCa({ subject: 'CN=Second' });
    expect(verdict([rolled.issue(SANS), rolled, confined], [root])).toEqual(['trusted']);
    expect(verdict([second.issue(SANS), second, confined], [root])).toEqual(['invalid/path-length']);
  });
  it('an anchor’s path length counts', () => {
    const anchor = createCa({ now: NOW, subject: 'CN=Short Anchor', pathLength: 0 });
    const ca = anchor.issueCa();
    expect(verdict([ca.issue(SANS), ca], [anchor])).toEqual(['invalid/path-length']);
    expect(verdict([anchor.issue(SANS)], [anchor])).toEqual(['trusted']);
  });
  it('maxDepth bounds the intermediates', () => {
    expect(verdict([leaf, intermediate], [root], { maxDepth: 1 })).toEqual(['trusted']);
    expect(verdict([leaf, intermediate], [root], { maxDepth: 0 })).toEqual(['invalid/path-length']);
  });
  it('an anchor must be a CA, too', () => {
    const anchor = createCa({ now: NOW, subject: 'CN=No CA', basicConstraints: null });
    expect(verdict([anchor.issue(SANS)], [anchor])).toEqual(['invalid/not-a-ca']);
  });
});

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
