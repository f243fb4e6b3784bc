/** The DER walker: what it takes, what it refuses, and that nothing makes it leave its bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesEqual,
  DerCursor,
  enterOnly,
  readBitString,
  readBoolean,
  readSmallInteger,
  readTlv,
} from '../../src/x509/der.ts';
import { readOid } from '../../src/x509/oid.ts';
import { der } from '../support/pki/pki.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('readTlv', () => {
  it.each([
    ['02 01 05', { tag: 0x02, start: 0, body: 2, end: 3 }],
    ['30 00', { tag: 0x30, start: 0, body: 2, end: 2 }],
    [`04 81 80 ${'00'.repeat(128)}`, { tag: 0x04, start: 0, body: 3, end: 131 }],
    [`04 82 01 00 ${'00'.repeat(256)}`, { tag: 0x04, start: 0, body: 4, end: 260 }],
  ])('reads %s', (text, expected) => {
    const bytes = hex(text);
    expect(readTlv(bytes, 0, bytes.length)).toEqual(expected);
  });

  it.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['less content than its length says', '04 02 00'],
    ['indefinite length', '30 80 00 00'],
    ['a length that would fit in one octet', `04 81 7f ${'00'.repeat(127)}`],
    ['a length with a leading zero', `04 82 00 80 ${'00'.repeat(128)}`],
    ['a length of five octets', '04 85 01 00 00 00 00'],
    ['a length that is cut off', '04 82 01'],
    ['a length of 4 GB', '04 84 ff ff ff ff 00'],
    ['a tag number above 30', '1f 81 01 00'],
  ])('refuses %s', (_, text) => {
    const bytes = hex(text);
    expect(readTlv(bytes, 0, bytes.length)).toBeNull();
  });

  it('never reaches beyond its limit, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(300), (bytes, at, limit) => {
        const end = Math.min(limit, bytes.length);
        const tlv = readTlv(bytes, at, end);
        if (!tlv) return;
        expect(tlv.body).toBeGreaterThan(tlv.start);
        expect(tlv.end).toBeGreaterThanOrEqual(tlv.body);
        expect(tlv.end).toBeLessThanOrEqual(end);
      }),
    );
  });

  it('reads back every length that is written', () => {
    fc.assert(
      fc.property(fc.nat(70_000), (length) => {
        const bytes = der.octetString(new Uint8Array(length));
        const tlv = readTlv(bytes, 0, bytes.length);
        expect(tlv).toMatchObject({ end: bytes.length, body: bytes.length - length });
      }),
      { numRuns: 50 },
    );
  });
});

describe('DerCursor', () => {
  it('stays where it is when the next element has another tag', () => {
    const cursor = DerCursor.over(hex('02 01 05 04 00'));
    expect(cursor.take(0x04)).toBeNull();
    expect(cursor.at).toBe(0);
    expect(cursor.take(0x02)).not.toBeNull();
    expect(cursor.enter(0x04)?.done).toBe(true);
    expect(cursor.done).toBe(true);
    expect(cursor.next()).toBeNull();
  });

  it('enters a whole only when nothing follows it', () => {
    expect(enterOnly(hex('30 00'), 0x30)).not.toBeNull();
    expect(enterOnly(hex('30 00 00'), 0x30)).toBeNull();
    expect(enterOnly(hex('31 00'), 0x30)).toBeNull();
  });
});

const over = <T>(read: (cursor: DerCursor, tlv: NonNullable<ReturnType<typeof readTlv>>) => T, text: string): T => {
  const cursor = DerCursor.over(hex(text));
  return read(cursor, cursor.next()!);
};

describe('primitive values', () => {
  it.each([
    ['01 01 ff', true],
    ['01 01 00', false],
    ['01 01 01', null],
    ['01 00', null],
    ['01 02 00 00', null],
  ])('boolean %s', (text, expected) => {
    expect(over(readBoolean, text)).toBe(expected);
  });

  it.each([
    ['02 01 00', 0],
    ['02 01 7f', 127],
    ['02 02 00 80', 128],
    ['02 03 01 00 01', 65537],
    ['02 07 1f ff ff ff ff ff ff', Number.MAX_SAFE_INTEGER],
    ['02 07 20 00 00 00 00 00 00', null],
    ['02 01 80', null],
    ['02 02 00 7f', null],
    ['02 00', null],
  ])('integer %s', (text, expected) => {
    expect(over(readSmallInteger, text)).toBe(expected);
  });

  it.each([
    ['03 02 07 80', { octets: hex('80'), unused: 7 }],
    ['03 01 00', { octets: hex(''), unused: 0 }],
    ['03 01 01', null],
    ['03 02 08 00', null],
    ['03 00', null],
  ])('bit string %s', (text, expected) => {
    expect(over(readBitString, text)).toEqual(expected);
  });

  it.each([
    ['55 1d 11', '2.5.29.17'],
    ['55 04 03', '2.5.4.3'],
    ['2a 86 48 86 f7 0d 01 01 0b', '1.2.840.113549.1.1.11'],
    ['09 92 26 89 93 f2 2c 64 01 19', '0.9.2342.19200300.100.1.25'],
    ['88 37 03', '2.999.3'],
    // A UUID as an arc (X.667), longer than a number holds.
    [`69 83 ${'ff '.repeat(16)} 7f`, `2.25.${4n * 128n ** 17n - 1n}`],
    ['', null],
    ['2a 86', null],
    ['2a 80 01', null],
  ])('object identifier %s', (text, expected) => {
    const bytes = hex(text);
    expect(readOid(bytes, 0, bytes.length)).toBe(expected);
  });

  it('compares bytes', () => {
    expect(bytesEqual(hex('0102'), hex('0102'))).toBe(true);
    expect(bytesEqual(hex('0102'), hex('0103'))).toBe(false);
    expect(bytesEqual(hex('0102'), hex('010200'))).toBe(false);
  });

  it('reads back every object identifier that is written', () => {
    const arc = fc.nat(2 ** 31 - 1);
    fc.assert(
      fc.property(fc.tuple(fc.nat(1), fc.nat(39)), fc.array(arc, { minLength: 1, maxLength: 8 }), (first, rest) => {
        const dotted = [...first, ...rest].join('.');
        const content = der.oid(dotted).subarray(2);
        expect(readOid(content, 0, content.length)).toBe(dotted);
      }),
    );
  });
});
