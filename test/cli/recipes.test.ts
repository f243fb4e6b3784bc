/**
 * The recipes of the README, run: cron with a state folder, the textfile for Prometheus, a list for Nagios.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readNagios } from '../report/readers/nagios.ts';
import { readPrometheus } from '../report/readers/prometheus.ts';
import { NOW_FLAG, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('www', 'api', 'mail');
  await scene.folder.write('hosts.txt', `${scene.line('www')}\n${scene.line('api')}\n`);
  await scene.folder.write('worse.txt', `${scene.line('www')}\n${scene.line('mail')}\n`);
});
afterAll(() => scene[Symbol.asyncDispose]());

const FLAGS = [...NOW_FLAG, '--ca-file', 'root.pem'];

test('cron: silent while all is well, also the second time; then what is not; and the check itself is alive', async () => {
  const nightly = (list: string) => ['check', '-q', '-f', list, '--state', 'state', '--deadline', '10m', ...FLAGS];
  const status = () => scene.show(['status', '--state', 'state', '--max-age', '26h']);
  expect(await status()).toMatch(/^CERTWATCH UNKNOWN\b.*\nexit 3$/);
  expect(await scene.show(nightly('hosts.txt'))).toBe('exit 0');
  expect(await scene.show(nightly('hosts.txt'))).toBe('exit 0');
  expect(await status()).toMatch(/^CERTWATCH OK\b[\s\S]*\nexit 0$/);
  expect(await scene.show(nightly('worse.txt'))).toMatch(/^CRITICAL {2}1 target\n {2}mail [\s\S]*exit 2$/);
  // The check did its job: what it found is not what this is about.
  expect(await status()).toMatch(/^CERTWATCH OK\b[\s\S]*\nexit 0$/);
});

test('Prometheus: the file is written also where -q keeps the mail away', async () => {
  const args = [
    'check',
    '-q',
    '-f',
    'hosts.txt',
    '--deadline',
    '5m',
    '--format',
    'prometheus=certwatch.prom',
    ...FLAGS,
  ];
  expect(await scene.show(args)).toBe('exit 0');
  const samples = readPrometheus(await readFile(scene.folder.at('certwatch.prom'), 'utf8'));
  const of = (metric: string) => samples.filter((sample) => sample.metric === metric).map(({ value }) => value);
  expect(of('certwatch_target_status')).toEqual([0, 0]);
  expect(of('certwatch_run_start_timestamp_seconds')).toHaveLength(1);
});

test('Nagios: one service for a whole list', async () => {
  const { stdout, status } = await scene.run(['check', '-f', 'worse.txt', '--format', 'nagios', ...FLAGS]);
  expect([readNagios(stdout).status, readNagios(stdout).figures.length, status]).toEqual(['CRITICAL', 2, 2]);
});
