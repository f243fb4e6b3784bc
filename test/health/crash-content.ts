/**
 * What the runs that are killed write, so that a test can tell a whole version from a broken one.
 */
import type { Verdict } from '../../src/model/verdict.ts';
import { endpoint } from '../verdict/builders.ts';

export const TARGETS = 400;

/** Some hundred kilobytes: more than one write. */
export function crashReport(version: number): string {
  return `${Array.from({ length: 4_000 }, (_, i) => `version ${version} line ${i} of 4000, and some more of it`).join('\n')}\n`;
}

/** @returns the version that a report is of, whole; undefined where it is none. */
export function versionOf(report: string): number | undefined {
  const version = Number(/^version (\d+) /.exec(report)?.[1]);
  return report === crashReport(version) ? version : undefined;
}

export function crashVerdict(i: number, version: number): Verdict {
  const timings = { resolve: 0, connect: 0, starttls: 0, handshake: 0 };
  return {
    target: endpoint(`host-${i}.example`),
    status: version % 2 === 0 ? 'ok' : 'unknown',
    findings: [],
    observations: [{ kind: 'failed', code: 'connect-failed', phase: 'connect', reason: 'refused', timings }],
  };
}
