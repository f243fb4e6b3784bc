/**
 * One HTTP request and its answer, over `node:http` or `node:https`, loaded when the first one is sent. All of it stands
 * under one deadline: look-up, connection, handshake, and an answer that may drip; and no answer is longer than it may be.
 * What comes back is nobody's word for anything: whoever asks judges it, and escapes it. Redirects are the caller's to
 * follow.
 */
import type { IncomingMessage } from 'node:http';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { wordsOf } from './dial-failure.ts';
import { lookupWith } from './http-lookup.ts';
import type { Resolver } from './resolve.ts';

/** Finds the addresses of a name; the error is a sentence. */
export type ResolveName = (host: string, deadline: Deadline) => Promise<Result<readonly string[], string>>;

export interface HttpRequest {
  readonly url: URL;
  /** Sent by POST, as UTF-8; without it, it is a GET. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly resolve: ResolveName;
  /** Of the body of a 200, so many bytes are taken; of any other, which is for people to read, a few kilobytes. */
  readonly mostBytes: number;
  /** PEM: trusted in place of Node's own roots. */
  readonly ca?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Where a redirect (3xx) leads to, as the server has it. */
  readonly location: string | undefined;
  readonly body: Buffer;
  /** Whether that is all of the body, or where there was more, what has cut it off. */
  readonly ending: 'whole' | 'too-long' | 'connection-lost';
}

const MOST_OF_AN_ERROR = 4 * 1024;

export const byResolver =
  (resolver: Resolver): ResolveName =>
  async (host, deadline) => {
    const found = await resolver.resolve(host, { family: 0, deadline });
    return found.ok ? found : err(found.error.detail ?? found.error.reason);
  };

/** @returns the error as why there is no answer, to go behind "…: ". It never names more of the URL than its host. */
export async function askHttp(request: HttpRequest, deadline: Deadline): Promise<Result<HttpAnswer, string>> {
  const { url, body, resolve: find, headers, ca } = request;
  const http = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  if (deadline.expired) return err('no answer in time');
  return new Promise((resolve) => {
    const sent = http.request(url, {
      method: body === undefined ? 'GET' : 'POST',
      agent: false,
      lookup: lookupWith(async (host) => {
        const found = await find(host, deadline);
        return found.ok ? found : err(new Error(found.error));
      }),
      headers: {
        ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
        'User-Agent': 'certwatch',
        Connection: 'close',
        ...headers,
      },
      ...(ca === undefined ? {} : { ca }),
    });
    const settle = (result: Result<HttpAnswer, string>) => {
      forget();
      resolve(result);
      sent.destroy();
    };
    const forget = deadline.onExpire(() => settle(err('no answer in time')));
    sent.on('error', (cause) => settle(err(reasonOf(cause))));
    sent.on('response', (response) => readAnswer(response, request.mostBytes, settle));
    sent.end(body);
  });
}

function readAnswer(
  response: IncomingMessage,
  mostBytes: number,
  settle: (result: Result<HttpAnswer, string>) => void,
): void {
  const { statusCode: status = 0, headers } = response;
  const location = status >= 300 && status < 400 ? headers.location : undefined;
  const most = status === 200 ? mostBytes : Math.min(mostBytes, MOST_OF_AN_ERROR);
  const parts: Buffer[] = [];
  let left = most;
  const finish = (ending: HttpAnswer['ending']) => settle(ok({ status, location, body: Buffer.concat(parts), ending }));
  response.on('data', (part: Buffer) => {
    parts.push(part.subarray(0, left));
    left -= part.length;
    if (left < 0) finish('too-long');
  });
  response.on('end', () => finish(response.complete ? 'whole' : 'connection-lost'));
  // The status has come, and may be all that counts.
  response.on('error', () => finish('connection-lost'));
  response.on('close', () => finish('connection-lost'));
}

function reasonOf(cause: Error): string {
  // Several addresses tried: the first one's reason stands for all.
  const first = cause instanceof AggregateError ? (cause.errors[0] as Error | undefined) : undefined;
  const { code, message } = (first ?? cause) as NodeJS.ErrnoException;
  return (code !== undefined && wordsOf(code)) || message || String(code);
}
