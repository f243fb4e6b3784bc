/**
 * The heartbeat of `certwatch renew`: told of its start and its end, and never in the way of it.
 */
import { beforeAll, expect, test } from 'vitest';
import { type PingService, pingService } from '../alert/ping-service.ts';
import { buildIfStale } from '../support/build.ts';
import { stage } from '../support/renew/stage.ts';
import { runCertwatch } from '../support/run-certwatch.ts';
import { silentServer } from '../support/servers/misbehaving.ts';

beforeAll(buildIfStale, 60_000);

const OK = [{ status: 200 }];

/** A due certificate that a command renews, or fails to. */
async function scene(command: 'renews' | 'fails' = 'renews') {
  const here = await stage();
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  await here.writeSet(here.folder.at('fresh'), here.issue());
  const server = await here.serve(['127.0.0.1']);
  const configure = (more = '') =>
    here.folder.write(
      'certwatch.yaml',
      `state: ./state
${more}
targets: [ "127.0.0.1:${here.ports[0]} servername=www.shop.example trust=none" ]
certificates:
  - name: www
    domains: www.shop.example
    command: { shell: '${command === 'fails' ? 'echo secret; exit 1' : 'cp "$PWD/fresh/"*.pem "$CERTWATCH_LIVE/"'}' }
    live: ./live
    reload: [ kill, -HUP, "${server.pid}" ]
    verify: "127.0.0.1:${here.ports[0]} servername=www.shop.example trust=none"
    timeout: 8s
`,
    );
  await configure();
  const run = (...args: readonly string[]) =>
    runCertwatch([...args, '--config', here.folder.at('certwatch.yaml')], { cwd: here.folder.path });
  return { here, configure, run, [Symbol.asyncDispose]: () => here[Symbol.asyncDispose]() };
}

const urlOf = ({ port }: { readonly port: number }): string => `http://127.0.0.1:${port}/ping/uuid`;

/** `/start`, `/2`, and '' for a good end; all of one run. */
function told({ received }: PingService): string[] {
  const runs = new Set(received.map(({ url }) => new URL(url, 'http://x').searchParams.get('rid')));
  expect(runs.size).toBe(1);
  return received.map(({ url }) => url.replace(/\?.*/, '').replace('/ping/uuid', ''));
}

test('a good run: its start, its end, and what it came to', async () => {
  await using service = await pingService(OK);
  await using s = await scene();
  const { status, stderr } = await s.run('renew', '--ping', urlOf(service));
  expect([status, stderr]).toEqual([0, '']);
  expect(told(service)).toEqual(['/start', '']);
  expect(service.received[1]?.body).toMatch(/^1 renewed, in \d+m?s\. Exit status 0: OK\.$/);
});

test('a run that fails: its exit status, and why, without what the command said', async () => {
  await using service = await pingService(OK);
  await using s = await scene('fails');
  expect((await s.run('renew', '--ping', urlOf(service))).status).toBe(2);
  expect(told(service)).toEqual(['/start', '/2']);
  expect(service.received[1]?.body).toMatch(
    /^1 failed, in \d+m?s\. Exit status 2: CRITICAL\.\nwww: failed while getting the certificate: order-failed$/,
  );
});

test('from the config: renew-ping is for renewals, ping for checks', async () => {
  await using service = await pingService(OK);
  await using other = await pingService(OK);
  await using s = await scene();
  await s.configure(`renew-ping: ${urlOf(service)}\nping: ${urlOf(other)}`);
  await s.run('renew');
  expect(told(service)).toEqual(['/start', '']);
  expect(other.received).toEqual([]);
  await s.run('check', '--trust', 'none');
  expect(told(other)).toEqual(['/start', '']);
  expect(service.received).toHaveLength(2);
});

test('what only looks tells nobody', async () => {
  await using service = await pingService(OK);
  await using s = await scene();
  await s.run('renew', '--dry-run', '--ping', urlOf(service));
  await s.run('renew', '--status', '--ping', urlOf(service));
  expect(service.received).toEqual([]);
});

test('a run that cannot begin is told, too', async () => {
  await using service = await pingService(OK);
  await using s = await scene();
  // In the place of the state folder there is a file.
  await s.here.folder.write('state', 'a file');
  const { status, stderr } = await s.run('renew', '--ping', urlOf(service));
  expect([status, stderr]).toEqual([3, expect.stringContaining('state')]);
  expect(told(service)).toEqual(['/start', '/3']);
  expect(service.received[1]?.body).toContain('state');
});

test('nobody answers: the run is what it is, in its time, and the heartbeat is told of', async () => {
  await using server = await silentServer();
  await using s = await scene();
  const { status, stdout, stderr, killed } = await s.run('renew', '--deadline', '5s', '--ping', urlOf(server));
  expect(status).toBe(0);
  expect(stdout).toContain('RENEWED  1');
  expect(stderr).toMatch(/^certwatch: ping: the start of the run .*\ncertwatch: ping: the end of the run .*\n$/);
  expect(stderr).not.toContain('uuid');
  expect(killed).toBe(false);
});

test('check --renew: after the check, the end of the whole', async () => {
  await using service = await pingService(OK);
  await using s = await scene();
  const { status } = await s.run('check', '--trust', 'none', '--renew', '--ping', urlOf(service));
  expect(status).toBe(1);
  const ends = service.received.map(({ url }) => url.replace(/\?.*/, '').replace('/ping/uuid', ''));
  // What the check has found stands, though it is renewed by now.
  expect(ends).toEqual(['/start', '/1', '/start', '/1']);
});
