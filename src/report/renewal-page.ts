/**
 * What both reports of renewals are made of: lines that are escaped and wrapped, a problem with what to do about it, what is
 * served where. Pure.
 */
import type { RenewalProblem, ServedAt } from '../model/renewal.ts';
import { escapeTerminal } from './escape.ts';
import { displayWidth, wrapWords } from './layout.ts';
import { adviseProblem, problemLines, servedAt } from './messages/renewal.ts';
import { createPalette, type Palette } from './palette.ts';

export interface RenewalTextOptions {
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly columns: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const NARROWEST = 50;
export const INDENT = '    ';
/** Of what a command printed, the last so many lines. */
const OUTPUT_LINES = 20;

export class Page {
  readonly palette: Palette;
  readonly #columns: number;

  constructor({ color, columns }: Pick<RenewalTextOptions, 'color' | 'columns'>) {
    this.palette = createPalette(color);
    this.#columns = columns;
  }

  problem(problem: RenewalProblem): string[] {
    const [first = '', ...more] = problemLines(problem);
    const advice = adviseProblem(problem);
    return [
      ...this.indented(first),
      ...more.flatMap((line) => this.lines(line, `${INDENT}- `, `${INDENT}  `)),
      ...(advice === undefined ? [] : this.lines(`→ ${advice}`, INDENT, `${INDENT}  `)),
      ...this.#output(problem.output),
    ];
  }

  #output(output: string | undefined): string[] {
    const all = (output ?? '').trimEnd().split(/\r?\n/);
    if (output === undefined || output.trim() === '') return [];
    const shown = all.slice(-OUTPUT_LINES).map((line) => this.palette.faint(`${INDENT}| ${escapeTerminal(line)}`));
    const left = all.length - shown.length;
    return left > 0 ? [this.palette.faint(`${INDENT}| … ${left} lines before`), ...shown] : shown;
  }

  served(served: readonly ServedAt[]): string[] {
    return served.flatMap((each) => this.lines(servedAt(each), `${INDENT}- `, `${INDENT}  `));
  }

  indented(text: string): string[] {
    return this.lines(text, INDENT, `${INDENT}  `);
  }

  /** Escaped and wrapped. @param less columns that are taken on the first line already. */
  lines(text: string, first: string, rest: string, less = 0): string[] {
    const width = Math.max(
      20,
      Math.max(NARROWEST, this.#columns || 0) - Math.max(displayWidth(first), displayWidth(rest), less),
    );
    return wrapWords(escapeTerminal(text), width).map((line, i) => (i === 0 ? first : rest) + line);
  }
}
