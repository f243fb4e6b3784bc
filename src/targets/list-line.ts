/**
 * One line of a list: a target word, then options.
 *
 *     mail.example.org:25 starttls=smtp warning=21d name="Mail server 1" label=team=mail   # a comment
 *
 * Words are parted by white space. Double quotes (with `\"` and `\\` inside) and single quotes hold words together,
 * anywhere in a word. `#` begins a comment at the start of a line or after white space.
 */
import { err, ok, type Result } from '../model/result.ts';
import { didYouMean, quote } from './nearest.ts';
import { putSetting, settingOf, settingsFor } from './resolve-settings.ts';
import type { SettingPatch } from './setting.ts';
import { isSettingKey } from './settings.ts';

export interface ListLine {
  /** The target word, unquoted. */
  readonly word: string;
  /** The whole line as written, without comment and outer white space. */
  readonly text: string;
  readonly patch: SettingPatch;
}

/** White space that parts words; line ends never get here. A no-break space is a slip that nobody sees: it parts too. */
const SPACE = /[\t\v\f \u00a0\ufeff\u2000-\u200a\u3000]/;
const PLAIN_LINE = /^[A-Za-z0-9._:/[\]-]+$/;

/** @returns `undefined` for a blank line or a comment. */
export function parseLine(line: string): Result<ListLine | undefined, string> {
  if (PLAIN_LINE.test(line)) return ok({ word: line, text: line, patch: {} });
  const split = splitWords(line);
  if (!split.ok) return split;
  const { words, text } = split.value;
  const [word, ...options] = words;
  if (word === undefined) return ok(undefined);
  const patch: SettingPatch = {};
  for (const option of options) {
    const put = putOption(patch, option, word);
    if (!put.ok) return put;
  }
  return ok({ word, text, patch });
}

const LINE_KEYS = (): string[] => settingsFor('line').map((setting) => setting.key);

function putOption(patch: SettingPatch, option: string, word: string): Result<void, string> {
  const at = option.indexOf('=');
  const key = at < 0 ? option : option.slice(0, at);
  if (isSettingKey(key)) {
    if (at >= 0) return putSetting(patch, key, option.slice(at + 1));
    if (settingOf(key).shape.kind === 'switch') return putSetting(patch, key, 'yes');
    return err(`expected ${key}=VALUE, got ${quote(option)}`);
  }
  if (at >= 0) return err(`there is no option ${quote(`${key}=`)}${didYouMean(key, LINE_KEYS())}`);
  if (/^file:/i.test(word))
    return err(`expected an option such as warning=21d, got ${quote(option)}: quote a path with spaces`);
  return err(`expected an option such as warning=21d, got ${quote(option)}: one target a line`);
}

/** Words without their quotes, and the line without its comment. */
function splitWords(line: string): Result<{ words: string[]; text: string }, string> {
  const words: string[] = [];
  let word: string | undefined;
  let quoted: '"' | "'" | undefined;
  let end = line.length;
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (c < ' ' && c !== '\t' && c !== '\v' && c !== '\f') {
      return err(`a line has no control characters, got ${quote(line.slice(Math.max(0, i - 20), i + 20))}`);
    }
    if (quoted !== undefined) {
      if (c === quoted) quoted = undefined;
      else if (c === '\\' && quoted === '"' && (line[i + 1] === '"' || line[i + 1] === '\\')) word += line[++i]!;
      else word += c;
    } else if (SPACE.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (c === '#' && word === undefined) {
      end = i;
      break;
    } else if (c === '"' || c === "'") {
      quoted = c;
      word ??= '';
    } else word = (word ?? '') + c;
  }
  if (quoted !== undefined) return err(`a quote (${quoted}) is not closed`);
  if (word !== undefined) words.push(word);
  return ok({ words, text: trim(line.slice(0, end)) });
}

function trim(text: string): string {
  return text.replace(/^[\s\ufeff]+|[\s\ufeff]+$/g, '');
}

/** A word of a line, quoted where it needs quotes; `splitWords` reads it back. */
export function quoteWord(word: string): string {
  if (word !== '' && !/["'#\\]/.test(word) && !SPACE.test(word)) return word;
  return `"${word.replace(/["\\]/g, '\\$&')}"`;
}
