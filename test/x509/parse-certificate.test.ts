/** Certificates from DER to data: against OpenSSL, field by field, and under mutation. */
import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../src/model/certificate.ts';
import { formatGeneralName, formatName } from '../../src/x509/name.ts';
import { looksLikeCertificate, parseCertificate } from '../../src/x509/parse-certificate.ts';
import { isSelfIssued } from '../../src/x509/self-issued.ts';
import { formatSerial } from '../../src/x509/serial.ts';
import { spkiSha256 } from '../../src/x509/spki.ts';
import {
  type CertificateOptions,
  createCa,
  der,
  ecSpki,
  explicitP256Spki,
  ext,
  type KeyKind,
  modulusOfBits,
  rsaSpki,
  selfSigned,
  unknownSpki,
} from '../support/pki/pki.ts';

const NOW = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const root = createCa({ now: NOW, subject: 'C=DE,O=Example,CN=Example Root' });

function parse(bytes: Uint8Array): Certificate {
  const parsed = parseCertificate(bytes);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
const leaf = (options: CertificateOptions = {}) =>
  parse(root.issue({ sans: ['dns:www.shop.example'], ...options }).der);
const reasonOf = (bytes: Uint8Array) => {
  const parsed = parseCertificate(bytes);
  return parsed.ok ? 'parsed' : parsed.error;
};

describe('fields', () => {
  it('are those that were minted', () => {
    const issued = root.issue({
      subject: 'O=Shop,CN=www.shop.example',
      sans: ['dns:www.shop.example', 'ip:192.0.2.1'],
      lifetimeMs: 90 * DAY,
      serial: 0x0a1bn,
      authorityInfo: { ocsp: ['http://ocsp.example/'], caIssuers: ['http://ca.example/ca.cer'] },
      mustStaple: true,
    });
    const certificate = parse(issued.der);
    expect(certificate).toMatchObject({
      sha256: issued.sha256,
      version: 3,
      serial: '0A1B',
      notBefore: issued.notBefore,
      notAfter: issued.notAfter,
      keyUsage: new Set(['digitalSignature']),
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
      ocsp: ['http://ocsp.example/'],
      caIssuers: ['http://ca.example/ca.cer'],
      mustStaple: true,
      irregularities: [],
      publicKey: { type: 'ec', bits: 256, curve: 'P-256' },
      signatureAlgorithm: { name: 'ecdsa-with-SHA256', hash: 'sha256' },
    });
    expect(formatName(certificate.subject)).toBe('CN=www.shop.example,O=Shop');
    expect(formatName(certificate.issuer)).toBe('CN=Example Root,O=Example,C=DE');
    expect(certificate.subjectAltName?.map(formatGeneralName)).toEqual(['dns:www.shop.example', 'ip:192.0.2.1']);
    expect(certificate.authorityKeyId?.keyId).toEqual(parse(root.der).subjectKeyId);
    expect(Buffer.compare(certificate.der, issued.der)).toBe(0);
    expect(isSelfIssued(certificate)).toBe(false);
    expect(isSelfIssued(parse(root.der))).toBe(true);
  });

  it('of a CA', () => {
    const ca = parse(
      root.issueCa({ pathLength: 1, nameConstraints: { permitted: ['dns:example.org'], excluded: ['ip:10.0.0.0/8'] } })
        .der,
    );
    expect(ca.basicConstraints).toEqual({ ca: true, pathLength: 1 });
    expect(ca.keyUsage?.has('keyCertSign')).toBe(true);
    expect(ca.nameConstraints?.permitted.map(formatGeneralName)).toEqual(['dns:example.org']);
    expect(ca.nameConstraints?.excluded.map(formatGeneralName)).toEqual(['ip:10.0.0.0/255.0.0.0']);
  });

  it('of version 1', () => {
    const certificate = leaf({ version: 1, extensions: null });
    expect(certificate).toMatchObject({ version: 1, extensions: [], irregularities: [] });
    expect(certificate.subjectAltName).toBeUndefined();
  });

  it.each<[KeyKind, Partial<Certificate['publicKey']>, string]>([
    ['ec256', { type: 'ec', bits: 256, curve: 'P-256' }, 'ecdsa-with-SHA256'],
    ['ec384', { type: 'ec', bits: 384, curve: 'P-384' }, 'ecdsa-with-SHA384'],
    ['ec521', { type: 'ec', bits: 521, curve: 'P-521' }, 'ecdsa-with-SHA512'],
    ['secp256k1', { type: 'ec', bits: 256, curve: 'secp256k1' }, 'ecdsa-with-SHA256'],
    ['brainpool256', { type: 'ec', bits: 256, curve: 'brainpoolP256r1' }, 'ecdsa-with-SHA256'],
    ['rsa1024', { type: 'rsa', bits: 1024, exponent: 65537 }, 'sha256WithRSAEncryption'],
    ['rsa2048', { type: 'rsa', bits: 2048, exponent: 65537 }, 'sha256WithRSAEncryption'],
    ['rsa-pss2048', { type: 'rsa', bits: 2048 }, 'rsassaPss'],
    ['dsa1024', { type: 'dsa', bits: 1024 }, 'dsa_with_SHA256'],
    ['ed25519', { type: 'ed25519', bits: 256 }, 'ED25519'],
    ['ed448', { type: 'ed448', bits: 456 }, 'ED448'],
  ])('of a %s key', (key, facts, signature) => {
    const issued = selfSigned({ now: NOW, key });
    const certificate = parse(issued.der);
    expect(certificate.publicKey).toMatchObject(facts);
    expect(certificate.signatureAlgorithm.name).toBe(signature);
    expect(spkiSha256(certificate)).toMatch(/^[0-9a-f]{64}$/);
    expect(Buffer.from(certificate.publicKey.spki)).toEqual(issued.key.spki);
  });

  const P192 = '1.2.840.10045.3.1.1';
  it.each<[string, Uint8Array, Partial<Certificate['publicKey']>]>([
    ['RSA of 2047 bits, exponent 3', rsaSpki(modulusOfBits(2047), 3), { type: 'rsa', bits: 2047, exponent: 3 }],
    ['RSA with a huge exponent', rsaSpki(modulusOfBits(2048), 2n ** 64n + 1n), { type: 'rsa', bits: 2048 }],
    ['P-192', ecSpki(P192, Buffer.alloc(49, 4)), { type: 'ec', bits: 192, curve: 'P-192' }],
    ['an unknown curve', ecSpki('1.2.3.4', Buffer.alloc(65, 4)), { type: 'ec', bits: 256, curve: '1.2.3.4' }],
    ['explicit parameters', explicitP256Spki(), { type: 'ec', bits: 256, curve: 'explicit' }],
    ['an unknown algorithm', unknownSpki(), { type: 'other', bits: 0 }],
  ])('of a key that is %s', (_, spki, facts) => {
    expect(leaf({ raw: { spki } }).publicKey).toMatchObject(facts);
  });

  it.each<[CertificateOptions, string, string | undefined]>([
    [{ signatureHash: 'md5' }, 'md5WithRSAEncryption', 'md5'],
    [{ signatureHash: 'sha1' }, 'sha1WithRSAEncryption', 'sha1'],
    [{ signatureHash: 'sha512' }, 'sha512WithRSAEncryption', 'sha512'],
    [{ pss: true }, 'rsassaPss', 'sha256'],
    [{ pss: true, signatureHash: 'sha384' }, 'rsassaPss', 'sha384'],
  ])('of a signature by %j', (options, name, hash) => {
    const signed = parse(selfSigned({ now: NOW, key: 'rsa2048', ...options }).der);
    expect(signed.signatureAlgorithm).toMatchObject({ name, ...(hash && { hash }) });
  });

  it.each([
    [1n, '01', []],
    [255n, 'FF', []],
    [0n, '00', ['serial-zero']],
    [Buffer.of(0xff), '-01', ['serial-negative']],
    [Buffer.of(0xff, 0x00), '-0100', ['serial-negative']],
    [Buffer.of(0x80), '-80', ['serial-negative']],
    [Buffer.of(0x00, 0x7f), '7F', ['serial-not-minimal']],
    [Buffer.alloc(21, 0x11), '11'.repeat(21), ['serial-too-long']],
  ])('of serial %#', (serial, text, irregularities) => {
    expect(leaf({ serial })).toMatchObject({ serial: text, irregularities });
  });

  it('writes serials in pairs', () => {
    expect(formatSerial('0A1B2C')).toBe('0A:1B:2C');
    expect(formatSerial('-01')).toBe('-01');
  });
});

describe('agreement with OpenSSL', () => {
  const kinds: KeyKind[] = ['ec256', 'rsa2048', 'ed25519'];
  it.each(kinds)('on a certificate with a %s key', (key) => {
    const issued = selfSigned({ now: NOW, key, subject: 'C=DE,O=Example GmbH,CN=Zürich', sans: ['dns:a.example'] });
    const theirs = new X509Certificate(issued.der);
    const ours = parse(issued.der);
    expect(ours.serial).toBe(theirs.serialNumber);
    expect(new Date(ours.notBefore).getTime()).toBe(Date.parse(theirs.validFrom));
    expect(new Date(ours.notAfter).getTime()).toBe(Date.parse(theirs.validTo));
    expect(formatName(ours.subject).split(',').reverse().join('\n')).toBe(theirs.subject);
    expect(ours.sha256).toBe(theirs.fingerprint256.replaceAll(':', '').toLowerCase());
    expect(Buffer.from(ours.publicKey.spki)).toEqual(theirs.publicKey.export({ type: 'spki', format: 'der' }));
  });
});

describe('irregularities', () => {
  const san = ext.subjectAltName(['dns:a.example']);
  const malformed = (oid: string) => ext.extension(oid, Buffer.from('not DER'));
  it.each<[string, CertificateOptions]>([
    ['duplicate-extension', { extensions: [san, san] }],
    ['malformed-san', { extensions: [malformed('2.5.29.17')] }],
    ['malformed-san', { extensions: [ext.subjectAltName([])] }],
    ['malformed-basic-constraints', { extensions: [malformed('2.5.29.19')] }],
    ['malformed-key-usage', { extensions: [malformed('2.5.29.15')] }],
    ['empty-key-usage', { extensions: [ext.keyUsage([])] }],
    ['malformed-extended-key-usage', { extensions: [ext.extendedKeyUsage([])] }],
    ['malformed-name-constraints', { extensions: [ext.nameConstraints({})] }],
    ['malformed-name-constraints', { extensions: [ext.nameConstraints({ permitted: [], excluded: [] })] }],
    ['malformed-ski', { extensions: [malformed('2.5.29.14')] }],
    ['malformed-aki', { extensions: [malformed('2.5.29.35')] }],
    ['malformed-aia', { extensions: [ext.authorityInfoAccess({})] }],
    ['malformed-tls-feature', { extensions: [malformed('1.3.6.1.5.5.7.1.24')] }],
    ['path-length-without-ca', { extensions: [ext.basicConstraints(false, 1)] }],
    ['empty-extensions', { extensions: [] }],
    ['extensions-before-v3', { version: 1 }],
    ['extensions-before-v3', { version: 2 }],
    [
      'unique-id-in-v1',
      { version: 1, extensions: null, raw: { beforeExtensions: der.contextPrimitive(1, Buffer.of(0, 1)) } },
    ],
    ['explicit-version-1', { version: der.context(0, der.integer(0)), extensions: null }],
    ['signature-algorithm-mismatch', { raw: { outerAlgorithm: der.sequence(der.oid('1.2.840.10045.4.3.3')) } }],
    ['time-without-seconds', { notBefore: der.utcTime('2601010000Z') }],
    ['ends-before-it-begins', { notBefore: NOW, notAfter: NOW - DAY }],
    [
      'malformed-critical-flag',
      {
        extensions: [
          der.sequence(der.oid('1.2.3'), der.tlv(der.TAG.boolean, Buffer.of(1)), der.octetString(Buffer.alloc(0))),
        ],
      },
    ],
    [
      'explicit-not-critical',
      { extensions: [der.sequence(der.oid('1.2.3'), der.boolean(false), der.octetString(Buffer.alloc(0)))] },
    ],
  ])('%s', (irregularity, options) => {
    expect(leaf(options).irregularities).toEqual([irregularity]);
  });
});

describe('what is no certificate', () => {
  const good = root.issue({ sans: ['dns:a.example'] }).der;
  it.each<[string, Uint8Array, string]>([
    ['nothing', Buffer.alloc(0), 'not-der at offset 0'],
    ['text', Buffer.from('-----BEGIN CERTIFICATE-----'), 'not-der at offset 0'],
    ['a certificate cut off', good.subarray(0, good.length - 1), 'not-der at offset 0'],
    ['something behind it', Buffer.concat([good, Buffer.of(0)]), `trailing-bytes at offset ${good.length}`],
    ['a megabyte and one', Buffer.alloc((1 << 20) + 1), 'too-large at offset 0'],
  ])('%s', (_, bytes, reason) => {
    expect(reasonOf(bytes)).toBe(reason);
    expect(looksLikeCertificate(bytes)).toBe(reason.startsWith('trailing'));
  });

  it.each<[string, CertificateOptions]>([
    ['unreadable-time', { notAfter: der.utcTime('261332000000Z') }],
    ['unreadable-time', { raw: { validity: der.sequence() } }],
    ['unreadable-key', { raw: { spki: der.sequence() } }],
    ['unreadable-name', { raw: { issuer: der.sequence(der.sequence()) } }],
    ['unreadable-serial', { serial: Buffer.alloc(0) }],
    ['unreadable-version', { version: der.context(0, der.integer(3)) }],
    ['unreadable-signature-algorithm', { raw: { outerAlgorithm: der.sequence() } }],
    ['unreadable-extension', { extensions: [der.sequence()] }],
    ['not-der', { raw: { afterExtensions: der.nullValue() } }],
  ])('%s', (reason, options) => {
    expect(reasonOf(root.issue({ sans: ['dns:a.example'], ...options }).der)).toMatch(
      new RegExp(`^${reason} at offset [0-9]+$`),
    );
  });

  it('looks like one when it is one', () => {
    expect(looksLikeCertificate(good)).toBe(true);
  });
});

describe('mutations', () => {
  const sample = root.issueCa({
    sans: ['dns:a.example', 'ip:192.0.2.1', 'dir:O=X', 'upn:a@b'],
    nameConstraints: { permitted: ['dns:example.org'], excluded: ['ip:10.0.0.0/8', 'dir:O=Y'] },
    authorityInfo: { ocsp: ['http://ocsp.example/'], caIssuers: ['http://ca.example/'] },
    mustStaple: true,
  }).der;

  /** Everything that is shown of a certificate can be shown. */
  const show = (certificate: Certificate): string =>
    [certificate.issuer, certificate.subject].map(formatName).join() +
    (certificate.subjectAltName ?? []).map(formatGeneralName).join();

  it('of a real certificate give a value each time, never a throw', () => {
    const octet = fc.record({ at: fc.nat(sample.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(octet, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = Buffer.from(sample);
        for (const { at, to } of changes) bytes[at] = to;
        const parsed = parseCertificate(bytes);
        if (parsed.ok) expect(typeof show(parsed.value)).toBe('string');
        else expect(parsed.error).toMatch(/^[a-z-]+ at offset \d+$/);
      }),
      { numRuns: 3000 },
    );
  });

  it('by cutting, doubling and inserting do so, too', () => {
    const at = fc.nat(sample.length);
    fc.assert(
      fc.property(at, at, fc.uint8Array({ maxLength: 20 }), (from, to, insert) => {
        const bytes = Buffer.concat([sample.subarray(0, from), insert, sample.subarray(to)]);
        const parsed = parseCertificate(bytes);
        if (parsed.ok) expect(typeof show(parsed.value)).toBe('string');
        else expect(parsed.error).toMatch(/^[a-z-]+ at offset \d+$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('leave the dates where only the key identifier was changed', () => {
    const at = sample.indexOf(Buffer.from(parse(sample).subjectKeyId!));
    const bytes = Buffer.from(sample);
    bytes[at]! ^= 1;
    expect(parse(bytes).notAfter).toBe(parse(sample).notAfter);
  });
});
