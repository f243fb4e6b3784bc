/**
 * `certwatch check` beside `certwatch renew`: renewed on disk and not served is critical; what is due says what automation
 * last did about it.
 */
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { type Stage, stage, startServer } from '../support/renew/stage.ts';
import { type RunOptions, runCertwatch } from '../support/run-certwatch.ts';
import { giveToUnprivileged, UNPRIVILEGED } from '../support/unprivileged.ts';

beforeAll(buildIfStale, 60_000);

async function configured(here: Stage, command: string): Promise<{ config: string; place: string }> {
  const place = `127.0.0.1:${here.ports[0]}`;
  const config = await here.folder.write(
    'certwatch.yaml',
    `state: ./state
targets: [ "${place} servername=www.shop.example ca-file=ca.pem" ]
certificates:
  - name: www
    domains: www.shop.example
    command: ${command}
    live: ./live
    verify: [ "${place} servername=www.shop.example" ]
    timeout: 5s
`,
  );
  await here.folder.write('ca.pem', here.ca.pem);
  return { config, place };
}

async function check(config: string, cwd: string, user: RunOptions['user'] = {}) {
  const run = await runCertwatch(['check', '--config', config, '--trust', 'none', '--format', 'json'], { cwd, user });
  const { results } = JSON.parse(run.stdout);
  return { status: run.status, findings: results[0].findings as { code: string; data: object; message: string }[] };
}

test('renewed on disk, the old one is still served: critical; a file that may not be read changes nothing', async () => {
  await using here = await stage();
  const old = here.issue();
  await here.writeSet(here.live, old);
  await here.serve(['127.0.0.1']);
  const { config } = await configured(here, '[ "true" ]');
  const before = await check(config, here.folder.path);
  expect(before.findings.map(({ code }) => code)).not.toContain('served-differs-from-file');
  const fresh = here.issue();
  await here.writeSet(here.live, fresh);
  const after = await check(config, here.folder.path);
  expect(after.status).toBe(2);
  expect(after.findings).toContainEqual(
    expect.objectContaining({
      code: 'served-differs-from-file',
      data: expect.objectContaining({ served: old.sha256, onDisk: fresh.sha256 }),
    }),
  );
  await giveToUnprivileged(here.folder.path);
  await chmod(here.live, 0);
  const unreadable = await check(config, here.folder.path, UNPRIVILEGED);
  // It was critical in the run before.
  expect(unreadable.findings.map(({ code }) => code)).toEqual(['changed']);
});

test('due: when automation last tried, and why it failed', async () => {
  await using here = await stage();
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  await here.serve(['127.0.0.1']);
  const { config } = await configured(here, `{ shell: 'echo the CA is away; exit 1' }`);
  const before = await check(config, here.folder.path);
  expect(before.findings).toMatchObject([
    { code: 'renewal-due', data: expect.not.objectContaining({ automation: {} }) },
  ]);
  const renewed = await runCertwatch(['renew', '--config', config], { cwd: here.folder.path });
  expect(renewed.status).toBe(2);
  const { findings } = await check(config, here.folder.path);
  expect(findings).toMatchObject([
    {
      code: 'renewal-due',
      data: {
        automation: { certificate: 'www', outcome: 'failed', step: 'order', reason: 'order-failed', failures: 1 },
      },
      message: expect.stringMatching(
        /Automation last tried on .* and failed at order: order-failed: `echo the CA is away; exit 1` ended with exit status 1\.$/,
      ),
    },
  ]);
});

test('while a renewal is on: what it has installed and not reloaded yet alarms nobody, and nobody is said to have given up', async () => {
  await using here = await stage();
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  const server = await here.serve(['127.0.0.1']);
  await here.writeSet(here.folder.at('ready'), here.issue());
  const { config } = await configured(here, '[ cp, -r, ready/., live ]');
  const text = await readFile(config, 'utf8');
  const waits = 'touch reloading; until test -e go; do sleep 0.05; done';
  await writeFile(
    config,
    `${text.replace('timeout: 5s', 'timeout: 60s')}    reload: { shell: '${waits}; kill -HUP ${server.pid}' }\n`,
  );
  const renewing = runCertwatch(['renew', '--config', config], { cwd: here.folder.path, killAfterMs: 60_000 });
  while (!(await readdir(here.folder.path)).includes('reloading')) await pause(20);
  const { findings } = await check(config, here.folder.path);
  await here.folder.write('go', '');
  expect((await renewing).status).toBe(0);
  expect(findings).toMatchObject([
    {
      code: 'renewal-due',
      data: { automation: { certificate: 'www', running: true, step: 'reload' } },
      message: expect.stringMatching(/ Automation is at it right now, since .* \(at reload\)\.$/),
    },
  ]);
  // Where no run is on, it is critical.
  await here.writeSet(here.live, here.issue());
  const after = await check(config, here.folder.path);
  expect(after.findings.map(({ code }) => code)).toContain('served-differs-from-file');
});

test('check --renew: what it finds due is renewed, and served, by the same deadline', async () => {
  await using here = await stage();
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  const server = await here.serve(['127.0.0.1']);
  // An existing client: the new pair lies ready, and is put in place.
  const fresh = here.issue();
  await here.writeSet(here.folder.at('ready'), fresh);
  const { config, place } = await configured(
    here,
    `{ shell: 'for f in privkey cert chain fullchain; do cp -p ready/$f.pem live/$f.tmp && mv live/$f.tmp live/$f.pem; done; kill -HUP ${server.pid}' }`,
  );
  const args = ['check', '--config', config, '--trust', 'none', '--renew', '--deadline', '10s'];
  const run = await runCertwatch(args, { cwd: here.folder.path });
  expect(run.stdout).toMatch(/WARNING {2}1 target[\s\S]*renewal-due[\s\S]*\n\nRENEWED {2}1\n {2}www/);
  expect(run.status).toBe(1);
  const again = await runCertwatch(args, { cwd: here.folder.path });
  expect([again.status, again.stdout]).toEqual([0, expect.stringContaining(`${place}`)]);
  expect(again.stdout).not.toMatch(/renewed/i);
});

test('check --renew where an RSA and an EC certificate are served at one place: what is due of them is renewed', async () => {
  await using here = await stage();
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  await (await here.serve(['127.0.0.1'])).stop();
  const beside = here.folder.at('beside');
  await here.writeSet(beside, here.ca.issue({ sans: ['dns:www.shop.example'], key: 'rsa2048' }));
  const server = await startServer([here.live, beside].join(), [`127.0.0.1:${here.ports[0]}`]);
  try {
    await here.writeSet(here.folder.at('ready'), here.issue());
    const { config, place } = await configured(here, `{ shell: 'cp ready/*.pem live/; kill -HUP ${server.pid}' }`);
    await writeFile(
      config,
      `${await readFile(config, 'utf8')}  - name: beside
    command: [ "false" ]
    live: ./beside
    verify: [ "${place} servername=www.shop.example" ]
`,
    );
    const args = ['check', '--config', config, '--trust', 'none', '--renew'];
    const { stdout } = await runCertwatch(args, { cwd: here.folder.path });
    expect(stdout).toMatch(/RENEWED {2}1\n {2}www[\s\S]*NOT DUE {2}1\n {2}beside/);
  } finally {
    await server.stop();
  }
});

test('a config with certificates and no targets: looked at is where they have to be served', async () => {
  await using here = await stage();
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  const server = await here.serve(['127.0.0.1']);
  await here.writeSet(here.folder.at('ready'), here.issue());
  const { config, place } = await configured(here, `{ shell: 'cp ready/*.pem live/; kill -HUP ${server.pid}' }`);
  await writeFile(config, (await readFile(config, 'utf8')).replace(/^targets: .*\n/m, ''));
  const args = ['check', '--config', config, '--trust', 'none'];
  const looked = await runCertwatch(args, { cwd: here.folder.path });
  expect([looked.status, looked.stdout]).toEqual([1, expect.stringContaining(place)]);
  const renewed = await runCertwatch([...args, '--renew'], { cwd: here.folder.path });
  expect(renewed.stdout).toMatch(/RENEWED {2}1\n {2}www/);
  expect((await runCertwatch(args, { cwd: here.folder.path })).status).toBe(0);
});

test('check --renew: no certificate yet is as good as due, though nothing is served that could be flagged', async () => {
  await using here = await stage();
  await here.writeSet(here.live, here.issue());
  await (await here.serve(['127.0.0.1'])).stop();
  await rm(here.live, { recursive: true });
  const { config } = await configured(here, '{ shell: "echo asked >> asked; exit 1" }');
  const args = ['check', '--config', config, '--trust', 'none', '--renew'];
  const run = await runCertwatch(args, { cwd: here.folder.path });
  expect(run.stdout).toMatch(/FAILED {2}1\n {2}www/);
  expect(await readFile(here.folder.at('asked'), 'utf8')).toBe('asked\n');
});

test('check --renew without certificates in a config: a sentence, exit 3', async () => {
  const run = await runCertwatch(['check', '127.0.0.1:1', '--renew']);
  expect(run.status).toBe(3);
  expect(run.stderr).toContain('--renew needs a config file with certificates');
});
