/**
 * `ndjson`: one result a line as it comes, then one line with the run. Keeps nothing.
 */

import { escapeJson } from '../escape.ts';
import type { Format } from '../format.ts';
import { outcomeJson, resultJson } from '../json-report.ts';

export const ndjson: Format = {
  name: 'ndjson',
  summary: 'one verdict a line as they come, then one line for the run',
  streams: true,
  create({ verbose }) {
    return {
      begin: () => '',
      verdict: (verdict) => `${escapeJson(JSON.stringify(resultJson(verdict, { verbose })))}\n`,
      end(outcome) {
        // `run` leads, so that the last line can be told from a result by how it begins.
        const { run, ...rest } = outcomeJson(outcome);
        return `${escapeJson(JSON.stringify({ run, ...rest }))}\n`;
      },
    };
  },
};
