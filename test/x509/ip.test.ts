import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIp, ipVersion, parseIp } from '../../src/x509/ip.ts';

test.each([
  '192.0.2.1',
  '0.0.0.0',
  '255.255.255.255',
  '256.0.0.1',
  '01.2.3.4',
  '1.2.3',
  '1.2.3.4.',
  '::',
  '::1',
  '1::',
  ':1',
  '1:',
  ':::',
  '1::2::3',
  '2001:db8::1',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '1::2:3:4:5:6:7:8',
  '::ffff:192.0.2.1',
  '::192.0.2.1:1',
  '1:2:3:4:5:6:192.0.2.1',
  '1:2:3:4:5:6:7:192.0.2.1',
  '::ffff:192.0.2',
  '12345::',
  'g::',
  'fe80::1%eth0',
  'fe80::1%',
  '192.0.2.1%eth0',
  '',
  'localhost',
  ' ::1',
])('%j is what node:net says it is', (text) => {
  expect(ipVersion(text)).toBe(isIP(text));
});

test('any text made of the characters of addresses is what node:net says it is', () => {
  const near = fc.string({
    unit: fc.constantFrom('0', '1', '9', 'a', 'F', ':', '::', '.', '25', '%', 'g'),
    maxLength: 24,
  });
  fc.assert(
    fc.property(fc.oneof(near, fc.ipV4(), fc.ipV6()), (text) => {
      expect(ipVersion(text)).toBe(isIP(text));
    }),
    { numRuns: 2_000 },
  );
});

test('octets to text and back', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
      (bytes) => {
        expect(parseIp(formatIp(bytes))).toEqual(bytes);
      },
    ),
  );
});
