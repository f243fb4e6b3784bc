/**
 * Reads the text of a run record: every field is checked, nothing is believed. A record may be old, cut, edited by hand or
 * another program's.
 */
import { err, ok, type Result } from '../model/result.ts';
import type { RunRecord } from './run-record.ts';

export const SCHEMA = 'certwatch/run-record@1';

/** Year 9999: what a date can hold and people can read. */
const LATEST = 253_402_300_799_999;
const MOST = 1_000_000_000;
const LONGEST_TEXT = 256;

type Fields = Readonly<Record<string, (value: unknown) => string | undefined>>;

const time = (value: unknown) => integer(value, 0, LATEST);
const count = (value: unknown) => integer(value, 0, MOST);
const text = (value: unknown) =>
  typeof value === 'string' && value.length <= LONGEST_TEXT
    ? undefined
    : `a text of at most ${LONGEST_TEXT} characters`;
const flag = (value: unknown) => (typeof value === 'boolean' ? undefined : 'true or false');
const optional = (check: Fields[string]) => (value: unknown) => (value === undefined ? undefined : check(value));

const SUMMARY: Fields = { targets: count, ok: count, warning: count, critical: count, unknown: count };

const START: Fields = {
  id: text,
  command: text,
  pid: (value) => integer(value, 1, 2 ** 31),
  startedAt: time,
  deadlineAt: optional(time),
  version: text,
};

const END: Fields = {
  ...START,
  finishedAt: time,
  exitStatus: (value) => integer(value, 0, 3),
  deadlineReached: flag,
  interrupted: flag,
  summary: (value) => check(value, SUMMARY),
};

const RECORD: Fields = {
  unfinished: optional((value) => check(value, START)),
  complete: optional((value) => check(value, END)),
  lostInARow: count,
  unknownInARow: count,
  turnedAway: count,
};

/** @returns the error as what is wrong, to go behind "is corrupt: ". */
export function parseRecord(content: string): Result<RunRecord, string> {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return err(content.trim() === '' ? 'it is empty' : 'it is not JSON');
  }
  if (typeof value !== 'object' || value === null) return err('it is not a JSON object');
  const { schema, ...record } = value as Record<string, unknown>;
  if (schema !== SCHEMA) return err(`its schema is not ${SCHEMA}`);
  const problem = check(record, RECORD);
  return problem === undefined ? ok(record as unknown as RunRecord) : err(problem);
}

function check(value: unknown, fields: Fields): string | undefined {
  if (typeof value !== 'object' || value === null) return 'expected an object';
  for (const [name, expects] of Object.entries(fields)) {
    const expected = expects((value as Record<string, unknown>)[name]);
    if (expected !== undefined) return `${name}: ${expected.startsWith('expected') ? '' : 'expected '}${expected}`;
  }
  return undefined;
}

function integer(value: unknown, least: number, most: number): string | undefined {
  const fits = Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
  return fits ? undefined : `a whole number from ${least} to ${most}`;
}
