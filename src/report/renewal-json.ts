/**
 * A run of renewals, and what is known of each certificate, as data. Times are ISO 8601 UTC. Fields may be added, never
 * removed or retyped. Pure.
 */
import type { Json } from '../model/json.ts';
import type { RenewalOutcome, RenewalResult, RenewalStatus } from '../model/renewal.ts';
import { formatInstant } from '../verdict/instant.ts';
import { escapeJson } from './escape.ts';

const RENEWAL_SCHEMA = 'certwatch/renewal@1';
const RENEWAL_STATUS_SCHEMA = 'certwatch/renewal-status@1';

export function renderRenewalsJson(outcome: RenewalOutcome, version: string): string {
  const { exitCode, startedAt, finishedAt, deadlineReached, interrupted, results, notes } = outcome;
  const summary: Record<string, number> = {};
  for (const { kind } of results) summary[kind] = (summary[kind] ?? 0) + 1;
  return text({
    schema: RENEWAL_SCHEMA,
    exitCode,
    run: {
      startedAt: formatInstant(startedAt),
      finishedAt: formatInstant(finishedAt),
      deadlineReached,
      interrupted,
      notes: [...notes],
      version,
    },
    summary: { certificates: results.length, ...summary },
    results: results.map(renewalJson),
  });
}

export function renderRenewalStatusJson(statuses: readonly RenewalStatus[], running: string | undefined): string {
  return text({
    schema: RENEWAL_STATUS_SCHEMA,
    running: running ?? null,
    certificates: statuses.map((status) => dated(status)),
  });
}

/** One element of `results`: `name`, `kind`, what the kind brings, `warnings`. */
function renewalJson({ name, kind, warnings, ...rest }: RenewalResult): Json {
  return dated({ name, kind, ...rest, warnings });
}

/** The names of the fields that hold instants. */
const INSTANTS: ReadonlySet<string> = new Set(['notBefore', 'notAfter', 'renewAt', 'since', 'startedAt', 'heardAt']);

/** Plain data with its instants written out. */
function dated(value: unknown, key = ''): Json {
  if (typeof value === 'number' && INSTANTS.has(key)) return formatInstant(value);
  if (Array.isArray(value)) return value.map((each) => dated(each));
  if (typeof value !== 'object' || value === null) return (value ?? null) as Json;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) => (each === undefined ? [] : [[name, dated(each, name)]])),
  );
}

const text = (json: Json): string => escapeJson(`${JSON.stringify(json, null, 2)}\n`);
