/**
 * http-01 (RFC 8555 8.3) by a listener of its own, for as long as the CA needs to look.
 */
import type { Server } from 'node:http';
import { ok } from '../../../model/result.ts';
import type { Deadline } from '../../../time/deadline.ts';
import type { ChallengeConfig } from '../job.ts';
import type { Work } from '../work.ts';
import { fetchText } from './fetch-text.ts';
import { type ListenAddress, listenAt } from './listen-address.ts';
import type { Solver } from './solver.ts';

export const WELL_KNOWN = '/.well-known/acme-challenge/';

/** A visitor has this long to send a request; the CA's many vantage points come at once. */
const REQUEST_MS = 10_000;
const MOST_CONNECTIONS = 256;

const BANNER = 'certwatch answers ACME challenges here, and nothing else\n';

async function isOurs({ host, port }: ListenAddress, deadline: Deadline): Promise<boolean> {
  const seen = await fetchText({ address: host, port, host: 'certwatch.invalid', path: '/', deadline });
  return seen.kind === 'answer' && seen.status === 404 && seen.text === BANNER;
}

type Config = Extract<ChallengeConfig, { listen: string; type: 'http-01' }>;

export function httpListener(config: Config, work: Work): Solver {
  let server: Server | undefined;
  return {
    async present(answers) {
      const { createServer } = await import('node:http');
      const texts = new Map(answers.map(({ token, keyAuthorization }) => [WELL_KNOWN + token, keyAuthorization]));
      server = createServer(
        { headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 },
        (request, response) => {
          const text = texts.get((request.url ?? '').split('?', 1)[0] as string);
          const known = text !== undefined && (request.method === 'GET' || request.method === 'HEAD');
          response.writeHead(known ? 200 : 404, { 'content-type': 'application/octet-stream', connection: 'close' });
          response.end(known ? text : BANNER);
        },
      );
      server.maxConnections = MOST_CONNECTIONS;
      const listening = await listenAt({ server, at: config.listen, deadline: work.deadline, isOurs });
      server.on('error', () => {});
      return listening.ok ? ok(undefined) : listening;
    },
    async close() {
      server?.close();
      server?.closeAllConnections();
    },
  };
}
