/**
 * A heartbeat that cannot be told: the verdict stands, and the failure is shown, every time.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pingService, type Reply } from '../alert/ping-service.ts';
import { strictReader } from '../report/readers/json.ts';
import { buildIfStale } from '../support/build.ts';
import { createCa } from '../support/pki/pki.ts';
import { runCertwatch } from '../support/run-certwatch.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import type { TestServer } from '../support/servers/server.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

let folder: TempFolder;
let well: TestServer;

beforeAll(async () => {
  await buildIfStale();
  const ca = createCa({ now: Date.now() });
  folder = await tempFolder('heartbeat');
  await folder.write('root.pem', ca.pem);
  well = await tlsServer({ leaf: ca.issue({ sans: ['ip:127.0.0.1'] }) });
});

afterAll(async () => {
  await well.close();
  await folder.remove();
});

const check = (...args: string[]) =>
  runCertwatch(['check', '--trust', 'none', '--ca-file', 'root.pem', '--format', 'json', ...args], {
    cwd: folder.path,
  });
const urlOf = (server: { port: number }) => `http://127.0.0.1:${server.port}/secret`;
const here = () => `127.0.0.1:${well.port}`;

const REFUSED: Reply = { status: 404 };
const OK: Reply = { status: 200 };

describe.concurrent('a heartbeat that is not heard', { timeout: 30_000 }, () => {
  it.each([1, 2, 3, 4, 5])('its end: on the standard error (%d)', async () => {
    await using service = await pingService([OK, REFUSED]);
    const ended = await check(here(), '--ping', urlOf(service));
    expect(ended.status).toBe(0);
    expect(ended.stderr).toMatch(/^certwatch: ping: the end of the run could not be told to \S+: HTTP 404\n$/);
  });

  it('its end, at the deadline: nobody answers there', async () => {
    await using silent = await silentServer();
    await using deaf = await silentServer();
    const ended = await check(`127.0.0.1:${silent.port}`, '-t', '1m', '--deadline', '3s', '--ping', urlOf(deaf));
    expect(ended).toMatchObject({ status: 3, killed: false });
    expect(ended.stderr).toMatch(/ping: the end of the run could not be told to/);
    // What is kept of the time for telling is none that the target had.
    expect(JSON.parse(ended.stdout)).toMatchObject({ run: { deadlineReached: true } });
  });

  it('its start, while the report is not out: there, too, as information', async () => {
    await using silent = await silentServer();
    await using service = await pingService([REFUSED, OK]);
    const ended = await check(
      here(),
      `127.0.0.1:${silent.port}`,
      '-t',
      '2s',
      '--unreachable',
      'ok',
      '--ping',
      urlOf(service),
    );
    expect(ended.status).toBe(0);
    const report = JSON.parse(ended.stdout);
    expect(strictReader().report(report)).toEqual([]);
    expect(report).toMatchObject({
      status: 'ok',
      run: {
        errors: [{ code: 'ping-failed', severity: 'info', message: expect.stringContaining('the start of the run') }],
      },
    });
  });

  it('a run whose config is wrong tells that it could not begin', async () => {
    await using service = await pingService([OK]);
    await folder.write('wrong.yaml', 'nonsense: 1\n');
    const ended = await check('--config', 'wrong.yaml', '--ping', urlOf(service));
    expect(ended).toMatchObject({ status: 3, stdout: '' });
    expect(service.received.at(-1)?.url).toMatch(/^\/secret\/3\?/);
  });
});
