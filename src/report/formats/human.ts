/**
 * `human`: for a person at a terminal, or a mail from cron. Worst first; per finding what is wrong and what to do next; one
 * line at the end says what it all comes to.
 */
import type { Status } from '../../model/finding.ts';
import type { InputError } from '../../model/target.ts';
import type { Outcome, Verdict } from '../../model/verdict.ts';
import { escapeTerminal } from '../escape.ts';
import type { Format, RenderOptions } from '../format.ts';
import { displayWidth, fitMiddle, padTo, wrapWords } from '../layout.ts';
import { createPalette, type Palette } from '../palette.ts';
import { type Entry, type Row, rowOf } from '../rows.ts';
import { formatCount, runSummary } from '../summary.ts';

/** Up to so many OK targets are listed one by one; of more, the count and the first to end tell more. */
const MOST_OK_LISTED = 50;
/** A section of more targets than this has a line for each finding, and the advice once for each code at its end. */
const MOST_IN_FULL = 20;
const NARROWEST = 50;
const INDENT = '    ';
/** As wide as `364d 23h left`. */
const LEFT_WIDTH = 13;
/** Margins, what is left, and `until 2027-01-24`. */
const BESIDE_NAME = 2 + 2 + LEFT_WIDTH + 2 + 16;

const SECTIONS: readonly Status[] = ['critical', 'warning', 'unknown', 'ok'];

export const human: Format = {
  name: 'human',
  summary: 'for people: worst first, with what to do next',
  streams: false,
  create: (options) => new HumanRenderer(options),
};

class HumanRenderer {
  readonly #options: RenderOptions;
  readonly #palette: Palette;
  readonly #rows: Record<Status, Row[]> = { critical: [], warning: [], unknown: [], ok: [] };
  /** Of the OK targets the one that ends first. */
  #firstToEnd: Row | undefined;

  constructor(options: RenderOptions) {
    this.#options = options;
    this.#palette = createPalette(options.color);
  }

  begin(): string {
    return '';
  }

  verdict(verdict: Verdict): string {
    const { status } = verdict;
    if (status === 'ok' && this.#options.quiet) return '';
    const row = rowOf(verdict, this.#options);
    if (status === 'ok') this.#noteOk(row);
    // Verdicts hold whole chains: only the text is kept, and of many that are OK none.
    if (status !== 'ok' || this.#options.verbose || this.#rows.ok.length <= MOST_OK_LISTED)
      this.#rows[status].push(row);
    return '';
  }

  end(outcome: Outcome): string {
    if (this.#options.quiet && outcome.status === 'ok') return '';
    const sections = SECTIONS.map((status) => this.#section(status, outcome.summary[status])).filter(Boolean);
    const lines = [...sections, this.#errors(outcome), this.#footer(outcome)].filter((text) => text !== '');
    return `${lines.join('\n\n')}\n`;
  }

  #noteOk(row: Row): void {
    const first = this.#firstToEnd;
    if (row.remaining !== undefined && (first?.remaining === undefined || row.remaining < first.remaining)) {
      this.#firstToEnd = row;
    }
  }

  #section(status: Status, count: number): string {
    const rows = this.#rows[status].sort(endsSooner);
    if (rows.length === 0) return '';
    const heading = this.#palette.heading[status](status.toUpperCase());
    const of = this.#palette.faint(`${formatCount(count)} target${count === 1 ? '' : 's'}`);
    return [`${heading}  ${of}`, ...this.#body(status, rows)].join('\n');
  }

  #body(status: Status, rows: readonly Row[]): string[] {
    const { verbose } = this.#options;
    if (status === 'ok' && !verbose && rows.length > MOST_OK_LISTED) return this.#collapsed();
    const width = this.#nameWidth(rows);
    if (verbose || status === 'ok' || rows.length <= MOST_IN_FULL)
      return rows.flatMap((row) => this.#inFull(row, width));
    return [...rows.flatMap((row) => this.#inBrief(row, width)), ...this.#adviceByCode(rows)];
  }

  #collapsed(): string[] {
    const first = this.#firstToEnd;
    const next = first ? `The first to end: ${first.name}, ${first.left}. ` : '';
    return this.#wrapped(`${next}-v lists them all.`, '  ', '  ', this.#palette.faint);
  }

  #inFull(row: Row, width: number): string[] {
    return [
      ...this.#heading(row, width),
      // Advice that several findings in a row share is given behind the last of them.
      ...row.entries.flatMap((entry, i) => this.#entry(entry, row.entries[i + 1]?.advice !== entry.advice)),
      ...row.details.map((line) => this.#palette.faint(`${INDENT}${line}`)),
    ];
  }

  #heading(row: Row, width: number): string[] {
    const { bold, faint } = this.#palette;
    const name = bold(padTo(fitMiddle(row.name, width), width));
    const left = this.#palette[row.status](row.until ? padTo(row.left, LEFT_WIDTH) : row.left);
    const cells = ['', name, left, ...(row.until ? [faint(row.until)] : [])];
    if (!row.notes) return [cells.join('  ')];
    const room = this.#columns - width - BESIDE_NAME - 2;
    if (displayWidth(row.notes) <= room) return [[...cells, faint(row.notes)].join('  ')];
    return [cells.join('  '), ...this.#wrapped(row.notes, INDENT, INDENT, faint)];
  }

  #entry({ code, status, message, advice }: Entry, advised: boolean): string[] {
    const paint = this.#palette[status];
    const [first = '', ...rest] = this.#lines(`${code}: ${message}`, INDENT, `${INDENT}  `);
    return [
      first.replace(code, paint(code)),
      ...rest,
      ...(advised ? this.#lines(`→ ${advice}`, INDENT, `${INDENT}  `) : []),
    ];
  }

  #inBrief(row: Row, width: number): string[] {
    const name = padTo(fitMiddle(row.name, width), width);
    const start = `  ${name}  `;
    return row.entries.flatMap(({ code, message }, i) => {
      const head = i === 0 ? start : ' '.repeat(displayWidth(start));
      return this.#lines(`${code}: ${message}`, head, ' '.repeat(displayWidth(start)));
    });
  }

  #adviceByCode(rows: readonly Row[]): string[] {
    const byCode = new Map<string, { advice: string; targets: number }>();
    for (const { entries } of rows) {
      for (const { code, advice } of new Map(entries.map((entry) => [entry.code, entry])).values()) {
        const known = byCode.get(code);
        if (known) known.targets++;
        else byCode.set(code, { advice, targets: 1 });
      }
    }
    const lines = [...byCode].flatMap(([code, { advice, targets }]) =>
      this.#lines(`→ ${code} (${formatCount(targets)}): ${advice}`, '  ', '    '),
    );
    return ['', ...lines];
  }

  #errors({ run }: Outcome): string {
    const section = (heading: string, errors: readonly InputError[]): string[] => {
      if (errors.length === 0) return [];
      const lines = errors.flatMap(({ origin, message }) =>
        this.#lines(`${escapeTerminal(origin)}: ${escapeTerminal(message)}`, '  ', '    '),
      );
      return [[this.#palette.heading.unknown(`${heading}  ${formatCount(errors.length)}`), ...lines].join('\n')];
    };
    return [
      ...section(
        'NOT UNDERSTOOD',
        run.errors.filter(({ code }) => !code),
      ),
      ...section(
        'NOT DONE',
        run.errors.filter(({ code }) => code),
      ),
    ].join('\n\n');
  }

  #footer(outcome: Outcome): string {
    return this.#wrapped(runSummary(outcome), '', '', this.#palette[outcome.status]).join('\n');
  }

  #nameWidth(rows: readonly Row[]): number {
    const longest = rows.reduce((most, { name }) => Math.max(most, displayWidth(name)), 0);
    return Math.min(longest, this.#columns - BESIDE_NAME);
  }

  get #columns(): number {
    return Math.max(NARROWEST, this.#options.columns || 0);
  }

  #lines(text: string, first: string, rest: string): string[] {
    const width = Math.max(20, this.#columns - displayWidth(rest));
    return wrapWords(text, width).map((line, i) => (i === 0 ? first : rest) + line);
  }

  #wrapped(text: string, first: string, rest: string, paint: (text: string) => string): string[] {
    return this.#lines(text, first, rest).map((line) => paint(line));
  }
}

/** What ends first comes first, what has no end to tell of comes last; of equals the input's order. */
function endsSooner(a: Row, b: Row): number {
  const [left, right] = [a.remaining ?? Number.MAX_VALUE, b.remaining ?? Number.MAX_VALUE];
  return left - right;
}
