/**
 * What the demo's run should have come to, held against the JSON report that certwatch wrote beside the one for people.
 */
import type { FindingCode, Status } from '../../src/model/finding.ts';
import type { FleetMember } from './fleet.ts';

/** What the demo reads of `certwatch/report@1`. */
export interface DemoReport {
  readonly status: Status;
  readonly exitCode: number;
  readonly summary: Readonly<Record<'targets' | Status, number>>;
  readonly results: readonly {
    readonly target: { readonly name: string };
    readonly status: Status;
    readonly findings: readonly { readonly code: FindingCode; readonly severity: string }[];
  }[];
}

const EXIT_CODES: Readonly<Record<Status, number>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };
const WORST_FIRST: readonly Status[] = ['critical', 'warning', 'unknown', 'ok'];

/** @returns a sentence for each server that was judged otherwise than it should be. */
export function compare(fleet: readonly FleetMember[], report: DemoReport | undefined): string[] {
  if (!report) return ['there is no JSON report'];
  const differences: string[] = [];
  if (report.results.length !== fleet.length) {
    differences.push(`${fleet.length} results were expected, ${report.results.length} came`);
  }
  for (const { name, expect } of fleet) {
    const result = report.results.find(({ target }) => target.name === name);
    // Information is beside the point here.
    const codes = result?.findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code) ?? [];
    const found = result ? say(result.status, codes) : 'nothing';
    const expected = say(expect.status, expect.codes);
    if (found !== expected) differences.push(`${name}: ${expected} was expected, ${found} came`);
  }
  return differences;
}

const say = (status: Status, codes: readonly FindingCode[]): string =>
  [status.toUpperCase(), ...[...codes].sort()].join(' ');

export function expectedExitCode(fleet: readonly FleetMember[]): number {
  return EXIT_CODES[WORST_FIRST.find((status) => fleet.some(({ expect }) => expect.status === status)) ?? 'unknown'];
}

/** The exit status in plain words. */
export function explain(code: number, report: DemoReport | undefined): string {
  const summary = report?.summary;
  const of = (status: Status) => `${summary?.[status] ?? '?'} of ${summary?.targets ?? '?'}`;
  switch (code) {
    case 0:
      return 'OK: every target is well.';
    case 1:
      return `WARNING: ${of('warning')} targets want attention, and nothing is worse than that.`;
    case 2:
      return [
        `CRITICAL, the worst that was found: ${of('critical')} targets are refused by clients, or will be within days.`,
        `(${of('unknown')} could not be seen; that alone would have been 3, UNKNOWN. Cron mails it, Nagios and Icinga show it red.)`,
      ].join('\n');
    default:
      return `UNKNOWN: ${of('unknown')} targets could not be seen, and nothing worse was found.`;
  }
}
