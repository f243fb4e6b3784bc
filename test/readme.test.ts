/**
 * The README tells the truth: its commands, lists and configs are read by the program's own parsers, its tables are held
 * against what the code says.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../src/config/load-config.ts';
import type { Finding } from '../src/model/finding.ts';
import { FORMATS } from '../src/report/formats/index.ts';
import { readList } from '../src/targets/read-list.ts';
import { SCHEME_NAMES } from '../src/targets/schemes.ts';
import { DEFAULT_SETTINGS } from '../src/targets/settings.ts';
import { computeWindow, formatNotice } from '../src/verdict/window.ts';
import { CODES } from './report/arbitrary.ts';
import { FLEET } from './report/fleet.ts';
import { chainScenarios } from './support/chains.ts';
import { REPOSITORY } from './support/repository.ts';
import { runCertwatch } from './support/run-certwatch.ts';

const README = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');

interface Block {
  readonly language: string;
  readonly text: string;
}

const blocks: readonly Block[] = [...README.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
  language: language!,
  text: text!,
}));
const textsOf = (language: string): string[] =>
  blocks.filter((each) => each.language === language).map(({ text }) => text);

/** The rows of a table, by the first words of its head. */
function table(head: string): string[][] {
  const at = README.indexOf(`| ${head} |`);
  if (at < 0) throw new Error(`the README has no table that begins with ${head}`);
  const lines = README.slice(at).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(2, end).map((line) =>
    line
      .slice(1, -1)
      .split(' | ')
      .map((cell) => cell.trim()),
  );
}

describe('commands', () => {
  const text = README.replaceAll(/^ *\S+ \S+ \S+ \S+ \S+ {2}(?=certwatch )/gm, '');
  const commands = [
    ...text.matchAll(/(?:^|`|\/usr\/local\/bin\/)((?:check_)?certwatch (?:check|show|config|status|renew|-)[^`\n]*)/gm),
  ]
    .map(([, command]) => command!.split(/ [>|]/)[0]!)
    .map((command) => command.trim());

  const helps = new Map<string, Promise<string>>();
  const helpOf = (words: readonly string[]): Promise<string> => {
    const program = words[0] === 'check_certwatch' ? ('check_certwatch' as const) : ('certwatch' as const);
    const names = program === 'certwatch' ? words.slice(1).filter((word) => /^[a-z]+$/.test(word)) : [];
    const path = names[0] === 'config' ? names.slice(0, 2) : names.slice(0, 1);
    const key = [program, ...path].join(' ');
    const help = helps.get(key) ?? runCertwatch([...path, '--help'], { program }).then(({ stdout }) => stdout);
    helps.set(key, help);
    return help;
  };

  test('there are some', () => {
    expect(commands.length).toBeGreaterThan(15);
    expect(commands).toContain('certwatch show example.org --pem');
  });

  test.each([...new Set(commands)])('%s', async (command) => {
    const words = command.split(/\s+/);
    const help = await helpOf(words);
    expect(help).toMatch(/^Usage: /);
    for (const flag of words.filter((word) => /^--?[a-zA-Z]/.test(word)).map((word) => word.replace(/=.*/, ''))) {
      expect(help, flag).toMatch(new RegExp(`(^|[ ,])${flag}(?![\\w-])`, 'm'));
    }
  });
});

test('the list is one', async () => {
  const [text = ''] = textsOf('hosts');
  const results = [];
  for await (const target of readList(
    (async function* () {
      yield text;
    })(),
    { name: 'hosts', defaults: DEFAULT_SETTINGS },
  )) {
    results.push(target);
  }
  expect(results.filter((target) => !target.ok)).toEqual([]);
  expect(results.length).toBe(text.trim().split('\n').length);
});

test('the config is one', async () => {
  const [text = ''] = textsOf('yaml').filter((each) => each.startsWith('defaults:'));
  expect(await readConfig(text, { name: 'README', folder: '/etc/certwatch' })).toMatchObject({
    ok: true,
    value: { targetErrors: [] },
  });
});

test('schemes, formats and metrics exist', () => {
  const schemes = [...README.matchAll(/`([a-z]+):\/\//g)].map(([, name]) => name!);
  expect(schemes.length).toBeGreaterThan(15);
  expect(schemes.filter((name) => !SCHEME_NAMES.includes(name))).toEqual([]);
  expect(table('format').map(([name]) => name!.replaceAll('`', ''))).toEqual([...FORMATS]);
  const source = readFileSync(join(REPOSITORY, 'src/report/formats/prometheus.ts'), 'utf8');
  const metrics = [...README.matchAll(/\bcertwatch_[a-z_]+/g)]
    .map(([name]) => name)
    .filter((name) => !/_(host|port|starttls)$/.test(name));
  expect(metrics.length).toBeGreaterThan(4);
  expect(metrics.filter((name) => !source.includes(name.replace('certwatch_', '')))).toEqual([]);
});

describe('the table of findings', () => {
  const rows = table('code').map(([code, severity]) => [code!.replaceAll('`', ''), severity!] as const);

  test('has each code, once', () => {
    expect(rows.map(([code]) => code).sort()).toEqual([...CODES].sort());
  });

  test('has the severity that the code gives', () => {
    const findings: readonly Pick<Finding, 'code' | 'severity'>[] = [
      ...Object.values(FLEET).flatMap((verdict) => verdict.findings),
      ...chainScenarios().flatMap(({ expect: { findings: expected } }) => expected),
    ];
    const said = new Map<string, string>(rows);
    // What the path does not need is information, whatever it is.
    const wrong = findings.filter(({ code, severity }) => severity !== 'info' && said.get(code) !== severity);
    expect(wrong).toEqual([]);
    expect(new Set(findings.map(({ code }) => code)).size).toBeGreaterThan(15);
  });
});

test('the table of moments is what the rule gives', () => {
  const rows = table('lifetime');
  expect(rows.length).toBeGreaterThan(3);
  for (const [lifetime = '', ...moments] of rows) {
    const hours = Number(/\((\d+) hours\)/.exec(lifetime)?.[1] ?? Number(/^(\d+) days/.exec(lifetime)?.[1]) * 24);
    const validity = { notBefore: 0, notAfter: hours * 3_600_000 - 1_000 };
    const auto = { kind: 'auto' } as const;
    const { renewAt, warnAt, criticalAt } = computeWindow(validity, 0, { warning: auto, critical: auto, graceMs: 0 });
    const given = [renewAt, warnAt, criticalAt].map((moment) => `${formatNotice(validity, moment)} before the end`);
    expect([lifetime, ...moments]).toEqual([lifetime, ...given]);
  }
});

describe('the transcript', () => {
  let demo: readonly string[] = [];
  beforeAll(() => {
    [demo = []] = textsOf('console').map((text) => text.split('\n'));
  });

  test('is of the command that the demo runs', () => {
    expect(demo[0]).toBe('$ certwatch check --file hosts.txt --ca-file root.pem --timeout 2s --deadline 10s');
  });

  test('speaks in the words that reports use today', () => {
    for (const word of [
      '→ Renew it now',
      'Exit status 2: CRITICAL.',
      'until ',
      'No answer in time in the TLS handshake',
    ]) {
      expect(demo.join('\n')).toContain(word);
    }
  });
});
