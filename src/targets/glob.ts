/**
 * Globs of `file:` targets: `*`, `?`, `[a-z]`, `[!a-z]`, `{pem,crt}` and `**` (any number of folders). Matches come
 * sorted, one after the other. Node 20 has no `fs.glob`; the rest of what shells do is not needed here.
 *
 * As in a shell, a leading dot is matched only by a written dot, and `**` does not follow symbolic links to folders (a
 * loop would have no end).
 */
import type { Dirent } from 'node:fs';
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../model/result.ts';
import { quote } from './nearest.ts';

const MOST_ALTERNATIVES = 256;
/** Folders read for one pattern: beyond it, a pattern such as `file:/**` is a slip. */
const MOST_FOLDERS = 20_000;
const DEEPEST = 40;

/** Does it hold anything that a glob would read as other than itself? */
export function isGlob(pattern: string): boolean {
  return /[*?[\]{}]/.test(pattern);
}

/**
 * The files that match, each once: folder by folder, the files and folders of each sorted by name. A file whose name is
 * just the pattern (`a[1].pem`) is that file.
 * @returns errors (a folder that cannot be read, too many folders) as values among them.
 */
export async function* expandGlob(pattern: string): AsyncGenerator<Result<string, string>, void, undefined> {
  if (await isFile(pattern)) {
    yield ok(pattern);
    return;
  }
  const alternatives = expandBraces(pattern);
  if (!alternatives.ok) {
    yield alternatives;
    return;
  }
  const walk = new Walk();
  const seen = new Set<string>();
  for (const alternative of alternatives.value) {
    const segments = alternative.split('/').filter((segment) => segment !== '' && segment !== '.');
    for await (const match of walk.match(alternative.startsWith('/') ? '/' : '', segments, 0)) {
      if (match.ok && seen.has(match.value)) continue;
      if (match.ok) seen.add(match.value);
      yield match;
    }
  }
}

class Walk {
  #folders = 0;

  async *match(folder: string, segments: readonly string[], depth: number): AsyncGenerator<Result<string, string>> {
    const [segment, ...rest] = segments;
    if (segment === undefined) return;
    if (segment === '**') {
      yield* this.#anyDepth(folder, rest, depth);
      return;
    }
    if (!isGlob(segment)) {
      const path = join(folder, segment);
      if (rest.length > 0) yield* this.match(path, rest, depth);
      else if (await isFile(path)) yield ok(path);
      return;
    }
    const pieces = toPieces(segment);
    const entries = await this.#read(folder);
    if (!entries.ok) {
      yield entries;
      return;
    }
    for (const entry of entries.value) {
      if (!matchesPieces(pieces, entry.name) || (entry.name.startsWith('.') && !segment.startsWith('.'))) continue;
      const path = join(folder, entry.name);
      if (rest.length > 0) {
        if (entry.isDirectory() || entry.isSymbolicLink()) yield* this.match(path, rest, depth);
      } else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(path)))) yield ok(path);
    }
  }

  /** `**`: no folder, or any one below and what is below that. A `**` at the end is every file. */
  async *#anyDepth(folder: string, rest: readonly string[], depth: number): AsyncGenerator<Result<string, string>> {
    const then = rest.length === 0 ? ['*'] : rest;
    if (then[0] === '**') {
      yield* this.match(folder, then, depth);
      return;
    }
    yield* this.match(folder, then, depth);
    if (depth >= DEEPEST) return;
    const entries = await this.#read(folder);
    if (!entries.ok) {
      yield entries;
      return;
    }
    for (const entry of entries.value) {
      if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
      yield* this.#anyDepth(join(folder, entry.name), rest, depth + 1);
    }
  }

  /** Sorted; a folder that is not there matches nothing. */
  async #read(folder: string): Promise<Result<Dirent[], string>> {
    this.#folders++;
    if (this.#folders > MOST_FOLDERS) return err(`the pattern would read more than ${MOST_FOLDERS} folders`);
    try {
      const entries = await fs.readdir(folder === '' ? '.' : folder, { withFileTypes: true });
      return ok(entries.sort((a, b) => (a.name < b.name ? -1 : 1)));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return ok([]);
      return err(`the folder ${quote(folder)} cannot be read (${code ?? 'unknown error'})`);
    }
  }
}

/** `*`, or a test of one character. */
type Piece = '*' | ((character: string) => boolean);

function toPieces(segment: string): readonly Piece[] {
  const pieces: Piece[] = [];
  const characters = [...segment];
  for (let i = 0; i < characters.length; i++) {
    const c = characters[i]!;
    const close = c === '[' ? characters.indexOf(']', i + (characters[i + 1] === '!' ? 3 : 2)) : -1;
    if (c === '*') pieces.push('*');
    else if (c === '?') pieces.push(() => true);
    else if (close > 0) {
      pieces.push(characterClass(characters.slice(i + 1, close)));
      i = close;
    } else pieces.push((character) => character === c);
  }
  return pieces;
}

function characterClass(inside: readonly string[]): (character: string) => boolean {
  const negated = inside[0] === '!' || inside[0] === '^';
  const set = negated ? inside.slice(1) : inside;
  const ranges: [string, string][] = [];
  for (let i = 0; i < set.length; i++) {
    const isRange = set[i + 1] === '-' && i + 2 < set.length;
    ranges.push([set[i]!, isRange ? set[i + 2]! : set[i]!]);
    if (isRange) i += 2;
  }
  return (character) => ranges.some(([low, high]) => low <= character && character <= high) !== negated;
}

/** Only the last `*` is ever tried again, so that the time is at most the product of both lengths. */
function matchesPieces(pieces: readonly Piece[], name: string): boolean {
  const characters = [...name];
  let [at, piece, star, starAt] = [0, 0, -1, 0];
  while (at < characters.length) {
    const wanted = pieces[piece];
    if (wanted === '*') {
      [star, starAt] = [piece, at];
      piece++;
    } else if (wanted?.(characters[at]!)) {
      at++;
      piece++;
    } else if (star >= 0) {
      starAt++;
      [at, piece] = [starAt, star + 1];
    } else return false;
  }
  return pieces.slice(piece).every((rest) => rest === '*');
}

/** `a{b,c{d,e}}` → `ab`, `acd`, `ace`. Braces without a comma or a partner stand for themselves. */
function expandBraces(pattern: string): Result<readonly string[], string> {
  let texts = [''];
  let rest = pattern;
  while (rest !== '') {
    const group = firstGroup(rest);
    const before = group ? rest.slice(0, group.open) : rest;
    texts = texts.map((text) => text + before);
    if (!group) break;
    const inner: string[] = [];
    for (const alternative of group.alternatives) {
      const expanded = expandBraces(alternative);
      if (!expanded.ok) return expanded;
      inner.push(...expanded.value);
    }
    if (texts.length * inner.length > MOST_ALTERNATIVES) {
      return err(`a pattern has at most ${MOST_ALTERNATIVES} alternatives in braces, got more in ${quote(pattern)}`);
    }
    texts = texts.flatMap((text) => inner.map((end) => text + end));
    rest = rest.slice(group.close + 1);
  }
  return ok(texts);
}

function firstGroup(text: string): { open: number; close: number; alternatives: string[] } | undefined {
  for (let open = text.indexOf('{'); open >= 0; open = text.indexOf('{', open + 1)) {
    const alternatives: string[] = [];
    let start = open + 1;
    let depth = 1;
    for (let i = open + 1; i < text.length; i++) {
      const c = text[i];
      if (c === '{') depth++;
      else if (c === '}') depth--;
      if (depth === 0 || (depth === 1 && c === ',')) {
        alternatives.push(text.slice(start, i));
        start = i + 1;
      }
      if (depth === 0) {
        if (alternatives.length > 1) return { open, close: i, alternatives };
        break;
      }
    }
  }
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await fs.stat(path)).isFile();
  } catch {
    // A dangling link is still named: that it cannot be read is worth a report.
    return (await fs.lstat(path).catch(() => undefined))?.isSymbolicLink() ?? false;
  }
}
