/**
 * Heartbeat: tells a monitoring service (in the manner of Healthchecks: healthchecks.io, its clones, and what else takes a
 * POST) that a run has started and how it ended, so that a run that never comes is noticed from outside. It can never change
 * a verdict, and never hold up a run: what goes wrong comes back as a sentence.
 *
 * - start: POST URL/start; end: POST URL where the exit status is 0, else URL/STATUS. `rid` carries the run's id.
 * - A try has 5 seconds, there are 3 tries with a growing pause, and all of it ends with the deadline that is handed in.
 * - The start is sent while the run goes on; the end waits for it only as long as its own first try may take.
 */
import { err, ok, type Result } from '../model/result.ts';
import { askHttp, type HttpAnswer, type ResolveName } from '../net/http-exchange.ts';
import { Deadline } from '../time/deadline.ts';
import { pause } from '../time/pause.ts';

export interface HeartbeatOptions {
  /** From `parsePingUrl`. */
  readonly url: URL;
  /** A UUID: Healthchecks takes no other run id. */
  readonly runId: string;
  readonly version: string;
  readonly resolve: ResolveName;
  /** PEM: trusted in place of Node's own roots. */
  readonly ca?: string;
  /** For tests. */
  readonly tryMs?: number;
  readonly pausesMs?: readonly number[];
}

export interface Heartbeat {
  /** Tells of the start; not to be waited for before the run begins. */
  start(deadline: Deadline): Promise<Result<void, string>>;
  /** Tells of the end. `body`: the summary's first lines; what is beyond 10 kB is cut. */
  end(exitStatus: number, body: string, deadline: Deadline): Promise<Result<void, string>>;
}

const TRY_MS = 5_000;
/** Behind the first and the second try. */
const PAUSES_MS: readonly number[] = [500, 2_000];
const MOST_REDIRECTS = 3;
/** What the smallest of the services keeps. */
const MOST_BODY_BYTES = 10_000;
/** Of the answer only so much is of use. */
const MOST_ANSWER_BYTES = 1024;

/** @returns the error as one sentence. It does not repeat the URL: whoever has it can ping. */
export function parsePingUrl(text: string): Result<URL, string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) return err('expected an http or https URL to ping, got something that is no URL');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return err(`expected an http or https URL to ping, got one that starts with ${JSON.stringify(url.protocol)}`);
  }
  return ok(url);
}

export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  let starting: { readonly done: Promise<unknown>; readonly deadline: Deadline } | undefined;
  return {
    async start(deadline) {
      const own = Deadline.after(Number.POSITIVE_INFINITY, deadline);
      const sent = sendWithRetries('start', '', options, own);
      starting = { done: sent, deadline: own };
      try {
        return tell(await sent, 'the start', options);
      } finally {
        own.release();
      }
    },
    async end(exitStatus, body, deadline) {
      if (starting) {
        // Told in the wrong order, the service would think that the run is still on.
        const patience = Deadline.after(options.tryMs ?? TRY_MS, deadline);
        const first = starting;
        if (!deadline.expired) await patience.race(first.done);
        patience.release();
        first.deadline.expire();
        await first.done;
      }
      const path = exitStatus === 0 ? '' : String(exitStatus);
      return tell(await sendWithRetries(path, body, options, deadline), 'the end', options);
    },
  };
}

/** The error of a try, and whether another one could help. */
interface Miss {
  readonly why: string;
  readonly final: boolean;
}

async function sendWithRetries(
  path: string,
  body: string,
  options: HeartbeatOptions,
  deadline: Deadline,
): Promise<Result<void, string>> {
  const pauses = options.pausesMs ?? PAUSES_MS;
  let why = 'no time was left';
  for (let i = 0; i <= pauses.length && !deadline.expired; i++) {
    const own = Deadline.after(options.tryMs ?? TRY_MS, deadline);
    try {
      const missed = await tryOnce(addPath(options.url, path, options.runId), cutBytes(body), options, own);
      if (!missed) return ok(undefined);
      why = missed.why;
      if (missed.final) break;
    } finally {
      own.release();
    }
    const pauseMs = pauses[i];
    if (pauseMs !== undefined) await pause(pauseMs, deadline);
  }
  return err(why);
}

async function tryOnce(
  url: URL,
  body: string,
  options: HeartbeatOptions,
  deadline: Deadline,
): Promise<Miss | undefined> {
  const { resolve, ca, version } = options;
  let at = url;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'User-Agent': `certwatch/${version}` };
    const request = {
      url: at,
      body,
      headers,
      resolve,
      mostBytes: MOST_ANSWER_BYTES,
      ...(ca === undefined ? {} : { ca }),
    };
    const answer = await askHttp(request, deadline);
    if (!answer.ok) return { why: answer.error, final: false };
    const { location } = answer.value;
    if (location === undefined) return judgeAnswer(answer.value);
    const next = URL.canParse(location, at.href) ? new URL(location, at.href) : undefined;
    // To http the run's id and summary would go in the open, to anything else they do not belong.
    if (next?.protocol !== url.protocol) return { why: 'it redirects to another kind of address', final: true };
    at = next;
  }
  return { why: 'it redirects without end', final: true };
}

function judgeAnswer({ status, body }: HttpAnswer): Miss | undefined {
  if (status < 200 || status > 299) {
    // 408 and 429 mean "later".
    return { why: `HTTP ${status}`, final: status >= 400 && status < 500 && status !== 408 && status !== 429 };
  }
  // Healthchecks answers 200 also to a ping that it throws away: "OK (not found)", "OK (rate limited)".
  const refused = /^OK \((not found|rate limited)\)/.exec(body.toString());
  return refused ? { why: `it answered "${refused[1]}"`, final: refused[1] === 'not found' } : undefined;
}

function tell(result: Result<void, string>, what: string, { url }: HeartbeatOptions): Result<void, string> {
  // The rest of the URL is as good as a password.
  return result.ok
    ? result
    : err(`${what} of the run could not be told to ${url.protocol}//${url.host}: ${plain(result.error)}`);
}

function addPath(base: URL, path: string, runId: string): URL {
  const url = new URL(base.href);
  if (path !== '') url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`;
  url.searchParams.set('rid', runId);
  return url;
}

function cutBytes(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MOST_BODY_BYTES) return text;
  // A character that was cut in two becomes U+FFFD at the very end.
  return bytes
    .subarray(0, MOST_BODY_BYTES)
    .toString()
    .replace(/\uFFFD$/, '');
}

const plain = (text: string): string => text.slice(0, 200).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
