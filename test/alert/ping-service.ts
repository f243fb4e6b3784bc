/**
 * A monitoring service that takes pings and says what a test tells it to.
 */
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { Issued } from '../support/pki/pki.ts';
import { listen, type TestServer } from '../support/servers/server.ts';

export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly host: string;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly location?: string;
}

export interface PingService extends TestServer {
  readonly received: Received[];
}

/** @param replies for each request in turn; the last one stands for all that follow. */
export async function pingService(replies: readonly Reply[], leaf?: Issued): Promise<PingService> {
  const received: Received[] = [];
  const handle: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      received.push({ method, url, host: headers.host ?? '', body: Buffer.concat(chunks).toString() });
      const { status, body = 'OK', location } = replies[Math.min(received.length, replies.length) - 1]!;
      response.writeHead(status, location === undefined ? {} : { location });
      response.end(body);
    });
  };
  const server = leaf ? createHttps({ cert: leaf.chainPem, key: leaf.keyPem }, handle) : createHttp(handle);
  return Object.assign(await listen(server), { received });
}
