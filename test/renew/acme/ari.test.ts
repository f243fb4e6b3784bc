/**
 * Renewal information (RFC 9773): the certificate's name for it, and the moment in the window.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { certIdOf, pickRenewalTime } from '../../../src/renew/acme/ari.ts';
import { parseCertificate } from '../../../src/x509/parse-certificate.ts';
import { createCa } from '../../support/pki/pki.ts';

const NOW = Date.UTC(2026, 10, 24);
const root = createCa({ now: NOW });
const certIdWith = (options: Parameters<typeof root.issue>[0]) => {
  const parsed = parseCertificate(root.issue({ sans: ['dns:www.shop.example'], ...options }).der);
  if (!parsed.ok) throw new Error(parsed.error);
  return certIdOf(parsed.value);
};

describe('certID', () => {
  // The example of RFC 9773 4.1.
  const authorityKeyId = Buffer.from('69885B6B87464041E1B37B847BA0AE2CDE01C8D4', 'hex');
  test('as in the RFC: the serial keeps its leading zero octet', () => {
    expect(certIdWith({ authorityKeyId, serial: Buffer.from('0087654321', 'hex') })).toBe(
      'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE',
    );
  });
  test('a serial without one', () => {
    expect(certIdWith({ authorityKeyId, serial: 0x7654321 })).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.B2VDIQ');
  });
  test('none without an authority key identifier', () => {
    expect(certIdWith({ authorityKeyId: null })).toBeUndefined();
  });
});

describe('the moment of renewal', () => {
  const window = { start: NOW, end: NOW + 2 * 86_400_000 };
  test('lies in the window, and is the same whenever it is asked for', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 1e9 }), (certId, seed, length) => {
        const { start } = window;
        const at = pickRenewalTime({ start, end: start + length }, certId, seed);
        expect(at).toBeGreaterThanOrEqual(start);
        expect(at).toBeLessThan(start + length);
        expect(pickRenewalTime({ start, end: start + length }, certId, seed)).toBe(at);
      }),
    );
  });
  test('differs between certificates and between installations', () => {
    const moments = new Set(
      ['a', 'b', 'c'].flatMap((certId) => ['x', 'y', 'z'].map((seed) => pickRenewalTime(window, certId, seed))),
    );
    expect(moments.size).toBe(9);
  });
  test('is spread over the whole window', () => {
    const quarters = new Set(
      Array.from({ length: 200 }, (_, i) => {
        const at = pickRenewalTime(window, `cert-${i}`, 'host');
        return Math.floor((4 * (at - window.start)) / (window.end - window.start));
      }),
    );
    expect([...quarters].sort()).toEqual([0, 1, 2, 3]);
  });
});
