/**
 * A target in the config: a list line, or a map with every per-target setting. Loads `zod`.
 */
import { z } from 'zod';
import { err, ok, type Result } from '../model/result.ts';
import { type ListLine, parseLine, quoteWord } from '../targets/list-line.ts';
import { makeTarget } from '../targets/parse-target.ts';
import { formatSetting, settingsFor } from '../targets/resolve-settings.ts';
import type { Place, Setting, SettingKey, SettingPatch } from '../targets/setting.ts';
import { parseLabel } from '../targets/setting-values.ts';
import { DEFAULT_SETTINGS } from '../targets/settings.ts';
import { jsonOf, map, oneOrMore, scalar, TEXT } from './schema-values.ts';

/** The config's keys of all settings that may stand in `place`, each optional. */
export function settingShape(place: Place): Record<string, z.ZodType> {
  return Object.fromEntries(settingsFor(place).map((row) => [row.configKey ?? row.key, settingSchema(row).optional()]));
}

function settingSchema(row: Setting): z.ZodType {
  if (row.key === 'label') return labels(row.doc);
  const one = scalar(row.parse, jsonOf(row.shape), row.doc);
  if (!row.combine) return one;
  // Each text parses to a list of one already.
  return oneOrMore(one as z.ZodType<readonly string[]>)
    .transform((lists) => lists.flat())
    .describe(row.doc);
}

function labels(doc: string): z.ZodType {
  const values = z.record(z.string(), z.unknown()).transform((given, context) => {
    const parsed: Record<string, string> = {};
    for (const [key, value] of Object.entries(given)) {
      const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
      const label = isText ? parseLabel(`${key}=${value}`) : err('expected a text as the value of a label');
      if (label.ok) Object.assign(parsed, label.value);
      else context.issues.push({ code: 'custom', message: label.error, input: value, path: [key] });
    }
    return parsed;
  });
  return values.meta({
    type: 'object',
    additionalProperties: { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] },
    description: doc,
  });
}

/** The values of a map of `settingShape` by the table's own keys. */
export function patchOfShape(values: Readonly<Record<string, unknown>>, place: Place): SettingPatch {
  const rows = settingsFor(place).filter((row) => values[row.configKey ?? row.key] !== undefined);
  return Object.fromEntries(rows.map((row) => [row.key, values[row.configKey ?? row.key]]));
}

function readLine(text: string): Result<ListLine, string> {
  const line = parseLine(text);
  if (!line.ok) return line;
  return line.value ? checked(line.value) : err('expected a target such as example.org, got nothing');
}

/** Whether it makes a target does not depend on the defaults: any will do to find out. */
function checked(line: ListLine): Result<ListLine, string> {
  const target = makeTarget(line, { origin: '', defaults: DEFAULT_SETTINGS });
  return target.ok ? ok(line) : target;
}

/** @returns a schema that gives the entry as a list line would: word, options, and the line that says the same. */
export function targetSchema(): z.ZodType<ListLine> {
  const entry = map({
    host: scalar(
      ok,
      { type: 'string', examples: ['mail.example.org', 'smtp://mail.example.org'] },
      'The target, in any spelling of the command line.',
    ).optional(),
    file: scalar(
      ok,
      { type: 'string', examples: ['/etc/ssl/*.pem'] },
      'A file or a pattern of files, in place of a host.',
    ).optional(),
    ...settingShape('entry'),
  }).transform((values, context): ListLine => {
    const { host, file } = values as { host?: string; file?: string };
    const refuse = (message: string) => {
      context.issues.push({ code: 'custom', message, input: values });
      return z.NEVER;
    };
    if ((host === undefined) === (file === undefined))
      return refuse(`expected either host or file, got ${host === undefined ? 'none of them' : 'both'}`);
    const patch = patchOfShape(values, 'entry');
    const word = host ?? `file:${file}`;
    const line = checked({ word, text: lineText(word, patch), patch });
    return line.ok ? line.value : refuse(line.error);
  });
  const line = scalar(
    readLine,
    { ...TEXT, examples: ['example.org', 'mail.example.org:25 starttls=smtp'] },
    'A list line.',
  );
  return z.union([line, entry]) as unknown as z.ZodType<ListLine>;
}

function lineText(word: string, patch: SettingPatch): string {
  const options = Object.entries(patch).flatMap(([key, value]) =>
    formatSetting(key as SettingKey, value).map((text) => `${key}=${text}`),
  );
  return [word, ...options].map(quoteWord).join(' ');
}
