/**
 * The fault lab of names: a name server that misbehaves name by name, and names with a dead address beside a living one. One
 * run of the built program with `--resolver`: each has its right answer, and none holds up another.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { createFaultPki, type Listening } from '../support/faults.ts';
import { type RunResult, runCertwatch } from '../support/run-certwatch.ts';
import { type DnsServer, type DnsTable, dnsServer } from '../support/servers/dns-server.ts';
import { fullBacklogServer } from '../support/servers/misbehaving.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const ALIVE = '127.0.0.1';
/** A full backlog drops what comes here. */
const BLACKHOLE = '127.0.0.2';
/** Nobody listens here. */
const REFUSING = '127.0.0.3';

const FINE = 'ok';
const LATE = 'timeout resolve deadline';

interface NameFault {
  readonly name: string;
  readonly entry: DnsTable[string] | undefined;
  /** `ok`, or code, phase and reason of the finding. */
  readonly expect: string | RegExp;
}

const NAME_FAULTS: readonly NameFault[] = [
  { name: 'plain', entry: [ALIVE], expect: FINE },
  { name: 'silent', entry: 'silent', expect: LATE },
  { name: 'slow', entry: { addresses: [ALIVE], delayMs: 300 }, expect: FINE },
  { name: 'too-late', entry: { addresses: [ALIVE], delayMs: 60_000 }, expect: LATE },
  { name: 'unknown', entry: undefined, expect: 'resolve-failed resolve nxdomain' },
  { name: 'nxdomain', entry: 'nxdomain', expect: 'resolve-failed resolve nxdomain' },
  { name: 'servfail', entry: 'servfail', expect: /^resolve-failed resolve / },
  { name: 'refused', entry: 'refused', expect: /^resolve-failed resolve / },
  { name: 'no-address', entry: { addresses: [] }, expect: /^resolve-failed resolve / },
  { name: 'truncated', entry: { addresses: [ALIVE], truncated: true }, expect: FINE },
  { name: 'tcp-silent', entry: 'tcp-silent', expect: LATE },
  { name: 'tcp-closes', entry: 'tcp-closes', expect: /^(resolve-failed|timeout) resolve / },
  { name: 'alias', entry: { cname: 'plain.shop.example' }, expect: FINE },
  { name: 'loop', entry: { cname: 'loop-back.shop.example' }, expect: /^resolve-failed resolve / },
  { name: 'pointer-loop', entry: 'pointer-loop', expect: /^(resolve-failed|timeout) resolve / },
  { name: 'garbage', entry: 'garbage', expect: /^(resolve-failed|timeout) resolve / },
  { name: 'short-record', entry: 'short-record', expect: /^(resolve-failed|timeout) resolve / },
  // Not to be taken for an answer: it would lead to an address where nobody listens.
  { name: 'forged-id', entry: 'wrong-id', expect: LATE },
  { name: 'forged-name', entry: 'wrong-question', expect: /^(resolve-failed|timeout) resolve / },
  { name: 'silent-v6', entry: { addresses: [ALIVE], mood: 'silent', moodFor: 'AAAA' }, expect: FINE },
  { name: 'dead-and-alive', entry: [REFUSING, ALIVE], expect: FINE },
  { name: 'dropped-and-alive', entry: [BLACKHOLE, ALIVE], expect: FINE },
  { name: 'dropped', entry: [BLACKHOLE], expect: 'timeout connect deadline' },
  { name: 'dead', entry: [REFUSING], expect: 'connect-failed connect refused' },
];

interface JsonResult {
  readonly target: { readonly name: string };
  readonly status: string;
  readonly findings: readonly { readonly code: string; readonly data: { phase: string; reason: string } }[];
}

const servers: Listening[] = [];
let dns: DnsServer;
let folder: TempFolder;
let run: RunResult;
let results: ReadonlyMap<string, JsonResult>;

beforeAll(async () => {
  await buildIfStale();
  folder = await tempFolder('names');
  const pki = createFaultPki(Date.now());
  await folder.write('root.pem', pki.root.pem);
  const alive = await tlsServer({ leaf: pki.issuing.issue({ sans: ['dns:*.shop.example'] }), host: ALIVE });
  servers.push(alive, await fullBacklogServer({ host: BLACKHOLE, port: alive.port }));
  const table = NAME_FAULTS.flatMap(({ name, entry }) =>
    entry === undefined ? [] : [[`${name}.shop.example`, entry]],
  );
  dns = await dnsServer({ ...Object.fromEntries(table), 'loop-back.shop.example': { cname: 'loop.shop.example' } });
  const lines = NAME_FAULTS.map(({ name, expect: expected }) => {
    const patience = expected === FINE ? '20s' : '2s';
    return `${name}.shop.example:${alive.port} name=${name} timeout=${patience}`;
  });
  await folder.write('hosts.txt', lines.join('\n'));
  const args = ['check', '-f', 'hosts.txt', '--trust', 'none', '--ca-file', 'root.pem', '--resolver', dns.address];
  run = await runCertwatch([...args, '--format', 'json', '--deadline', '25s'], {
    cwd: folder.path,
    killAfterMs: 30_000,
  });
  const report = JSON.parse(run.stdout) as { results: JsonResult[] };
  results = new Map(report.results.map((result) => [result.target.name, result]));
}, 90_000);

afterAll(async () => {
  await Promise.all([dns?.close(), ...servers.map((server) => server.close())]);
  await folder?.remove();
});

it('the run ends by itself, says nothing beside its report, and exits UNKNOWN', () => {
  expect(run).toMatchObject({ status: 3, killed: false, stderr: '' });
});

describe('each name has its answer', () => {
  it.each(NAME_FAULTS.map((fault) => [fault.name, fault] as const))('%s', (name, { expect: expected }) => {
    const { status, findings } = results.get(name)!;
    const said = findings.map(({ code, data }) => [code, data.phase, data.reason].join(' ')).join(', ') || status;
    if (typeof expected === 'string') expect(said).toBe(expected);
    else expect(said).toMatch(expected);
  });
});
