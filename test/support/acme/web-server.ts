/**
 * The web server of somebody who proves a name by webroot: it serves the files of one folder, in this process, and those
 * of every folder in it as if it were the root: one port for tests that run at once.
 */
import { readdir, readFile } from 'node:fs/promises';
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
    const content = await firstOf([root, ...(await foldersOf(root))].map((each) => join(each, path)));
    response.writeHead(content ? 200 : 404, { 'content-type': 'text/plain', connection: 'close' });
    response.end(content ?? 'not here');
  });
  const server = await listen(http, { port, host });
  return { root, server, paths, [Symbol.asyncDispose]: () => server.close() };
}

async function foldersOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(root, name));
}

async function firstOf(paths: readonly string[]): Promise<Buffer | undefined> {
  for (const path of paths) {
    const content = await readFile(path).catch(() => undefined);
    if (content) return content;
  }
  return undefined;
}
