/**
 * A slip in one entry of `certificates:`: the targets are watched and the other certificates renewed all the same, the entry
 * is named with its place, and the exit status is 3 at best. By the built program.
 */
import { beforeAll, expect, test } from 'vitest';
import { buildIfStale } from '../support/build.ts';
import { stage } from '../support/renew/stage.ts';
import { runCertwatch } from '../support/run-certwatch.ts';

beforeAll(buildIfStale, 60_000);

async function scene() {
  const here = await stage();
  const old = here.issue({ ageDays: 70 });
  await here.writeSet(here.live, old);
  await here.writeSet(here.folder.at('fresh'), here.issue());
  const server = await here.serve(['127.0.0.1']);
  const place = `127.0.0.1:${here.ports[0]} servername=www.shop.example trust=none`;
  await here.folder.write(
    'certwatch.yaml',
    `state: ./state
targets: [ "${place}" ]
certificates:
  - name: wild
    domains: "*.shop.example"
    challenge: { http-01: { webroot: ./html } }
    live: ./wild
    acme: { account: { agree-tos: true } }
  - name: www
    command: { shell: 'cp fresh/*.pem "$CERTWATCH_LIVE/"' }
    live: ./live
    reload: [ kill, -HUP, "${server.pid}" ]
    verify: [ "${place}" ]
    timeout: 8s
`,
  );
  const run = (...args: readonly string[]) => runCertwatch(args, { cwd: here.folder.path });
  return { here, run, [Symbol.asyncDispose]: () => here[Symbol.asyncDispose]() };
}

const WHERE = 'certwatch.yaml:5:14';

test('check looks at the targets', async () => {
  await using s = await scene();
  const { stdout, stderr, status } = await s.run('check', '--format', 'json');
  const report = JSON.parse(stdout);
  expect(report.results).toMatchObject([{ observation: { kind: 'presented' }, findings: expect.anything() }]);
  expect(stderr).toContain(WHERE);
  // It is due since a while: a warning counts for more than what is not known.
  expect(status).toBe(1);
});

test('renew renews the others, and reports the broken one where it stands', async () => {
  await using s = await scene();
  const planned = await s.run('renew', '--dry-run', '--format', 'json');
  expect(JSON.parse(planned.stdout).results).toMatchObject([{ name: 'wild', kind: 'failed' }, { kind: 'planned' }]);
  expect(planned.status).toBe(3);
  const { stdout, stderr, status } = await s.run('renew', '--format', 'json');
  expect(JSON.parse(stdout).results).toMatchObject([
    {
      name: 'wild',
      kind: 'failed',
      problem: { reason: 'bad-config', detail: expect.stringContaining(WHERE), advice: 'fix-config' },
    },
    { name: 'www', kind: 'renewed' },
  ]);
  expect(stderr).toContain(WHERE);
  expect(status).toBe(3);
});

test('what is named is all that counts', async () => {
  await using s = await scene();
  const good = await s.run('renew', 'www');
  expect(good).toMatchObject({ stderr: '', status: 0 });
  const broken = await s.run('renew', 'wild');
  expect(broken.stdout).toContain(WHERE);
  expect(broken.status).toBe(3);
});

test('--status shows the others', async () => {
  await using s = await scene();
  const { stdout, stderr, status } = await s.run('renew', '--status');
  expect(stdout).toContain('www');
  expect(stderr).toContain(WHERE);
  expect(status).toBe(3);
});

test('config check and config show name it', async () => {
  await using s = await scene();
  for (const file of [[], ['certwatch.yaml'], ['--config', 'certwatch.yaml']]) {
    const checked = await s.run('config', 'check', ...file);
    expect(checked.stderr).toContain(WHERE);
    expect(checked.status).toBe(3);
    expect((await s.run('config', 'show', ...file)).stdout).toContain(WHERE);
  }
  const shown = await s.run('config', 'show');
  expect(shown.stdout).toContain(WHERE);
  expect(shown.stdout).toMatch(/command:\s+shell:.*certwatch\.yaml:10:23/);
  expect(shown.status).toBe(0);
});
