/**
 * Small words to write a JSON Schema (draft 2020-12) with.
 */
import type { Json } from '../../model/json.ts';

export type Schema = { readonly [key: string]: Json };

/** A property that may be missing. */
export interface Optional {
  readonly optional: Schema;
}
export type Property = Schema | Optional;

export const optional = (schema: Schema): Optional => ({ optional: schema });

const isOptional = (property: Property): property is Optional => 'optional' in property;

export const text: Schema = { type: 'string' };
export const integer: Schema = { type: 'integer' };
export const count: Schema = { type: 'integer', minimum: 0 };
export const figure: Schema = { type: 'number', minimum: 0 };
export const flag: Schema = { type: 'boolean' };
/** RFC 3339 in UTC with whole seconds. */
export const instant: Schema = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' };
export const sha256: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$' };

export const word = (...words: readonly string[]): Schema => ({ enum: words });
export const always = (value: string): Schema => ({ const: value });
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const anyOf = (...schemas: readonly Schema[]): Schema => ({ anyOf: schemas });

/** An object with these properties at least: fields may be added to a report, never removed or retyped. */
export function object(properties: Readonly<Record<string, Property>>): Schema {
  const entries = Object.entries(properties);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([key, each]) => [key, isOptional(each) ? each.optional : each])),
    required: entries.flatMap(([key, each]) => (isOptional(each) ? [] : [key])),
  };
}
