/**
 * The whole loop with real parts: the built program, pebble as the CA, nginx at two addresses with a real reload, and a
 * certificate that is due.
 */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { readSet } from '../../../src/renew/install/certificate-set.ts';
import { lookEverywhere } from '../../../src/renew/served/verify-served.ts';
import { parseTarget } from '../../../src/targets/parse-target.ts';
import { DEFAULT_SETTINGS } from '../../../src/targets/settings.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { oldPebble, type Pebble, type PebblePrograms, startPebble } from '../acme/pebble.ts';
import { type RunOptions, runCertwatch } from '../run-certwatch.ts';
import { Disposals } from './disposals.ts';
import { type Nginx, startNginx } from './nginx.ts';
import { NAME, type Stage, stage } from './stage.ts';

export interface NginxSceneParts {
  /** Further lines of the certificate's entry. */
  readonly entry?: string;
  readonly reload?: (pid: number) => string;
  readonly timeout?: string;
  readonly programs?: PebblePrograms;
  /** Per cent. */
  readonly rejectNonces?: number;
  /** In place of pebble as the CA: the lines below `acme:`. */
  readonly acme?: (pebble: Pebble) => string;
}

export interface NginxScene extends AsyncDisposable {
  readonly here: Stage;
  readonly pebble: Pebble;
  readonly nginx: Nginx;
  /** `certwatch renew` with the config and these. */
  run(args: readonly string[], options?: RunOptions): ReturnType<typeof runCertwatch>;
  /** The same, and its report as JSON. @throws what it said where there is none. */
  results(...args: readonly string[]): Promise<Report>;
  configure(parts: NginxSceneParts): Promise<unknown>;
  journal(): Promise<string>;
  /** Whole, or it throws; and what the two addresses serve. SHA-256. */
  facts(): Promise<{ readonly disk: string; readonly served: readonly string[] }>;
  /** Waits until nothing is left of what a run has started; the test's own limit is the end. */
  nothingRuns(): Promise<void>;
}

export interface Report {
  readonly status: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: JSON, matched by the tests
  readonly results: any;
}

export async function nginxScene(first: NginxSceneParts = {}): Promise<NginxScene> {
  const stack = new Disposals();
  const here = stack.use(await stage());
  await here.writeSet(here.live, here.issue({ ageDays: 70 }));
  const { programs = oldPebble, rejectNonces = 15 } = first;
  const pebble = stack.use(await startPebble({ programs, rejectNonces }));
  const nginx = stack.use(await startNginx(here.folder, here.live, ['127.0.0.1', '127.0.0.2']));
  const configure = (parts: NginxSceneParts) =>
    here.folder.write('certwatch.yaml', configText({ pebble, nginx, parts: { ...first, ...parts } }));
  await configure({});
  const config = ['--config', here.folder.at('certwatch.yaml'), '--resolver', pebble.nameServer, '--format', 'json'];
  const env = { [MARK]: here.folder.path };
  const run: NginxScene['run'] = (args, options = {}) =>
    runCertwatch(['renew', ...config, ...args], { cwd: here.folder.path, killAfterMs: 40_000, env, ...options });
  return {
    here,
    pebble,
    nginx,
    run,
    configure,
    async results(...args) {
      const { stdout, stderr, status } = await run(args);
      if (!stdout) throw new Error(`no report: ${stderr}`);
      return { status, results: JSON.parse(stdout).results };
    },
    journal: () => readFile(here.folder.at('state/renewals/www.jsonl'), 'utf8'),
    facts: () => factsOf(here, nginx),
    async nothingRuns() {
      while (await someoneHas(`${MARK}=${here.folder.path}`)) await pause(50);
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** In the environment of all that a run starts. */
const MARK = 'CERTWATCH_TEST_SCENE';

async function someoneHas(variable: string): Promise<boolean> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const environments = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')));
  return environments.some((text) => text.split('\0').includes(variable));
}

async function factsOf({ live, tools }: Stage, { places }: Nginx) {
  const set = await readSet(live);
  if (!set.ok || !set.value) throw new Error('the live set is not whole');
  const targets = places.map((place) => {
    const target = parseTarget(`${place} servername=${NAME} trust=none`, {
      origin: 'test',
      defaults: DEFAULT_SETTINGS,
    });
    if (!target.ok) throw new Error(target.error);
    return target.value;
  });
  const deadline = Deadline.after(5_000);
  const { leaves } = await lookEverywhere({ targets, look: tools.look, deadline });
  deadline.release();
  return { disk: set.value.chain[0].sha256, served: leaves.map(({ sha256 }) => sha256) };
}

interface ConfigParts {
  readonly pebble: Pebble;
  readonly nginx: Nginx;
  readonly parts: NginxSceneParts;
}

function configText({ pebble, nginx, parts }: ConfigParts): string {
  const verify = nginx.places.map((place) => `"${place} servername=${NAME} trust=none"`);
  return `state: ./state
acme:
${parts.acme?.(pebble) ?? `  directory: ${pebble.directory}\n  ca-file: ${pebble.caFile}`}
  account: { contact: admin@shop.example, agree-tos: true }
certificates:
  - name: www
    domains: ${NAME}
    challenge: { http-01: { listen: "127.0.0.1:${pebble.httpPort}" } }
    live: ./live
    reload: ${parts.reload?.(nginx.pid) ?? `[ kill, -HUP, "${nginx.pid}" ]`}
    verify: [ ${verify.join(', ')} ]
    timeout: ${parts.timeout ?? '20s'}
${parts.entry ?? ''}`;
}

/** How many orders a journal tells of. */
export const ordersIn = (journal: string): number => journal.split('"text":"https://').length - 1;
