/**
 * A large fleet of which a part never answers: the others are judged right beside it, and where the run's deadline comes first
 * every target has a result nevertheless.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { createCa } from '../support/pki/pki.ts';
import { runCertwatch } from '../support/run-certwatch.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import type { TestServer } from '../support/servers/server.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import type { JsonResult } from './lab-run.ts';

const TARGETS = 1_000;
const isStuck = (i: number) => i % 5 === 0;
const STUCK = TARGETS / 5;

let folder: TempFolder;
let well: TestServer;
let silent: TestServer;

beforeAll(async () => {
  await buildIfStale();
  const ca = createCa({ now: Date.now() });
  well = await tlsServer({ leaf: ca.issue({ sans: ['dns:*.shop.example'] }) });
  silent = await silentServer();
  folder = await tempFolder('stuck');
  await folder.write('root.pem', ca.pem);
});

afterAll(async () => {
  await Promise.all([well.close(), silent.close()]);
  await folder.remove();
});

async function check(patience: string, deadlineMs: number) {
  const lines = Array.from({ length: TARGETS }, (_, i) => {
    const port = isStuck(i) ? silent.port : well.port;
    return `h${i}.shop.example connect-to=127.0.0.1:${port} name=h${i} timeout=${isStuck(i) ? patience : '20s'}`;
  });
  await folder.write('hosts.txt', lines.join('\n'));
  const args = [
    'check',
    '-f',
    'hosts.txt',
    '--trust',
    'none',
    '--ca-file',
    'root.pem',
    '--format',
    'ndjson',
    '-j',
    '64',
  ];
  const run = await runCertwatch([...args, '--deadline', `${deadlineMs}ms`], {
    cwd: folder.path,
    killAfterMs: deadlineMs + 5_000,
  });
  expect(run).toMatchObject({ status: 3, killed: false });
  const results = run.stdout
    .trimEnd()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as JsonResult);
  expect(results.map(({ target }) => target.name)).toEqual(lines.map((_, i) => `h${i}`));
  return results;
}

const phases = (results: readonly JsonResult[]) => new Set(results.map(({ findings }) => findings[0]?.data.phase));

describe('200 of 1,000 never answer', () => {
  it('the 800 others are judged right', { timeout: 40_000 }, async () => {
    const results = await check('500ms', 30_000);
    const stuck = results.filter((_, i) => isStuck(i));
    const others = results.filter((_, i) => !isStuck(i));
    expect(stuck).toHaveLength(STUCK);
    for (const { findings } of stuck)
      expect(findings[0]).toMatchObject({ code: 'timeout', data: { phase: 'handshake' } });
    for (const result of others) expect(result).toMatchObject({ status: 'ok', findings: [] });
  });

  it('and hold up the rest until the deadline: every target has a result', { timeout: 20_000 }, async () => {
    const results = await check('1m', 3_000);
    expect(phases(results)).toContain('queue');
    for (const { status, findings } of results)
      expect([status, findings[0]?.code ?? 'ok'].join()).toMatch(/^(ok,ok|unknown,timeout)$/);
  });
});
