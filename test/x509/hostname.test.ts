/** Which names a certificate holds for (RFC 9525). */
import { describe, expect, it } from 'vitest';
import { matchesDnsName, matchesHostname } from '../../src/x509/hostname.ts';
import { formatIp, parseIp } from '../../src/x509/ip.ts';
import { parseCertificate } from '../../src/x509/parse-certificate.ts';
import { type CertificateOptions, selfSigned } from '../support/pki/pki.ts';

const NOW = Date.UTC(2026, 0, 1);
const certificate = (options: CertificateOptions) => {
  const parsed = parseCertificate(selfSigned({ now: NOW, ...options }).der);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

describe('matchesDnsName', () => {
  it.each([
    ['example.org', 'example.org'],
    ['EXAMPLE.org', 'example.ORG'],
    ['example.org', 'example.org.'],
    ['localhost', 'localhost'],
    ['*.example.org', 'www.example.org'],
    ['*.example.org', 'xn--bcher-kva.example.org'],
    ['*.co.uk', 'example.co.uk'],
    ['a_b.example.org', 'a_b.example.org'],
  ])('%s holds for %s', (pattern, asked) => {
    expect(matchesDnsName(pattern, asked)).toBe(true);
  });

  it.each([
    ['example.org', 'www.example.org'],
    ['example.org.', 'example.org'],
    ['www.example.org', 'example.org'],
    ['*.example.org', 'example.org'],
    ['*.example.org', 'a.b.example.org'],
    ['*.example.org', '.example.org'],
    ['*.org', 'example.org'],
    ['*', 'localhost'],
    ['*.*.example.org', 'a.b.example.org'],
    ['w*.example.org', 'www.example.org'],
    ['*w.example.org', 'www.example.org'],
    ['www.*.org', 'www.example.org'],
    ['xn--*-1b3c148a.example.org', 'xn--bliss-1b3c148a.example.org'],
    ['*.example.org', '*.example.org'],
    ['', ''],
    ['example..org', 'example..org'],
    ['exa mple.org', 'exa mple.org'],
    [`${'a'.repeat(64)}.example.org`, `${'a'.repeat(64)}.example.org`],
  ])('%s does not hold for %s', (pattern, asked) => {
    expect(matchesDnsName(pattern, asked)).toBe(false);
  });
});

describe('matchesHostname', () => {
  const both = certificate({
    subject: 'CN=common.example.org',
    sans: ['dns:www.example.org', 'dns:192.0.2.9', 'ip:192.0.2.1', 'ip:2001:db8::1', 'email:a@mail.example.org'],
  });
  it.each([['www.example.org'], ['192.0.2.1'], ['2001:db8::1'], ['[2001:DB8:0:0::1]'], ['2001:db8::0.0.0.1']])(
    'holds for %s',
    (asked) => {
      expect(matchesHostname(both, asked)).toBe(true);
    },
  );
  it.each([
    ['common.example.org'],
    ['192.0.2.2'],
    ['192.0.2.9'],
    ['2001:db8::2'],
    ['::ffff:192.0.2.1'],
    ['mail.example.org'],
    [''],
  ])('does not hold for %s', (asked) => {
    expect(matchesHostname(both, asked)).toBe(false);
  });
  it('never reads the common name', () => {
    expect(matchesHostname(certificate({ subject: 'CN=example.org', sans: null }), 'example.org')).toBe(false);
  });
});

describe('addresses', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['fe80::1%eth0', 'fe80::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
  ])('%s is written %s', (text, expected) => {
    expect(formatIp(parseIp(text)!)).toBe(expected);
  });
  it.each([['example.org'], ['192.0.2'], ['192.0.2.256'], [':::'], ['']])('%j is none', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });
});
