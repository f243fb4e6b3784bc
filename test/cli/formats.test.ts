/**
 * Transcripts: the formats for programs, on the standard output and into files.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reportSchema } from '../../src/report/report-schema.ts';
import { readCsv } from '../report/readers/csv.ts';
import { strictReader } from '../report/readers/json.ts';
import { readNagios } from '../report/readers/nagios.ts';
import { readPrometheus } from '../report/readers/prometheus.ts';
import { NOW_FLAG, openScene, type Scene, timeless } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('www', 'blog', 'docs', 'down');
});
afterAll(() => scene[Symbol.asyncDispose]());

const schema = strictReader();
const check = (...args: string[]) => {
  const words = (['www', 'blog', 'docs', 'down'] as const).map((name) => scene.line(name));
  return scene.run(['check', ...words, ...NOW_FLAG, '--ca-file', 'root.pem', '--retries', '0', ...args]);
};

test('json: one document, as the schema says, in input order', async () => {
  const { stdout, stderr, status } = await check('--format', 'json');
  const report = JSON.parse(stdout);
  expect(schema.report(report)).toEqual([]);
  expect([stderr, status, report.exitCode]).toEqual(['', 2, 2]);
  expect(report.summary).toEqual({ targets: 4, ok: 1, warning: 1, critical: 1, unknown: 1 });
  expect(report.run.judgedAt).toBe('2026-11-24T09:00:00Z');
  expect(report.results.map((result: { target: { name: string } }) => result.target.name)).toEqual([
    'www',
    'blog',
    'docs',
    'down',
  ]);
  const [www, , docs, down] = report.results;
  expect(www).toMatchObject({
    target: { host: 'www.shop.example', port: 443, protocol: 'tls', servername: 'www.shop.example' },
    status: 'ok',
    findings: [],
    observation: { kind: 'presented', address: '127.0.0.1', tlsVersion: 'TLSv1.3' },
    trust: { trusted: true, path: [0, 1], anchor: 'O=Example Shop,CN=Shop Root' },
    window: { lifetimeSeconds: 90 * 86_400, remainingSeconds: 60 * 86_400, source: 'auto' },
  });
  expect(www.observation.chain[0].sha256).toBe(scene.leaf('www').sha256);
  expect(docs.findings).toMatchObject([{ code: 'expired', severity: 'critical', certificate: 0 }]);
  expect(down.observation).toMatchObject({ kind: 'failed', phase: 'connect', reason: 'refused' });
});

test('the schema that the program prints is the one that reports are held against', async () => {
  const { stdout, status } = await scene.run(['config', 'schema', '--report']);
  expect([JSON.parse(stdout), status]).toEqual([JSON.parse(JSON.stringify(reportSchema())), 0]);
});

test('ndjson: a result a line, then the run', async () => {
  const { stdout, status } = await check('--format', 'ndjson');
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(5);
  expect(lines.slice(0, -1).flatMap((line) => schema.result(line))).toEqual([]);
  expect(schema.line(lines.at(-1))).toEqual([]);
  expect([lines.at(-1).exitCode, status]).toEqual([2, 2]);
});

test('nagios', async () => {
  const { stdout } = await check('--format', 'nagios');
  expect(readNagios(stdout)).toMatchObject({ status: 'CRITICAL' });
  expect(timeless(stdout)).toMatchInlineSnapshot(`
    "CERTWATCH CRITICAL - docs: The certificate expired 6h ago, on 2026-11-24 02:59 UTC; 1 critical, 1 warning, 1 unknown, 1 ok | www=60;27:;7: blog=20;27:;7: docs=-0.25;27:;7: down=U
    CRITICAL docs: The certificate expired 6h ago, on 2026-11-24 02:59 UTC
    WARNING blog: The certificate should have been renewed by now: 20d left, until 2026-12-14 08:59 UTC (due from 27d before)
    UNKNOWN down: No connection: 127.0.0.1:PORT: connection refused
    "
  `);
});

test('prometheus', async () => {
  const { stdout } = await check('--format', 'prometheus');
  const samples = readPrometheus(stdout);
  const of = (metric: string, target: string) =>
    samples.find((sample) => sample.metric === metric && sample.labels.target === target)?.value;
  expect(of('certwatch_cert_not_after', 'www')).toBe(scene.leaf('www').notAfter / 1_000);
  expect([...new Set(samples.map(({ metric }) => metric))]).toMatchInlineSnapshot(`
    [
      "certwatch_target_info",
      "certwatch_target_status",
      "certwatch_target_trusted",
      "certwatch_target_remaining_seconds",
      "certwatch_target_renew_timestamp_seconds",
      "certwatch_target_warning_timestamp_seconds",
      "certwatch_target_critical_timestamp_seconds",
      "certwatch_finding",
      "certwatch_probe_success",
      "certwatch_probe_duration_seconds",
      "certwatch_tls_version_info",
      "certwatch_cert_not_before",
      "certwatch_cert_not_after",
      "certwatch_cert_remaining_seconds",
      "certwatch_cert_lifetime_seconds",
      "certwatch_run_status",
      "certwatch_run_targets",
      "certwatch_run_input_errors",
      "certwatch_run_deadline_reached",
      "certwatch_run_interrupted",
      "certwatch_run_start_timestamp_seconds",
      "certwatch_run_finish_timestamp_seconds",
      "certwatch_run_judged_timestamp_seconds",
      "certwatch_build_info",
    ]
  `);
  expect(
    stdout.split('\n').filter((line) => /^certwatch_probe_success|^certwatch_target_status/.test(line)),
  ).toMatchInlineSnapshot(`
    [
      "certwatch_target_status{target="www"} 0",
      "certwatch_target_status{target="blog"} 1",
      "certwatch_target_status{target="docs"} 2",
      "certwatch_target_status{target="down"} 3",
      "certwatch_probe_success{target="www"} 1",
      "certwatch_probe_success{target="blog"} 1",
      "certwatch_probe_success{target="docs"} 1",
      "certwatch_probe_success{target="down"} 0",
    ]
  `);
});

test('csv', async () => {
  const { stdout } = await check('--format', 'csv');
  const [header = [], ...rows] = readCsv(stdout);
  expect(header).toMatchInlineSnapshot(`
    [
      "name",
      "status",
      "remaining_days",
      "not_after",
      "findings",
      "message",
      "host",
      "port",
      "protocol",
      "servername",
      "path",
      "address",
      "tls_version",
      "not_before",
      "lifetime_days",
      "renew_at",
      "warn_at",
      "critical_at",
      "trusted",
      "anchor",
      "subject",
      "issuer",
      "serial",
      "sha256",
    ]
  `);
  const column = (name: string) => rows.map((row) => row[header.indexOf(name)]);
  expect(column('name')).toEqual(['www', 'blog', 'docs', 'down']);
  expect(column('status')).toEqual(['ok', 'warning', 'critical', 'unknown']);
  expect(column('not_after')).toEqual(['2027-01-23T08:59:59Z', '2026-12-14T08:59:59Z', '2026-11-24T02:59:59Z', '']);
});

describe('--format FORMAT=FILE', () => {
  test('several at once; the report for people stays on the standard output', async () => {
    const formats = ['json', 'ndjson', 'nagios', 'prometheus', 'csv'];
    const files = formats.flatMap((format) => ['--format', `${format}=out.${format}`]);
    const { stdout, stderr, status } = await check(...files);
    expect([stderr, status]).toEqual(['', 2]);
    expect(stdout).toMatch(/^CRITICAL {2}1 target\n/);
    const text = (format: string) => readFile(scene.folder.at(`out.${format}`), 'utf8');
    expect(schema.report(JSON.parse(await text('json')))).toEqual([]);
    expect((await text('ndjson')).trimEnd().split('\n')).toHaveLength(5);
    expect(readNagios(await text('nagios')).status).toBe('CRITICAL');
    expect(readPrometheus(await text('prometheus')).length).toBeGreaterThan(20);
    expect(readCsv(await text('csv'))).toHaveLength(5);
  });

  test('human into a file has no colour, and the standard output goes on', async () => {
    const { stdout } = await scene.run(
      ['check', scene.line('www'), ...NOW_FLAG, '--ca-file', 'root.pem', '--format', 'human=human.txt'],
      { env: { FORCE_COLOR: '1' } },
    );
    expect(stdout).toContain('\x1b[');
    expect(await readFile(scene.folder.at('human.txt'), 'utf8')).toMatch(/^OK {2}1 target\n/);
  });

  test('the old file is replaced whole, readable by others, and nothing is left beside it', async () => {
    await scene.folder.write('state/old.json', 'old');
    await check('--format', `json=${scene.folder.at('state', 'old.json')}`);
    expect(JSON.parse(await readFile(scene.folder.at('state', 'old.json'), 'utf8')).exitCode).toBe(2);
    expect(await readdir(scene.folder.at('state'))).toEqual(['old.json']);
    expect((await stat(scene.folder.at('state', 'old.json'))).isFile()).toBe(true);
  });

  test('a file that cannot be written is named, and the run is UNKNOWN at best', async () => {
    const args = ['check', scene.line('www'), ...NOW_FLAG, '--ca-file', 'root.pem'];
    expect(await scene.show([...args, '--format', 'json=no/such/folder/out.json'])).toMatchInlineSnapshot(`
      "OK  1 target
        www  60d left       until 2027-01-23

      NOT DONE  1
        output: no/such/folder/out.json: cannot be written (its folder does not exist)

      1 target in TIME: 1 ok. 1 not done. Exit status 3: UNKNOWN.
      ! certwatch: output: no/such/folder/out.json: cannot be written (its folder does not exist)
      exit 3"
    `);
  });
});

test.each([
  [['--format', 'xml']],
  [['--format', 'jsno']],
  [['--format', 'json', '--format', 'csv']],
  [['--format', 'json=']],
  [['--format', 'json=a', '--format', 'csv=a']],
])('%j is refused', async (args) => {
  expect(await scene.show(['check', scene.line('www'), ...args])).toMatchSnapshot();
});
