import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../src/config/instant.ts';
import { type FlagTexts, resolveRun, resolveRunSettings, type SettingsLayer } from '../../src/config/resolve-run.ts';
import {
  DEFAULT_RUN,
  FORMAT_NAMES,
  RUN_KEYS,
  type RunKey,
  refuseFormats,
  runSettingOf,
} from '../../src/config/run-settings.ts';
import { FORMATS } from '../../src/report/formats/index.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';

describe('parseInstant', () => {
  it.each([
    ['2026-11-24', '2026-11-24T00:00:00.000Z'],
    ['2026-11-24T08:00Z', '2026-11-24T08:00:00.000Z'],
    ['2026-11-24t08:00:30z', '2026-11-24T08:00:30.000Z'],
    ['2026-11-24 08:00:30', '2026-11-24T08:00:30.000Z'],
    ['2026-11-24T08:00:30.999Z', '2026-11-24T08:00:30.000Z'],
    ['2026-11-24T08:00+01:00', '2026-11-24T07:00:00.000Z'],
    ['2026-11-24T08:00:00-0330', '2026-11-24T11:30:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['0050-01-01', '0050-01-01T00:00:00.000Z'],
    ['@0', '1970-01-01T00:00:00.000Z'],
    ['1795507200', '2026-11-24T08:00:00.000Z'],
    ['@253402300799', '9999-12-31T23:59:59.000Z'],
  ])('%s', (text, iso) => {
    expect(parseInstant(text)).toEqual({ ok: true, value: Date.parse(iso) });
  });

  it.each([
    '',
    'now',
    '2026-02-30',
    '2025-02-29',
    '2026-13-01',
    '2026-00-01',
    '2026-11-24T24:00',
    '2026-11-24T08:60',
    '2026-11-24T08:00:60',
    '24.11.2026',
    '2026-11-24T08',
    '@-1',
    '@253402300800',
    '@1e3',
  ])('refuses %j', (text) => {
    expect(parseInstant(text)).toMatchObject({
      ok: false,
      error: expect.stringContaining(`got ${JSON.stringify(text)}`),
    });
  });
});

describe('the table of run settings', () => {
  const samples: Record<RunKey, { good: string[]; bad: string[] }> = {
    deadline: { good: ['1ms', '30s', '30d'], bad: ['0', '30', '31d'] },
    concurrency: { good: ['1', '4096'], bad: ['0', '4097', 'a'] },
    format: { good: ['json', 'nagios=/a b.txt', 'json=a=b'], bad: ['jsn', '', 'json=', '=file'] },
    quiet: { good: ['yes', 'no'], bad: ['maybe'] },
    verbose: { good: ['yes'], bad: ['3'] },
    color: { good: ['no'], bad: ['auto'] },
    now: { good: ['2026-11-24T08:00:00Z'], bad: ['tomorrow'] },
    shard: { good: ['1/3'], bad: ['4/3'] },
    resolver: { good: ['192.0.2.53', '[2001:db8::53]:5353'], bad: ['dns.example', '192.0.2.53:0'] },
    state: { good: ['/var/lib/certwatch'], bad: [''] },
    lock: { good: ['yes', 'no'], bad: ['maybe'] },
    'end-stuck': { good: ['yes', 'no'], bad: ['maybe'] },
    ping: { good: [], bad: ['hc.example.org', 'ftp://hc.example.org/'] },
    'renew-ping': { good: [], bad: ['hc.example.org'] },
  };

  it('has a sample of every row here', () => {
    expect(Object.keys(samples).sort()).toEqual([...RUN_KEYS].sort());
  });

  describe.each(Object.entries(samples) as [RunKey, { good: string[]; bad: string[] }][])(
    '%s',
    (key, { good, bad }) => {
      it.each(good)('takes %j and writes it back', (text) => {
        const row = runSettingOf(key);
        const parsed = row.parse(text);
        expect(parsed.ok && row.format(parsed.value)).toEqual([text]);
      });

      it.each(bad)('refuses %j', (text) => {
        expect(runSettingOf(key).parse(text)).toMatchObject({ ok: false, error: expect.stringMatching(/^expected /) });
      });

      it('has a doc sentence of its own', () => expect(runSettingOf(key).doc).toMatch(/^[A-Z].+[.]$/));
    },
  );

  it('takes a URL to ping, and never writes it back: whoever has it can report in this name', () => {
    const { parse, format } = runSettingOf('ping');
    expect(parse('https://hc.example.org/ping/1')).toEqual({ ok: true, value: 'https://hc.example.org/ping/1' });
    expect(format('https://hc.example.org/ping/1' as never)).toEqual(['(hidden)']);
  });

  it('knows the formats that the report has', () => {
    expect([...FORMAT_NAMES].sort()).toEqual([...FORMATS].sort());
  });

  it('refuses formats that get in each other’s way', () => {
    expect(
      refuseFormats([{ format: 'human' }, { format: 'json', file: 'a' }, { format: 'csv', file: 'b' }]),
    ).toBeUndefined();
    expect(refuseFormats([{ format: 'human' }, { format: 'json' }])).toMatch(/human and json.*json=FILE/);
    for (const file of ['a', './a', 'x/../a', resolve('a')]) {
      const both = [
        { format: 'json', file: 'a' },
        { format: 'csv', file },
      ];
      expect(refuseFormats(both)).toMatch(/same file "/);
    }
  });
});

describe('resolveRunSettings', () => {
  const flags = (given: Record<string, string[]>): FlagTexts => new Map(Object.entries(given));
  const config: SettingsLayer = {
    defaults: { timeout: 3_000, retries: 3, label: { env: 'prod', team: 'web' }, 'ca-file': ['/c.pem'] },
    run: { concurrency: 8, quiet: true },
    origins: new Map([
      ['timeout', 'certwatch.yaml:3:5'],
      ['retries', 'certwatch.yaml:4:5'],
      ['label', 'certwatch.yaml:5:5'],
      ['ca-file', 'certwatch.yaml:6:5'],
      ['concurrency', 'certwatch.yaml:7:1'],
      ['quiet', 'certwatch.yaml:8:1'],
    ]),
  };

  it('says nothing but the defaults where nothing is said', () => {
    const { defaults, endpoint, run, effective } = resolveRun({});
    expect(defaults).toBe(DEFAULT_SETTINGS);
    expect(endpoint).toEqual({});
    expect(run).toEqual(DEFAULT_RUN);
    expect(new Set(effective.map(({ origin }) => origin))).toEqual(new Set(['default']));
  });

  it('puts the command line over the config over the defaults, and knows which', () => {
    const resolved = resolveRunSettings({
      flags: flags({
        timeout: ['5s'],
        label: ['team=mail'],
        quiet: ['no'],
        starttls: ['smtp'],
        servername: ['x.example'],
      }),
      config,
    });
    if (!resolved.ok) throw new Error(JSON.stringify(resolved.error));
    const { defaults, endpoint, run, effective } = resolved.value;
    expect(defaults).toMatchObject({
      timeoutMs: 5_000,
      retries: 3,
      labels: { env: 'prod', team: 'mail' },
      caFiles: ['/c.pem'],
      trust: 'mozilla',
    });
    expect(endpoint).toMatchObject({ servername: 'x.example', starttls: { protocol: 'smtp', port: 25 } });
    expect(run).toMatchObject({ concurrency: 8, quiet: false, verbose: false });
    const origins = Object.fromEntries(
      effective.map(({ key, texts, origin }) => [key, `${texts.join(' ')} ← ${origin}`]),
    );
    expect(origins).toMatchObject({
      timeout: '5s ← command line',
      retries: '3 ← certwatch.yaml:4:5',
      label: 'env=prod team=mail ← command line',
      'ca-file': '/c.pem ← certwatch.yaml:6:5',
      trust: 'mozilla ← default',
      starttls: 'smtp ← command line',
      concurrency: '8 ← certwatch.yaml:7:1',
      quiet: 'no ← command line',
      format: 'human ← default',
    });
  });

  it('names the flag, what was found and what was expected, for every wrong flag', () => {
    const resolved = resolveRunSettings({
      flags: flags({
        warning: ['soon'],
        concurrency: ['0'],
        family: ['4', '6'],
        format: ['json', 'csv'],
        color: ['x'],
      }),
    });
    expect(resolved).toEqual({
      ok: false,
      error: [
        {
          origin: 'command line',
          message: '--warning: expected a duration (21d, 12h), a share of the lifetime (33%) or auto, got "soon"',
        },
        { origin: 'command line', message: '--concurrency: expected a whole number from 1 to 4096, got "0"' },
        { origin: 'command line', message: '-4, -6: they exclude each other' },
        { origin: 'command line', message: '--no-color: expected yes or no, got "x"' },
        {
          origin: 'command line',
          message: '--format: two formats want the standard output, json and csv: give one a file (csv=FILE)',
        },
      ],
    });
  });

  it('lets the last of a flag count, and adds up what is repeatable', () => {
    const resolved = resolveRunSettings({
      flags: flags({ timeout: ['1s', '2s'], 'ca-file': ['a', 'b'], format: ['json=a', 'csv'], deadline: ['1m', '2m'] }),
    });
    expect(resolved).toMatchObject({
      ok: true,
      value: {
        defaults: { timeoutMs: 2_000, caFiles: ['a', 'b'] },
        run: { format: [{ format: 'json', file: 'a' }, { format: 'csv' }], deadline: 120_000 },
      },
    });
  });

  it('takes a flag that no table has for a bug', () => {
    expect(() => resolveRunSettings({ flags: flags({ wrong: ['x'] }) })).toThrow('no table has the flag wrong');
  });
});
