/**
 * The validator against x509-limbo's core cases, where that file is at hand, and the floor's own rules.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLimbo } from './limbo.ts';
import { namespaceOf, type Score, scoreCases, shortfalls } from './score.ts';

const CORE = join(import.meta.dirname, '../../../shared/corpora/limbo-core.json.gz');
const NOW = Date.UTC(2026, 5, 1);

describe('x509-limbo core', () => {
  it.skipIf(!existsSync(CORE))(`is judged no worse than recorded (${CORE})`, () => {
    const cases = readLimbo(CORE);
    const score = scoreCases(cases, NOW);
    expect(cases.length).toBeGreaterThan(200);
    expect(score.falseRejects).toEqual([]);
    expect(
      shortfalls(
        score,
        cases.map(({ id }) => id),
      ),
    ).toEqual([]);
  });
});

describe('the floor', () => {
  const score: Score = {
    total: 3,
    right: 1,
    falseAccepts: [{ id: 'a::allowed', why: '' }],
    falseRejects: [],
    msPerCase: 1,
  };
  const allowed = [{ reason: 'because', ids: ['a::allowed', 'a::elsewhere'] }];

  it('stands when what is misjudged is on record', () => {
    expect(shortfalls(score, ['a::allowed', 'a::right'], allowed)).toEqual([]);
  });
  it('breaks on an unrecorded false accept', () => {
    const worse = { ...score, falseAccepts: [...score.falseAccepts, { id: 'a::new', why: '' }] };
    expect(shortfalls(worse, ['a::allowed', 'a::new'], allowed)).toHaveLength(1);
  });
  it('breaks on any false reject, recorded or not', () => {
    const worse = { ...score, falseRejects: [{ id: 'a::allowed', why: 'key-usage' }] };
    expect(shortfalls(worse, ['a::allowed'], allowed)).toHaveLength(1);
  });
  it('breaks on a recorded one that is right by now', () => {
    expect(shortfalls({ ...score, falseAccepts: [] }, ['a::allowed', 'a::right'], allowed)).toHaveLength(1);
  });
  it('breaks when nothing was scored', () => {
    expect(shortfalls({ ...score, total: 0, falseAccepts: [] }, [], allowed)).toHaveLength(1);
  });
  it('groups by at most two parts of the name', () => {
    expect(['a::b', 'a::b::c', 'a::b::c::d', 'x'].map(namespaceOf)).toEqual(['a', 'a::b', 'a::b', 'x']);
  });
});
