/**
 * The certificate of tls-alpn-01 (RFC 8737 3), read back by two readers.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { alpnCertificate } from '../../../src/renew/acme/challenges/alpn-certificate.ts';
import { parseCertificate } from '../../../src/x509/parse-certificate.ts';

const NOW = Date.UTC(2026, 10, 24);
const keyAuthorization = 'token.thumbprint';

test.each([
  [{ type: 'dns', value: 'www.shop.example' }, 'DNS:www.shop.example'],
  [{ type: 'ip', value: '192.0.2.1' }, 'IP Address:192.0.2.1'],
  [{ type: 'ip', value: '2001:db8::1' }, 'IP Address:2001:DB8:0:0:0:0:0:1'],
] as const)('for %j', (identifier, san) => {
  const { certificate, key } = alpnCertificate({ identifier, keyAuthorization, now: NOW });
  const theirs = new X509Certificate(certificate);
  expect(theirs.subjectAltName).toBe(san);
  expect(theirs.checkPrivateKey(key)).toBe(true);
  expect(theirs.verify(theirs.publicKey)).toBe(true);
  const ours = parseCertificate(certificate);
  if (!ours.ok) throw new Error(ours.error);
  const proof = ours.value.extensions.find(({ oid }) => oid === '1.3.6.1.5.5.7.1.31');
  expect(proof?.critical).toBe(true);
  const digest = createHash('sha256').update(keyAuthorization).digest();
  expect(Buffer.from(proof!.value)).toEqual(Buffer.concat([Buffer.of(0x04, 32), digest]));
  expect(ours.value.notBefore).toBeLessThan(NOW);
  expect(ours.value.notAfter).toBeGreaterThan(NOW);
  expect(ours.value.irregularities).toEqual([]);
});

test('dates beyond 2049 are written as RFC 5280 wants them', () => {
  const now = Date.UTC(2049, 11, 30);
  const identifier = { type: 'dns', value: 'www.shop.example' } as const;
  const parsed = parseCertificate(alpnCertificate({ identifier, keyAuthorization, now }).certificate);
  expect(parsed).toMatchObject({
    ok: true,
    value: { notBefore: now - 86_400_000, notAfter: now + 7 * 86_400_000, irregularities: [] },
  });
});
