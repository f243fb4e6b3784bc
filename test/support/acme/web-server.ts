/**
 * The web server of somebody who proves a name by webroot: it serves the files of one folder, in this process.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';
import { listen, type TestServer } from '../servers/server.ts';

export interface WebServer extends AsyncDisposable {
  readonly root: string;
  readonly server: TestServer;
  /** Paths asked for, oldest first. */
  readonly paths: readonly string[];
}

export async function webServer(root: string, port = 0, host = '127.0.0.1'): Promise<WebServer> {
  const paths: string[] = [];
  const http = createServer(async (request, response) => {
    const path = normalize((request.url ?? '/').split('?', 1)[0]!);
    paths.push(path);
    const content = await readFile(join(root, path)).catch(() => undefined);
    response.writeHead(content ? 200 : 404, { 'content-type': 'text/plain', connection: 'close' });
    response.end(content ?? 'not here');
  });
  const server = await listen(http, { port, host });
  return { root, server, paths, [Symbol.asyncDispose]: () => server.close() };
}
