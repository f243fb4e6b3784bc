/**
 * A run of renewals for people: worst first, what is wrong and what to do next, one line at the end for what it all comes
 * to. Pure.
 */
import type { Status } from '../model/finding.ts';
import type {
  CertificateFacts,
  DueReason,
  RenewalEvent,
  RenewalKind,
  RenewalOutcome,
  RenewalResult,
  ServedAt,
} from '../model/renewal.ts';
import { escapeTerminal } from './escape.ts';
import { at, day, dueReasons, kindWords, lasts, noWayBack, stepWords, times, until } from './messages/renewal.ts';
import { RenewalPage, type RenewalTextOptions, type Row } from './renewal-page.ts';

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
  const page = new RenewalPage(options);
  const sections = ORDER.flatMap(({ kind, status }) => {
    const results = outcome.results.filter((result) => result.kind === kind);
    if (results.length === 0 || (options.quiet && status === 'ok')) return [];
    const rows = results.map((result) => rowOf(result, { page, ...options }));
    return [page.section(kindWords(kind), status, rows)];
  });
  const notes = outcome.notes.flatMap((note) => page.lines(`note: ${note}`, '', '  '));
  const status = ({ 0: 'ok', 2: 'critical', 3: 'unknown' } as const)[outcome.exitCode];
  const footer = page.lines(outcomeLine(outcome), '', '').map((line) => page.palette[status](line));
  return `${[...sections, notes.join('\n'), footer.join('\n')].filter(Boolean).join('\n\n')}\n`;
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

type RolledBack = Extract<RenewalResult, { kind: 'rolled-back' }>;

interface Writing extends RenewalTextOptions {
  readonly page: RenewalPage;
}

function rowOf(result: RenewalResult, writing: Writing): Row {
  const { name, warnings } = result;
  const { page, now } = writing;
  return {
    name,
    summary: summaryOf(result, now),
    body: [...bodyOf(result, writing), ...warnings.flatMap((warning) => page.warning(warning))],
  };
}

function summaryOf(result: RenewalResult, now: number): string {
  switch (result.kind) {
    case 'not-due':
      return `${until(result.certificate.notAfter, now)}; renewal opens on ${day(result.renewAt, now)}`;
    case 'planned':
      return `would be ${ACTION_WORDS[result.action]}: ${dueReasons(result.reasons)}${inUse(result.certificate, now)}`;
    case 'skipped-backoff': {
      const wait = result.notBefore > now ? `, in ${lasts(result.notBefore - now)}` : '';
      return `failed ${times(result.failures)}; next try from ${at(result.notBefore)}${wait} (--force: now)`;
    }
    case 'renewed':
      return `${until(result.certificate.notAfter, now)}, served at ${places(result.served)}`;
    case 'resumed':
      return `${takenUp(result.reasons)}; ${until(result.certificate.notAfter, now)}, served at ${places(result.served)} now`;
    case 'partly-served':
      return `${until(result.certificate.notAfter, now)}, served at ${places(result.served)}, and not seen at every other`;
    case 'rehearsed':
      return [
        result.certificate ? 'ordered and installed into a scratch folder' : 'its rehearse-command ended well',
        ...(result.ran.length > 0 ? [`ran: ${result.ran.join(', ')}`] : []),
        `left out: ${result.leftOut.join(', ')}`,
      ].join('; ');
    case 'failed':
      return `failed while ${stepWords(result.step)}${inUse(result.inUse, now)}`;
    case 'rolled-back': {
      const back = result.restored ? 'in place and served again' : 'in place again, but NOT SERVED everywhere';
      const ends = result.inUse ? `, ${until(result.inUse.notAfter, now)}` : '';
      return `failed while ${stepWords(result.step)}; the old certificate is ${back}${ends}`;
    }
    case 'not-served':
      return `failed while ${stepWords(result.step)}; ${noWayBack(result.noWayBack)}`;
  }
}

/** Nobody knows who put there what the journal does not know of. */
const takenUp = (reasons: readonly DueReason[]): string =>
  reasons.some(({ code }) => code === 'not-proven' || code === 'partly-served')
    ? 'installed by an earlier run'
    : 'on disk already';

/** How urgent it is. */
const inUse = (certificate: CertificateFacts | undefined, now: number): string =>
  certificate ? `; on disk: ${until(certificate.notAfter, now)}` : '';

function places(served: readonly ServedAt[]): string {
  const count = served.filter(({ serves }) => serves === 'new').length;
  return count === 1 ? '1 address' : `${count} addresses`;
}

function bodyOf(result: RenewalResult, { page, verbose, now }: Writing): string[] {
  switch (result.kind) {
    case 'not-due':
    case 'rehearsed':
    case 'planned':
      return [];
    case 'renewed':
    case 'resumed':
      return [
        ...page.indented(`because ${dueReasons(result.reasons)}`),
        ...(verbose ? page.served(result.served) : []),
      ];
    case 'skipped-backoff':
      return [
        ...page.indented(`due: ${dueReasons(result.reasons)}${inUse(result.inUse, now)}`),
        ...(result.problem ? page.problem(result.problem) : []),
      ];
    case 'failed':
      return page.problem(result.problem);
    case 'not-served':
    case 'partly-served':
      return [...page.problem(result.problem), ...page.served(result.served)];
    case 'rolled-back':
      return [
        ...page.problem(result.problem),
        ...(result.served.length > 0 ? page.indented('served when it failed:') : []),
        ...page.served(result.served),
        ...(result.restored ? [] : servedAfter(result, page)),
      ];
  }
}

function servedAfter({ served, servedAfter: after }: RolledBack, page: RenewalPage): string[] {
  const lines = page.served(after);
  if (lines.join() === page.served(served).join()) return page.indented('and just so after it was put back');
  return [...page.indented('after it was put back:'), ...lines];
}
