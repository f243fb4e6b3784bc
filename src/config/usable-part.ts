/**
 * What is right of a config. A slip in one entry of `targets:` or `certificates:`, or in `acme:`, is no reason to leave the
 * others unwatched and unrenewed: what it spoils is left out and told. Anything else spoils the file.
 */
import type { z } from 'zod';
import { err, ok, type Result } from '../model/result.ts';
import type { InputError } from '../model/target.ts';
import type { BrokenCertificate } from './config.ts';
import type { ConfigValues } from './config-schema.ts';
import { explainIssues } from './explain-issues.ts';
import type { Plain, YamlSource } from './yaml-source.ts';

export interface UsablePart {
  readonly values: ConfigValues;
  /** Where each of `values.targets` stands in the file's list. */
  readonly targetPlaces: readonly number[];
  readonly targetErrors: readonly InputError[];
  readonly certificateErrors: readonly InputError[];
  readonly brokenCertificates: readonly BrokenCertificate[];
}

type Issue = z.core.$ZodIssue;
type Schema = z.ZodType<ConfigValues>;

/** What is still to be read of the file: entries by their places. */
interface Left {
  readonly targets: readonly number[];
  readonly certificates: readonly number[];
  readonly acme: boolean;
}

export function usablePart(schema: Schema, source: YamlSource): Result<UsablePart, readonly InputError[]> {
  // A file that says nothing at all is a config that says nothing.
  const value = source.value ?? {};
  const whole: Left = {
    targets: [...entriesOf(value, 'targets').keys()],
    certificates: [...entriesOf(value, 'certificates').keys()],
    acme: true,
  };
  const found: Issue[] = [];
  let left = whole;
  // Each time round something is left out: some checks are made only once all else is right.
  for (;;) {
    const parsed = schema.safeParse(onlyLeft(value, left));
    if (parsed.success) return ok(partOf({ values: parsed.data, whole, left, found, value, source }));
    const issues = parsed.error.issues.map((issue) => inFile(issue, left));
    found.push(...issues);
    if (!issues.every(canBeLeftOut)) return err(explained(found, source));
    left = without(left, issues, value);
  }
}

function entriesOf(value: Plain, key: 'targets' | 'certificates'): readonly Plain[] {
  const entries = isMap(value) ? value[key] : undefined;
  return Array.isArray(entries) ? entries : [];
}

const isMap = (value: Plain | undefined): value is { readonly [key: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function onlyLeft(value: Plain, left: Left): Plain {
  if (!isMap(value)) return value;
  const { acme, ...rest } = value;
  const only: Record<string, Plain> = { ...rest };
  if (acme !== undefined && left.acme) only.acme = acme;
  for (const key of ['targets', 'certificates'] as const) {
    if (Array.isArray(value[key])) only[key] = left[key].map((place) => entriesOf(value, key)[place]!);
  }
  return only;
}

/** The issue with the places of the file, where entries before it were left out. */
function inFile(issue: Issue, left: Left): Issue {
  const [section, entry, ...rest] = issue.path as (string | number)[];
  if ((section !== 'targets' && section !== 'certificates') || typeof entry !== 'number') return issue;
  return { ...issue, path: [section, left[section][entry]!, ...rest] };
}

const isAbout = (section: 'targets' | 'certificates', { path }: Issue): boolean =>
  path[0] === section && typeof path[1] === 'number';

const isAboutAcme = ({ path }: Issue): boolean => path[0] === 'acme';

const canBeLeftOut = (issue: Issue): boolean =>
  isAbout('targets', issue) || isAbout('certificates', issue) || isAboutAcme(issue);

function without(left: Left, issues: readonly Issue[], value: Plain): Left {
  const spoilt = (section: 'targets' | 'certificates') =>
    new Set(issues.filter((issue) => isAbout(section, issue)).map(({ path }) => path[1]));
  const [targets, certificates] = [spoilt('targets'), spoilt('certificates')];
  const acme = left.acme && !issues.some(isAboutAcme);
  return {
    targets: left.targets.filter((place) => !targets.has(place)),
    certificates: left.certificates.filter(
      (place) => !certificates.has(place) && (acme || hasCommand(entriesOf(value, 'certificates')[place])),
    ),
    acme,
  };
}

/** What an existing client renews needs nothing of `acme:`. */
const hasCommand = (entry: Plain | undefined): boolean => isMap(entry) && entry.command !== undefined;

interface Parts {
  readonly values: ConfigValues;
  readonly whole: Left;
  readonly left: Left;
  readonly found: readonly Issue[];
  readonly value: Plain;
  readonly source: YamlSource;
}

function partOf({ values, whole, left, found, value, source }: Parts): UsablePart {
  const ofAcme = found.filter(isAboutAcme);
  const spoilt = whole.certificates.filter((place) => !left.certificates.includes(place));
  return {
    values,
    targetPlaces: left.targets,
    targetErrors: explained(
      found.filter((issue) => isAbout('targets', issue)),
      source,
    ),
    certificateErrors: explained(
      found.filter((issue) => !isAbout('targets', issue)),
      source,
    ),
    brokenCertificates: spoilt.map((place) => {
      const own = found.filter((issue) => isAbout('certificates', issue) && issue.path[1] === place);
      const entry = entriesOf(value, 'certificates')[place];
      const name = isMap(entry) && typeof entry.name === 'string' ? entry.name : `certificates[${place}]`;
      return { name, place, errors: explained(own.length > 0 ? own : ofAcme, source) };
    }),
  };
}

function explained(issues: readonly Issue[], source: YamlSource): InputError[] {
  const place = ({ origin }: InputError) => {
    const [, line, column] = /:(\d+):(\d+)$/.exec(origin) ?? [];
    return Number(line ?? 0) * 1e6 + Number(column ?? 0);
  };
  return explainIssues(issues, source).sort((a, b) => place(a) - place(b));
}
