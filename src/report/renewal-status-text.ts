/**
 * `certwatch renew --status` for people: what failed first, then what stopped half-way, what is due, and what is well. Says
 * no more than the disk and the journal show. Pure.
 */
import type { Status } from '../model/finding.ts';
import type { LastAttempt, RenewalStatus } from '../model/renewal.ts';
import { escapeTerminal } from './escape.ts';
import { at, day, dueReasons, kindWords, lasts, stepWords, times, until } from './messages/renewal.ts';
import { RenewalPage, type RenewalTextOptions, type Row } from './renewal-page.ts';

export interface StatusTextOptions extends RenewalTextOptions {
  /** What a run that is on right now says of itself. */
  readonly running?: string;
}

/** Worst first. */
const STANDINGS = [
  { title: 'failed', status: 'critical' },
  { title: 'not served everywhere', status: 'critical' },
  { title: 'not finished', status: 'warning' },
  { title: 'not known', status: 'unknown' },
  { title: 'due', status: 'warning' },
  { title: 'not due', status: 'ok' },
] as const satisfies readonly { title: string; status: Status }[];
type Standing = (typeof STANDINGS)[number]['title'];

export function renderRenewalStatus(statuses: readonly RenewalStatus[], options: StatusTextOptions): string {
  const page = new RenewalPage(options);
  const counts: string[] = [];
  const sections = STANDINGS.flatMap(({ title, status }) => {
    const here = statuses.filter((each) => standingOf(each) === title);
    if (here.length === 0) return [];
    counts.push(`${here.length} ${title}`);
    const rows = here.map((each) => rowOf(each, { page, ...options }));
    return [page.section(title, status, rows)];
  });
  const running = options.running === undefined ? [] : [escapeTerminal(options.running)];
  const total = `${statuses.length} certificate${statuses.length === 1 ? '' : 's'}: ${counts.join(', ')}.`;
  return `${[...running, ...sections, total].join('\n\n')}\n`;
}

function standingOf({ last, reasons, denied }: RenewalStatus): Standing {
  if (denied !== undefined) return 'not known';
  if (last && last.outcome === undefined) return 'not finished';
  if (last?.outcome === 'partly-served') return 'not served everywhere';
  if (last && last.failures > 0) return 'failed';
  return reasons ? 'due' : 'not due';
}

interface Writing extends StatusTextOptions {
  readonly page: RenewalPage;
}

function rowOf(status: RenewalStatus, { page, now, running }: Writing): Row {
  const { name, last, unreadable, next } = status;
  const tried = last ? attemptWords(last) : (unreadable ?? 'no attempt is on record');
  return {
    name,
    summary: summaryOf(status, now),
    body: [
      ...page.indented(tried),
      ...(last?.restored === false ? page.indented(NOT_RESTORED) : []),
      ...(last?.problem ? page.problem(last.problem) : []),
      // While a run is on, it is that one's to say.
      ...(next === 'none' || running !== undefined ? [] : page.indented(nextWords(next, last?.notBefore, now))),
    ],
  };
}

function summaryOf({ certificate, renewAt, reasons = [], denied }: RenewalStatus, now: number): string {
  if (denied !== undefined) return `what is on disk is not for this user to read: ${denied}`;
  const due = renewAt === undefined ? `due: ${dueReasons(reasons)}` : `renewal opens on ${day(renewAt, now)}`;
  if (certificate) return `${until(certificate.notAfter, now)}; ${due}`;
  return reasons.some(({ code }) => code === 'unreadable') ? due : `no certificate on disk; ${due}`;
}

const NOT_RESTORED = 'the old certificate was put back, and was NOT seen to be served everywhere then';

function attemptWords(last: LastAttempt): string {
  const { startedAt, heardAt, outcome, step, stepDone, failures } = last;
  const where = step === undefined ? '' : ` ${stepDone ? 'after' : 'while'} ${stepWords(step)}`;
  if (outcome === undefined) return `begun on ${at(startedAt)}, last heard of on ${at(heardAt)}${where}`;
  if (failures === 0) return `${kindWords(outcome)} on ${at(heardAt)}`;
  const since = failures > 1 ? `failed ${times(failures)}, the last time` : 'failed';
  const how = outcome === 'failed' ? '' : `: ${kindWords(outcome)}`;
  return `${since} on ${at(heardAt)}${how}${where}`;
}

type Next = Exclude<RenewalStatus['next'], 'none'>;

const NEXT: Readonly<Record<Next, string>> = {
  wait: 'the next run waits',
  renew: 'the next run renews it',
  install: 'the next run installs what was issued, and orders nothing',
  reload: 'the next run reloads, and orders nothing',
  verify: 'the next run looks again',
};

const nextWords = (next: Next, notBefore: number | undefined, now: number): string =>
  notBefore === undefined ? NEXT[next] : `next try from ${at(notBefore)}, in ${lasts(notBefore - now)}`;
