/**
 * Rehearsals by the built program, against pebble in the part of a staging directory, and by certbot's own dry run.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeAll, expect, vi } from 'vitest';
import { findProgram, testWith } from '../support/acme/daemon.ts';
import { oldPebble, startPebble } from '../support/acme/pebble.ts';
import { buildIfStale } from '../support/build.ts';
import { Disposals } from '../support/renew/disposals.ts';
import { stage } from '../support/renew/stage.ts';
import { runCertwatch } from '../support/run-certwatch.ts';
import { tempFolder } from '../support/temp-folder.ts';

// An order takes a second; on a busy machine it may take many, and no result may depend on that.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

beforeAll(buildIfStale, 60_000);

testWith({ ...oldPebble })('hooks that are allowed, by the staging directory; nothing in use has changed', async () => {
  await using stack = new Disposals();
  const here = stack.use(await stage());
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  const pebble = stack.use(await startPebble({ programs: oldPebble }));
  const config = await here.folder.write(
    'certwatch.yaml',
    `state: ./state
acme:
  directory: zerossl
  ca-file: ${pebble.caFile}
  account: { contact: admin@shop.example, agree-tos: true }
  staging: { directory: "${pebble.directory}" }
certificates:
  - name: www
    domains: www.shop.example
    challenge: { http-01: { listen: "127.0.0.1:${pebble.httpPort}" } }
    live: ./live
    pre-hook: [ 'false' ]
    deploy-hook: { shell: 'echo "$CERTWATCH_REHEARSAL" > hooked; openssl x509 -in "$CERTWATCH_LIVE/cert.pem" -noout -ext subjectAltName >> hooked' }
    rehearse: deploy-hook
    reload: [ 'false' ]
  - name: legacy
    command: [ 'false' ]
    live: ./legacy
`,
  );
  const before = await stat(here.folder.at('live/fullchain.pem'));
  const { stdout, stderr, status } = await runCertwatch(
    ['renew', '--rehearse', '--config', config, '--resolver', pebble.nameServer],
    { cwd: here.folder.path },
  );
  expect(stdout.replace(/in \d+(ms|s)\b/g, 'in TIME'), stderr).toMatchInlineSnapshot(`
    "REHEARSED  1
      www  ordered and installed into a scratch folder; ran: deploy-hook; left out: pre-hook, reload,
          verify

    1 rehearsed, in TIME. Exit status 0: OK.
    "
  `);
  expect(status).toBe(0);
  expect(await readFile(here.folder.at('hooked'), 'utf8')).toMatch(/^1\n.*DNS:www\.shop\.example/s);
  expect((await stat(here.folder.at('live/fullchain.pem'))).ino).toBe(before.ino);
  expect(await readdir(here.folder.at('state'))).not.toContain('renewals');
  expect(await readdir(here.folder.at('state/accounts'))).toEqual([expect.stringMatching(/^127\.0\.0\.1-/)]);
});

const certbot = findProgram('certbot');

testWith({ ...oldPebble, certbot })('by the dry run of certbot', async () => {
  await using stack = new Disposals();
  const folder = stack.use(await tempFolder('client'));
  const pebble = stack.use(await startPebble({ programs: oldPebble, rejectNonces: 0 }));
  const dirs = ['config', 'work', 'logs'].flatMap((dir) => [`--${dir}-dir`, folder.at('certbot', dir)]);
  const port = ['--standalone', '--http-01-port', String(pebble.httpPort)];
  const server = ['--server', pebble.directory, '--non-interactive'];
  const names = ['--agree-tos', '-m', 'admin@shop.example', '--cert-name', 'www', '-d', 'www.shop.example'];
  const env = { PATH: process.env.PATH ?? '', HOME: folder.path, REQUESTS_CA_BUNDLE: pebble.caFile };
  await promisify(execFile)('certbot', ['certonly', ...dirs, ...server, ...port, ...names], { env, timeout: 40_000 });
  const renew = ['certbot', 'renew', ...dirs, ...server, '--no-random-sleep-on-renew', '--cert-name', 'www'];
  const config = await folder.write(
    'certwatch.yaml',
    `state: ./state
certificates:
  - name: www
    domains: www.shop.example
    command: ${JSON.stringify(renew)}
    rehearse-command: ${JSON.stringify([...renew, '--dry-run'])}
    environment: { REQUESTS_CA_BUNDLE: ${pebble.caFile} }
    live: ${folder.at('certbot/config/live/www')}
    timeout: 40s
`,
  );
  const { stdout, status } = await runCertwatch(['renew', '--rehearse', '--config', config, '--format', 'json'], {
    cwd: folder.path,
    killAfterMs: 60_000,
    env: { HOME: folder.path },
  });
  expect(JSON.parse(stdout)).toMatchObject({ results: [{ kind: 'rehearsed', ran: [], leftOut: ['verify'] }] });
  expect(status).toBe(0);
});
