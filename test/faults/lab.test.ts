/**
 * The fault lab from end to end: every peer that misbehaves, and one that is well in front of each ten of them, in one run of
 * the built program. The run ends by itself, each fault has its right name, the neighbours are untouched, every format reads
 * back whatever the peers sent, and the page that tells of it all says what was said.
 */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { readCsv } from '../report/readers/csv.ts';
import { strictReader } from '../report/readers/json.ts';
import { readNagios } from '../report/readers/nagios.ts';
import { readPrometheus } from '../report/readers/prometheus.ts';
import type { Said } from '../support/faults/fault.ts';
import { FAULTS } from '../support/faults/lab.ts';
import { type JsonFinding, type LabRun, runLab, SHOWN } from './lab-run.ts';
import { PAGE, writePage } from './page.ts';

let lab: LabRun;

beforeAll(async () => {
  lab = await runLab();
}, 150_000);

const sayFinding = ({ code, severity, data }: JsonFinding) => [code, severity, data.phase, data.reason];
const say = ({ code, severity, phase, reason }: Said) => [code, severity, phase, reason];
const words = (parts: (string | undefined)[]) => parts.filter((part) => part !== undefined).join(' ');

it('the run ends by itself before its deadline, says nothing beside its report, and exits CRITICAL', () => {
  expect(lab.run).toMatchObject({ status: 2, killed: false, stderr: '' });
  expect(lab.report.run.deadlineReached).toBe(false);
});

it('every target has its result, in the order of the list', () => {
  expect(lab.report.results.map(({ target }) => target.name)).toEqual(lab.names);
  expect(new Set(lab.names).size).toBe(lab.names.length);
});

it('the neighbours are untouched', () => {
  const neighbours = lab.report.results.filter(({ target }) => target.name.startsWith('well-'));
  expect(neighbours.length).toBeGreaterThan(SHOWN.length / 10);
  for (const result of neighbours) expect(result).toMatchObject({ status: 'ok', findings: [] });
});

describe('each fault has its name', () => {
  it.each(SHOWN.map((fault) => [fault.id, fault] as const))('%s', (id, { expect: expected }) => {
    const { status, findings } = lab.results.get(id)!;
    const said = findings.filter(({ severity }) => severity !== 'info').map((each) => words(sayFinding(each)));
    const right = [expected.says, ...(expected.orElse ? [[expected.orElse]] : [])].map((all) =>
      all.map((each) => words(say(each))).sort(),
    );
    expect(right).toContainEqual(said.sort());
    expect(status).toBe(expected.status);
  });
});

describe('every format reads back', () => {
  /** What moves a cursor, hides, reorders or ends a line has no business in any output. */
  const UNPRINTABLE = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\r\n|\n)\p{Cc}/u;

  it('json, by its schema', () => {
    expect(lab.run.stdout).not.toMatch(UNPRINTABLE);
    expect(strictReader().report(lab.report)).toEqual([]);
  });

  it('ndjson: the same results, a line each', () => {
    const lines = lab.files.ndjson.split('\n').filter((line) => line !== '');
    expect(lines.slice(0, -1).map((line) => JSON.parse(line))).toEqual(lab.report.results);
    expect(strictReader().line(JSON.parse(lines.at(-1)!))).toEqual([]);
    expect(lab.files.ndjson).not.toMatch(UNPRINTABLE);
  });

  it('prometheus: a status for each target', () => {
    const samples = readPrometheus(lab.files.prometheus);
    const targets = samples.filter(({ metric }) => metric === 'certwatch_target_status');
    expect(targets.map(({ labels }) => labels.target)).toEqual(lab.names);
    expect(lab.files.prometheus).not.toMatch(UNPRINTABLE);
  });

  it('nagios: a figure for each target', () => {
    const { status, figures } = readNagios(lab.files.nagios);
    expect(status).toBe('CRITICAL');
    expect(figures.map(({ label }) => label)).toEqual(lab.names);
    expect(lab.files.nagios).not.toMatch(UNPRINTABLE);
  });

  it('csv: a row for each target', () => {
    const [header = [], ...rows] = readCsv(lab.files.csv);
    const name = header.indexOf('name');
    expect(rows.map((row) => row[name])).toEqual(lab.names);
    for (const row of rows) expect(row).toHaveLength(header.length);
    expect(lab.files.csv).not.toMatch(UNPRINTABLE);
  });

  it('human: names every fault, and nothing that is no text', () => {
    for (const { id, expect: expected } of SHOWN) {
      if (expected.status !== 'ok') expect(lab.files.human).toContain(id);
    }
    expect(lab.files.human).not.toMatch(UNPRINTABLE);
  });
});

it.skipIf(SHOWN.length < FAULTS.length)(`${PAGE} says what was said (npm run docs writes it)`, async () => {
  expect(await readFile(PAGE, 'utf8')).toBe(writePage(lab));
});
