/**
 * `certwatch renew` as a person runs it: the built program, a config, a real server.
 */
import { access, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { readProcess } from '../../src/files/proc.ts';
import { buildIfStale } from '../support/build.ts';
import { type Server, type Stage, stage } from '../support/renew/stage.ts';
import { type RunOptions, runCertwatch } from '../support/run-certwatch.ts';

beforeAll(buildIfStale, 60_000);

/** A due certificate, a client that has a new one ready, and a config. */
async function scene({ reload }: { reload?: (server: Server) => string } = {}) {
  const here = await stage();
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  await here.writeSet(here.folder.at('fresh'), here.issue());
  const server = await here.serve();
  const config = await here.folder.write(
    'certwatch.yaml',
    `state: ./state
certificates:
  - name: www
    domains: www.shop.example
    command: { shell: 'cp "$PWD/fresh/"*.pem "$CERTWATCH_LIVE/"; echo copied for $CERTWATCH_NAME' }
    live: ./live
    reload: ${reload?.(server) ?? `[ kill, -HUP, "${server.pid}" ]`}
    verify: [ ${here.ports.map((port, i) => `"127.0.0.${i + 1}:${port} servername=www.shop.example trust=none"`).join(', ')} ]
    timeout: 8s
`,
  );
  const run = (args: readonly string[], options: RunOptions = {}) =>
    runCertwatch(['renew', '--config', config, ...args], { cwd: here.folder.path, ...options });
  return { here, server, config, run, [Symbol.asyncDispose]: () => here[Symbol.asyncDispose]() };
}

/** Dates, addresses and process numbers differ from run to run. */
function plain(text: string, { folder, ports }: Stage): string {
  return ports
    .reduce((all, port, i) => all.replaceAll(`:${port}`, `:PORT${i + 1}`), text)
    .replaceAll(folder.path, 'FOLDER')
    .replace(/\d{4}-\d\d-\d\d\s+\d\d:\d\d\s+UTC/g, 'DATE')
    .replace(/\d{4}-\d\d-\d\d/g, 'DAY')
    .replace(/in \d+(ms|s)\b/g, 'in TIME')
    .replace(/[0-9a-f]{64}/g, 'SHA256');
}

test('due: renewed, served at both addresses; then nothing is due, and --quiet is silent', async () => {
  await using s = await scene();
  const dry = await s.run(['--dry-run']);
  expect(plain(dry.stdout, s.here)).toMatchInlineSnapshot(`
    "DUE  1
      www  would be renewed: renewal has been open since DATE; on disk: until DAY
          (19d 23h left)

    1 due, in TIME. Exit status 0: OK.
    "
  `);
  expect(dry.status).toBe(0);
  const first = await s.run(['-v']);
  expect(plain(first.stdout, s.here)).toMatchInlineSnapshot(`
    "RENEWED  1
      www  until DAY (89d 23h left), served at 2 addresses
        because renewal has been open since DATE
        - the new one, until DATE: 127.0.0.1:PORT1, 127.0.0.2:PORT2

    1 renewed, in TIME. Exit status 0: OK.
    "
  `);
  expect(plain(first.stderr, s.here)).toMatchInlineSnapshot(`
    "certwatch: www: due: renewal has been open since DATE
    certwatch: www: getting the certificate
    certwatch: www: reloading the server
    certwatch: www: seeing it served
    certwatch: www: renewed
    "
  `);
  expect(first.status).toBe(0);
  const second = await s.run([]);
  expect(plain(second.stdout, s.here)).toMatchInlineSnapshot(`
    "NOT DUE  1
      www  until DAY (89d 23h left); renewal opens on DAY

    1 not due, in TIME. Exit status 0: OK.
    "
  `);
  expect(second.status).toBe(0);
  const quiet = await s.run(['-q']);
  expect(quiet).toMatchObject({ stdout: '', stderr: '', status: 0 });
  const status = await s.run(['--status']);
  expect(plain(status.stdout, s.here)).toMatchInlineSnapshot(`
    "NOT DUE  1
      www  until DAY (89d 23h left); renewal opens on DAY
        renewed on DATE

    1 certificate: 1 not due.
    "
  `);
});

test('a reload that fails: exit status 2, which address serves what; the next run tries it again', async () => {
  await using s = await scene({ reload: () => `{ shell: '. ./reload' }` });
  await s.here.folder.write('reload', 'echo no such unit: nginx; exit 5');
  const first = await s.run([]);
  expect(plain(first.stdout, s.here)).toMatchInlineSnapshot(`
    "ROLLED BACK  1
      www  failed while reloading the server; the old certificate is in place and served again, until
          DAY (19d 23h left)
        reload-failed: \`. ./reload\` ended with exit status 5
        → Correct the command; what it printed is below.
        | no such unit: nginx
        served when it failed:
        - the old one, until DATE: 127.0.0.1:PORT1, 127.0.0.2:PORT2
        ! put-back-reload-failed: while the old one was put back: \`. ./reload\` ended with exit status 5

    1 rolled back, in TIME. Exit status 2: CRITICAL.
    "
  `);
  expect(first.status).toBe(2);
  // Not even the client is set to work again.
  await s.here.folder.write('fresh/fullchain.pem', 'no certificate');
  expect(await s.run([])).toMatchObject({ status: 2, stdout: expect.stringMatching(/^ROLLED BACK {2}1\n/) });
  const status = await s.run(['--status']);
  expect(plain(status.stdout, s.here)).toMatchInlineSnapshot(`
    "FAILED  1
      www  until DAY (19d 23h left); due: renewal has been open since DATE
        failed 2 times in a row, the last time on DATE: rolled back while reloading
          the server
        reload-failed: \`. ./reload\` ended with exit status 5
        → Correct the command; what it printed is below.
        | no such unit: nginx
        the next run installs what was issued, and orders nothing

    1 certificate: 1 failed.
    "
  `);
  await s.here.folder.write('reload', `kill -HUP ${s.server.pid}`);
  const third = await s.run([]);
  expect(plain(third.stdout, s.here)).toMatchInlineSnapshot(`
    "RENEWED  1
      www  until DAY (89d 23h left), served at 2 addresses
        because renewal has been open since DATE

    1 renewed, in TIME. Exit status 0: OK.
    "
  `);
  expect(third.status).toBe(0);
});

test('a client that fails: exit status 2, then the wait', async () => {
  await using s = await scene();
  await s.here.folder.write(
    'certwatch.yaml',
    (await readFile(s.config, 'utf8')).replace(/command: .*/, "command: { shell: 'echo the CA is away; exit 1' }"),
  );
  expect((await s.run([])).status).toBe(2);
  const second = await s.run([]);
  expect(plain(second.stdout, s.here)).toMatchInlineSnapshot(`
    "WAITING  1
      www  failed once; next try from DATE, in TIME (--force: now)
        due: renewal has been open since DATE; on disk: until DAY (19d 23h
          left)
        order-failed: \`echo the CA is away; exit 1\` ended with exit status 1
        → Correct the command; what it printed is below.
        | the CA is away

    1 waiting, in TIME. Exit status 2: CRITICAL.
    "
  `);
  expect(second.status).toBe(2);
  const status = await s.run(['--status']);
  expect(plain(status.stdout, s.here)).toMatchInlineSnapshot(`
    "FAILED  1
      www  until DAY (19d 23h left); due: renewal has been open since DATE
        failed on DATE while getting the certificate
        order-failed: \`echo the CA is away; exit 1\` ended with exit status 1
        → Correct the command; what it printed is below.
        | the CA is away
        next try from DATE, in TIME

    1 certificate: 1 failed.
    "
  `);
});

test('JSON: times as text, kinds as words, nothing raw', async () => {
  await using s = await scene();
  const { stdout, status } = await s.run(['--format', 'json']);
  const report = JSON.parse(stdout);
  expect(status).toBe(0);
  expect(report).toMatchObject({
    schema: 'certwatch/renewal@1',
    exitCode: 0,
    summary: { certificates: 1, renewed: 1 },
    results: [
      { name: 'www', kind: 'renewed', reasons: [{ code: 'window' }], served: [{ serves: 'new' }, { serves: 'new' }] },
    ],
  });
  expect(report.results[0].certificate.notAfter).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

test.each([
  [['nobody'], /there is no certificate "nobody" in the config, expected www/],
  [['--dry-run', '--status'], /exclude each other/],
  [['--format', 'csv'], /expected human or json, got "csv"/],
  [['-j', '0'], /--concurrency: .*0/],
  [['--rehearse'], /cannot be rehearsed/],
])('%s is refused with exit status 3', async (args, message) => {
  await using s = await scene();
  const { stderr, status, stdout } = await s.run(args);
  expect(stderr).toMatch(message);
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
});

test('without a state folder, and without certificates', async () => {
  await using s = await scene();
  const text = await readFile(s.config, 'utf8');
  await s.here.folder.write('certwatch.yaml', text.replace('state: ./state\n', ''));
  expect(await s.run([])).toMatchObject({ status: 3, stderr: expect.stringMatching(/set state: in it/) });
  await s.here.folder.write('certwatch.yaml', 'targets: [ www.shop.example ]\n');
  expect(await s.run([])).toMatchObject({ status: 3, stderr: expect.stringMatching(/names no certificates/) });
});

test('another one is at it: told, and exit status 3; killed, its lock is nobody’s', async () => {
  await using s = await scene();
  const text = await readFile(s.config, 'utf8');
  await s.here.folder.write(
    'certwatch.yaml',
    text.replace('    live: ./live', "    live: ./live\n    pre-hook: [ sleep, '20' ]"),
  );
  let second: Awaited<ReturnType<typeof s.run>> | undefined;
  const first = await s.run([], {
    onSpawn: async (child) => {
      await until(() => exists(s.here.folder.at('state/renewals/www.jsonl')));
      second = await s.run([]);
      child.kill('SIGKILL');
    },
  });
  expect(first.signal).toBe('SIGKILL');
  expect(second).toMatchObject({ status: 3, stdout: '', stderr: expect.stringMatching(/lock: .*renew, 0 of 1/) });
  await s.here.folder.write('certwatch.yaml', text);
  const third = await s.run(['--format', 'json']);
  expect(JSON.parse(third.stdout)).toMatchObject({
    results: [{ kind: 'renewed' }],
    run: { notes: [expect.stringMatching(/took over the lock/)] },
  });
});

test.each([
  { signal: 'SIGTERM', times: 1 },
  { signal: 'SIGINT', times: 1 },
  // A session that goes tells more than once, and in no moment of the way out may that be another end.
  { signal: 'SIGHUP', times: Number.POSITIVE_INFINITY },
] as const)(
  '$signal ($times): ends at once, takes its hook along, exit status 3, and the next run goes on',
  async ({ signal, times }) => {
    await using s = await scene();
    const text = await readFile(s.config, 'utf8');
    const hook = `    pre-hook: { shell: 'sleep 60 & echo $! > child; wait' }`;
    await s.here.folder.write('certwatch.yaml', text.replace('    live: ./live', `    live: ./live\n${hook}`));
    const first = await s.run(['--format', 'json'], {
      onSpawn: async (child) => {
        await until(() => exists(s.here.folder.at('child')));
        for (let told = 0; told < times && child.exitCode === null && child.signalCode === null; told++) {
          child.kill(signal);
          await pause(1);
        }
      },
    });
    expect(first).toMatchObject({ status: 3, signal: null, killed: false });
    expect(JSON.parse(first.stdout)).toMatchObject({
      run: { interrupted: true },
      results: [{ kind: 'failed', step: 'pre-hook', problem: { reason: 'interrupted' } }],
    });
    const child = Number(await readFile(s.here.folder.at('child'), 'utf8'));
    await until(async () => (await readProcess(child)) === undefined);
    await s.here.folder.write('certwatch.yaml', text);
    expect((await s.run([])).status).toBe(0);
  },
);

test('SIGTERM while it is looked who serves it: what was not seen is not told as if it had been', async () => {
  await using s = await scene({ reload: () => '[ "true" ]' });
  await using hanging = await startHanging();
  const text = await readFile(s.config, 'utf8');
  await s.here.folder.write('certwatch.yaml', text.replace('verify: [', `verify: [ "${hanging.place} trust=none",`));
  const run = await s.run(['--format', 'json'], {
    onSpawn: async (child) => {
      const journal = s.here.folder.at('state/renewals/www.jsonl');
      await until(async () => (await readFile(journal, 'utf8').catch(() => '')).includes('"verify"'));
      await pause(300);
      child.kill('SIGTERM');
    },
  });
  expect(run.status).toBe(3);
  const [result] = JSON.parse(run.stdout).results;
  expect(result).toMatchObject({ kind: 'not-served', problem: { reason: 'interrupted' } });
  expect(JSON.stringify(result.served)).not.toMatch(/deadline|interrupted/);
});

test('the deadline of the run holds, whatever hangs', async () => {
  await using s = await scene({ reload: () => `{ shell: 'trap "" TERM; sleep 60' }` });
  const text = await readFile(s.config, 'utf8');
  await s.here.folder.write('certwatch.yaml', text.replace('timeout: 8s', 'timeout: 1m'));
  const { status, stdout, killed } = await s.run(['--deadline', '9s', '--format', 'json']);
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({
    results: [{ kind: 'rolled-back', problem: { reason: 'reload-timeout' } }],
  });
  expect(killed).toBe(false);
});

/** Takes connections, and says nothing. */
async function startHanging() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    place: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(20);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
