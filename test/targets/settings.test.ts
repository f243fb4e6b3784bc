import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Threshold } from '../../src/model/target.ts';
import { editDistance, nearest } from '../../src/targets/nearest.ts';
import {
  formatSetting,
  mergePatches,
  patchOf,
  putSetting,
  resolveSettings,
  settingOf,
  settingsFor,
} from '../../src/targets/resolve-settings.ts';
import { findScheme, findStartTls, SCHEME_NAMES, STARTTLS_NAMES } from '../../src/targets/schemes.ts';
import type { SettingKey, SettingPatch } from '../../src/targets/setting.ts';
import { DEFAULT_SETTINGS, SETTING_KEYS } from '../../src/targets/settings.ts';
import { exactDuration, formatThreshold, parseThreshold } from '../../src/targets/threshold.ts';
import { parseDuration } from '../../src/time/duration.ts';

describe('thresholds', () => {
  it.each<[string, Threshold]>([
    ['auto', { kind: 'auto' }],
    [' AUTO ', { kind: 'auto' }],
    ['21d', { kind: 'duration', ms: 21 * 86_400_000 }],
    ['1d12h', { kind: 'duration', ms: 36 * 3_600_000 }],
    ['0s', { kind: 'duration', ms: 0 }],
    ['33%', { kind: 'share', fraction: 0.33 }],
    ['0.5 %', { kind: 'share', fraction: 0.005 }],
    ['99.9999%', { kind: 'share', fraction: 0.999999 }],
  ])('%j', (text, value) => {
    expect(parseThreshold(text)).toEqual({ ok: true, value });
  });

  it.each(['', '30', '-1d', '0%', '100%', '101%', '1e1%', '%', '33', 'atuo', '1y', '0.00001%', '99999999d'])(
    'refuses %j',
    (text) => {
      const parsed = parseThreshold(text);
      expect(parsed).toMatchObject({ ok: false, error: expect.stringMatching(/^expected .* got /) });
      expect(!parsed.ok && parsed.error).toContain(JSON.stringify(text));
    },
  );

  it('takes a bare number for days where the plug-in asks for that', () => {
    expect(parseThreshold('30', { bareNumber: 'days' })).toEqual(parseThreshold('30d'));
    expect(parseThreshold('33%', { bareNumber: 'days' })).toEqual(parseThreshold('33%'));
  });

  it('writes what it reads', () => {
    const share = fc
      .integer({ min: 1, max: 999_999 })
      .map((n): Threshold => ({ kind: 'share', fraction: n / 10_000 / 100 }));
    const duration = fc.integer({ min: 0, max: 10 ** 12 }).map((ms): Threshold => ({ kind: 'duration', ms }));
    fc.assert(
      fc.property(fc.oneof(share, duration), (threshold) => {
        const again = parseThreshold(formatThreshold(threshold));
        if (!again.ok || threshold.kind !== 'share') expect(again).toEqual({ ok: true, value: threshold });
        else expect(again.value).toEqual({ kind: 'share', fraction: expect.closeTo(threshold.fraction, 12) });
      }),
    );
  });

  it('writes durations exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (ms) => {
        expect(parseDuration(exactDuration(ms))).toEqual({ ok: true, value: ms });
      }),
    );
  });
});

describe('the settings table', () => {
  const samples: Record<SettingKey, { good: string[]; bad: string[] }> = {
    warning: { good: ['21d'], bad: ['x'] },
    critical: { good: ['10%'], bad: ['100%'] },
    grace: { good: ['0s', '12h'], bad: ['1', '-1s', '101y'] },
    timeout: { good: ['1ms', '1d'], bad: ['0', '0s', '25h', '10'] },
    retries: { good: ['0', '10'], bad: ['11', '-1', '1.5', '', '1e1', 'a'] },
    confirm: { good: ['1', '10'], bad: ['0', '11', 'a'] },
    'all-addresses': { good: ['yes', 'no'], bad: ['', 'y', '2'] },
    family: { good: ['4', '6', 'any'], bad: ['5', ''] },
    trust: { good: ['mozilla', 'system', 'none'], bad: ['Mozila', ''] },
    'ca-file': { good: ['/a b'], bad: ['', 'a\0b', 'x'.repeat(5_000)] },
    revocation: { good: ['none', 'stapled', 'crl'], bad: ['ocsp', ''] },
    unreachable: { good: ['ok', 'warning', 'critical', 'unknown'], bad: ['info'] },
    'connect-to': {
      good: ['192.0.2.1', 'x.example:8443', '[2001:db8::1]:8443', '[2001:db8::1]'],
      bad: ['', ':443', 'x:0', '[::1', 'https://x'],
    },
    servername: { good: ['x.example', '2001:db8::1'], bad: ['', '*.x', 'fe80::1%eth0', 'x:443'] },
    starttls: { good: ['smtp', 'submission'], bad: ['smpt', 'smtps', ''] },
    'expect-issuer': { good: ["O=Let's Encrypt"], bad: ['', 'a\nb', 'x'.repeat(257)] },
    'expect-fingerprint': { good: ['a'.repeat(64)], bad: ['a'.repeat(40), 'a'.repeat(63), 'g'.repeat(64)] },
    'expect-key': { good: ['0'.repeat(64)], bad: [''] },
    'expect-file': { good: ['./a.pem'], bad: [''] },
    'password-file': { good: ['./a.pass'], bad: ['', 'a\0b'] },
    label: {
      good: ['team=mail', 'a.b-c_d='],
      bad: ['team', '=x', '1=2', 'a b=c', `a=${'x'.repeat(257)}`, 'a=\u0007', `${'k'.repeat(65)}=v`],
    },
    name: { good: ['Mail server 1'], bad: ['', ' ', 'a\u001b[31m', 'a\u2028b', 'x'.repeat(129)] },
    port: { good: ['1', '65535'], bad: ['0', '65536', ''] },
  };

  it('has a sample of every row here', () => {
    expect(Object.keys(samples)).toEqual(SETTING_KEYS);
  });

  describe.each(Object.entries(samples))('%s', (key, { good, bad }) => {
    it.each(good)('takes %j and writes it back', (text) => {
      const parsed = settingOf(key as SettingKey).parse(text);
      expect(parsed.ok && formatSetting(key as SettingKey, parsed.value)).toEqual([text]);
    });

    it.each(bad)('refuses %j in a sentence with what was found and expected', (text) => {
      const patch: SettingPatch = {};
      const put = putSetting(patch, key, text);
      expect(put).toMatchObject({ ok: false, error: expect.stringMatching(new RegExp(`^${key}: .+`)) });
      expect(!put.ok && put.error).not.toMatch(/[\u0000-\u001f\u2028]/);
      expect(patch).toEqual({});
    });

    it('has a doc sentence of its own', () => {
      const { doc, flags, places } = settingOf(key as SettingKey);
      expect(doc).toMatch(/^[A-Z].+[.]$/);
      expect(places.includes('flag')).toBe(flags !== undefined);
    });
  });

  it('reads hashes as people have them', () => {
    const hex = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
    const spellings = [
      hex,
      hex.toUpperCase(),
      hex.replace(/..(?=.)/g, '$&:'),
      `sha256:${hex}`,
      `sha256 Fingerprint=${hex.replace(/..(?=.)/g, '$&:')}`,
      `SHA256 Fingerprint=${hex.toUpperCase()}`,
      `SHA256/${Buffer.from(hex, 'hex').toString('base64')}`,
    ];
    for (const text of spellings) expect(settingOf('expect-key').parse(text)).toEqual({ ok: true, value: [hex] });
  });

  it('adds up what is repeatable and refuses the rest twice', () => {
    const patch: SettingPatch = {};
    for (const text of ['a', 'b', 'a']) putSetting(patch, 'ca-file', text);
    for (const text of ['a=1', 'b=2', 'a=3']) putSetting(patch, 'label', text);
    putSetting(patch, 'retries', '1');
    expect(putSetting(patch, 'retries', '2')).toEqual({ ok: false, error: 'retries is given twice' });
    expect(patch).toEqual({ 'ca-file': ['a', 'b'], label: { a: '3', b: '2' }, retries: 1 });
  });

  it('hints at the nearest key', () => {
    expect(putSetting({}, 'warnng', '1d')).toEqual({
      ok: false,
      error: 'there is no setting "warnng" (did you mean "warning"?)',
    });
    expect(putSetting({}, '__proto__', '1d')).toMatchObject({ ok: false });
    expect(putSetting({}, 'constructor', '1d')).toMatchObject({ ok: false });
  });

  it('gives places their settings', () => {
    const keys = (place: Parameters<typeof settingsFor>[0]) => settingsFor(place).map((setting) => setting.key);
    expect(keys('line')).toEqual(SETTING_KEYS);
    expect(keys('entry')).toEqual(SETTING_KEYS);
    expect(keys('flag')).toEqual(SETTING_KEYS.filter((key) => key !== 'name' && key !== 'port'));
    expect(keys('defaults')).toEqual(keys('flag'));
  });
});

describe('layers', () => {
  it('nearer beats farther, labels are merged', () => {
    const merged = mergePatches(
      { timeout: 1, retries: 1, 'ca-file': ['a'], label: { a: '1', b: '1' } },
      { timeout: 2, 'ca-file': ['b'], label: { b: '2' } },
      { retries: 3 },
    );
    expect(merged).toEqual({ timeout: 2, retries: 3, 'ca-file': ['b'], label: { a: '1', b: '2' } });
  });

  it('a patch that says nothing gives the very defaults', () => {
    expect(resolveSettings({}, DEFAULT_SETTINGS)).toBe(DEFAULT_SETTINGS);
    expect(resolveSettings({ name: 'n', port: 1, servername: 'x' }, DEFAULT_SETTINGS)).toBe(DEFAULT_SETTINGS);
  });

  it('every setting of a patch arrives, and comes back', () => {
    const patch: Required<Omit<SettingPatch, 'name' | 'port' | 'servername' | 'starttls'>> = {
      warning: { kind: 'duration', ms: 1 },
      critical: { kind: 'share', fraction: 0.5 },
      grace: 5,
      timeout: 6,
      retries: 7,
      confirm: 3,
      'all-addresses': true,
      family: 6,
      trust: 'none',
      'ca-file': ['f'],
      revocation: 'crl',
      unreachable: 'ok',
      'connect-to': { host: 'h', port: 9 },
      'expect-issuer': 'i',
      'expect-fingerprint': ['p'],
      'expect-key': ['k'],
      'expect-file': 'e',
      'password-file': 'w',
      label: { a: 'b' },
    };
    const settings = resolveSettings(patch, DEFAULT_SETTINGS);
    expect(patchOf(settings)).toEqual(patch);
    expect(resolveSettings({ retries: 0 }, settings)).toEqual({ ...settings, retries: 0 });
  });
});

describe('schemes', () => {
  it('each has a port, and its name in any case', () => {
    for (const name of SCHEME_NAMES) {
      const scheme = findScheme(name.toUpperCase());
      if (scheme.ok) expect(scheme.value.port).toBeGreaterThan(0);
      else expect(scheme.error).toMatch(new RegExp(`dialogue of ${name} is not spoken`));
    }
    expect(new Set(SCHEME_NAMES).size).toBe(SCHEME_NAMES.length);
  });

  it('every STARTTLS word that is offered is taken', () => {
    for (const name of STARTTLS_NAMES) expect(findStartTls(name)).toMatchObject({ ok: true, value: { name } });
    expect(STARTTLS_NAMES).toEqual(expect.arrayContaining(['smtp', 'imap', 'pop3', 'lmtp', 'submission']));
  });

  it.each(['__proto__', 'constructor', 'toString'])('%s is none', (word) => {
    expect(findScheme(word).ok).toBe(false);
    expect(findStartTls(word).ok).toBe(false);
  });
});

describe('nearest', () => {
  it.each([
    ['warnin', 'warning'],
    ['wanring', 'warning'],
    ['WARNING', 'warning'],
    ['crit', 'critical'],
    ['all_addresses', 'all-addresses'],
    ['starttsl', 'starttls'],
    ['xyzzy', undefined],
    ['', undefined],
    ['expect', undefined],
  ])('%j → %j', (word, expected) => {
    expect(nearest(word, SETTING_KEYS)).toBe(expected);
  });

  it('counts edits as a metric does', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
    expect(editDistance('smpt', 'smtp')).toBe(1);
  });
});
