/**
 * Pebble, Let's Encrypt's CA for tests, and its DNS server with settable answers, both on loopback, with HTTPS by a
 * certificate minted here. Nonces are refused now and then and authorizations are never reused, as RFC 8555 allows.
 */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, createCa } from '../pki/pki.ts';
import { freePort } from '../ports.ts';
import { REPOSITORY } from '../repository.ts';
import { type TempFolder, tempFolder } from '../temp-folder.ts';
import { type Daemon, findProgram, startDaemon } from './daemon.ts';

export interface PebblePrograms {
  readonly pebble: string | undefined;
  readonly 'pebble-challtestsrv': string | undefined;
}

/** Debian 12's own 2.4.0: no ARI, no profiles. */
export const oldPebble: PebblePrograms = {
  pebble: findProgram('pebble'),
  'pebble-challtestsrv': findProgram('pebble-challtestsrv'),
};

/** 2.10: ARI, profiles, `replaces`. Fetched once into a cache by `.ci/fetch-pebble`. */
export const newPebble: PebblePrograms = fetched();

function fetched(): PebblePrograms {
  try {
    const script = join(REPOSITORY, '.ci', 'fetch-pebble');
    const printed = execFileSync(script, [], { timeout: 120_000, stdio: ['ignore', 'pipe', 'ignore'] });
    const folder = printed.toString().trim();
    const at = (name: string) => (existsSync(join(folder, name)) ? join(folder, name) : undefined);
    return { pebble: at('pebble'), 'pebble-challtestsrv': at('pebble-challtestsrv') };
  } catch {
    return { pebble: undefined, 'pebble-challtestsrv': undefined };
  }
}

export interface PebbleOptions {
  readonly programs: PebblePrograms;
  /** Per cent; 15 unless told otherwise. */
  readonly rejectNonces?: number;
  readonly eab?: Readonly<Record<string, string>>;
  readonly profiles?: Readonly<Record<string, { readonly description: string; readonly validityPeriod: number }>>;
  /** Seconds in Retry-After. */
  readonly retryAfter?: { readonly authz: number; readonly order: number };
  /** Roots, and intermediates in a chain. */
  readonly alternateRoots?: number;
  readonly chainLength?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Asked in place of challtestsrv: `127.0.0.1:PORT`. */
  readonly nameServer?: string;
}

export interface Pebble extends AsyncDisposable {
  readonly directory: string;
  readonly host: string;
  readonly port: number;
  /** PEM file of the root of its HTTPS. */
  readonly caFile: string;
  readonly caPem: string;
  /** Signs more servers that `caFile` vouches for: a proxy in front of it. */
  readonly ca: Authority;
  /** Where it looks for http-01 and tls-alpn-01, at the address that DNS gives: 127.0.0.1 unless told otherwise. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** The name server that it and clients ask: `127.0.0.1:PORT`. */
  readonly nameServer: string;
  /** challtestsrv's management URL. */
  readonly management: string;
  /** challtestsrv's management: `set('add-a', { host, addresses })` */
  set(what: string, body: object): Promise<string>;
  /** Pebble's management, GET or POST. */
  manage(path: string, body?: object): Promise<string>;
  output(): string;
}

export async function startPebble(options: PebbleOptions): Promise<Pebble> {
  const folder = await tempFolder('pebble');
  const daemons: Daemon[] = [];
  const stop = async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    await folder.remove();
  };
  try {
    return await start(options, { folder, daemons, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Parts {
  readonly folder: TempFolder;
  readonly daemons: Daemon[];
  readonly stop: () => Promise<void>;
}

async function start(options: PebbleOptions, { folder, daemons, stop }: Parts): Promise<Pebble> {
  const root = createCa({ now: Date.now(), subject: 'CN=Test HTTPS Root' });
  const leaf = root.issue({ sans: ['ip:127.0.0.1', 'dns:localhost'] });
  const [port, managementPort, httpPort, tlsPort, dnsPort, dnsManagement] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const caFile = await folder.write('root.pem', root.pem);
  const config = {
    pebble: {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${managementPort}`,
      certificate: await folder.write('cert.pem', leaf.chainPem),
      privateKey: await folder.write('key.pem', leaf.keyPem),
      httpPort,
      tlsPort,
      ocspResponderURL: '',
      externalAccountBindingRequired: options.eab !== undefined,
      ...(options.eab ? { externalAccountMACKeys: options.eab } : {}),
      ...(options.profiles ? { profiles: options.profiles } : {}),
      domainBlocklist: ['blocked.example'],
      retryAfter: options.retryAfter ?? { authz: 0, order: 0 },
    },
  };
  const nameServer = `127.0.0.1:${dnsPort}`;
  const challtestsrv = options.programs['pebble-challtestsrv']!;
  daemons.push(
    await startDaemon(challtestsrv, {
      args: [
        ['-management', `127.0.0.1:${dnsManagement}`],
        ['-http01', ''],
        ['-https01', ''],
        ['-tlsalpn01', ''],
        ['-defaultIPv4', '127.0.0.1'],
        ['-defaultIPv6', ''],
        // 2.10 has another word for its name server, and a second one over HTTPS at a fixed port unless told not to.
        ...(options.programs === newPebble
          ? [
              ['-dnsserver', nameServer],
              ['-doh', ''],
            ]
          : [['-dns01', nameServer]]),
      ].flat(),
      port: dnsManagement,
    }),
  );
  const pebble = await startDaemon(options.programs.pebble!, {
    args: [
      '-config',
      await folder.write('config.json', JSON.stringify(config)),
      '-dnsserver',
      options.nameServer ?? nameServer,
      '-strict',
    ],
    env: {
      PEBBLE_VA_NOSLEEP: '1',
      PEBBLE_WFE_NONCEREJECT: String(options.rejectNonces ?? 15),
      PEBBLE_AUTHZREUSE: '0',
      PEBBLE_ALTERNATE_ROOTS: String(options.alternateRoots ?? 0),
      PEBBLE_CHAIN_LENGTH: String(options.chainLength ?? 1),
      ...options.env,
    },
    port,
  });
  daemons.push(pebble);
  const manage = (path: string, body?: object) =>
    fetchFrom(`https://127.0.0.1:${managementPort}${path}`, { body, ca: root.pem });
  return {
    directory: `https://127.0.0.1:${port}/dir`,
    host: '127.0.0.1',
    port,
    caFile,
    caPem: root.pem,
    ca: root,
    httpPort,
    tlsPort,
    nameServer,
    management: `http://127.0.0.1:${dnsManagement}`,
    set: (what, body) => fetchFrom(`http://127.0.0.1:${dnsManagement}/${what}`, { body }),
    manage,
    output: () => pebble.output(),
    [Symbol.asyncDispose]: stop,
  };
}

interface FetchOptions {
  readonly body?: object | undefined;
  readonly ca?: string;
}

async function fetchFrom(url: string, { body, ca }: FetchOptions): Promise<string> {
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method: body ? 'POST' : 'GET', agent: false, headers: { 'user-agent': 'tests' }, ...(ca ? { ca } : {}) },
      (incoming) => {
        let text = '';
        incoming.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        incoming.on('end', () => {
          if (incoming.statusCode === 200) resolve(text);
          else reject(new Error(`${url}: ${incoming.statusCode} ${text}`));
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body ? JSON.stringify(body) : undefined);
  });
}
