/**
 * Escaping: what a peer says never acts on a terminal, a line, a field or the reading direction.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  capText,
  csvField,
  escapeLabelValue,
  escapeNagios,
  escapeTerminal,
  nagiosLabel,
} from '../../src/report/escape.ts';
import { displayWidth, fitMiddle, padTo, wrapWords } from '../../src/report/layout.ts';
import { hostileText } from './arbitrary.ts';

describe('terminal', () => {
  test.each([
    ['plain text', 'plain text'],
    ['Grüße, 日本', 'Grüße, 日本'],
    ['a\u001b[31mb', 'a\\u{1b}[31mb'],
    ['a\r\nb\tc', 'a\\u{d}\\u{a}b\\u{9}c'],
    ['a\u0000b\u007f', 'a\\u{0}b\\u{7f}'],
    ['a\u009b31m', 'a\\u{9b}31m'],
    ['gpj\u202egnp', 'gpj\\u{202e}gnp'],
    ['a\u2066b\u200bc\ufeffd\u00ade', 'a\\u{2066}b\\u{200b}c\\u{feff}d\\u{ad}e'],
    ['a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
    ['a\ud800b', 'a\\u{d800}b'],
    ['\u{e0041}\u3164\ufe0f', '\\u{e0041}\\u{3164}\\u{fe0f}'],
  ])('%j', (raw, escaped) => {
    expect(escapeTerminal(raw)).toBe(escaped);
  });
});

test('nagios: no performance data, no markup', () => {
  expect(escapeNagios('a|b<i>\n')).toBe('a\\u{7c}b\\u{3c}i\\u{3e}\\u{a}');
});

test.each([
  ['www.shop.example:443', 'www.shop.example:443'],
  ["a='b'|c", 'a__b__u_7c_c'],
  ['', '_'],
])('nagios label %j', (raw, label) => {
  expect(nagiosLabel(raw)).toBe(label);
});

test('prometheus label values', () => {
  expect(escapeLabelValue('a"b\\c\n')).toBe('a\\"b\\\\c\\\\u{a}');
});

test.each([
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "x"', '"say ""x"""'],
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@sum', "'@sum"],
  [' =1', "' =1"],
  ['＝1', "'＝1"],
  ['a\r\nb', 'a\\u{d}\\u{a}b'],
  ['\t=1', '\\u{9}=1'],
])('csv %j', (raw, field) => {
  expect(csvField(raw)).toBe(field);
});

test('texts are cut between characters', () => {
  expect(capText('abcdef', 4)).toBe('abc…');
  expect(capText('abc🔒def', 5)).toBe('abc…');
  expect(capText('abc', 3)).toBe('abc');
});

describe('layout', () => {
  test('width in columns', () => {
    expect([displayWidth('abc'), displayWidth('日本'), displayWidth('e\u0301')]).toEqual([3, 4, 1]);
    expect(padTo('日', 4)).toBe('日  ');
  });

  test('both ends of a long name stay', () => {
    expect(fitMiddle('averyveryverylonghost.example:443', 15)).toBe('averyve…ple:443');
    expect(fitMiddle('short', 15)).toBe('short');
  });

  test('wrapping keeps commands and long words whole', () => {
    expect(wrapWords('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrapWords('run (`a long command`) now', 10)).toEqual(['run', '(`a long command`)', 'now']);
    expect(wrapWords('lone ` backtick here', 8)).toEqual(['lone `', 'backtick', 'here']);
    expect(wrapWords('', 8)).toEqual(['']);
  });

  test('property: wrapping loses nothing but spaces, and no short word goes over the edge', () => {
    fc.assert(
      fc.property(hostileText.map(escapeTerminal), fc.integer({ min: 1, max: 40 }), (text, width) => {
        const lines = wrapWords(text, width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
        for (const line of lines) {
          if (displayWidth(line) > width) expect(line.includes('`') || !line.includes(' ')).toBe(true);
        }
      }),
    );
  });
});
