/**
 * What certwatch says when it is certwatch that is in trouble: stopped, killed, starved of input, cut off from its readers.
 * Whatever it is, the run ends by its deadline, with a report that can be read, UNKNOWN, and leaves no process behind.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCsv } from '../report/readers/csv.ts';
import { strictReader } from '../report/readers/json.ts';
import { readNagios } from '../report/readers/nagios.ts';
import { readPrometheus } from '../report/readers/prometheus.ts';
import { buildIfStale } from '../support/build.ts';
import { act, OWN_FAULTS, type OwnRun } from './itself.ts';
import type { JsonResult } from './lab-run.ts';
import { openScene, type Scene, STUCK, WELL } from './scene.ts';

let scene: Scene;
/** They mostly wait, but they all have to start first, two processes each. */
const AT_ONCE = 8;
const runs = new Map<string, Promise<OwnRun>>();

const FORMATS = ['ndjson', 'prometheus', 'nagios', 'csv', 'human'] as const;

beforeAll(async () => {
  await buildIfStale();
  scene = await openScene();
  const limit = pLimit(AT_ONCE);
  for (const fault of OWN_FAULTS)
    runs.set(
      fault.id,
      limit(() => fault.run(scene)),
    );
  for (const format of FORMATS) {
    const stop = ({ scanner }: { scanner: number }) => void process.kill(scanner, 'SIGSTOP');
    runs.set(
      format,
      limit(() => act(scene, { format, stuck: stop })),
    );
  }
  await Promise.all(runs.values());
}, 120_000);

afterAll(() => scene[Symbol.asyncDispose]());

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.each(OWN_FAULTS.map((fault) => [fault.id, fault] as const))('%s', (id, fault) => {
  it(`exits ${fault.exit} by itself, and says it`, async () => {
    const run = await runs.get(id)!;
    expect(run).toMatchObject({ status: fault.exit, killed: false });
    expect(run.stdout + run.stderr).toContain(fault.says);
  });

  it('leaves no process behind', async () => {
    const { scanner } = await runs.get(id)!;
    while (scanner !== undefined && isAlive(scanner)) await sleep(20);
  });

  if (fault.rest !== undefined)
    it('reports every target: those that were seen, and the rest', async () => {
      const report = JSON.parse((await runs.get(id)!).stdout) as { results: JsonResult[] };
      expect(strictReader().report(report)).toEqual([]);
      expect(report.results.map(({ target, status }) => [target.name, status])).toEqual([
        ...WELL.map((name) => [name, 'ok']),
        ...STUCK.map((name) => [name, 'unknown']),
      ]);
      for (const { findings } of report.results.slice(WELL.length)) {
        expect(findings[0]?.code).toBe(fault.rest);
        if (fault.reason) expect(findings[0]?.data.reason).toBe(fault.reason);
      }
    });

  if (fault.atLeast !== undefined)
    it('reports what there was to look at', async () => {
      const report = JSON.parse((await runs.get(id)!).stdout) as { results: JsonResult[] };
      expect(strictReader().report(report)).toEqual([]);
      expect(report.results.length).toBeGreaterThanOrEqual(fault.atLeast!);
    });
});

describe('stopped in the middle, each format reads back with all targets', () => {
  const all = [...WELL, ...STUCK];
  const read: Record<(typeof FORMATS)[number], (text: string) => unknown> = {
    ndjson: (text) => {
      const lines = text.trimEnd().split('\n').slice(0, -1);
      return lines.map((line) => (JSON.parse(line) as JsonResult).target.name);
    },
    prometheus: (text) =>
      readPrometheus(text).flatMap(({ metric, labels }) =>
        metric === 'certwatch_target_status' ? [labels.target] : [],
      ),
    nagios: (text) => readNagios(text).figures.map(({ label }) => label),
    csv: (text) => {
      const [header = [], ...rows] = readCsv(text);
      return rows.map((row) => row[header.indexOf('name')]);
    },
    human: (text) => all.filter((name) => text.includes(name)),
  };

  it.each(FORMATS)('%s', async (format) => {
    const run = await runs.get(format)!;
    expect(run).toMatchObject({ status: 3, killed: false });
    expect(read[format](run.stdout)).toEqual(format === 'human' ? expect.arrayContaining([...STUCK]) : all);
  });
});
