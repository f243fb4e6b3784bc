/**
 * What runs of certwatch under a fault of its own have in common: targets that are well, targets that never answer, a folder.
 */
import { createCa } from '../support/pki/pki.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import type { TestServer } from '../support/servers/server.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

export interface Scene extends AsyncDisposable {
  readonly folder: TempFolder;
  /** For one run: a server that is well, and one that never answers. */
  peers(): Promise<{ readonly well: TestServer; readonly silent: TestServer }>;
  /** A list whose report is more than any pipe holds. */
  readonly longList: string;
}

export const WELL: readonly string[] = ['well-0', 'well-1', 'well-2'];
export const STUCK: readonly string[] = ['stuck-0', 'stuck-1', 'stuck-2', 'stuck-3', 'stuck-4'];

/** A list line each, ended; with more time than any run has. */
export const lines = (names: readonly string[], port: number): string =>
  names.map((name) => `${name}.shop.example connect-to=127.0.0.1:${port} name=${name} timeout=1m\n`).join('');

export async function openScene(): Promise<Scene> {
  const ca = createCa({ now: Date.now() });
  const sans = ['dns:*.shop.example', ...Array.from({ length: 200 }, (_, i) => `dns:alias-${i}.shop.example`)];
  const leaf = ca.issue({ sans });
  const forAll = await tlsServer({ leaf });
  const folder = await tempFolder('itself');
  await folder.write('root.pem', ca.pem);
  const many = Array.from({ length: 300 }, (_, i) => `many-${i}`);
  // The last one is no target: the run is UNKNOWN, whoever reads of it or not.
  await folder.write('long.txt', `${lines(many, forAll.port)}not a target\n`);
  return {
    folder,
    peers: async () => ({ well: await tlsServer({ leaf }), silent: await silentServer() }),
    longList: 'long.txt',
    async [Symbol.asyncDispose]() {
      await forAll.close();
      await folder.remove();
    },
  };
}
