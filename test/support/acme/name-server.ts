/**
 * BIND as the primary server of one zone that takes signed updates (RFC 2136), on loopback.
 */

import { randomBytes } from 'node:crypto';
import { freePort } from '../ports.ts';
import { type TempFolder, tempFolder } from '../temp-folder.ts';
import { findProgram, startDaemon } from './daemon.ts';

export const bind = { named: findProgram('named') };

export interface UpdatableZone extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly port: number;
  /** A file in BIND's form; `wrongKeyFile` has another secret under the same name. */
  readonly keyFile: string;
  readonly wrongKeyFile: string;
  readonly otherKeyFile: string;
  output(): string;
}

export interface ZoneOptions {
  readonly zone: string;
  readonly algorithm?: string;
  /** More lines of the zone file. */
  readonly records?: string;
}

export async function startNamed(options: ZoneOptions): Promise<UpdatableZone> {
  const folder = await tempFolder('named');
  try {
    return await start(options, folder);
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function start({ zone, algorithm = 'hmac-sha256', records = '' }: ZoneOptions, folder: TempFolder) {
  const [port, control] = [await freePort(), await freePort()];
  const key = (name: string) =>
    `key "${name}" {\n\talgorithm ${algorithm};\n\tsecret "${randomBytes(32).toString('base64')}";\n};\n`;
  const good = key('certwatch-update');
  await folder.write(
    'zone.db',
    [
      '$TTL 1',
      `@ IN SOA ns.${zone}. admin.${zone}. 1 60 60 600 1`,
      `@ IN NS ns.${zone}.`,
      'ns IN A 127.0.0.1',
      records,
      '',
    ].join('\n'),
  );
  await folder.write(
    'named.conf',
    `${good}
options {
  directory "${folder.path}";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile "${folder.at('session.key')}";
  managed-keys-directory "${folder.path}";
  recursion no;
  dnssec-validation no;
  allow-query { 127.0.0.1; };
};
controls { inet 127.0.0.1 port ${control} allow { none; }; };
zone "${zone}" {
  type primary;
  file "zone.db";
  update-policy { grant certwatch-update zonesub TXT; };
};
`,
  );
  const daemon = await startDaemon(bind.named!, {
    args: ['-g', '-n', '1', '-c', folder.at('named.conf')],
    port,
  });
  const stop = async () => {
    await daemon.stop();
    await folder.remove();
  };
  return {
    address: `127.0.0.1:${port}`,
    port,
    keyFile: await folder.write('good.key', good),
    wrongKeyFile: await folder.write('wrong.key', key('certwatch-update')),
    otherKeyFile: await folder.write('other.key', key('somebody-else')),
    output: () => daemon.output(),
    [Symbol.asyncDispose]: stop,
  };
}
