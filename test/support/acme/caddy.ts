/**
 * Caddy's `acme_server` as a second CA, so that nothing here is pebble-shaped. It validates at ports 80 and 443, and its
 * name server is the system's: tests prove a loopback address of their own, which takes the right to listen at port 80.
 */

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { createCa } from '../pki/pki.ts';
import { freePort } from '../ports.ts';
import { tempFolder } from '../temp-folder.ts';
import { findProgram, startDaemon } from './daemon.ts';

export const caddyProgram = { caddy: findProgram('caddy') };

/** May this user listen there? Root may, or whoever the system lets. */
export async function mayListenBelow1024(): Promise<true | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(80, loopbackAddress(), resolve));
    return true;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}

/** Some address in 127/8: whoever listens at port 80 of another one is not in the way. */
export const loopbackAddress = (): string => `127.${randomInt(64, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;

export interface Caddy extends AsyncDisposable {
  readonly directory: string;
  readonly caFile: string;
  output(): string;
}

export async function startCaddy(): Promise<Caddy> {
  const folder = await tempFolder('caddy');
  const root = createCa({ now: Date.now(), subject: 'CN=Test HTTPS Root' });
  const leaf = root.issue({ sans: ['dns:localhost'] });
  const [port, plainPort] = [await freePort(), await freePort()];
  const caFile = await folder.write('root.pem', root.pem);
  const [cert, key] = [await folder.write('cert.pem', leaf.chainPem), await folder.write('key.pem', leaf.keyPem)];
  const config = await folder.write(
    'Caddyfile',
    `{
  admin off
  skip_install_trust
  auto_https disable_redirects
  http_port ${plainPort}
  https_port ${port}
  storage file_system ${folder.at('storage')}
}
https://localhost:${port} {
  bind 127.0.0.1
  tls ${cert} ${key}
  acme_server
}
`,
  );
  try {
    const daemon = await startDaemon(caddyProgram.caddy!, {
      args: ['run', '--config', config, '--adapter', 'caddyfile'],
      env: { HOME: folder.path },
      port,
    });
    return {
      directory: `https://localhost:${port}/acme/local/directory`,
      caFile,
      output: () => daemon.output(),
      async [Symbol.asyncDispose]() {
        await daemon.stop();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}
