/**
 * A stage for one renewal: a PKI, a live folder, a server that reads it and reloads on SIGHUP, a state directory, and a
 * renewal whose parts a test replaces. Looks are real, by certwatch's own reader.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RenewalEvent } from '../../../src/model/renewal.ts';
import type { Target } from '../../../src/model/target.ts';
import { createResolver } from '../../../src/net/resolve.ts';
import type { AcmeJob, AcmeResult } from '../../../src/renew/acme/job.ts';
import type { ByAcme, Renewal } from '../../../src/renew/renewal.ts';
import type { OrderCall, Tools } from '../../../src/renew/tools.ts';
import { Looker } from '../../../src/scan/look.ts';
import { parseTarget } from '../../../src/targets/parse-target.ts';
import { DEFAULT_SETTINGS } from '../../../src/targets/settings.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { ChainReader } from '../../../src/x509/chain-reader.ts';
import { type Authority, createCa, type Issued } from '../pki/pki.ts';
import { freePort } from '../ports.ts';
import { type TempFolder, tempFolder } from '../temp-folder.ts';

export const NAME = 'www.shop.example';
const DAY = 86_400_000;

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export interface Stage extends AsyncDisposable {
  readonly folder: TempFolder;
  readonly ca: Authority;
  readonly live: string;
  readonly ports: readonly number[];
  readonly events: RenewalEvent[];
  /** A certificate for `NAME`, its life begun so many days ago. */
  issue(options?: { readonly ageDays?: number; readonly lifeDays?: number; readonly sans?: readonly string[] }): Issued;
  /** Four plain files, as other clients leave them. */
  writeSet(folder: string, set: Issued): Promise<void>;
  /** Two addresses unless told otherwise. `live` must hold a set. */
  serve(addresses?: readonly string[]): Promise<Server>;
  readonly tools: Tools;
  renewal(parts?: Partial<Renewal>): Renewal;
}

export interface Server {
  readonly pid: number;
  /** The command that makes it read its files again. */
  readonly reload: { readonly words: readonly string[]; readonly shell: boolean };
  /** What it has said so far. */
  output(): string;
  stop(): Promise<void>;
}

export const words = (...list: readonly string[]) => ({ words: list, shell: false });
export const shell = (text: string) => ({ words: [text], shell: true });

export async function stage(over: Partial<Tools> = {}): Promise<Stage> {
  const folder = await tempFolder('renew');
  const ca = createCa({ now: Date.now() }).issueCa({ subject: 'CN=Test Intermediate' });
  const live = folder.at('live');
  const ports: number[] = [];
  const servers: Server[] = [];
  const events: RenewalEvent[] = [];
  const targets: Target[] = [];
  let attempts = 0;
  const looker = new Looker({
    resolver: createResolver({}),
    chainReader: new ChainReader(),
    judgedAt: Date.now(),
    runDeadline: Deadline.none(),
  });
  const tools: Tools = {
    now: () => Date.now(),
    state: folder.at('state'),
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: '/nonexistent' },
    kill: (pid, signal) => process.kill(pid, signal),
    look: (target, deadline) => looker.look(target, deadline),
    order: () => Promise.reject(new Error('nothing is ordered in this test')),
    emit: (event) => void events.push(event),
    attemptId: () => `attempt-${++attempts}-${process.pid}`,
    ...over,
  };
  const self: Stage = {
    folder,
    ca,
    live,
    ports,
    events,
    tools,
    issue({ ageDays = 0, lifeDays = 90, sans = [`dns:${NAME}`] } = {}) {
      const notBefore = Date.now() - ageDays * DAY - 60_000;
      return ca.issue({ sans: sans as [], notBefore, notAfter: notBefore + lifeDays * DAY });
    },
    writeSet,
    async serve(addresses = ['127.0.0.1', '127.0.0.2']) {
      const places = await Promise.all(addresses.map(async (address) => `${address}:${await freePort()}`));
      for (const place of places) {
        ports.push(Number(place.split(':')[1]));
        const target = parseTarget(`${place} servername=${NAME} trust=none`, {
          origin: 'test',
          defaults: { ...DEFAULT_SETTINGS, allAddresses: true, retries: 0, timeoutMs: 2_000 },
        });
        if (!target.ok) throw new Error(target.error);
        targets.push(target.value);
      }
      const server = await startServer(live, places);
      servers.push(server);
      return server;
    },
    renewal: (parts = {}) => ({
      name: 'www',
      domains: [NAME],
      by: { kind: 'command', command: words('false') },
      live,
      environment: {},
      rehearse: [],
      reloadTimeoutMs: 5_000,
      targets,
      renewAt: { kind: 'auto' },
      timeoutMs: 10_000,
      ...parts,
    }),
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.stop()));
      await folder.remove();
    },
  };
  return self;
}

/** As a simple client does it: each file replaced by itself. */
export async function writeSet(folder: string, { pem, keyPem, chainPem, chain }: Issued): Promise<void> {
  await mkdir(folder, { recursive: true });
  const above = chain.slice(1).map((each) => each.pem);
  const files = { 'privkey.pem': keyPem, 'cert.pem': pem, 'chain.pem': above.join(''), 'fullchain.pem': chainPem };
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await writeFile(`${path}.tmp`, content, { mode: name === 'privkey.pem' ? 0o600 : 0o644 });
    await chmod(`${path}.tmp`, name === 'privkey.pem' ? 0o600 : 0o644);
    await rename(`${path}.tmp`, path);
  }
}

/** On ports that the caller knows to be free. */
export async function startServer(live: string, places: readonly string[]): Promise<Server> {
  const script = join(import.meta.dirname, 'reloading-server.mjs');
  const child = spawn(process.execPath, [script, live, ...places], { stdio: ['ignore', 'pipe', 'inherit'] });
  alive.add(child);
  let output = '';
  const exited = once(child, 'exit').then(() => alive.delete(child));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('ready')) resolve();
    });
    child.once('exit', () => reject(new Error(`the server ended: ${output}`)));
  });
  return {
    pid: child.pid!,
    reload: words('kill', '-HUP', String(child.pid)),
    output: () => output,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export const BY_ACME: ByAcme = {
  kind: 'acme',
  keyType: 'ec256',
  keyTypeGiven: false,
  reuseKey: false,
  challenge: { type: 'http-01', webroot: '/nonexistent' },
  ari: false,
  authority: {
    name: 'test',
    url: 'https://ca.example/directory',
    account: { folder: '/nonexistent', contact: [], agreeTos: true },
    requestTimeoutMs: 1_000,
  },
};

/** A CA that issues whatever `next` gives, as the child process would leave it. */
export function orders(next: (job: AcmeJob) => Issued) {
  const jobs: AcmeJob[] = [];
  const order = async (job: AcmeJob, _call: OrderCall): Promise<AcmeResult> => {
    jobs.push(job);
    const issued = next(job);
    await mkdir(job.outDir, { recursive: true, mode: 0o700 });
    await writeSet(job.outDir, issued);
    const { sha256, notBefore, notAfter } = issued;
    const at = (name: string) => join(job.outDir, name);
    const files = {
      key: at('privkey.pem'),
      cert: at('cert.pem'),
      chain: at('chain.pem'),
      fullchain: at('fullchain.pem'),
    };
    return { ok: true, files, orderUrl: 'https://ca.example/order/1', sha256, notBefore, notAfter, warnings: [] };
  };
  return { jobs, order };
}
