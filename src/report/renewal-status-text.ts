/**
 * `certwatch renew --status` for people: what the disk shows of each certificate, how the last attempt at it ended, and what
 * the next run does. Pure.
 */
import type { LastAttempt, RenewalStatus } from '../model/renewal.ts';
import { escapeTerminal } from './escape.ts';
import { at, dueReasons, kindWords, stepWords, times } from './messages/renewal.ts';
import { Page, type RenewalTextOptions } from './renewal-page.ts';

/** @param running says what a run is doing right now. */
export function renderRenewalStatus(
  statuses: readonly RenewalStatus[],
  { running, ...options }: RenewalTextOptions & { readonly running?: string },
): string {
  const page = new Page(options);
  const parts = statuses.map((status) => statusLines(status, page).join('\n'));
  return `${[...(running === undefined ? [] : [escapeTerminal(running)]), ...parts].join('\n')}\n`;
}

const NEXT_TRY = {
  wait: 'the next try waits',
  renew: 'the next run tries again',
  install: 'the next run tries what was issued again, and orders nothing',
  reload: 'the next run reloads again, and orders nothing',
} as const;

function statusLines(
  { name, certificate, renewAt, reasons, last, unreadable, next: action }: RenewalStatus,
  page: Page,
): string[] {
  const head = page.palette.bold(escapeTerminal(name));
  const disk = certificate ? `on disk until ${at(certificate.notAfter)}` : 'no certificate on disk';
  const next = renewAt === undefined ? `due: ${dueReasons(reasons ?? [])}` : `renewal opens on ${at(renewAt)}`;
  return [
    head,
    ...page.indented(`${disk}; ${next}`),
    ...(unreadable === undefined ? [] : page.indented(unreadable)),
    ...(last
      ? lastLines(last, { next: action, page })
      : unreadable === undefined
        ? page.indented('never tried, as far as is known here')
        : []),
  ];
}

function lastLines(
  last: LastAttempt,
  { next, page }: { readonly next: RenewalStatus['next']; readonly page: Page },
): string[] {
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
    ...page.indented(`last tried on ${at(startedAt)}: ${ended}`),
    ...(problem ? page.problem(problem) : []),
    ...again.flatMap((text) => page.indented(text)),
  ];
}
