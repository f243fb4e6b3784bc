/**
 * Imports point down: a room knows the rooms under it and never those above or beside it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '../../src');

/** Each room and the height it stands at; a room may import from lower ones and from itself. */
const HEIGHT: Record<string, number> = {
  model: 0,
  time: 1,
  x509: 2,
  targets: 3,
  net: 3,
  tls: 3,
  files: 3,
  trust: 3,
  verdict: 4,
  report: 5,
  config: 5,
  health: 5,
  alert: 5,
  scan: 6,
  renew: 6,
  cli: 7,
  'main.ts': 8,
};

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
const textOf = (path: string): string => readFileSync(join(SRC, path), 'utf8');
const roomOf = (path: string): string => path.split('/')[0] as string;

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly target: string;
}

function importsOf(path: string): Import[] {
  const found = textOf(path).matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm);
  return [...found].map(([, specifier]) => ({
    from: path,
    specifier: specifier as string,
    target: specifier?.startsWith('.') ? relative(SRC, join(SRC, path, '..', specifier)) : (specifier as string),
  }));
}

const all = sources.flatMap(importsOf);
const inside = all.filter((i) => i.specifier.startsWith('.'));

test('every room has its place', () => {
  expect(sources.map(roomOf).filter((room) => !(room in HEIGHT))).toEqual([]);
});

test('no room imports from one above or beside it', () => {
  const wrong = inside.filter((i) => {
    const [from, to] = [roomOf(i.from), roomOf(i.target)];
    return from !== to && HEIGHT[to]! >= HEIGHT[from]!;
  });
  expect(wrong.map((i) => `${i.from} → ${i.target}`)).toEqual([]);
});

/** A command starts a run or a renewal; under a supervisor, a run is done by several processes. */
test('in cli, what one run is made of knows neither who supervises it nor what renews', () => {
  const above = ['cli/supervised/', 'cli/renewal/'];
  const wrong = inside.filter((i) => i.from.startsWith('cli/run/') && above.some((room) => i.target.startsWith(room)));
  expect(wrong.map((i) => `${i.from} → ${i.target}`)).toEqual([]);
});

/** Types count, too: of two files that need each other to be understood, neither can be read first. */
test('no files import each other in a circle', () => {
  const seen = new Set<string>();
  const follow = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [[...trail.slice(trail.indexOf(path)), path].join(' → ')];
    if (seen.has(path)) return [];
    const next = inside.filter((i) => i.from === path).flatMap((i) => follow(i.target, [...trail, path]));
    seen.add(path);
    return next;
  };
  expect(sources.flatMap((path) => follow(path, []))).toEqual([]);
});

test('nothing in src imports from outside src', () => {
  expect(inside.filter((i) => i.target.startsWith('..')).map((i) => `${i.from} → ${i.target}`)).toEqual([]);
});

test.each(['acme-client', 'node-forge', 'ora'])('%s is imported in at most one file', (name) => {
  expect(new Set(all.filter((i) => i.specifier === name).map((i) => i.from)).size).toBeLessThanOrEqual(1);
});

test('the pure rooms touch no clock, network, file or process', () => {
  const pure = all.filter(
    (i) => ['model', 'x509', 'verdict', 'report'].includes(roomOf(i.from)) || i.from.startsWith('renew/plan/'),
  );
  const impure = /^node:(fs|net|tls|dns|http|https|child_process|process|worker_threads|timers)/;
  // isIP is a pure function that happens to live in node:net.
  const isIpOnly = (path: string) => /import \{ (isIP(v[46])?(, )?)+ \} from 'node:net'/.test(textOf(path));
  const wrong = pure.filter((i) => impure.test(i.specifier) && !(i.specifier === 'node:net' && isIpOnly(i.from)));
  expect(wrong.map((i) => `${i.from} → ${i.specifier}`)).toEqual([]);
});

test('only main.ts touches the process and the wall clock', () => {
  const touching = sources
    .filter((path) => path !== 'main.ts')
    .filter((path) => {
      const code = textOf(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return /\bprocess\.(argv|env|exit|exitCode|std\w+|cwd|on|once|off|kill|hrtime|title|send|memoryUsage)\b|\bconsole\.|\bDate\.now\(|\bnew Date\(\)/.test(
        code,
      );
    });
  expect(touching).toEqual([]);
});

test('no file of src is longer than 300 lines', () => {
  const long = sources.filter((path) => textOf(path).split('\n').length > 300);
  expect(long).toEqual([]);
});
