/**
 * One HTTPS exchange that ends: bounded in time (its own limit inside the deadline) and in size, never redirected, the
 * host's name looked up by certwatch's own resolver, since getaddrinfo cannot be cut off. A peer that drips a byte a
 * second is cut off just so.
 */
import type { Agent } from 'node:https';
import { err, ok, type Result } from '../../../model/result.ts';
import { lookupWith } from '../../../net/http-lookup.ts';
import { createResolver, type Resolver, resolveHost } from '../../../net/resolve.ts';
import { Deadline } from '../../../time/deadline.ts';
import { fail, type Trouble, trouble } from '../failure.ts';

export interface Request {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** What the exchanges of one client share. */
export interface Line {
  readonly deadline: Deadline;
  /** One exchange, name look-up to last byte. */
  readonly timeoutMs: number;
  readonly agent: Agent;
}

/** ACME objects are some kilobytes, a chain some ten; beyond this nobody means well. */
export const MOST_BYTES = 1024 * 1024;

export interface LineOptions {
  readonly deadline: Deadline;
  readonly timeoutMs?: number | undefined;
  /** PEM of roots trusted on top of Mozilla's. */
  readonly ca?: string | undefined;
  /** As `AcmeJob.nameServers`. */
  readonly nameServers?: readonly string[] | undefined;
}

export async function openLine(options: LineOptions): Promise<Line> {
  const [{ Agent }, { rootCertificates }] = await Promise.all([import('node:https'), import('node:tls')]);
  const resolver = options.nameServers ? createResolver({ servers: options.nameServers }) : undefined;
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 4,
    lookup: lookupUnder(options.deadline, resolver),
    ...(options.ca ? { ca: [...rootCertificates, options.ca] } : {}),
  });
  return { deadline: options.deadline, timeoutMs: options.timeoutMs ?? 30_000, agent };
}

/** What name servers say for certain; all else may pass. */
const NO_SUCH_HOST: ReadonlySet<string> = new Set(['nxdomain', 'no-address', 'bad-name']);

const lookupUnder = (deadline: Deadline, resolver: Resolver | undefined) =>
  lookupWith(async (host) => {
    const found = await resolveHost(host, { family: 0, deadline, ...(resolver ? { resolver } : {}) });
    if (found.ok) return found;
    const { reason, detail = reason } = found.error;
    return err(Object.assign(new Error(detail), { code: NO_SUCH_HOST.has(reason) ? 'ENOTFOUND' : 'EAI_AGAIN' }));
  });

/** Any status is an answer; what is no HTTP answer, or too long or too late, is a failure with its own word. */
export async function exchange(line: Line, url: string, request: Request): Promise<Result<Answer, Trouble>> {
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
    return fail('bad-answer', `the CA gave an address that is no https URL: ${url}`);
  }
  if (line.deadline.expired) return fail('timeout', `the deadline passed before ${url} was asked`);
  const limit = Deadline.after(line.timeoutMs, line.deadline);
  try {
    return await send(line, { url, request, limit });
  } finally {
    limit.release();
  }
}

interface Sending {
  readonly url: string;
  readonly request: Request;
  readonly limit: Deadline;
}

async function send(line: Line, { url, request, limit }: Sending): Promise<Result<Answer, Trouble>> {
  const https = await import('node:https');
  return new Promise((resolve) => {
    const outgoing = https.request(url, {
      method: request.method.toUpperCase(),
      headers: { 'user-agent': 'certwatch', ...request.headers },
      agent: line.agent,
    });
    let settled = false;
    const settle = (result: Result<Answer, Trouble>) => {
      if (settled) return;
      settled = true;
      forget();
      resolve(result);
      if (!result.ok) outgoing.destroy();
    };
    const forget = limit.onExpire(() => settle(err(tooLate(line, url, limit))));
    outgoing.on('error', (cause) => settle(err(lost(url, cause))));
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MOST_BYTES) settle(fail('body-too-large', `${url} answered with more than ${MOST_BYTES} bytes`));
        else chunks.push(chunk);
      });
      incoming.on('error', (cause) => settle(err(lost(url, cause))));
      incoming.on('end', () =>
        settle(ok({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) })),
      );
    });
    outgoing.end(request.body);
  });
}

function tooLate(line: Line, url: string, limit: Deadline): Trouble {
  // Both have timers of their own: which one fires first says nothing.
  if (limit.at >= line.deadline.at) return trouble('timeout', `the deadline passed while waiting for ${url}`);
  return trouble('request-timeout', `no complete answer from ${url} within ${line.timeoutMs} ms`);
}

/** Before a connection stood, while TLS was negotiated, or after: the words differ, and so does what to do. */
function lost(url: string, cause: NodeJS.ErrnoException): Trouble {
  const code = cause.code ?? '';
  const host = new URL(url).host;
  // Several addresses were tried: the reason is in each.
  const each = cause instanceof AggregateError ? cause.errors.map((e: Error) => e.message).join('; ') : cause.message;
  if (code === 'ENOTFOUND') return trouble('ca-not-found', `there is no host ${host}: ${each}`);
  if (/^(EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ETIMEDOUT)$/.test(code)) {
    return trouble('connect-failed', `cannot connect to ${host}: ${each}`);
  }
  if (/CERT|SELF_SIGNED|ISSUER|ALTNAME|^ERR_TLS|^ERR_SSL|^EPROTO|^UNABLE_TO/.test(code)) {
    return trouble('tls-failed', `TLS with ${host} failed: ${cause.message} (${code})`);
  }
  return trouble('connection-lost', `${host} broke the exchange off: ${each}`);
}
