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
  RenewalProblem,
  RenewalResult,
  RenewalStatus,
  ServedAt,
} from '../model/renewal.ts';
import { escapeTerminal } from './escape.ts';
import { displayWidth, wrapWords } from './layout.ts';
import {
  adviseProblem,
  at,
  dueReasons,
  kindWords,
  lasts,
  noWayBack,
  problemLines,
  servedAt,
  stepWords,
  times,
} from './messages/renewal.ts';
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
const INDENT = '    ';
/** Of what a command printed, the last so many lines. */
const OUTPUT_LINES = 20;

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
  const page = new Page(options);
  const sections = ORDER.flatMap(({ kind, status }) => {
    const results = outcome.results.filter((result) => result.kind === kind);
    if (results.length === 0 || (options.quiet && status === 'ok')) return [];
    const heading = page.palette.heading[status](kindWords(kind).toUpperCase());
    return [[`${heading}  ${results.length}`, ...results.flatMap((result) => page.result(result, status))].join('\n')];
  });
  const notes = outcome.notes.flatMap((note) => page.lines(`note: ${note}`, '', '  '));
  return `${[...sections, ...(notes.length > 0 ? [notes.join('\n')] : []), page.footer(outcome)].join('\n\n')}\n`;
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

/** `certwatch renew --status` */
export function renderRenewalStatus(
  statuses: readonly RenewalStatus[],
  { running, ...options }: RenewalTextOptions & { readonly running?: string },
): string {
  const page = new Page(options);
  const parts = statuses.map((status) => page.status(status).join('\n'));
  return `${[...(running === undefined ? [] : [escapeTerminal(running)]), ...parts].join('\n')}\n`;
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

const NEXT_TRY = {
  wait: 'the next try waits',
  renew: 'the next run tries again',
  install: 'the next run tries what was issued again, and orders nothing',
  reload: 'the next run reloads again, and orders nothing',
} as const;

/** Nobody knows who put there what the journal does not know of. */
const takenUp = (reasons: readonly DueReason[]): string =>
  reasons.some(({ code }) => code === 'not-proven' || code === 'partly-served')
    ? 'installed by an earlier run'
    : 'on disk already';

class Page {
  readonly palette: Palette;
  readonly #options: RenewalTextOptions;

  constructor(options: RenewalTextOptions) {
    this.#options = options;
    this.palette = createPalette(options.color);
  }

  result(result: RenewalResult, status: Status): string[] {
    const head = `  ${this.palette.bold(escapeTerminal(result.name))}  `;
    const width = 2 + displayWidth(escapeTerminal(result.name)) + 2;
    const [first = '', ...rest] = this.lines(this.#summary(result), '', INDENT, width);
    return [
      `${head}${this.palette[status](first)}`,
      ...rest,
      ...this.#body(result),
      ...result.warnings.flatMap((warning) =>
        this.lines(`${warning.reason}: ${warning.detail}`, `${INDENT}! `, `${INDENT}  `),
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
    const { verbose } = this.#options;
    switch (result.kind) {
      case 'not-due':
      case 'rehearsed':
      case 'planned':
        return [];
      case 'renewed':
      case 'resumed':
        return [
          ...this.#indented(`because ${dueReasons(result.reasons)}`),
          ...(verbose ? this.#served(result.served) : []),
        ];
      case 'skipped-backoff':
        return [
          ...this.#indented(`due because ${dueReasons(result.reasons)}`),
          ...(result.problem ? this.#problem(result.problem) : []),
        ];
      case 'failed':
        return this.#problem(result.problem);
      case 'not-served':
      case 'partly-served':
        return [...this.#problem(result.problem), ...this.#served(result.served)];
      case 'rolled-back':
        return [
          ...this.#problem(result.problem),
          ...this.#served(result.served),
          ...(result.restored
            ? []
            : [...this.#indented('after it was put back:'), ...this.#served(result.servedAfter)]),
        ];
    }
  }

  #problem(problem: RenewalProblem): string[] {
    const [first = '', ...more] = problemLines(problem);
    const advice = adviseProblem(problem);
    return [
      ...this.#indented(first),
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

  #served(served: readonly ServedAt[]): string[] {
    return served.flatMap((each) => this.lines(servedAt(each), `${INDENT}- `, `${INDENT}  `));
  }

  #indented(text: string): string[] {
    return this.lines(text, INDENT, `${INDENT}  `);
  }

  /** Escaped and wrapped. @param less columns that are taken on the first line already. */
  lines(text: string, first: string, rest: string, less = 0): string[] {
    const width = Math.max(
      20,
      Math.max(NARROWEST, this.#options.columns || 0) - Math.max(displayWidth(first), displayWidth(rest), less),
    );
    return wrapWords(escapeTerminal(text), width).map((line, i) => (i === 0 ? first : rest) + line);
  }

  footer(outcome: RenewalOutcome): string {
    const status = ({ 0: 'ok', 2: 'critical', 3: 'unknown' } as const)[outcome.exitCode];
    return this.palette[status](outcomeLine(outcome));
  }

  status({ name, certificate, renewAt, reasons, last, unreadable, next: action }: RenewalStatus): string[] {
    const head = this.palette.bold(escapeTerminal(name));
    const disk = certificate ? `on disk until ${at(certificate.notAfter)}` : 'no certificate on disk';
    const next = renewAt === undefined ? `due: ${dueReasons(reasons ?? [])}` : `renewal opens on ${at(renewAt)}`;
    return [
      head,
      ...this.#indented(`${disk}; ${next}`),
      ...(unreadable === undefined ? [] : this.#indented(unreadable)),
      ...(last
        ? this.#last(last, action)
        : unreadable === undefined
          ? this.#indented('never tried, as far as is known here')
          : []),
    ];
  }

  #last(last: NonNullable<RenewalStatus['last']>, next: RenewalStatus['next']): string[] {
    const { startedAt, heardAt, outcome, step, stepDone, problem, failures, notBefore } = last;
    const stopped = step === undefined ? '' : ` ${stepDone ? 'after' : 'while'} ${stepWords(step)}`;
    const ended =
      outcome === undefined
        ? `has not come to an end: last heard of on ${at(heardAt)},${stopped}`
        : `${kindWords(outcome)}${problem ? stopped : ''} on ${at(heardAt)}`;
    const again =
      failures === 0 || next === 'none' || next === 'verify'
        ? []
        : [`failed ${times(failures)}; ${notBefore === undefined ? NEXT_TRY[next] : `next try from ${at(notBefore)}`}`];
    return [
      ...this.#indented(`last tried on ${at(startedAt)}: ${ended}`),
      ...(problem ? this.#problem(problem) : []),
      ...again.flatMap((text) => this.#indented(text)),
    ];
  }
}
