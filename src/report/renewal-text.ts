/**
 * A run of renewals for people: worst first, what is wrong and what to do next, one line at the end for what it all comes
 * to. Pure.
 */
import type { Status } from '../model/finding.ts';
import type {
  DueReason,
  RenewalEvent,
  RenewalKind,
  RenewalOutcome,
  RenewalResult,
  ServedAt,
} from '../model/renewal.ts';
import { escapeTerminal } from './escape.ts';
import { displayWidth } from './layout.ts';
import { at, dueReasons, kindWords, lasts, noWayBack, stepWords, times } from './messages/renewal.ts';
import type { Palette } from './palette.ts';
import { INDENT, Page, type RenewalTextOptions } from './renewal-page.ts';

/** Worst first. */
const ORDER: readonly { readonly kind: RenewalKind; readonly status: Status }[] = [
  { kind: 'not-served', status: 'critical' },
  { kind: 'rolled-back', status: 'critical' },
  { kind: 'failed', status: 'critical' },
  { kind: 'partly-served', status: 'critical' },
  { kind: 'skipped-backoff', status: 'critical' },
  { kind: 'planned', status: 'warning' },
  { kind: 'renewed', status: 'ok' },
  { kind: 'resumed', status: 'ok' },
  { kind: 'rehearsed', status: 'ok' },
  { kind: 'not-due', status: 'ok' },
];

const ACTION_WORDS = { renew: 'renewed', reload: 'reloaded', verify: 'looked at again' } as const;

/** The whole report; empty where it is quiet and all is well. */
export function renderRenewals(outcome: RenewalOutcome, options: RenewalTextOptions): string {
  if (options.quiet && outcome.exitCode === 0) return '';
  const report = new Report(options);
  const sections = ORDER.flatMap(({ kind, status }) => {
    const results = outcome.results.filter((result) => result.kind === kind);
    if (results.length === 0 || (options.quiet && status === 'ok')) return [];
    const heading = report.palette.heading[status](kindWords(kind).toUpperCase());
    return [
      [`${heading}  ${results.length}`, ...results.flatMap((result) => report.result(result, status))].join('\n'),
    ];
  });
  const notes = outcome.notes.flatMap((note) => report.note(note));
  return `${[...sections, ...(notes.length > 0 ? [notes.join('\n')] : []), report.footer(outcome)].join('\n\n')}\n`;
}

/**
 * A few lines for whoever watches from outside: what it all comes to, and a word on each that is not well. What a CA or a
 * command said stays at home.
 */
export function renewalSummary(outcome: RenewalOutcome): string {
  const lines = outcome.results.flatMap((result) => {
    if (!('problem' in result) || !result.problem) return [];
    const where = 'step' in result ? ` while ${stepWords(result.step)}` : '';
    return [`${result.name}: ${kindWords(result.kind)}${where}: ${result.problem.reason}`];
  });
  return [outcomeLine(outcome), ...lines].join('\n');
}

/** One line of progress, without a newline; empty for what is not worth one. */
export function renewalEventLine(event: RenewalEvent): string {
  const name = escapeTerminal(event.name);
  switch (event.kind) {
    case 'begun':
      return `${name}: due: ${escapeTerminal(dueReasons(event.reasons))}`;
    case 'step':
      return `${name}: ${stepWords(event.step)}`;
    case 'detail':
      return `${name}:   ${escapeTerminal(event.text)}`;
    case 'ended':
      return `${name}: ${kindWords(event.result.kind)}`;
  }
}

function outcomeLine(outcome: RenewalOutcome): string {
  const { results, startedAt, finishedAt, exitCode, interrupted, deadlineReached } = outcome;
  const counts = ORDER.flatMap(({ kind }) => {
    const count = results.filter((result) => result.kind === kind).length;
    return count > 0 ? [`${count} ${kindWords(kind)}`] : [];
  });
  const cut = interrupted ? ' Interrupted.' : deadlineReached ? ' The deadline came before all was done.' : '';
  const said = counts.length > 0 ? counts.join(', ') : 'Nothing was looked at';
  const status = ({ 0: 'OK', 2: 'CRITICAL', 3: 'UNKNOWN' } as const)[exitCode];
  return `${said}, in ${lasts(finishedAt - startedAt)}.${cut} Exit status ${exitCode}: ${status}.`;
}

/** Nobody knows who put there what the journal does not know of. */
const takenUp = (reasons: readonly DueReason[]): string =>
  reasons.some(({ code }) => code === 'not-proven' || code === 'partly-served')
    ? 'installed by an earlier run'
    : 'on disk already';

class Report {
  readonly palette: Palette;
  readonly #page: Page;
  readonly #verbose: boolean;

  constructor(options: RenewalTextOptions) {
    this.#page = new Page(options);
    this.palette = this.#page.palette;
    this.#verbose = options.verbose;
  }

  result(result: RenewalResult, status: Status): string[] {
    const head = `  ${this.palette.bold(escapeTerminal(result.name))}  `;
    const width = 2 + displayWidth(escapeTerminal(result.name)) + 2;
    const [first = '', ...rest] = this.#page.lines(this.#summary(result), '', INDENT, width);
    return [
      `${head}${this.palette[status](first)}`,
      ...rest,
      ...this.#body(result),
      ...result.warnings.flatMap((warning) =>
        this.#page.lines(`${warning.reason}: ${warning.detail}`, `${INDENT}! `, `${INDENT}  `),
      ),
    ];
  }

  #summary(result: RenewalResult): string {
    switch (result.kind) {
      case 'not-due':
        return `until ${at(result.certificate.notAfter)}; renewal opens on ${at(result.renewAt)}`;
      case 'planned':
        return `would be ${ACTION_WORDS[result.action]}: ${dueReasons(result.reasons)}`;
      case 'skipped-backoff':
        return `failed ${times(result.failures)}; not tried again before ${at(result.notBefore)} (--force does)`;
      case 'renewed':
        return `until ${at(result.certificate.notAfter)}, served at ${this.#places(result.served)}`;
      case 'resumed':
        return `${takenUp(result.reasons)}; until ${at(result.certificate.notAfter)}, served at ${this.#places(result.served)} now`;
      case 'partly-served':
        return `until ${at(result.certificate.notAfter)}, served at ${this.#places(result.served)}, and not seen at every other`;
      case 'rehearsed':
        return [
          result.certificate ? 'ordered and installed into a scratch folder' : 'its rehearse-command ended well',
          ...(result.ran.length > 0 ? [`ran: ${result.ran.join(', ')}`] : []),
          `left out: ${result.leftOut.join(', ')}`,
        ].join('; ');
      case 'failed':
        return `failed while ${stepWords(result.step)}`;
      case 'rolled-back':
        return result.restored
          ? `failed while ${stepWords(result.step)}; the old certificate is in place and served again`
          : `failed while ${stepWords(result.step)}; the old certificate is in place again, but NOT SERVED everywhere`;
      case 'not-served':
        return `failed while ${stepWords(result.step)}; ${noWayBack(result.noWayBack)}`;
    }
  }

  #places(served: readonly ServedAt[]): string {
    const count = served.filter(({ serves }) => serves === 'new').length;
    return count === 1 ? '1 address' : `${count} addresses`;
  }

  #body(result: RenewalResult): string[] {
    const verbose = this.#verbose;
    switch (result.kind) {
      case 'not-due':
      case 'rehearsed':
      case 'planned':
        return [];
      case 'renewed':
      case 'resumed':
        return [
          ...this.#page.indented(`because ${dueReasons(result.reasons)}`),
          ...(verbose ? this.#page.served(result.served) : []),
        ];
      case 'skipped-backoff':
        return [
          ...this.#page.indented(`due because ${dueReasons(result.reasons)}`),
          ...(result.problem ? this.#page.problem(result.problem) : []),
        ];
      case 'failed':
        return this.#page.problem(result.problem);
      case 'not-served':
      case 'partly-served':
        return [...this.#page.problem(result.problem), ...this.#page.served(result.served)];
      case 'rolled-back':
        return [
          ...this.#page.problem(result.problem),
          ...this.#page.served(result.served),
          ...(result.restored
            ? []
            : [...this.#page.indented('after it was put back:'), ...this.#page.served(result.servedAfter)]),
        ];
    }
  }

  note(note: string): string[] {
    return this.#page.lines(`note: ${note}`, '', '  ');
  }

  footer(outcome: RenewalOutcome): string {
    const status = ({ 0: 'ok', 2: 'critical', 3: 'unknown' } as const)[outcome.exitCode];
    return this.palette[status](outcomeLine(outcome));
  }
}
