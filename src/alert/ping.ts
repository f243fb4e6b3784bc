/**
 * One HTTP request to a monitoring service, over `node:http` or `node:https`, loaded when the first one is sent. Everything
 * in it stands under one deadline: look-up, connection, handshake, and an answer that may drip.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { err, ok, type Result } from '../model/result.ts';
import { lookupWith } from '../net/http-lookup.ts';
import type { Deadline } from '../time/deadline.ts';

/**
 * Finds the addresses of a name. Never getaddrinfo: it cannot be cancelled, and a stuck one keeps the process from ending.
 * `resolveHost` of `src/net/resolve.ts` fits, with its failure's detail as the error.
 */
export type ResolveName = (host: string, deadline: Deadline) => Promise<Result<readonly string[], string>>;

export interface PingRequest {
  readonly url: URL;
  readonly body: string;
  readonly userAgent: string;
  readonly resolve: ResolveName;
  /** PEM: trusted in place of Node's own roots. */
  readonly ca?: string;
}

export interface PingAnswer {
  readonly status: number;
  /** The first kilobyte at most, text of the server's. */
  readonly body: string;
  readonly location?: string;
}

/** Of the answer only so much is of use. */
const MOST_ANSWER = 1024;

/** @returns the error as why nothing was answered, to go behind "…: ". It never names more of the URL than its host. */
export async function sendPing(request: PingRequest, deadline: Deadline): Promise<Result<PingAnswer, string>> {
  const { url } = request;
  const http = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  if (deadline.expired) return err('no time was left');
  return new Promise((resolve) => {
    const sent = http.request(url, {
      method: 'POST',
      agent: false,
      lookup: lookupWith(async (host) => {
        const found = await request.resolve(host, deadline);
        return found.ok ? found : err(new Error(found.error));
      }),
      headers: {
        'Content-Type': 'text/plain; charset=utf-8',
        'Content-Length': Buffer.byteLength(request.body),
        'User-Agent': request.userAgent,
        Connection: 'close',
      },
      ...(request.ca === undefined ? {} : { ca: request.ca }),
    });
    const settle = (result: Result<PingAnswer, string>) => {
      stop();
      resolve(result);
      sent.destroy();
    };
    const stop = deadline.onExpire(() => settle(err('no answer in time')));
    sent.on('error', (cause) => settle(err(reasonOf(cause))));
    sent.on('response', (response) => readAnswer(response, sent, settle));
    sent.end(request.body);
  });
}

function readAnswer(
  response: IncomingMessage,
  sent: ClientRequest,
  settle: (result: Result<PingAnswer, string>) => void,
): void {
  const { statusCode: status = 0, headers } = response;
  let body = '';
  const finish = () => settle(ok({ status, body, ...(headers.location ? { location: headers.location } : {}) }));
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    body += text.slice(0, MOST_ANSWER - body.length);
    if (body.length >= MOST_ANSWER) finish();
  });
  response.on('end', finish);
  // The status has come, and it is what counts.
  response.on('error', finish);
  sent.on('close', finish);
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to its network',
  ETIMEDOUT: 'no answer to the connection',
  EPIPE: 'connection closed',
};

function reasonOf(cause: Error): string {
  // Several addresses tried: the first one's reason stands for all.
  const first = cause instanceof AggregateError ? (cause.errors[0] as Error | undefined) : undefined;
  const { code, message } = (first ?? cause) as NodeJS.ErrnoException;
  return (code !== undefined && WORDS[code]) || message || String(code);
}
