/**
 * The whole loop with real parts: the built program, pebble as the CA, nginx as the server, a real reload.
 */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect } from 'vitest';
import { readProcess } from '../../src/files/proc.ts';
import { testWith } from '../support/acme/daemon.ts';
import { newPebble, oldPebble, type Pebble, type PebblePrograms, startPebble } from '../support/acme/pebble.ts';
import { buildIfStale } from '../support/build.ts';
import { Disposals } from '../support/renew/disposals.ts';
import { nginxProgram, startNginx } from '../support/renew/nginx.ts';
import { type Stage, stage } from '../support/renew/stage.ts';
import { runCertwatch } from '../support/run-certwatch.ts';

const test = testWith({ ...oldPebble, nginx: nginxProgram });

beforeAll(buildIfStale, 60_000);

interface Parts {
  /** Further lines of the certificate's entry. */
  readonly entry?: string;
  readonly reload?: (pid: number) => string;
  readonly timeout?: string;
  readonly programs?: PebblePrograms;
  /** In place of pebble as the CA. */
  readonly acme?: (pebble: Pebble) => string;
}

async function scene(first: Parts = {}) {
  const stack = new Disposals();
  const here = stack.use(await stage());
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  const pebble = stack.use(await startPebble({ programs: first.programs ?? oldPebble }));
  const nginx = stack.use(await startNginx(here.folder, here.live, ['127.0.0.1', '127.0.0.2']));
  const configure = async (parts: Parts) =>
    here.folder.write('certwatch.yaml', configText({ here, pebble, nginx, parts: { ...first, ...parts } }));
  await configure({});
  const run = (...args: readonly string[]) =>
    runCertwatch(
      [
        'renew',
        '--config',
        here.folder.at('certwatch.yaml'),
        '--resolver',
        pebble.nameServer,
        '--format',
        'json',
        ...args,
      ],
      {
        cwd: here.folder.path,
        killAfterMs: 40_000,
      },
    );
  const results = async (...args: readonly string[]) => {
    const { stdout, stderr, status } = await run(...args);
    if (!stdout) throw new Error(`no report: ${stderr}`);
    return { status, results: JSON.parse(stdout).results };
  };
  const journal = () => readFile(here.folder.at('state/renewals/www.jsonl'), 'utf8');
  return {
    here,
    pebble,
    nginx,
    run,
    results,
    configure,
    journal,
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

interface ConfigParts {
  readonly here: Stage;
  readonly pebble: Pebble;
  readonly nginx: { readonly pid: number; readonly places: readonly string[] };
  readonly parts: Parts;
}

function configText({ pebble, nginx, parts }: ConfigParts): string {
  const verify = nginx.places.map((place) => `"${place} servername=www.shop.example trust=none"`);
  return `state: ./state
acme:
${parts.acme?.(pebble) ?? `  directory: ${pebble.directory}\n  ca-file: ${pebble.caFile}`}
  account: { contact: admin@shop.example, agree-tos: true }
certificates:
  - name: www
    domains: www.shop.example
    challenge: { http-01: { listen: "127.0.0.1:${pebble.httpPort}" } }
    live: ./live
    reload: ${parts.reload?.(nginx.pid) ?? `[ kill, -HUP, "${nginx.pid}" ]`}
    verify: [ ${verify.join(', ')} ]
    timeout: ${parts.timeout ?? '20s'}
${parts.entry ?? ''}`;
}

const noneOf = (reason: string) => expect.not.arrayContaining([expect.objectContaining({ reason })]);

const orders = (journal: string): number => journal.split('"text":"https://').length - 1;

describe('renew, with pebble and nginx', { timeout: 60_000 }, () => {
  test('due → ordered → installed → reloaded → served at both addresses', async () => {
    await using s = await scene();
    const before = await s.results('--dry-run');
    expect(before).toMatchObject({ status: 0, results: [{ kind: 'planned', action: 'renew' }] });
    const { status, results } = await s.results();
    expect(results).toMatchObject([{ kind: 'renewed', served: [{ serves: 'new' }, { serves: 'new' }] }]);
    expect(status).toBe(0);
    expect((await s.results()).results).toMatchObject([{ kind: 'not-due' }]);
    expect(orders(await s.journal())).toBe(1);
  });

  test('a reload that fails: the old one is back and served; mended, the next run installs without another order', async () => {
    await using s = await scene({ reload: () => `{ shell: 'echo nginx is not amused; exit 1' }` });
    const failed = await s.results();
    expect(failed).toMatchObject({
      status: 2,
      results: [{ kind: 'rolled-back', step: 'reload', restored: true, problem: { output: 'nginx is not amused\n' } }],
    });
    expect(failed.results[0].served).toMatchObject([{ serves: 'old' }, { serves: 'old' }]);
    await s.configure({ reload: (pid) => `[ kill, -HUP, "${pid}" ]` });
    expect(await s.results()).toMatchObject({ status: 2, results: [{ kind: 'skipped-backoff', failures: 1 }] });
    expect(await s.results('--force')).toMatchObject({ status: 0, results: [{ kind: 'renewed' }] });
    expect(orders(await s.journal())).toBe(1);
  });

  test('nginx refuses the new configuration: rolled back', async () => {
    // The reload "works", and nginx keeps what it has: what is served tells.
    await using s = await scene({
      reload: (pid) => `{ shell: 'test -n "$CERTWATCH_PUT_BACK" || exit 0; kill -HUP ${pid}' }`,
      timeout: '8s',
    });
    const { status, results } = await s.results();
    expect(results).toMatchObject([{ kind: 'rolled-back', step: 'verify', restored: true }]);
    expect(status).toBe(2);
  });

  test.each(['pre-hook', 'deploy-hook', 'reload'])(
    'killed with SIGKILL in the %s: the next run finishes the job',
    async (step) => {
      const killer = (then: string) =>
        `{ shell: 'test -e killed || { echo $$ > killed; kill -KILL $PPID; sleep 30; }; ${then}' }`;
      await using s = await scene(
        step === 'reload'
          ? { reload: (pid) => killer(`kill -HUP ${pid}`) }
          : { entry: `    ${step}: ${killer('true')}\n` },
      );
      const killed = await s.run();
      expect(killed).toMatchObject({ signal: 'SIGKILL', stdout: '' });
      const hook = Number(await readFile(s.here.folder.at('killed'), 'utf8'));
      await expect.poll(() => readProcess(hook), { timeout: 5_000 }).toBeUndefined();
      const { status, results } = await s.results();
      expect(results).toMatchObject([
        { kind: step === 'pre-hook' ? 'renewed' : 'resumed', served: [{ serves: 'new' }, { serves: 'new' }] },
      ]);
      expect(status).toBe(0);
      expect(orders(await s.journal())).toBe(1);
    },
  );

  test('the first CA cannot be reached: after its failure the second one issues', async () => {
    await using s = await scene({
      acme: (pebble) => `  directory: https://127.0.0.1:1/dir
  fallback: { directory: "${pebble.directory}", ca-file: ${pebble.caFile}, after: 1 }`,
    });
    expect(await s.results()).toMatchObject({
      status: 2,
      results: [{ kind: 'failed', step: 'order', problem: { reason: 'connect-failed' } }],
    });
    expect(await s.results('--force')).toMatchObject({ status: 0, results: [{ kind: 'renewed' }] });
  });

  const testNew = testWith({ ...newPebble, nginx: nginxProgram });

  testNew('the CA asks for a renewal (RFC 9773): due, with its reason; ordered as a replacement', async () => {
    await using s = await scene({ programs: newPebble });
    await s.results();
    const certificate = await readFile(s.here.folder.at('live/cert.pem'), 'utf8');
    const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    const explanationURL = 'https://ca.example/revoked';
    const ariResponse = JSON.stringify({ suggestedWindow: { start: day(-2), end: day(-1) }, explanationURL });
    await s.pebble.manage('/set-renewal-info/', { certificate, ariResponse });
    expect(await s.results()).toMatchObject({
      status: 0,
      results: [{ kind: 'renewed', reasons: [{ code: 'ari', explanationURL }], warnings: noneOf('replaces-refused') }],
    });
    expect((await s.results()).results).toMatchObject([{ kind: 'not-due' }]);
  });
});
