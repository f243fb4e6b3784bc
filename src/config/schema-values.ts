/**
 * The pieces that the config's schema is made of: texts that the settings tables' own parsers read, maps that name their
 * keys when one is wrong, lists, commands, secrets. Loads `zod`: import it only where a config is read.
 */
import { z } from 'zod';
import { err, ok, type Result } from '../model/result.ts';
import { quote } from '../targets/nearest.ts';
import type { Shape } from '../targets/setting.ts';
import { parseDurationBetween, parsePath } from '../targets/setting-values.ts';
import { Secret } from './secret.ts';
import { FileReference } from './yaml-source.ts';

/** What stands for a value that has to be there; `explain-issues.ts` knows it. */
export const MISSING = 'is missing';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** A shape as JSON Schema. A choice takes YAML's own numbers (`family: 4`) too. */
export function jsonOf(shape: Shape): JsonSchema {
  switch (shape.kind) {
    case 'text':
      return { type: 'string', examples: [...shape.examples] };
    case 'choice':
      return { enum: shape.choices.flatMap((choice) => (/^\d+$/.test(choice) ? [choice, Number(choice)] : [choice])) };
    case 'integer':
      return { type: 'integer', minimum: shape.min, maximum: shape.max };
    case 'switch':
      return { type: 'boolean' };
  }
}

export const TEXT: JsonSchema = { type: 'string' };

/** A text, number or boolean, read by `parse`. */
export function scalar<T>(parse: (text: string) => Result<T, string>, json: JsonSchema, doc?: string): z.ZodType<T> {
  const schema = z.unknown().transform((value, context): T => {
    const text = scalarText(value);
    if (text === undefined) {
      const missing = value === undefined;
      context.issues.push(
        missing
          ? { code: 'custom', message: MISSING, input: value }
          : { code: 'invalid_type', expected: 'string', input: value },
      );
      return z.NEVER;
    }
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    context.issues.push({ code: 'custom', message: parsed.error, input: value });
    return z.NEVER;
  });
  const { examples, ...rest } = json;
  // zod leaves the examples of a transforming schema out of the JSON Schema, as if they were of its output.
  const samples = examples === undefined ? {} : { [SAMPLES]: examples };
  return schema.meta({
    ...rest,
    ...samples,
    ...(doc !== undefined && { description: doc }),
  }) as unknown as z.ZodType<T>;
}

/** Where examples wait for `json-schema.ts` to put them under their own name. */
export const SAMPLES = 'certwatch-examples';

function scalarText(value: unknown): string | undefined {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** A map with just these keys. The error names them, for the nearest right one. */
export function map<S extends z.core.$ZodLooseShape>(shape: S, doc?: string): z.ZodObject<S, z.core.$strict> {
  const schema = z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined),
  });
  return doc === undefined ? schema : schema.describe(doc);
}

/** One, or a list of at least one. */
export function oneOrMore<T>(item: z.ZodType<T>): z.ZodType<readonly T[]> {
  return z.union([item.transform((value): T[] => [value]), z.array(item).min(1)]) as unknown as z.ZodType<readonly T[]>;
}

export const duration = (bounds: { min: number; max: number }, doc: string): z.ZodType<number> =>
  scalar(parseDurationBetween(bounds), { type: 'string', examples: ['90s', '5m'] }, doc);

export const path = (place: (path: string) => string, doc?: string): z.ZodType<string> =>
  scalar(
    (text) => {
      const parsed = parsePath(text);
      return parsed.ok ? ok(place(parsed.value)) : parsed;
    },
    TEXT,
    doc,
  );

/** What is run: words, never read by a shell, or a text that is. */
export interface Command {
  readonly words: readonly string[];
  readonly shell: boolean;
}

/** `[ systemctl, reload, nginx ]`, or `{ shell: "…" }`. A relative path of the program is relative to the config. */
export function command(place: (path: string) => string, doc: string): z.ZodType<Command> {
  const word = scalar((text) => (text.includes('\0') ? err(`a word has no NUL, got ${quote(text)}`) : ok(text)), TEXT);
  const words = z
    .array(word)
    .min(1)
    .transform(([program, ...rest], context): Command => {
      if (!program)
        context.issues.push({ code: 'custom', message: 'expected the name of a program, got ""', input: program });
      const placed = program?.includes('/') ? place(program) : (program ?? '');
      return { words: [placed, ...rest], shell: false };
    });
  const shell = map({
    shell: scalar((text) => (text.trim() ? ok(text) : err('expected a shell command, got ""')), TEXT),
  });
  const sentence = scalar((text): Result<never, string> => {
    const list = text.trim().split(/\s+/).join(', ');
    return err(`expected a list of words ([ ${list} ]) or { shell: ${JSON.stringify(text)} }, got a text`);
  }, TEXT);
  const schema = z.union([
    words,
    shell.transform((value): Command => ({ words: [value.shell], shell: true })),
    sentence,
  ]);
  // The sentence branch takes nothing: it is there for its error only, and not in the JSON Schema.
  const json: JsonSchema = {
    anyOf: [
      { type: 'array', items: TEXT, minItems: 1 },
      { type: 'object', properties: { shell: TEXT }, required: ['shell'], additionalProperties: false },
    ],
    description: doc,
  };
  return schema.meta(json) as unknown as z.ZodType<Command>;
}

/** @param contents of the files that `!file` names, read before: what stands in them, or why it cannot be read. */
export function secret(contents: ReadonlyMap<string, Result<string, string>>, doc: string): z.ZodType<Secret> {
  const schema = z.unknown().transform((value, context): Secret => {
    const refuse = (message: string) => {
      context.issues.push({ code: 'custom', message, input: undefined });
      return z.NEVER;
    };
    if (value === undefined) return refuse(MISSING);
    if (!(value instanceof FileReference)) {
      return typeof value === 'string' && value !== '' ? new Secret(value) : refuse('expected a text or !file PATH');
    }
    const content = contents.get(value.path);
    if (!content?.ok) return refuse(content?.error ?? `the file ${quote(value.path)} was not read`);
    const text = content.value.replace(/\r?\n$/, '');
    return text === '' ? refuse(`the file ${quote(value.path)} is empty`) : new Secret(text);
  });
  return schema.meta({ type: 'string', description: doc }) as unknown as z.ZodType<Secret>;
}
