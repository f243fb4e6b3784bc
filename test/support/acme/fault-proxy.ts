/**
 * A TLS proxy in front of an ACME CA that fails on demand: it hangs, drips, resets, limits, lies. `Host` is kept, so that
 * every URL the CA hands out leads through it, and the signed `url` of each request is right.
 *
 *     await using proxy = await faultProxy(pebble);
 *     proxy.fault('finalize', { kind: 'hang' });
 *     order({ directory: proxy.directory, caFile: pebble.caFile, … })
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, type RequestOptions, request } from 'node:https';
import { listen } from '../servers/server.ts';
import type { Pebble } from './pebble.ts';

/** What a path of pebble's is; caddy's are told apart by the same words. */
export type Resource =
  | 'directory'
  | 'new-nonce'
  | 'new-account'
  | 'new-order'
  | 'authorization'
  | 'challenge'
  | 'finalize'
  | 'order'
  | 'certificate'
  | 'renewal-info'
  | 'other';

export type Fault =
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Answers with headers and then a blank now and then, for ever. */
  | { readonly kind: 'drip'; readonly everyMs?: number }
  | { readonly kind: 'reset' }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly retryAfter?: string;
      readonly problem?: object;
      readonly link?: string;
    }
  /** Every nonce is refused, with a fresh one. */
  | { readonly kind: 'bad-nonce' }
  | { readonly kind: 'truncated-json' }
  | { readonly kind: 'huge'; readonly bytes?: number }
  | { readonly kind: 'redirect'; readonly to: string }
  /** The CA's own answer, changed: JSON objects or text. */
  | {
      readonly kind: 'edit-json';
      readonly edit: (value: Record<string, unknown>) => void;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'edit-text'; readonly edit: (text: string) => string }
  | { readonly kind: 'header'; readonly headers: Readonly<Record<string, string>> };

export interface FaultProxy extends AsyncDisposable {
  readonly directory: string;
  readonly port: number;
  /** `times`: how often it fails before it lets pass; for ever unless told. `undefined` mends it. */
  fault(resource: Resource, fault: Fault | undefined, times?: number): void;
  /** How often each was asked for. */
  count(resource: Resource): number;
}

const PATHS: readonly (readonly [RegExp, Resource])[] = [
  [/^\/dir$|\/directory$/, 'directory'],
  [/nonce/, 'new-nonce'],
  [/sign-me-up|new-account/, 'new-account'],
  [/order-plz|new-order/, 'new-order'],
  [/finalize/, 'finalize'],
  [/auth[zZ]\//, 'authorization'],
  [/chal[zZ]\/|\/challenge\//, 'challenge'],
  [/cert[zZ]\/|\/certificate/, 'certificate'],
  [/renewal-info|draft-ietf-acme-ari/, 'renewal-info'],
  [/order/, 'order'],
];

export const resourceOf = (path: string): Resource => PATHS.find(([pattern]) => pattern.test(path))?.[1] ?? 'other';

export async function faultProxy(upstream: Pick<Pebble, 'port' | 'ca' | 'caPem' | 'directory'>): Promise<FaultProxy> {
  const leaf = upstream.ca.issue({ sans: ['ip:127.0.0.1', 'dns:localhost'] });
  const agent = new Agent({ ca: upstream.caPem, keepAlive: true, servername: 'localhost' });
  const faults = new Map<Resource, { fault: Fault; left: number }>();
  const counts = new Map<Resource, number>();
  const timers = new Set<NodeJS.Timeout>();
  const server = createServer({ cert: leaf.chainPem, key: leaf.keyPem }, (incoming, outgoing) => {
    const resource = resourceOf(incoming.url ?? '');
    counts.set(resource, (counts.get(resource) ?? 0) + 1);
    const planned = faults.get(resource);
    const fault = planned && planned.left > 0 ? planned.fault : undefined;
    if (planned && fault) planned.left -= 1;
    outgoing.on('error', () => {});
    incoming.on('error', () => {});
    handle({ incoming, outgoing, fault, agent, port: upstream.port, timers });
  });
  const listening = await listen(server);
  const close = async () => {
    for (const timer of timers) clearInterval(timer);
    agent.destroy();
    await listening.close();
  };
  return {
    directory: `https://127.0.0.1:${listening.port}${new URL(upstream.directory).pathname}`,
    port: listening.port,
    fault(resource, fault, times = Number.POSITIVE_INFINITY) {
      if (fault) faults.set(resource, { fault, left: times });
      else faults.delete(resource);
    },
    count: (resource) => counts.get(resource) ?? 0,
    [Symbol.asyncDispose]: close,
  };
}

interface Handling {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly fault: Fault | undefined;
  readonly agent: Agent;
  readonly port: number;
  readonly timers: Set<NodeJS.Timeout>;
}

function handle(handling: Handling): void {
  const { outgoing, fault, timers } = handling;
  switch (fault?.kind) {
    case 'hang':
      break;
    case 'drip':
      drip(outgoing, { everyMs: fault.everyMs ?? 50, timers });
      break;
    case 'reset':
      outgoing.socket?.destroy();
      break;
    case 'status':
      say(outgoing, { status: fault.status, ...fault.problem }, fault);
      break;
    case 'bad-nonce':
      say(outgoing, { status: 400, type: 'urn:ietf:params:acme:error:badNonce', detail: 'stale nonce' });
      break;
    case 'huge':
      flood(outgoing, fault.bytes ?? 100 * 1024 * 1024);
      break;
    case 'redirect':
      outgoing.writeHead(302, { location: fault.to, 'replay-nonce': nonce() });
      outgoing.end();
      break;
    default:
      forward(handling);
  }
}

const nonce = () => randomBytes(16).toString('base64url');

function drip(outgoing: ServerResponse, { everyMs, timers }: { everyMs: number; timers: Set<NodeJS.Timeout> }): void {
  outgoing.writeHead(200, { 'content-type': 'application/json', 'replay-nonce': nonce() });
  const timer = setInterval(() => outgoing.write(' '), everyMs);
  timers.add(timer);
  outgoing.on('close', () => clearInterval(timer));
}

function say(
  outgoing: ServerResponse,
  problem: { readonly status: number; readonly [key: string]: unknown },
  { retryAfter, link }: { readonly retryAfter?: string; readonly link?: string } = {},
): void {
  outgoing.writeHead(problem.status, {
    'content-type': 'application/problem+json',
    'replay-nonce': nonce(),
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    ...(link === undefined ? {} : { link }),
  });
  outgoing.end(JSON.stringify(problem));
}

function flood(outgoing: ServerResponse, bytes: number): void {
  outgoing.writeHead(200, { 'content-type': 'application/json', 'replay-nonce': nonce() });
  const chunk = Buffer.alloc(64 * 1024, ' ');
  let left = bytes;
  const more = () => {
    while (left > 0 && !outgoing.destroyed) {
      left -= chunk.length;
      if (!outgoing.write(chunk)) {
        outgoing.once('drain', more);
        return;
      }
    }
    outgoing.end();
  };
  more();
}

function forward({ incoming, outgoing, fault, agent, port }: Handling): void {
  const options: RequestOptions = {
    host: '127.0.0.1',
    port,
    agent,
    path: incoming.url ?? '/',
    method: incoming.method ?? 'GET',
    headers: incoming.headers,
  };
  const onward = request(options, (answer) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      const body = bend(Buffer.concat(chunks), fault);
      const extra = fault && 'headers' in fault ? fault.headers : {};
      const { 'content-length': _length, 'transfer-encoding': _coding, ...headers } = answer.headers;
      const length = incoming.method === 'HEAD' ? {} : { 'content-length': body.length };
      outgoing.writeHead(answer.statusCode ?? 502, { ...headers, ...length, ...extra });
      outgoing.end(body);
    });
  });
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
}

function bend(body: Buffer, fault: Fault | undefined): Buffer {
  switch (fault?.kind) {
    case 'truncated-json':
      return body.subarray(0, Math.floor(body.length / 2));
    case 'edit-text':
      return Buffer.from(fault.edit(body.toString()));
    case 'edit-json': {
      const value = JSON.parse(body.toString()) as Record<string, unknown>;
      fault.edit(value);
      return Buffer.from(JSON.stringify(value));
    }
    default:
      return body;
  }
}
