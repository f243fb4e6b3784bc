/** PEM as files really have it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePem, encodePem } from '../../src/x509/pem.ts';
import { toPem } from '../support/pki/pki.ts';

const a = Uint8Array.from([1, 2, 3]);
const b = Uint8Array.from(Buffer.alloc(200, 7));

describe('decodePem', () => {
  it.each([
    ['one block', toPem(a), [a]],
    ['two blocks', toPem(a) + toPem(b), [a, b]],
    ['CRLF', (toPem(a) + toPem(b)).replaceAll('\n', '\r\n'), [a, b]],
    ['text around', `subject=/CN=x\n\n${toPem(a)}some words\n${toPem(b)}the end`, [a, b]],
    ['no newline at the end', toPem(a).trimEnd(), [a]],
    ['a key before it', toPem(b, 'PRIVATE KEY') + toPem(a), [a]],
    ['the old label', toPem(a, 'X509 CERTIFICATE'), [a]],
    ['indented lines', toPem(b).replace(/\n(?=[^-])/g, '\n   '), [b]],
    ['no padding', '-----BEGIN CERTIFICATE-----\nAQ\n-----END CERTIFICATE-----\n', [Uint8Array.of(1)]],
    ['nothing', '', []],
    ['no PEM', 'just words -----', []],
  ])('reads %s', (_, text, expected) => {
    expect(decodePem(text)).toEqual({ ok: true, value: expected });
    expect(decodePem(Buffer.from(text))).toEqual({ ok: true, value: expected });
  });

  it.each([
    ['an end that is missing', `${toPem(a)}-----BEGIN CERTIFICATE-----\nAQID\n`, 'PEM block 2'],
    ['what is not base64', toPem(a) + toPem(b).replace('Bw', 'B*'), 'PEM block 2'],
    ['a cut-off group', '-----BEGIN CERTIFICATE-----\nAQIDA\n-----END CERTIFICATE-----\n', 'PEM block 1'],
    ['an empty block', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n', 'PEM block 1'],
    ['OpenSSL’s own kind', toPem(b, 'PRIVATE KEY') + toPem(a, 'TRUSTED CERTIFICATE'), 'PEM block 2'],
  ])('names the block that has %s', (_, text, start) => {
    const decoded = decodePem(text);
    expect(decoded.ok).toBe(false);
    expect(!decoded.ok && decoded.error).toMatch(new RegExp(`^${start} `));
  });

  it('reads back what encodePem writes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 4 }), (ders) => {
        const text = ders.map(encodePem).join('');
        expect(decodePem(text)).toEqual({ ok: true, value: ders });
        expect(text.split('\n').every((line) => line.length <= 64)).toBe(true);
      }),
    );
  });

  it('takes any text in time', () => {
    const marker = '-----BEGIN CERTIFICATE-----\n';
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(marker), fc.constant('-----END CERTIFICATE-----'), fc.string())),
        (parts) => {
          expect(typeof decodePem(parts.join('')).ok).toBe('boolean');
        },
      ),
    );
  });
});
