/**
 * nginx as people run it: a master that reloads on SIGHUP, workers that serve, certificate and key out of a live folder.
 */

import { findProgram, startDaemon } from '../acme/daemon.ts';
import { freePort } from '../ports.ts';
import type { TempFolder } from '../temp-folder.ts';

export const nginxProgram = findProgram('nginx');

export interface Nginx extends AsyncDisposable {
  readonly pid: number;
  readonly places: readonly string[];
  output(): string;
  /** After it has ended: the same again, under another process number. */
  start(): Promise<void>;
}

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);

/** @param live the folder with fullchain.pem and privkey.pem; a set must be there. */
export async function startNginx(folder: TempFolder, live: string, addresses: readonly string[]): Promise<Nginx> {
  const places = await Promise.all(addresses.map(async (address) => `${address}:${await freePort()}`));
  // Its own socket tells when it is ready: the TLS ones should see nobody but certwatch.
  const ready = await freePort();
  const config = await folder.write(
    'nginx/nginx.conf',
    `daemon off; pid nginx.pid; error_log stderr notice; worker_processes 1;
    events {}
    http {
      access_log off; ${TEMPORARY.join(' ')}
      server { listen 127.0.0.1:${ready}; }
      server {
        ${places.map((place) => `listen ${place} ssl;`).join(' ')}
        ssl_certificate ${live}/fullchain.pem; ssl_certificate_key ${live}/privkey.pem;
      }
    }`,
  );
  const args = ['-p', folder.at('nginx'), '-e', 'stderr', '-c', config];
  const start = () => startDaemon(nginxProgram ?? 'nginx', { args, port: ready });
  let daemon = await start();
  return {
    get pid() {
      return daemon.pid;
    },
    places,
    output: () => daemon.output(),
    async start() {
      daemon = await start();
    },
    [Symbol.asyncDispose]: () => daemon.stop(),
  };
}
