/**
 * What `certwatch status` prints: one line and performance data, in the manner of the Monitoring Plugins guidelines.
 */
import type { Status } from '../model/finding.ts';
import { formatDuration } from '../time/duration.ts';
import { printable } from './printable.ts';
import type { RunEnd } from './run-record.ts';
import type { Health, HealthFact } from './status.ts';

export interface StatusAnswer {
  /** One line with its newline; `|` only in front of the performance data. */
  readonly text: string;
  readonly exitCode: 0 | 1 | 2 | 3;
}

const EXIT: Readonly<Record<Status, 0 | 1 | 2 | 3>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };
const WORST_FIRST: readonly Status[] = ['critical', 'warning', 'unknown', 'ok'];
const EXIT_WORDS = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;

/** @param healths one for each command that is asked after; never empty. */
export function formatHealth(healths: readonly [Health, ...Health[]], now: number): StatusAnswer {
  const status = WORST_FIRST.find((each) => healths.some((health) => health.status === each)) ?? 'unknown';
  const sorted = [...healths].sort((a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status));
  const sentences = sorted.map((health) => formatOne(health, now)).join('; ');
  const data = healths.flatMap((health) => perfdata(health, healths.length > 1)).join(' ');
  return {
    text: `CERTWATCH ${status.toUpperCase()} - ${sentences}${data === '' ? '' : ` | ${data}`}\n`,
    exitCode: EXIT[status],
  };
}

function formatOne(health: Health, now: number): string {
  const parts = health.facts
    .filter(({ fact }) => fact.kind !== 'running')
    .map(({ fact }) => sentence(fact, health, now));
  const { record, ageMs, held } = health;
  if (record?.complete && ageMs !== undefined && !health.facts.some(({ fact }) => fact.kind === 'from-the-future')) {
    parts.push(lastRun(record.complete, ageMs));
  }
  if (held && !held.stuck) parts.push(sentence({ kind: 'running', held }, health, now));
  return parts.join(', ');
}

function lastRun(run: RunEnd, ageMs: number): string {
  const { targets, critical, warning, unknown } = run.summary;
  const bad = [
    [critical, 'critical'],
    [warning, 'warning'],
    [unknown, 'unknown'],
  ] as const;
  const counts = bad.flatMap(([n, word]) => (n > 0 ? [`${n} ${word}`] : []));
  const result = `${EXIT_WORDS[run.exitStatus]}, ${plural(targets, 'target')}${counts.length > 0 ? `: ${counts.join(', ')}` : ''}`;
  return `last ${printable(run.command, 20)} ended ${formatDuration(ageMs)} ago (${result})`;
}

function sentence(fact: HealthFact, { command }: Health, now: number): string {
  const name = printable(command, 20);
  switch (fact.kind) {
    case 'unreadable':
      return printable(fact.sentence, 400);
    case 'no-record':
      return `no ${name} has been recorded (is it run with this --state?)`;
    case 'from-the-future':
      return `the run record of ${name} is ${formatDuration(fact.aheadMs)} from the future: the clock is wrong, or was`;
    case 'stuck': {
      const { owner, ageMs, doing } = fact.held;
      const over = formatDuration(Math.max(0, ageMs - (owner.deadlineMs ?? 0)));
      return `the ${name} of process ${owner.pid} is stuck, ${over} past its own deadline, at: ${printable(doing)}`;
    }
    case 'running': {
      const { owner, ageMs, doing } = fact.held;
      return `one is running since ${formatDuration(ageMs)} (process ${owner.pid}, at: ${printable(doing)})`;
    }
    case 'turned-away':
      return `${plural(fact.runs, 'run')} turned away by it`;
    case 'lost':
      return `${plural(fact.runs, `${name} run`)} in a row never came to an end (the last started ${formatDuration(Math.max(0, now - fact.startedAt))} ago)`;
    case 'never-complete':
      return `no ${name} has come to its end yet`;
    case 'too-old':
      return `no ${name} has come to its end within ${formatDuration(fact.maxAgeMs)}`;
    case 'judged-nothing':
      return fact.targets === 0
        ? `${plural(fact.runs, `${name} run`)} in a row had nothing to judge`
        : `${plural(fact.runs, `${name} run`)} in a row could judge none of its ${fact.targets} targets`;
    case 'deadline-reached':
      return `the last ${name} was cut off by its deadline`;
    case 'interrupted':
      return `the last ${name} was interrupted`;
  }
}

const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;

/** Labels are unique per command; `s` are seconds. */
function perfdata({ record, ageMs, maxAgeMs, command, held, facts }: Health, several: boolean): string[] {
  const label = (name: string) => (several ? `${name}_${command.replace(/[^a-z0-9-]/gi, '_')}` : name);
  const data: string[] = [];
  const limit = Number.isFinite(maxAgeMs) ? Math.floor(maxAgeMs / 1000) : '';
  if (ageMs !== undefined) data.push(`${label('age')}=${Math.floor(ageMs / 1000)}s;;${limit};0`);
  if (record?.complete) {
    const { startedAt, finishedAt, summary } = record.complete;
    data.push(`${label('duration')}=${(Math.max(0, finishedAt - startedAt) / 1000).toFixed(3)}s;;;0`);
    for (const name of ['targets', 'ok', 'warning', 'critical', 'unknown'] as const) {
      data.push(`${label(name)}=${summary[name]};;;0`);
    }
  }
  const lost = facts.find(({ fact }) => fact.kind === 'lost')?.fact;
  data.push(`${label('lost')}=${lost?.kind === 'lost' ? lost.runs : 0};;;0`);
  data.push(`${label('turned_away')}=${held?.turnedAway ?? 0};;;0`);
  if (held) data.push(`${label('running')}=${Math.floor(held.ageMs / 1000)}s;;;0`);
  return data;
}
