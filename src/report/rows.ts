/**
 * One verdict as the text that the human format keeps of it. Everything here is escaped for a terminal.
 */
import type { Finding, Status } from '../model/finding.ts';
import type { Verdict, Window } from '../model/verdict.ts';
import { formatDuration } from '../time/duration.ts';
import { formatInstant } from '../verdict/instant.ts';
import { severityStatus } from '../verdict/status.ts';
import { alignFields, elementFields, elementHeading, sessionFields, windowFields } from './chain-text.ts';
import { escapeTerminal } from './escape.ts';
import type { RenderOptions } from './format.ts';
import { advise, describe } from './messages.ts';

/** One finding: what is wrong, and what to do next. */
export interface Entry {
  readonly code: string;
  readonly status: Status;
  readonly message: string;
  readonly advice: string;
}

export interface Row {
  readonly name: string;
  readonly status: Status;
  /** Seconds until expiry, where a chain was seen. */
  readonly remaining?: number;
  /** `61d 3h left`, `ended 3d ago`, or why there is nothing to say. */
  readonly left: string;
  /** `until 2027-01-24`, or ''. */
  readonly until: string;
  /** Codes of what is only information. */
  readonly notes: string;
  readonly entries: readonly Entry[];
  /** The chain and the timings, with `-v`. */
  readonly details: readonly string[];
}

export function rowOf(verdict: Verdict, { verbose, now }: RenderOptions): Row {
  const { target, status, findings, window } = verdict;
  const told = verbose ? findings : findings.filter((finding) => finding.severity !== 'info');
  const untold = new Set(findings.filter((finding) => !told.includes(finding)).map((finding) => finding.code));
  return {
    name: escapeTerminal(target.name),
    status,
    ...(window ? { remaining: window.remainingSeconds } : {}),
    left: window ? leftText(window.remainingSeconds) : nothingText(verdict),
    until: window && window.remainingSeconds > 0 ? `until ${lastDay(window)}` : '',
    notes: status === 'ok' ? [...untold].join(', ') : '',
    entries: told.map((finding) => entryOf(finding, verdict)),
    details: verbose ? detailLines(verdict, now) : [],
  };
}

export function leftText(remainingSeconds: number): string {
  if (remainingSeconds > 0) return `${formatDuration(remainingSeconds * 1_000)} left`;
  return remainingSeconds === 0 ? 'ended just now' : `ended ${formatDuration(-remainingSeconds * 1_000)} ago`;
}

function nothingText({ observations }: Verdict): string {
  const presented = observations.some(({ chain }) => chain && chain.length > 0);
  return presented ? 'no readable certificate' : 'no certificate seen';
}

/** The day of the last second that it is valid for. */
export function lastDay({ expiresAt }: Window): string {
  return formatInstant(expiresAt - 1_000).slice(0, 10);
}

function entryOf(finding: Finding, verdict: Verdict): Entry {
  const at = finding.address === undefined ? '' : `[${finding.address}] `;
  return {
    code: finding.code,
    status: severityStatus(finding.severity),
    message: escapeTerminal(at + describe(finding, verdict)),
    advice: escapeTerminal(advise(finding, verdict)),
  };
}

function detailLines(verdict: Verdict, now: number): string[] {
  return verdict.observations.flatMap((observation, i) => [
    ...alignFields([...sessionFields(observation), ...(i === 0 ? windowFields(verdict.window) : [])], ''),
    ...(observation.chain ?? []).flatMap((element, index) => [
      elementHeading(index, verdict.roles?.[i]?.[index], observation),
      ...alignFields(elementFields(element, now), '  '),
    ]),
  ]);
}
