/**
 * Transcripts: `check_certwatch`. One line on the standard output whatever happens, and an answer before its `-t`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readNagios } from '../report/readers/nagios.ts';
import { type HostName, NOW_FLAG, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('www', 'blog', 'mail', 'docs', 'stuck', 'down');
});
afterAll(() => scene[Symbol.asyncDispose]());

const PROGRAM = { program: 'check_certwatch' } as const;
const plugin = (args: readonly string[]) => scene.show(args, PROGRAM);
const host = (name: HostName, ...args: string[]) => [
  ...['-H', `${name}.shop.example`, '-I', '127.0.0.1', '-p', String(scene.port(name)), '--ca-file', 'root.pem'],
  ...[...NOW_FLAG, ...args],
];

test.each(['www', 'blog', 'mail', 'docs', 'down'] as const)('%s', async (name) => {
  expect((await plugin(host(name))).replaceAll(String(scene.port(name)), 'PORT')).toMatchSnapshot();
  const { stdout, stderr } = await scene.run(host(name), PROGRAM);
  expect(readNagios(stdout)).toMatchObject({ long: [], figures: { length: 2 } });
  expect(stderr).toBe('');
});

describe('thresholds', () => {
  test.each([
    [['-w', '70'], 1],
    [['-w', '60'], 1],
    [['-w', '59'], 0],
    [['-w', '59.5'], 0],
    [['-w', '60.5:'], 1],
    [['-w', '61:'], 1],
    [['-w', '59:'], 0],
    [['-c', '60'], 2],
    [['-w', '70', '-c', '65'], 2],
    [['-w', '75%'], 1],
    [['-w', '1440h'], 1],
    [['-w', '1439h'], 0],
    [['--warning', 'auto', '--critical', 'auto'], 0],
    [['--warning=70d', '--grace=11d'], 0],
  ])('%j: %i', async (args, status) => {
    expect((await scene.run(host('www', ...args), PROGRAM)).status).toBe(status);
  });

  test('they are in the performance data', async () => {
    const { stdout } = await scene.run(host('www', '-w', '70', '-c', '5'), PROGRAM);
    expect(readNagios(stdout).figures[0]).toMatchObject({ value: '60', warn: '70:', critical: '5:' });
  });
});

test.each(['https://127.0.0.1/page?q', 'https://127.0.0.1', '127.0.0.1', 'tls://127.0.0.1/'])(
  'the port is that of -p behind %s, too',
  async (hostname) => {
    const { stdout } = await scene.run(['-H', hostname, '-p', String(scene.port('down')), '--retries', '0'], PROGRAM);
    expect(stdout).toContain(`No connection: 127.0.0.1:${scene.port('down')}`);
  },
);

test('-v says what to do next', async () => {
  const { stdout } = await scene.run(host('mail', '-v'), PROGRAM);
  expect(readNagios(stdout).long.slice(0, 2)).toMatchInlineSnapshot(`
    [
      "expires-soon: The certificate expires in 2d, on 2026-11-26 08:59 UTC (critical from 7d before).",
      "  Renewal has not happened: run it by hand now, read what it says, then reload the server.",
    ]
  `);
});

test.each([
  ['-4', 0],
  ['-6', 3],
])('%s', async (flag, status) => {
  expect((await scene.run(host('www', flag), PROGRAM)).status).toBe(status);
});

describe('-t', () => {
  test('an answer before it, from a host that never answers', async () => {
    const { stdout, status, killed } = await scene.run(host('stuck', '-t', '3'), PROGRAM);
    expect(readNagios(stdout)).toMatchObject({ status: 'UNKNOWN', said: expect.stringContaining('No answer in time') });
    // By its own clock, which does not count the start: a loaded machine makes that slow.
    const took = Number(readNagios(stdout).figures.find(({ label }) => label === 'time')?.value);
    expect([status, killed, took > 1 && took < 3]).toEqual([3, false, true]);
  });

  test('--unreachable critical', async () => {
    expect((await scene.run(host('stuck', '-t', '1500ms', '--unreachable', 'critical'), PROGRAM)).status).toBe(2);
  });
});

describe('bad usage: one line on the standard output, UNKNOWN', () => {
  test.each([
    [[]],
    [['-H']],
    [['-H', 'www.shop.example', '--bogus']],
    [['-H', 'www.shop.example', '-w', 'soon']],
    [['-H', 'www.shop.example', '-w', '-5']],
    [['-H', 'www.shop.example', '-t', '0']],
    [['-H', 'www.shop.example', '-t', 'never']],
    [['-H', 'www.shop.example', '-p', '0']],
    [['-H', 'www.shop.example', '-p', 'https']],
    [['-H', 'www.shop.example:1', '-p', '2']],
    [['-H', 'www|shop example']],
    [['-H', 'www.shop.example', '-I', 'not an address']],
    [['-H', 'www.shop.example', '-4', '-6']],
    [['-H', 'www.shop.example', 'extra']],
    [['-H', 'www.shop.example', '--warnign', '3']],
  ])('%j', async (args) => {
    const { stdout, stderr, status } = await scene.run(args, PROGRAM);
    expect([readNagios(stdout).status, stdout.split('\n').length, stderr, status]).toEqual(['UNKNOWN', 2, '', 3]);
    expect(stdout).toMatchSnapshot();
  });
});

test('-V', async () => {
  expect(await plugin(['-V'])).toMatch(/^check_certwatch \d+\.\d+\.\d+\nexit 3$/);
});

test('-h names every flag', async () => {
  const { stdout, status } = await scene.run(['-h'], PROGRAM);
  for (const flag of ['-H', '-p', '-I', '-w', '-c', '-t', '-4', '-6', '-v', '-V', '-h', '--starttls']) {
    expect(stdout).toMatch(new RegExp(`^ +(-\\w, )?${flag}\\b`, 'm'));
  }
  expect(status).toBe(3);
});

test('an IPv6 address as host, and the same check from far away', async () => {
  const args = ['-H', '::1', '-p', String(scene.port('down')), '-t', '5', ...NOW_FLAG];
  const { stdout, status } = await scene.run(args, PROGRAM);
  expect([readNagios(stdout).status, status]).toEqual(['UNKNOWN', 3]);
  expect(stdout).toContain(`[::1]:${scene.port('down')}`);
});
