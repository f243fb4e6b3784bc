/**
 * One file by plain HTTP: a bounded body, a few redirects, a certain end. What comes is nobody's word for anything; whoever
 * asks checks what it got. `node:http` is loaded when the first one is asked for.
 */
import type { IncomingMessage } from 'node:http';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { lookupWith } from './http-lookup.ts';
import { type Resolver, resolveHost } from './resolve.ts';

export interface HttpGetOptions {
  readonly deadline: Deadline;
  readonly mostBytes: number;
  readonly resolver: Resolver;
}

const MOST_REDIRECTS = 3;

/** @returns the body of an answer of 200; else why there is none, for a person. */
export async function httpGet(address: string, options: HttpGetOptions): Promise<Result<Uint8Array, string>> {
  let url = address;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    if (!URL.canParse(url) || new URL(url).protocol !== 'http:') return err('the address is no http URL');
    const got = await get(new URL(url), options);
    if (!got.ok || got.value instanceof Uint8Array) return got as Result<Uint8Array, string>;
    url = URL.canParse(got.value.location, url) ? new URL(got.value.location, url).href : '';
  }
  return err('it redirects again and again');
}

type Got = Result<Uint8Array | { readonly location: string }, string>;

async function get(url: URL, options: HttpGetOptions): Promise<Got> {
  const { request } = await import('node:http');
  const { deadline, resolver } = options;
  if (deadline.expired) return err('no answer in time');
  return new Promise((resolve) => {
    const lookup = lookupWith(async (host) => {
      const found = await resolveHost(host, { family: 0, deadline, resolver });
      return found.ok ? found : err(new Error(found.error.detail ?? found.error.reason));
    });
    const asked = request(url, { agent: false, lookup, headers: { 'user-agent': 'certwatch', connection: 'close' } });
    const settle = (result: Got) => {
      forget();
      resolve(result);
      asked.destroy();
    };
    const forget = deadline.onExpire(() => settle(err('no answer in time')));
    asked.on('error', (cause) => settle(err(cause.message || String((cause as NodeJS.ErrnoException).code))));
    asked.on('response', (response) => readBody(response, options.mostBytes, settle));
    asked.end();
  });
}

function readBody(response: IncomingMessage, mostBytes: number, settle: (result: Got) => void): void {
  const { statusCode: status = 0, headers } = response;
  if (status !== 200) {
    const elsewhere = status >= 300 && status < 400 ? headers.location : undefined;
    settle(elsewhere ? ok({ location: elsewhere }) : err(`HTTP status ${status}`));
    return;
  }
  const parts: Buffer[] = [];
  let length = 0;
  response.on('data', (part: Buffer) => {
    length += part.length;
    if (length > mostBytes) settle(err(`more than ${mostBytes} bytes`));
    else parts.push(part);
  });
  response.on('end', () => settle(response.complete ? ok(new Uint8Array(Buffer.concat(parts))) : err('cut short')));
  response.on('error', (cause) => settle(err(cause.message)));
}
