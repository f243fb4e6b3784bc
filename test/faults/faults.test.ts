/**
 * The fault lab from end to end: every server that misbehaves, and one that is well in front of each ten of them, in one run
 * of the built program. The run ends by itself, each fault has its right name, and the neighbours are untouched.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { createFaultPki, FAULTS, type FaultAnswer, type Listening } from '../support/faults.ts';
import { type RunResult, runCertwatch } from '../support/run-certwatch.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

interface JsonResult {
  readonly target: { readonly name: string };
  readonly status: string;
  readonly findings: readonly { readonly code: string; readonly data: { phase?: string; reason?: string } }[];
}

/** What is to time out gets little time; the rest has so much that a busy machine does not matter. */
const SHORT = '1500ms';
const LONG = '20s';

const servers: Listening[] = [];
const healthy: string[] = [];
let folder: TempFolder;
let run: RunResult;
let results: ReadonlyMap<string, JsonResult>;

beforeAll(async () => {
  await buildIfStale();
  folder = await tempFolder('faults');
  const pki = createFaultPki(Date.now());
  await folder.write('root.pem', pki.root.pem);
  const well = await tlsServer({ leaf: pki.issuing.issue({ sans: ['dns:well.shop.example'] }) });
  servers.push(well);
  const lines: string[] = [];
  for (const [i, fault] of FAULTS.entries()) {
    if (i % 10 === 0) {
      healthy.push(`well-${i}`);
      lines.push(`well.shop.example connect-to=127.0.0.1:${well.port} name=well-${i} timeout=${LONG}`);
    }
    const server = await fault.start(pki);
    servers.push(server);
    const patience = fault.expect !== 'harmless' && fault.expect.code === 'timeout' ? SHORT : LONG;
    const line = `${fault.name}.shop.example connect-to=127.0.0.1:${server.port} name=${fault.name} timeout=${patience}`;
    lines.push(fault.options ? `${line} ${fault.options}` : line);
  }
  await folder.write('hosts.txt', lines.join('\n'));
  const args = ['check', '-f', 'hosts.txt', '--trust', 'none', '--ca-file', 'root.pem', '--format', 'json'];
  run = await runCertwatch([...args, '--deadline', '25s', '-j', '32'], { cwd: folder.path, killAfterMs: 30_000 });
  const report = JSON.parse(run.stdout) as { results: JsonResult[] };
  results = new Map(report.results.map((result) => [result.target.name, result]));
}, 90_000);

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await folder?.remove();
});

it('the run ends by itself, says nothing beside its report, and exits UNKNOWN', () => {
  expect(run).toMatchObject({ status: 3, killed: false, stderr: '' });
  expect(results.size).toBe(FAULTS.length + healthy.length);
});

it('the neighbours are untouched', () => {
  for (const name of healthy) expect(results.get(name)).toMatchObject({ status: 'ok', findings: [] });
});

describe('each fault has its name', () => {
  it.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s', (name, fault) => {
    const result = results.get(name)!;
    if (fault.expect === 'harmless') {
      expect(result).toMatchObject({ status: 'ok', findings: [] });
      return;
    }
    const say = ({ code, phase, reason }: FaultAnswer) => [code, phase, reason].join(' ');
    const [finding] = result.findings;
    const right = [fault.expect, ...(fault.orElse ? [fault.orElse] : [])].map(say);
    expect(right).toContain([finding?.code, finding?.data.phase, finding?.data.reason].join(' '));
    expect(result.status).toBe('unknown');
  });
});
