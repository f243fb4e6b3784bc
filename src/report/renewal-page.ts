/**
 * What the texts on renewals are made of: sections of rows under a heading, and below a row what is wrong, what to do next,
 * what was printed and who serves what. Escaped and wrapped here. Pure.
 */
import type { Status } from '../model/finding.ts';
import type { RenewalProblem, ServedAt } from '../model/renewal.ts';
import { escapeTerminal } from './escape.ts';
import { displayWidth, padTo, wrapWords } from './layout.ts';
import { adviseProblem, problemLines, servesWords } from './messages/renewal.ts';
import { createPalette, type Palette } from './palette.ts';

export interface RenewalTextOptions {
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly columns: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Row {
  readonly name: string;
  readonly summary: string;
  /** Lines that are ready to be printed. */
  readonly body: readonly string[];
}

const NARROWEST = 50;
const INDENT = '    ';
/** A longer name pushes its own summary to the right, and no other's. */
const WIDEST_NAME = 24;
/** Of what a command printed, the last so many lines. */
const OUTPUT_LINES = 20;

export class RenewalPage {
  readonly palette: Palette;
  readonly #columns: number;

  constructor({ color, columns }: RenewalTextOptions) {
    this.palette = createPalette(color);
    this.#columns = Math.max(NARROWEST, columns || 0);
  }

  section(title: string, status: Status, rows: readonly Row[]): string {
    const names = rows.map(({ name }) => displayWidth(escapeTerminal(name)));
    const width = Math.max(0, ...names.filter((each) => each <= WIDEST_NAME));
    const heading = `${this.palette.heading[status](title.toUpperCase())}  ${rows.length}`;
    return [heading, ...rows.flatMap((row) => this.#row(row, status, width))].join('\n');
  }

  #row({ name, summary, body }: Row, status: Status, width: number): string[] {
    const shown = padTo(escapeTerminal(name), width);
    const [first = '', ...rest] = this.lines(summary, '', `${INDENT}  `, 2 + displayWidth(shown) + 2);
    return [`  ${this.palette.bold(shown)}  ${this.palette[status](first)}`, ...rest, ...body];
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

  warning({ reason, detail }: RenewalProblem): string[] {
    return this.lines(`${reason}: ${detail}`, `${INDENT}! `, `${INDENT}  `);
  }

  #output(output: string | undefined): string[] {
    const all = (output ?? '').trimEnd().split(/\r?\n/);
    if (output === undefined || output.trim() === '') return [];
    const shown = all.slice(-OUTPUT_LINES).map((line) => this.palette.faint(`${INDENT}| ${escapeTerminal(line)}`));
    const left = all.length - shown.length;
    return left > 0 ? [this.palette.faint(`${INDENT}| … ${left} lines before`), ...shown] : shown;
  }

  /** A line for each thing that is served, with all that serve it. */
  served(served: readonly ServedAt[]): string[] {
    const places = new Map<string, string[]>();
    for (const each of served) {
      const words = servesWords(each);
      places.set(words, [...(places.get(words) ?? []), placeOf(each)]);
    }
    return [...places].flatMap(([words, where]) =>
      this.lines(`${words}: ${where.join(', ')}`, `${INDENT}- `, `${INDENT}  `),
    );
  }

  indented(text: string): string[] {
    return this.lines(text, INDENT, `${INDENT}  `);
  }

  /** @param less columns that are taken on the first line already. */
  lines(text: string, first: string, rest: string, less = 0): string[] {
    const width = Math.max(20, this.#columns - Math.max(displayWidth(first), displayWidth(rest), less));
    return wrapWords(escapeTerminal(text), width).map((line, i) => (i === 0 ? first : rest) + line);
  }
}

/** The address is said where the target does not say it. */
function placeOf({ target, address }: ServedAt): string {
  return address === undefined || target.includes(address) ? target : `${target} at ${address}`;
}
