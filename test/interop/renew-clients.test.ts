/**
 * Existing clients under certwatch's deadline and proof: certbot and lego get the certificate from pebble, nginx serves it.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect } from 'vitest';
import { findProgram, testWith } from '../support/acme/daemon.ts';
import { oldPebble, type Pebble, startPebble } from '../support/acme/pebble.ts';
import { buildIfStale } from '../support/build.ts';
import { Disposals } from '../support/renew/disposals.ts';
import { nginxProgram, startNginx } from '../support/renew/nginx.ts';
import { runCertwatch } from '../support/run-certwatch.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const certbot = findProgram('certbot');
const lego = findProgram('lego');

beforeAll(buildIfStale, 60_000);

interface Client {
  /** Gets the first certificate; run by the test. */
  readonly first: readonly string[];
  /** The `command:` of the config. */
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly live: string;
}

const NAME = 'www.shop.example';

function certbotClient(folder: TempFolder, pebble: Pebble): Client {
  const dirs = ['config', 'work', 'logs'].flatMap((dir) => [`--${dir}-dir`, folder.at('certbot', dir)]);
  const common = [...dirs, '--non-interactive', '--server', pebble.directory, '--no-random-sleep-on-renew'];
  const first = [
    ['certbot', 'certonly', ...common, '--standalone', '--http-01-port', String(pebble.httpPort)],
    ['--agree-tos', '-m', 'admin@shop.example', '--cert-name', 'www', '-d', NAME],
  ].flat();
  const renew = ['certbot', 'renew', ...common, '--cert-name', 'www', '--force-renewal'];
  return {
    first,
    command: JSON.stringify(renew),
    env: { REQUESTS_CA_BUNDLE: pebble.caFile },
    live: folder.at('certbot/config/live/www'),
  };
}

function legoClient(folder: TempFolder, pebble: Pebble): Client {
  const common = [
    [
      'lego',
      '--server',
      pebble.directory,
      '--path',
      folder.at('lego'),
      '--email',
      'admin@shop.example',
      '--accept-tos',
    ],
    ['--domains', NAME, '--http', '--http.port', `127.0.0.1:${pebble.httpPort}`],
  ].flat();
  const live = folder.at('live');
  const at = folder.at('lego/certificates', NAME);
  const copy = `cp ${at}.crt ${live}/fullchain.pem && cp ${at}.key ${live}/privkey.pem`;
  return {
    first: ['sh', '-c', `${common.join(' ')} run && ${copy}`],
    command: `{ shell: ${JSON.stringify(`${common.join(' ')} renew --days 100000 --no-random-sleep && ${copy}`)} }`,
    env: { LEGO_CA_CERTIFICATES: pebble.caFile },
    live,
  };
}

const CLIENTS = [
  { name: 'certbot', program: certbot, make: certbotClient },
  { name: 'lego', program: lego, make: legoClient },
] as const;

/** SHA-256 of what a client has put in place, each time. */
const changedIn = (journal: string): string[] =>
  [...journal.matchAll(/"kind":"changed","sha256":"([0-9a-f]+)"/g)].map(([, sha256]) => sha256!);

describe('renew by an existing client', { timeout: 90_000 }, () => {
  for (const { name, program, make } of CLIENTS) {
    const test = testWith({ ...oldPebble, nginx: nginxProgram, [name]: program });

    test(`${name}: renewed, reloaded, served; put back and taken up again; a threshold of its own is no success`, async () => {
      await using all = new Disposals();
      const folder = await tempFolder('client');
      all.use(folder);
      const pebble = all.use(await startPebble({ programs: oldPebble, rejectNonces: 0 }));
      const client = make(folder, pebble);
      await mkdir(folder.at('live'));
      const [program = '', ...args] = client.first;
      const env = { PATH: process.env.PATH ?? '', HOME: folder.path, ...client.env };
      await promisify(execFile)(program, args, { env, timeout: 40_000 });
      const nginx = all.use(await startNginx(folder, client.live, ['127.0.0.1', '127.0.0.2']));
      const verify = nginx.places.map((place) => `"${place} servername=${NAME} trust=none"`).join(', ');
      const reload = `kill -HUP ${nginx.pid}`;
      const configure = (command: string, reloading = reload) =>
        folder.write(
          'certwatch.yaml',
          `state: ./state
certificates:
  - name: www
    domains: ${NAME}
    command: ${command}
    environment: ${JSON.stringify(client.env)}
    live: ${client.live}
    reload: { shell: '${reloading}' }
    verify: [ ${verify} ]
    timeout: 40s
`,
        );
      const renew = async () => {
        const args = ['renew', '--config', folder.at('certwatch.yaml'), '--format', 'json', '--force'];
        const { stdout, status } = await runCertwatch(args, {
          cwd: folder.path,
          killAfterMs: 60_000,
          env: { HOME: folder.path },
        });
        return { status, results: JSON.parse(stdout).results };
      };
      await configure(client.command);
      expect(await renew()).toMatchObject({
        status: 0,
        results: [{ kind: 'renewed', served: [{ serves: 'new' }, { serves: 'new' }], warnings: [] }],
      });
      const ownThreshold = client.command.replace(/,?\s*"?--force-renewal"?/, '').replace('--days 100000', '--days 1');
      await configure(client.command, `test "$CERTWATCH_PUT_BACK" || exit 1; ${reload}`);
      expect(await renew()).toMatchObject({
        status: 2,
        results: [{ kind: 'rolled-back', step: 'reload', restored: true, warnings: [] }],
      });
      // What was put back is not ordered again: the client still has it, and takes it up.
      await configure(ownThreshold);
      expect(await renew()).toMatchObject({ status: 0, results: [{ kind: 'renewed' }] });
      const [before, after] = changedIn(await readFile(folder.at('state/renewals/www.jsonl'), 'utf8')).slice(-2);
      expect(after).toBe(before);
      expect(await renew()).toMatchObject({
        status: 2,
        results: [{ kind: 'failed', step: 'order', problem: { reason: 'unchanged', advice: 'check-command' } }],
      });
    });
  }
});
