/** Validity dates (RFC 5280 4.1.2.5): what they mean, and what is no date. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerCursor } from '../../src/x509/der.ts';
import { readTime } from '../../src/x509/time.ts';
import { der } from '../support/pki/pki.ts';

function read(bytes: Uint8Array) {
  const cursor = DerCursor.over(bytes);
  return readTime(cursor, cursor.next()!);
}
const utc = (text: string) => read(der.utcTime(text));
const generalized = (text: string) => read(der.generalizedTime(text));
const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

describe('UTCTime', () => {
  it.each([
    ['500101000000Z', '1950-01-01T00:00:00.000Z'],
    ['991231235959Z', '1999-12-31T23:59:59.000Z'],
    ['000229120000Z', '2000-02-29T12:00:00.000Z'],
    ['491231235959Z', '2049-12-31T23:59:59.000Z'],
    ['700101000000Z', '1970-01-01T00:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    const time = utc(text);
    expect(iso(time?.ms)).toBe(expected);
    expect(time?.irregularity).toBeUndefined();
  });
});

describe('GeneralizedTime', () => {
  it.each([
    ['00000101000000Z', '0000-01-01T00:00:00.000Z'],
    ['00500101000000Z', '0050-01-01T00:00:00.000Z'],
    ['19500101000000Z', '1950-01-01T00:00:00.000Z'],
    ['20500101000000Z', '2050-01-01T00:00:00.000Z'],
    ['24000229000000Z', '2400-02-29T00:00:00.000Z'],
    ['99991231235959Z', '9999-12-31T23:59:59.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(iso(generalized(text)?.ms)).toBe(expected);
  });
});

describe('what RFC 5280 forbids and others have written', () => {
  it.each([
    [utc('2401010000Z'), '2024-01-01T00:00:00.000Z', 'time-without-seconds'],
    [utc('240101000000+0100'), '2023-12-31T23:00:00.000Z', 'time-with-offset'],
    [utc('240101000000-0530'), '2024-01-01T05:30:00.000Z', 'time-with-offset'],
    [generalized('20240101000000.5Z'), '2024-01-01T00:00:00.000Z', 'time-with-fraction'],
  ])('%# is read and named', (time, expected, irregularity) => {
    expect(iso(time?.ms)).toBe(expected);
    expect(time?.irregularity).toBe(irregularity);
  });
});

describe('no date', () => {
  it.each([
    ['240230000000Z'],
    ['230229000000Z'],
    ['241301000000Z'],
    ['240001000000Z'],
    ['240100000000Z'],
    ['240132000000Z'],
    ['240101240000Z'],
    ['240101006000Z'],
    ['240101000060Z'],
    ['240101000000'],
    ['240101000000z'],
    ['240101000000ZZ'],
    ['24010100000Z'],
    ['2401010000 0Z'],
    ['-40101000000Z'],
    ['240101000000+01'],
    ['240101000000+2500'],
    ['240101000000.Z'],
    [''],
    ['Z'],
  ])('UTCTime %j', (text) => {
    expect(utc(text)).toBeNull();
  });

  it.each([['21000229000000Z'], ['240101000000Z'], ['2024010100000Z'], [`20240101000000.${'0'.repeat(40)}Z`]])(
    'GeneralizedTime %j',
    (text) => {
      expect(generalized(text)).toBeNull();
    },
  );

  it('another type', () => {
    expect(read(der.octetString(Buffer.from('240101000000Z')))).toBeNull();
  });
});

it('agrees with the calendar of the runtime on every second of ten thousand years', () => {
  const first = new Date(0).setUTCFullYear(0, 0, 1);
  const last = Date.UTC(9999, 11, 31, 23, 59, 59);
  fc.assert(
    fc.property(fc.integer({ min: first / 1000, max: last / 1000 }), (seconds) => {
      const text = new Date(seconds * 1000).toISOString().replace(/[-:T]|\.000/g, '');
      expect(generalized(text)?.ms).toBe(seconds * 1000);
    }),
  );
});
