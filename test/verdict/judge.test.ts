/**
 * Judging as a whole: several addresses, the order of findings, which observation decides, and what cannot be judged.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY } from '../../src/time/duration.ts';
import { internalErrorVerdict } from '../../src/verdict/failed-verdicts.ts';
import { severityStatus, statusRank } from '../../src/verdict/status.ts';
import { createCa } from '../support/pki/pki.ts';
import { anchors, endpoint, failed, judged, NOW, presented } from './builders.ts';

const SHOP = ['dns:www.shop.example'];
const root = createCa({ now: NOW });
const fresh = root.issue({ sans: SHOP });
const old = root.issue({ sans: SHOP, remainingMs: DAY });
const trusting = { anchors: anchors([root]) };
const at = (address: string) => ({ address });

describe('several addresses', () => {
  test('what is the same at all of them is said once', () => {
    const verdict = judged([presented([old], at('192.0.2.1')), presented([old], at('192.0.2.2'))], trusting);
    expect(verdict.findings).toEqual([expect.objectContaining({ code: 'expires-soon', certificate: 0 })]);
    expect(verdict.findings[0]).not.toHaveProperty('address');
    expect(verdict.observations).toHaveLength(2);
    expect(verdict.roles).toEqual([['leaf'], ['leaf']]);
  });

  test('what is not is said with its address; and that they disagree', () => {
    const verdict = judged(
      [presented([fresh], at('192.0.2.1')), presented([old], at('192.0.2.2')), presented([old], at('2001:db8::3'))],
      trusting,
    );
    expect(verdict.findings.map(({ code, severity, address }) => ({ code, severity, address }))).toEqual([
      { code: 'expires-soon', severity: 'critical', address: '192.0.2.2' },
      { code: 'expires-soon', severity: 'critical', address: '2001:db8::3' },
      { code: 'addresses-disagree', severity: 'warning', address: undefined },
    ]);
    const { groups } = verdict.findings[2]!.data as { groups: { sha256: string; addresses: string[] }[] };
    expect(groups).toEqual([
      { sha256: fresh.sha256, notAfter: expect.any(String), addresses: ['192.0.2.1'] },
      { sha256: old.sha256, notAfter: '2026-11-25T07:59:59Z', addresses: ['192.0.2.2', '2001:db8::3'] },
    ]);
    expect(verdict.window!.remainingSeconds).toBe(86_400);
  });

  test('one that cannot be reached does not hide the others', () => {
    const verdict = judged([failed(at('192.0.2.1')), presented([old], at('192.0.2.2'))], trusting);
    expect(verdict.status).toBe('critical');
    expect(verdict.findings.map(({ code, address }) => [code, address])).toEqual([
      ['expires-soon', '192.0.2.2'],
      ['connect-failed', '192.0.2.1'],
    ]);
    expect(verdict.window!.remainingSeconds).toBe(86_400);
  });

  test('of equally good ones the one that ends first decides', () => {
    const sooner = root.issue({ sans: SHOP, remainingMs: 50 * DAY });
    for (const chains of [
      [fresh, sooner],
      [sooner, fresh],
    ] as const) {
      const verdict = judged(
        [presented([chains[0]], at('192.0.2.1')), presented([chains[1]], at('192.0.2.2'))],
        trusting,
      );
      expect(verdict.window!.remainingSeconds).toBe(50 * 86_400);
    }
  });

  test('garbage at one of them is a disagreement too', () => {
    const verdict = judged([presented([fresh], at('192.0.2.1')), presented([Buffer.of(1)], at('192.0.2.2'))], trusting);
    expect(verdict.findings.map(({ code }) => code)).toEqual(['chain-invalid', 'addresses-disagree']);
  });

  test('an expected file that cannot be read stands beside what was presented, without addresses', () => {
    const file = failed({ code: 'read-failed', phase: 'read', reason: 'missing' });
    const verdict = judged([presented([old]), file], trusting);
    expect(verdict.findings.map(({ code, address }) => [code, address])).toEqual([
      ['expires-soon', undefined],
      ['read-failed', undefined],
    ]);
    expect(verdict.trust?.trusted).toBe(true);
  });
});

test('worst first, then from the leaf up', () => {
  const weak = root.issueCa({ subject: 'CN=Weak CA', key: 'rsa1024', remainingMs: 3 * DAY });
  const leaf = weak.issue({ sans: ['dns:other.example'], key: 'rsa1024', remainingMs: DAY });
  const verdict = judged(presented([leaf, weak, root]), trusting);
  expect(verdict.findings.map(({ code, severity, certificate }) => `${code} ${severity} ${certificate}`)).toEqual([
    'expires-soon critical 0',
    'hostname-mismatch critical 0',
    'expires-soon critical 1',
    'weak-key warning 0',
    'weak-key warning 1',
    'root-sent info 2',
  ]);
});

describe('a bug', () => {
  test('is UNKNOWN for its target; the message is the finding, the stack stays with the observation', () => {
    const verdict = internalErrorVerdict(endpoint(), new TypeError('x is\nnot a function'));
    expect(verdict).toMatchObject({ status: 'unknown', findings: [{ code: 'internal-error', severity: 'unknown' }] });
    expect(verdict.findings[0]!.data).toEqual({
      phase: 'read',
      reason: 'bug',
      detail: 'TypeError: x is not a function',
    });
    expect(verdict.observations[0]).toMatchObject({ detail: expect.stringMatching(/^TypeError: .*\n\s+at /) });
  });

  test.each([
    'a text',
    undefined,
    null,
    42,
    Object.create(null),
    {
      toString: () => {
        throw new Error('again');
      },
    },
  ])('may be anything that is thrown: %#', (thrown) => {
    expect(internalErrorVerdict(endpoint(), thrown).status).toBe('unknown');
  });
});

test('property: bytes of any kind, at any time, end in a verdict that is as bad as its worst finding', () => {
  const pieces = [fresh.der, old.der, root.der, Buffer.of(), Buffer.of(0x30, 0x80), fresh.der.subarray(0, 99)];
  const chain = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.uint8Array({ maxLength: 64 })), {
    minLength: 1,
    maxLength: 8,
  });
  const time = fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 });
  fc.assert(
    fc.property(chain, time, (ders, now) => {
      const verdict = judged(presented(ders), { ...trusting, now });
      const ranks = verdict.findings.map(({ severity }) => statusRank(severityStatus(severity)));
      expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
      expect(statusRank(verdict.status)).toBe(ranks[0] ?? statusRank('ok'));
      expect(verdict.roles![0]).toHaveLength(ders.length);
      // A chain that is not trusted is never OK.
      if (verdict.trust && !verdict.trust.trusted) expect(verdict.status).toBe('critical');
    }),
    { numRuns: 200 },
  );
});
