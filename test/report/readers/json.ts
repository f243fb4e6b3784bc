/**
 * Holds JSON reports against the schema that certwatch itself prints: as it is, and closed, where a field that the schema does
 * not describe is an error.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { reportSchema } from '../../../src/report/report-schema.ts';

type Node = Record<string, unknown>;

/** The same schema, but closed: a field that it does not describe is an error. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const node = Object.fromEntries(Object.entries(schema as Node).map(([key, value]) => [key, closed(value)]));
  return node.type === 'object' && node.properties ? { ...node, additionalProperties: false } : node;
}

function validator(schema: unknown) {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
  const validate = ajv.compile(schema as object);
  const line = ajv.compile({ $ref: 'certwatch/report@1#/$defs/lastLine' });
  const result = ajv.compile({ $ref: 'certwatch/report@1#/$defs/result' });
  const errorsOf = (check: typeof validate) => (value: unknown) => (check(value) ? [] : (check.errors ?? []));
  return { report: errorsOf(validate), line: errorsOf(line), result: errorsOf(result) };
}

export const openReader = () => validator(reportSchema());
export const strictReader = () => validator(closed(reportSchema()));
