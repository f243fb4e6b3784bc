/**
 * What zod found, as sentences with their places: where, what was found, what was expected, and the nearest right word.
 */
import type { z } from 'zod';
import type { InputError } from '../model/target.ts';
import { didYouMean, quote } from '../targets/nearest.ts';
import { settingsFor } from '../targets/resolve-settings.ts';
import { MISSING } from './schema-values.ts';
import { FileReference, type Path, type Plain, pathText, type YamlSource } from './yaml-source.ts';

type Issue = z.core.$ZodIssue;

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a text',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

/** One sentence an issue, in the order of the file. */
export function explainIssues(issues: readonly Issue[], source: YamlSource): InputError[] {
  return explainAll(issues, [], source);
}

/** What a map lacks as a whole is most likely what its unknown key was meant to be: one error is enough. */
function explainAll(issues: readonly Issue[], base: Path, source: YamlSource): InputError[] {
  const slips = new Set(issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => path.join('\0')));
  return issues
    .filter((issue) => issue.code !== 'custom' || !slips.has(issue.path.join('\0')))
    .flatMap((issue) => explain(issue, base, source));
}

function explain(issue: Issue, base: Path, source: YamlSource): InputError[] {
  const path: Path = [...base, ...(issue.path as (string | number)[])];
  const at = (message: string): InputError[] => [{ origin: source.originOf(path), message }];
  const here = path.length === 0 ? 'the config' : pathText(path);
  const found = valueAt(source.value, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        origin: source.originOfKey([...path, key]),
        message: `there is no key ${quote(key)} in ${here}${nearestKey(key, issue.message.split(' '), path)}`,
      }));
    case 'invalid_type':
      if (found === undefined) return at(`${here} ${MISSING}`);
      return at(`${here}: expected ${EXPECTED[issue.expected] ?? issue.expected}, got ${describe(found)}`);
    case 'invalid_union':
      return explainUnion(issue, path, source);
    case 'too_small':
      return at(`${here}: expected at least one, got an empty list`);
    default:
      return at(issue.message === MISSING ? `${here} ${MISSING}` : `${here}: ${issue.message}`);
  }
}

/** The branch of the kind that was written (a text, a list, a map) is the one that was meant. */
function explainUnion(issue: Issue & { code: 'invalid_union' }, path: Path, source: YamlSource): InputError[] {
  const meant = issue.errors.filter((branch) => !branch.some(isWrongKind));
  const [best] = meant.toSorted((a, b) => a.length - b.length);
  if (best) return explainAll(best, path, source);
  const found = valueAt(source.value, path);
  if (found === undefined) return [{ origin: source.originOf(path), message: `${pathText(path)} ${MISSING}` }];
  const expected = [...new Set(kindsOf(issue).map((kind) => EXPECTED[kind] ?? kind))].join(' or ');
  return [
    { origin: source.originOf(path), message: `${pathText(path)}: expected ${expected}, got ${describe(found)}` },
  ];
}

/** The value is of another kind than the branch (or each branch of the union that it is) takes. */
function isWrongKind(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  return (
    issue.code === 'invalid_type' ||
    (issue.code === 'invalid_union' && issue.errors.every((branch) => branch.some(isWrongKind)))
  );
}

function kindsOf(issue: Issue): string[] {
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(kindsOf);
  return issue.code === 'invalid_type' && issue.path.length === 0 ? [issue.expected] : [];
}

function nearestKey(key: string, allowed: readonly string[], path: Path): string {
  if (path.length === 0 && settingsFor('defaults').some((row) => (row.configKey ?? row.key) === key)) {
    return ` (it belongs under "defaults")`;
  }
  return (
    didYouMean(key, allowed) ||
    ` (expected ${allowed.length > 12 ? `${allowed.slice(0, 12).join(', ')}, …` : allowed.join(', ')})`
  );
}

function valueAt(value: Plain, path: Path): Plain | undefined {
  let found: Plain | undefined = value;
  for (const part of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as { readonly [key: string | number]: Plain })[part];
  }
  return found;
}

function describe(value: Plain): string {
  if (value === null) return 'nothing';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof FileReference) return '!file';
  return Array.isArray(value) ? 'a list' : 'a map';
}
