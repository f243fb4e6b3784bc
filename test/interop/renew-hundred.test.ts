/**
 * A hundred due certificates at one CA and one nginx, and five whose challenge host accepts and never answers: 95 renewed
 * and verified by the deadline, 5 told, exit status 2. Takes a minute or two, so it runs under CI, or with HUNDRED=1.
 */

import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { beforeAll, expect } from 'vitest';
import { startDaemon, testWith } from '../support/acme/daemon.ts';
import { oldPebble, startPebble } from '../support/acme/pebble.ts';
import { webServer } from '../support/acme/web-server.ts';
import { buildIfStale } from '../support/build.ts';
import { freePort } from '../support/ports.ts';
import { Disposals } from '../support/renew/disposals.ts';
import { nginxProgram } from '../support/renew/nginx.ts';
import { stage, writeSet } from '../support/renew/stage.ts';
import { runCertwatch } from '../support/run-certwatch.ts';
import { listen } from '../support/servers/server.ts';

beforeAll(buildIfStale, 60_000);

const wanted = process.env.CI !== undefined || process.env.HUNDRED !== undefined;
const test = wanted ? testWith({ ...oldPebble, nginx: nginxProgram }) : testWith({}).skip;

const NAMES = Array.from({ length: 100 }, (_, i) => `n${i}`);
const HANGING = ['n3', 'n20', 'n41', 'n77', 'n99'];
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);

test('a hundred are due, five challenge hosts hang', { timeout: 400_000 }, async () => {
  await using all = new Disposals();
  const here = all.use(await stage());
  const pebble = all.use(await startPebble({ programs: oldPebble }));
  const { folder } = here;
  await mkdir(folder.at('html'));
  all.use(await webServer(folder.at('html'), pebble.httpPort));
  const silent = createServer(() => {});
  const hole = await listen(silent, { host: '127.0.0.3', port: pebble.httpPort });
  all.use({ [Symbol.asyncDispose]: () => hole.close() });
  for (const name of HANGING) await pebble.set('add-a', { host: `${name}.shop.example`, addresses: ['127.0.0.3'] });
  for (const name of NAMES) {
    await writeSet(folder.at('live', name), here.issue({ ageDays: 70, sans: [`dns:${name}.shop.example`] }));
  }
  const [port, ready] = [await freePort(), await freePort()];
  const servers = NAMES.map(
    (name) => `server { listen 127.0.0.1:${port} ssl; server_name ${name}.shop.example;
      ssl_certificate ${folder.at('live', name)}/fullchain.pem; ssl_certificate_key ${folder.at('live', name)}/privkey.pem; }`,
  );
  const nginxConfig = await folder.write(
    'nginx/nginx.conf',
    `daemon off; pid nginx.pid; error_log stderr notice; worker_processes 1; events {}
    http { access_log off; ${TEMPORARY.join(' ')} server { listen 127.0.0.1:${ready}; } ${servers.join('\n')} }`,
  );
  const nginxArgs = ['-p', folder.at('nginx'), '-e', 'stderr', '-c', nginxConfig];
  const nginx = all.use(await startDaemon(nginxProgram ?? 'nginx', { args: nginxArgs, port: ready }));
  const entries = NAMES.map(
    (name) => `  - name: ${name}
    domains: ${name}.shop.example
    challenge: { http-01: { webroot: ./html } }
    live: ./live/${name}
    reload: [ kill, -HUP, "${nginx.pid}" ]
    verify: "127.0.0.1:${port} servername=${name}.shop.example trust=none"
    timeout: 40s`,
  );
  const config = await folder.write(
    'certwatch.yaml',
    `state: ./state
acme:
  directory: ${pebble.directory}
  ca-file: ${pebble.caFile}
  account: { contact: admin@shop.example, agree-tos: true }
certificates:
${entries.join('\n')}
`,
  );
  const args = ['renew', '--config', config, '--resolver', pebble.nameServer, '--format', 'json', '--deadline', '5m'];
  const { stdout, status, durationMs } = await runCertwatch(args, { cwd: folder.path, killAfterMs: 330_000 });
  const { summary, results, run } = JSON.parse(stdout);
  const reloads = nginx.output().split('(SIGHUP) received').length - 1;
  const measured = `${Math.round(durationMs / 1_000)} s, ${reloads} reloads, ${JSON.stringify(summary)}\n`;
  if (process.env.HUNDRED) process.stdout.write(measured);
  expect(summary).toEqual({ certificates: 100, renewed: 95, failed: 5 });
  expect(
    results.filter(({ kind }: { kind: string }) => kind === 'failed').map(({ name }: { name: string }) => name),
  ).toEqual(HANGING);
  expect(run).toMatchObject({ deadlineReached: false });
  expect(status).toBe(2);
  // 95 where each reloads by itself.
  expect(reloads).toBeLessThan(70);
});
