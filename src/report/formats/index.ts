/**
 * The registry of output formats: what `--format` can name. Each is loaded when it is asked for.
 */
import type { Format } from '../format.ts';

const LOADERS: Readonly<Record<string, () => Promise<Format>>> = {
  human: async () => (await import('./human.ts')).human,
  json: async () => (await import('./json.ts')).json,
  ndjson: async () => (await import('./ndjson.ts')).ndjson,
  nagios: async () => (await import('./nagios.ts')).nagios,
  prometheus: async () => (await import('./prometheus.ts')).prometheus,
  csv: async () => (await import('./csv.ts')).csv,
};

export const FORMATS: readonly string[] = Object.keys(LOADERS);

/** @throws for a name that is not in `FORMATS`: the settings let no other through. */
export async function loadFormat(name: string): Promise<Format> {
  const load = LOADERS[name];
  if (!load) throw new Error(`no format ${name}`);
  return load();
}
