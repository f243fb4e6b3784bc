/** What each certificate of a path must be (RFC 5280 6.1), one rule a row. */
import { describe, expect, it } from 'vitest';
import {
  type CertificateOptions,
  createCa,
  der,
  explicitP256Spki,
  ext,
  modulusOfBits,
  rsaSpki,
} from '../support/pki/pki.ts';
import { judge, NOW, verdict } from './chains.ts';

const root = createCa({ now: NOW, subject: 'CN=Root' });
const intermediate = root.issueCa({ subject: 'CN=Intermediate' });
const SANS = { sans: ['dns:www.shop.example'] };
const leaf = intermediate.issue(SANS);

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
