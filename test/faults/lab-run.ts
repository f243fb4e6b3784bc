/**
 * One run of the built program over the whole fault lab: every peer that misbehaves, in one list, at a time that stands still.
 */
import { readFile } from 'node:fs/promises';
import { buildIfStale } from '../support/build.ts';
import type { Fault } from '../support/faults/fault.ts';
import { FAULTS, HAS_IPV6, openLab } from '../support/faults/lab.ts';
import { type RunResult, runCertwatch } from '../support/run-certwatch.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** When all certificates are made and judged: what is said of them is then the same on every day. */
const NOW = Date.UTC(2026, 5, 1);
export const DEADLINE_MS = 58_000;
/** Besides JSON, which goes to the standard output. */
export const FILE_FORMATS = ['ndjson', 'prometheus', 'nagios', 'csv', 'human'] as const;

export interface JsonFinding {
  readonly code: string;
  readonly severity: string;
  readonly data: { readonly phase?: string; readonly reason?: string };
  readonly message: string;
}

export interface JsonResult {
  readonly target: { readonly name: string };
  readonly status: string;
  readonly findings: readonly JsonFinding[];
}

export interface LabRun {
  readonly run: RunResult;
  readonly report: { readonly run: { readonly deadlineReached: boolean }; readonly results: readonly JsonResult[] };
  /** By name of its target. */
  readonly results: ReadonlyMap<string, JsonResult>;
  /** The names in the list, in its order. */
  readonly names: readonly string[];
  readonly files: Readonly<Record<(typeof FILE_FORMATS)[number], string>>;
}

/** Where there is no IPv6, its faults cannot be shown. */
export const SHOWN: readonly Fault[] = FAULTS.filter(({ id }) => HAS_IPV6 || id !== 'v6-dropped');

export async function runLab(): Promise<LabRun> {
  await buildIfStale();
  await using folder = await tempFolder('lab');
  await using lab = await openLab(SHOWN, { now: NOW });
  await folder.write('root.pem', lab.rootPem);
  await folder.write('hosts.txt', lab.lines.map(({ line }) => line).join('\n'));
  const args = ['check', '-f', 'hosts.txt', '--trust', 'none', '--ca-file', 'root.pem', '--resolver', lab.resolver];
  const outputs = ['json', ...FILE_FORMATS.map((format) => `${format}=out.${format}`)];
  const run = await runCertwatch(
    [
      ...args,
      ...['--now', new Date(NOW).toISOString(), '--deadline', `${DEADLINE_MS}ms`, '-j', '64'],
      ...outputs.flatMap((output) => ['--format', output]),
    ],
    { cwd: folder.path, killAfterMs: DEADLINE_MS + 5_000 },
  );
  const report = JSON.parse(run.stdout) as LabRun['report'];
  const files = await Promise.all(
    FILE_FORMATS.map(async (format) => [format, await readFile(folder.at(`out.${format}`), 'utf8')] as const),
  );
  return {
    run,
    report,
    results: new Map(report.results.map((result) => [result.target.name, result])),
    names: lab.lines.map(({ name }) => name),
    files: Object.fromEntries(files) as LabRun['files'],
  };
}
