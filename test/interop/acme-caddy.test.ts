/**
 * Whole orders against a CA of another make, and the whole loop of the built program with it.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import type { AcmeJob } from '../../src/renew/acme/job.ts';
import { type Caddy, caddyProgram, loopbackAddress, mayListenBelow1024, startCaddy } from '../support/acme/caddy.ts';
import { testWith } from '../support/acme/daemon.ts';
import { type Ordered, orderWith } from '../support/acme/order-with.ts';
import { webServer } from '../support/acme/web-server.ts';
import { buildIfStale } from '../support/build.ts';
import { Disposals } from '../support/renew/disposals.ts';
import { nginxProgram, startNginx } from '../support/renew/nginx.ts';
import { stage } from '../support/renew/stage.ts';
import { runCertwatch } from '../support/run-certwatch.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

// An order takes a second; on a busy machine it may take many, and no result may depend on that.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const programs = { ...caddyProgram, 'the right to listen at port 80': (await mayListenBelow1024()) && 'yes' };
const test = testWith(programs);
let caddy: Caddy;
beforeAll(async () => {
  if (!caddyProgram.caddy) return;
  caddy = await startCaddy();
});
beforeAll(buildIfStale, 60_000);
afterAll(async () => {
  for (const each of [caddy]) await each?.[Symbol.asyncDispose]();
});

const order = (
  folder: TempFolder,
  job: Partial<AcmeJob> & Pick<AcmeJob, 'challenge'>,
  deadlineMs = 60_000,
): Promise<Ordered> =>
  orderWith({ folder, deadlineMs, job: { directory: caddy.directory, caFile: caddy.caFile, ...job } });

test('orders by webroot, by listeners, and with the account of the first', async () => {
  await using folder = await tempFolder('acme');
  await using root = await tempFolder('webroot');
  const address = loopbackAddress();
  const challenges: AcmeJob['challenge'][] = [
    { type: 'http-01', listen: `${address}:80` },
    { type: 'tls-alpn-01', listen: `${address}:443` },
    { type: 'http-01', webroot: root.path },
  ];
  for (const [i, challenge] of challenges.entries()) {
    await using _web = 'webroot' in challenge ? await webServer(root.path, 80, address) : undefined;
    const { result } = await order(folder, { identifiers: [address], challenge, outDir: folder.at(`out${i}`) });
    expect(result).toMatchObject({ ok: true, warnings: [] });
    if (!result.ok) return;
    const leaf = new X509Certificate(readFileSync(result.files.cert));
    expect(leaf.subjectAltName).toBe(`IP Address:${address}`);
    expect(leaf.checkPrivateKey(createPrivateKey(readFileSync(result.files.key)))).toBe(true);
  }
  expect(readdirSync(folder.at('accounts'))).toHaveLength(1);
  expect(readdirSync(root.path)).toEqual([]);
});

test('a server that comes up late: the challenge is answered again until the CA has looked at it', async () => {
  await using folder = await tempFolder('acme');
  await using root = await tempFolder('webroot');
  const address = loopbackAddress();
  // This CA looks once for each answer, and does nothing more by itself.
  const timer = setTimeout(() => {
    web = webServer(root.path, 80, address);
  }, 1_500);
  let web: ReturnType<typeof webServer> | undefined;
  const { result } = await order(folder, {
    identifiers: [address],
    challenge: { type: 'http-01', webroot: root.path },
  });
  clearTimeout(timer);
  await (await web)?.[Symbol.asyncDispose]();
  expect(result).toMatchObject({ ok: true });
});

test('a server that never comes up: what the CA said about it', async () => {
  await using folder = await tempFolder('acme');
  await using root = await tempFolder('webroot');
  const { result } = await order(
    folder,
    { identifiers: [loopbackAddress()], challenge: { type: 'http-01', webroot: root.path } },
    9_000,
  );
  expect(result).toMatchObject({
    ok: false,
    step: 'validate',
    reason: 'acme-connection',
    advice: 'fix-firewall',
    problem: { type: 'urn:ietf:params:acme:error:connection' },
  });
  expect(readdirSync(root.path)).toEqual([]);
});

testWith({ ...programs, nginx: nginxProgram })(
  'renew: ordered, installed, reloaded, served; a reload that fails is put back',
  async () => {
    await using stack = new Disposals();
    const here = stack.use(await stage());
    const root = stack.use(await tempFolder('webroot'));
    const addresses = [loopbackAddress(), loopbackAddress()];
    const sans = addresses.map((address) => `ip:${address}`);
    await here.writeSet(here.live, here.issue({ ageDays: 70, sans }));
    for (const address of addresses) stack.use(await webServer(root.path, 80, address));
    const nginx = stack.use(await startNginx(here.folder, here.live, addresses));
    const configure = (reload: string) =>
      here.folder.write(
        'certwatch.yaml',
        `state: ./state
acme:
  directory: ${caddy.directory}
  ca-file: ${caddy.caFile}
  account: { agree-tos: true }
certificates:
  - name: addresses
    domains: [ ${addresses.join(', ')} ]
    challenge: { http-01: { webroot: ${root.path} } }
    live: ./live
    reload: ${reload}
    verify: [ ${nginx.places.map((place) => `"${place} trust=none"`).join(', ')} ]
    timeout: 30s
`,
      );
    const renew = async (...args: readonly string[]) => {
      const { stdout, stderr, status } = await runCertwatch(['renew', '--format', 'json', ...args], {
        cwd: here.folder.path,
        killAfterMs: 60_000,
      });
      if (!stdout) throw new Error(`no report: ${stderr}`);
      return { status, results: JSON.parse(stdout).results };
    };
    await configure(`[ kill, -HUP, "${nginx.pid}" ]`);
    const first = await renew();
    expect(first).toMatchObject({
      status: 0,
      results: [{ kind: 'renewed', served: [{ serves: 'new' }, { serves: 'new' }], warnings: [] }],
    });
    expect(first.results[0].certificate.names.toSorted()).toEqual(sans.toSorted());
    const live = readFileSync(here.folder.at('live/fullchain.pem'), 'utf8');
    // Half a day: by its own lifetime it is not due for some hours.
    expect(await renew()).toMatchObject({ status: 0, results: [{ kind: 'not-due' }] });
    await configure('{ shell: "exit 1" }');
    expect(await renew('--force')).toMatchObject({
      status: 2,
      results: [
        { kind: 'rolled-back', step: 'reload', restored: true, servedAfter: [{ serves: 'old' }, { serves: 'old' }] },
      ],
    });
    expect(readFileSync(here.folder.at('live/fullchain.pem'), 'utf8')).toBe(live);
    expect(readdirSync(root.path)).toEqual([]);
  },
);
