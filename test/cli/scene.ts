/**
 * What the transcripts of the built program play on: real TLS servers on loopback, a PKI that was made as of one fixed
 * moment, and runs written down as a person would see them, with all that differs from run to run taken out.
 */

import { strictReader } from '../report/readers/json.ts';
import { type Authority, createCa, type Issued, makeKey } from '../support/pki/pki.ts';
import { closedPort } from '../support/ports.ts';
import { type RunOptions, type RunResult, runCertwatch } from '../support/run-certwatch.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import type { TestServer } from '../support/servers/server.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Every certificate is made as of then, and `--now` judges as of then: dates in transcripts never change. */
export const NOW = Date.UTC(2026, 10, 24, 9);
export const NOW_FLAG = ['--now', '2026-11-24T09:00:00Z'] as const;

const HOSTS = {
  www: { lifetimeMs: 90 * DAY, remainingMs: 60 * DAY },
  api: { lifetimeMs: 160 * HOUR, remainingMs: 120 * HOUR },
  open: { lifetimeMs: 90 * DAY, remainingMs: 28 * DAY },
  blog: { lifetimeMs: 90 * DAY, remainingMs: 20 * DAY },
  mail: { lifetimeMs: 90 * DAY, remainingMs: 2 * DAY },
  docs: { lifetimeMs: 90 * DAY, remainingMs: -6 * HOUR },
} as const;

/** `stuck` accepts and never answers, nobody listens where `down` is. */
export type HostName = keyof typeof HOSTS | 'stuck' | 'down';

// biome-ignore lint/suspicious/noExplicitAny: its schema is checked; its type is for TypeScript programs, not for these tests.
export type Report = any;

let schema: ReturnType<typeof strictReader> | undefined;

export interface Scene extends AsyncDisposable {
  readonly root: Authority;
  readonly issuing: Authority;
  readonly folder: TempFolder;
  /** The leaf of a host that has one. */
  leaf(name: keyof typeof HOSTS): Issued;
  port(name: HostName): number;
  /** A line, or one word of the command line: `www.shop.example connect-to=127.0.0.1:PORT name=www …`. */
  line(name: HostName, options?: string): string;
  /** Runs the built program in the scene's folder. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** The same as `--format json`: the report, which is as its schema says. */
  report(args: readonly string[], options?: RunOptions): Promise<{ report: Report; status: number | null }>;
  /** The same, as text for a snapshot. */
  show(args: readonly string[], options?: RunOptions): Promise<string>;
}

/** Servers for the hosts that are named; `root.pem` lies in the folder. */
export async function openScene(...names: readonly HostName[]): Promise<Scene> {
  const folder = await tempFolder('cli');
  const root = createCa({ now: NOW, subject: 'CN=Shop Root,O=Example Shop', lifetimeMs: 3650 * DAY });
  const issuing = root.issueCa({ subject: 'CN=Shop TLS CA,O=Example Shop', lifetimeMs: 1825 * DAY });
  await folder.write('root.pem', root.pem);
  const key = makeKey();
  const leaves = new Map<HostName, Issued>();
  const servers = new Map<HostName, TestServer>();
  const ports = new Map<HostName, number>();
  for (const name of names) {
    if (name === 'down') {
      ports.set(name, await closedPort());
      continue;
    }
    const times = name === 'stuck' ? undefined : HOSTS[name];
    const leaf = times && issuing.issue({ sans: [`dns:${name}.shop.example`], key, ...times });
    const server = leaf ? await tlsServer({ leaf }) : await silentServer();
    if (leaf) leaves.set(name, leaf);
    servers.set(name, server);
    ports.set(name, server.port);
  }
  const port = (name: HostName): number => of(ports, name);
  const run = (args: readonly string[], options: RunOptions = {}) =>
    runCertwatch(args, { cwd: folder.path, ...options });
  return {
    root,
    issuing,
    folder,
    leaf: (name) => of(leaves, name),
    port,
    line: (name, options) =>
      [`${name}.shop.example`, `connect-to=127.0.0.1:${port(name)}`, `name=${name}`, options].filter(Boolean).join(' '),
    run,
    async report(args, options) {
      const { stdout, status } = await run([...args, '--format', 'json'], options);
      const report = JSON.parse(stdout);
      schema ??= strictReader();
      const errors = schema.report(report);
      if (errors.length > 0) throw new Error(JSON.stringify(errors));
      return { report, status };
    },
    show: async (args, options) => written(await run(args, options), [folder.path]),
    async [Symbol.asyncDispose]() {
      await Promise.all([...servers.values()].map((server) => server.close()));
      await folder.remove();
    },
  };
}

function of<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`the scene has no ${String(key)}`);
  return value;
}

/**
 * A run as text: the standard output, what came on the standard error behind `! `, and how it ended.
 * @param paths shown as FOLDER.
 */
export function written({ stdout, stderr, status, killed }: RunResult, paths: readonly string[] = []): string {
  const errors = stderr
    .split('\n')
    .slice(0, -1)
    .map((line) => `! ${line}\n`)
    .join('');
  return `${timeless(stdout, paths)}${timeless(errors, paths)}${killed ? 'did not end' : `exit ${status}`}`;
}

/** Without what differs from run to run: ports, keys, fingerprints, serial numbers, how long it took. */
export function timeless(text: string, paths: readonly string[] = []): string {
  let plain = text;
  for (const path of paths) plain = plain.replaceAll(path, 'FOLDER');
  return plain
    .replace(/(127\.0\.0\.1|\[::1\]|::1)(:| port )\d{4,5}\b/g, '$1$2PORT')
    .replace(/\b[0-9a-f]{64}\b/g, 'SHA256')
    .replace(/\b[0-9a-f]{16}…/g, 'SHA256…')
    .replace(/\b[0-9A-F]{32}\b/g, 'SERIAL')
    .replace(/\b\d+(?:\.\d+)? ?ms\b/g, 'TIME')
    .replace(/\btime=\d+\.\d+s/g, 'time=TIME')
    .replace(/(\d targets? in )(?:TIME|\d+s)/g, '$1TIME');
}
