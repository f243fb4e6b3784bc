/**
 * Renewals as a person sets them up for the first time: a config in the working folder, certwatch run there, pebble as the
 * CA. What the words of the config come to is seen from outside.
 */
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, vi } from 'vitest';
import { testWith } from '../support/acme/daemon.ts';
import { oldPebble, type Pebble, startPebble } from '../support/acme/pebble.ts';
import { buildIfStale } from '../support/build.ts';
import { Disposals } from '../support/renew/disposals.ts';
import { type Server, type Stage, stage } from '../support/renew/stage.ts';
import { type RunOptions, runCertwatch } from '../support/run-certwatch.ts';
import { dnsServer } from '../support/servers/dns-server.ts';

// An order takes a second; on a busy machine it may take many, and no result may depend on that.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

beforeAll(buildIfStale, 60_000);

const test = testWith({ ...oldPebble });

interface Scene extends AsyncDisposable {
  readonly here: Stage;
  readonly pebble: Pebble;
  readonly server: Server;
  /** Of the config's `verify`, `reload`, `live` and `timeout`. */
  readonly place: string;
  write(config: string): Promise<string>;
  /** In the folder of the config, which is found there. */
  run(args: readonly string[], options?: RunOptions): ReturnType<typeof runCertwatch>;
}

/** A certificate that is due is served at one address. */
async function scene(): Promise<Scene> {
  const stack = new Disposals();
  const here = stack.use(await stage());
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  const pebble = stack.use(await startPebble({ programs: oldPebble }));
  const server = await here.serve(['127.0.0.1']);
  return {
    here,
    pebble,
    server,
    place: `live: ./live
    reload: [ kill, -HUP, "${server.pid}" ]
    verify: [ "127.0.0.1:${here.ports[0]} servername=www.shop.example trust=none" ]
    timeout: 40s`,
    write: (config) => here.folder.write('certwatch.yaml', config),
    run: (args, options) => runCertwatch(args, { cwd: here.folder.path, killAfterMs: 60_000, ...options }),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

const acme = ({ directory, caFile }: Pebble): string =>
  `acme: { directory: "${directory}", ca-file: ${caFile}, account: { contact: admin@shop.example, agree-tos: true } }`;

const hookScript = join(import.meta.dirname, '../support/acme/dns-hook.mjs');

test('a hook beside the config, ./dns: found, run there, told record and value, with the environment of the certificate', async () => {
  await using s = await scene();
  await s.here.folder.write(
    'dns',
    `#!/bin/sh
pwd > ran-in
echo "$CERTWATCH_ACTION" "$@" >> told
echo "$CERTWATCH_NAME/$CERTWATCH_DOMAINS/$CERTWATCH_STEP/$CERTWATCH_LIVE/$SITE" > variables
shift
exec ${process.execPath} ${hookScript} ${s.pebble.management} "$@"
`,
  );
  await chmod(s.here.folder.at('dns'), 0o755);
  await s.write(`state: ./state
${acme(s.pebble)}
certificates:
  - name: www
    domains: www.shop.example
    challenge: { dns-01: { present: [ ./dns, add ], cleanup: { shell: './dns remove "$1" "$2"' }, propagation: 0s } }
    environment: { SITE: shop }
    ${s.place}
`);
  const { stdout, stderr, status } = await s.run(['renew', '--resolver', s.pebble.nameServer]);
  expect(`${stdout}${stderr}`).toContain('RENEWED');
  expect(status).toBe(0);
  const told = (await readFile(s.here.folder.at('told'), 'utf8')).trim().split('\n');
  const [, value = ''] = /^present add _acme-challenge\.www\.shop\.example (\S{43})$/.exec(told[0] ?? '') ?? [];
  expect(told.slice(1)).toEqual([`cleanup remove _acme-challenge.www.shop.example ${value}`]);
  expect(await readFile(s.here.folder.at('ran-in'), 'utf8')).toBe(`${s.here.folder.path}\n`);
  const variables = await readFile(s.here.folder.at('variables'), 'utf8');
  expect(variables).toBe(`www/www.shop.example/order/${s.here.folder.at('live')}/shop\n`);
});

test.each(['localhost', 'www.example.test'])(
  '%s, which no name server that this machine asks knows: the private CA does',
  async (name) => {
    await using s = await scene();
    await using dns = await dnsServer({});
    await s.here.writeSet(s.here.live, s.here.issue({ ageDays: 70, sans: [`dns:${name}`] }));
    await s.write(`state: ./state
${acme(s.pebble)}
certificates:
  - name: www
    domains: ${name}
    challenge: { http-01: { listen: "127.0.0.1:${s.pebble.httpPort}" } }
    ${s.place}
`);
    const { stdout, stderr, status } = await s.run(['renew', '--resolver', dns.address]);
    expect(`${stdout}${stderr}`).toContain('RENEWED');
    expect(status).toBe(0);
  },
);
