/**
 * The registry of output formats: what `--format` can name.
 */
import type { Format } from '../format.ts';
import { csv } from './csv.ts';
import { human } from './human.ts';
import { json } from './json.ts';
import { nagios } from './nagios.ts';
import { ndjson } from './ndjson.ts';
import { prometheus } from './prometheus.ts';

export const FORMATS: readonly Format[] = [human, json, ndjson, nagios, prometheus, csv];

export function findFormat(name: string): Format | undefined {
  return FORMATS.find((format) => format.name === name);
}
