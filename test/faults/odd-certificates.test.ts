/**
 * Certificates that are built to break their reader, each on a server of its own, in one run of the built program.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { createFaultPki } from '../support/faults.ts';
import { ODD_CERTIFICATES } from '../support/odd-certificates.ts';
import { type RunResult, runCertwatch } from '../support/run-certwatch.ts';
import { scriptedTlsServer } from '../support/servers/scripted-tls.ts';
import type { TestServer } from '../support/servers/server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

interface JsonResult {
  readonly target: { readonly name: string };
  readonly status: string;
  readonly findings: readonly { readonly code: string; readonly severity: string; readonly data: object }[];
}

const servers: TestServer[] = [];
let folder: TempFolder;
let run: RunResult;
let results: ReadonlyMap<string, JsonResult>;

beforeAll(async () => {
  await buildIfStale();
  folder = await tempFolder('odd');
  const pki = createFaultPki(Date.now());
  await folder.write('root.pem', pki.root.pem);
  const lines: string[] = [];
  for (const odd of ODD_CERTIFICATES) {
    const { ders, key } = odd.make(pki);
    const server = await scriptedTlsServer({ certificates: ders, key });
    servers.push(server);
    lines.push(`${odd.name}.shop.example connect-to=127.0.0.1:${server.port} name=${odd.name}`);
  }
  await folder.write('hosts.txt', lines.join('\n'));
  const args = ['check', '-f', 'hosts.txt', '--trust', 'none', '--ca-file', 'root.pem', '--format', 'json'];
  run = await runCertwatch([...args, '--timeout', '20s', '--deadline', '25s'], {
    cwd: folder.path,
    killAfterMs: 30_000,
  });
  const report = JSON.parse(run.stdout) as { results: JsonResult[] };
  results = new Map(report.results.map((result) => [result.target.name, result]));
}, 90_000);

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await folder?.remove();
});

it('the run ends by itself, says nothing beside its report, and exits CRITICAL', () => {
  expect(run).toMatchObject({ status: 2, killed: false, stderr: '' });
});

describe('each is judged for what it is', () => {
  it.each(ODD_CERTIFICATES.map((odd) => [odd.name, odd] as const))('%s', (name, { expect: expected }) => {
    const { status, findings } = results.get(name)!;
    const bad = findings.filter(({ severity }) => severity !== 'info');
    expect({ status, findings: JSON.stringify(bad).slice(0, 500) }).toMatchObject({ status: expected.status });
    if (expected.codes.length > 0) expect(bad.map(({ code }) => code).sort()).toEqual([...expected.codes].sort());
  });
});
