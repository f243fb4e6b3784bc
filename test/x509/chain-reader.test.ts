/** ChainReader: each distinct certificate is parsed once, and what is kept is bounded. */
import { describe, expect, it } from 'vitest';
import { ChainReader } from '../../src/x509/chain-reader.ts';
import { RecentMap } from '../../src/x509/recent.ts';
import { createCa } from '../support/pki/pki.ts';

const root = createCa({ now: Date.UTC(2026, 0, 1) });

describe('ChainReader', () => {
  it('gives the same object for the same bytes, in the order they came in', () => {
    const reader = new ChainReader();
    const leaf = root.issue({ sans: ['dns:a.example'] }).der;
    const first = reader.read([leaf, root.der]);
    const second = reader.read([Buffer.from(root.der), leaf]);
    expect(first.map(({ kind }) => kind)).toEqual(['certificate', 'certificate']);
    expect(second[0]).toBe(first[1]);
    expect(second[1]).toBe(first[0]);
    expect(first.map(({ der }) => Buffer.from(der))).toEqual([leaf, root.der]);
  });

  it('keeps what is no certificate in its place, with the reason', () => {
    const [element] = new ChainReader().read([Buffer.from('junk')]);
    expect(element).toEqual({
      kind: 'malformed',
      der: new Uint8Array(Buffer.from('junk')),
      reason: 'not-der at offset 0',
    });
  });

  it('does not change with the buffer that the bytes came in', () => {
    const buffer = Buffer.from(root.der);
    const [element] = new ChainReader().read([buffer]);
    buffer.fill(0);
    expect(Buffer.compare(element!.der, root.der)).toBe(0);
  });
});

describe('RecentMap', () => {
  it('never holds more than two generations', () => {
    const map = new RecentMap<number, number>(10);
    for (let i = 0; i < 1000; i++) map.set(i, i);
    expect(map.size).toBeLessThanOrEqual(20);
    expect(map.get(999)).toBe(999);
    expect(map.get(0)).toBeUndefined();
  });

  it('keeps what is asked for again and again', () => {
    const map = new RecentMap<string, number>(10);
    map.set('intermediate', 7);
    for (let i = 0; i < 1000; i++) {
      map.set(`leaf ${i}`, i);
      expect(map.get('intermediate')).toBe(7);
    }
  });
});
