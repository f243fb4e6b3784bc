/**
 * The run in one line: counts, and what the exit status means.
 */
import type { Status } from '../model/finding.ts';
import type { Outcome, Summary } from '../model/verdict.ts';
import { formatDuration } from '../time/duration.ts';

const WORST_FIRST: readonly Status[] = ['critical', 'warning', 'unknown', 'ok'];

/** `2 critical, 1 warning, 5 ok`; what there is none of is left out. */
export function countsText(summary: Summary): string {
  const counts = WORST_FIRST.filter((status) => summary[status] > 0);
  return counts.map((status) => `${formatCount(summary[status])} ${status}`).join(', ') || 'nothing';
}

/** `12,345` */
export function formatCount(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function runSummary({ status, exitCode, run, summary }: Outcome): string {
  const took = formatDuration(Math.max(0, run.finishedAt - run.startedAt));
  const targets = `${formatCount(summary.targets)} target${summary.targets === 1 ? '' : 's'} in ${took}`;
  const looked = summary.targets === 0 ? 'Nothing was checked.' : `${targets}: ${countsText(summary)}.`;
  return [looked, ...caveats({ run }), `Exit status ${exitCode}: ${status.toUpperCase()}.`].join(' ');
}

function caveats({ run }: Pick<Outcome, 'run'>): string[] {
  const said: string[] = [];
  if (run.interrupted) said.push('Interrupted: what was not looked at may be worse.');
  else if (run.deadlineReached) said.push('The deadline came before all was done.');
  const notDone = run.errors.filter(({ code }) => code).length;
  const notUnderstood = run.errors.length - notDone;
  if (notUnderstood > 0) said.push(`${formatCount(notUnderstood)} not understood.`);
  if (notDone > 0) said.push(`${formatCount(notDone)} not done.`);
  return said;
}
