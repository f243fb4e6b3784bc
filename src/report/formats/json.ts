/**
 * `json`: the whole report as one document, for scripts. Results are kept as text until the status is known, which stands first.
 */

import { escapeJson } from '../escape.ts';
import type { Format } from '../format.ts';
import { outcomeJson, resultJson } from '../json-report.ts';

const INDENT = 2;

export const json: Format = {
  name: 'json',
  summary: 'one document with every verdict',
  streams: false,
  create({ verbose }) {
    const results: string[] = [];
    return {
      begin: () => '',
      verdict(verdict) {
        const text = JSON.stringify(resultJson(verdict, { verbose }), null, INDENT);
        results.push(escapeJson(indent(text, 2 * INDENT)));
        return '';
      },
      end(outcome) {
        const head = escapeJson(JSON.stringify(outcomeJson(outcome), null, INDENT)).replace(/\n\}$/, '');
        const list = results.length > 0 ? `[\n${results.join(',\n')}\n  ]` : '[]';
        return `${head},\n  "results": ${list}\n}\n`;
      },
    };
  },
};

/** Line feeds in JSON text stand only between tokens: those inside strings are escaped. */
function indent(json: string, width: number): string {
  const margin = ' '.repeat(width);
  return margin + json.replaceAll('\n', `\n${margin}`);
}
