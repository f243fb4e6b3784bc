/**
 * The one file that loads acme-client: it signs the requests and makes the CSR; everything that waits is certwatch's own.
 *
 * acme-client has no timeouts, retries on its own (and sleeps any Retry-After in full), and keeps of an error only its
 * detail. So its HTTP goes through an adapter on `exchange`: bounded in time and size, no redirects, and the status,
 * problem document and Retry-After of the last answer are noted here. The adapter resolves for every status, which keeps
 * acme-client's own retries from ever starting. Calls are made one after the other: "the last answer" is always theirs.
 */
import { err, ok, type Result } from '../../../model/result.ts';
import type { Deadline } from '../../../time/deadline.ts';
import { cap, fail, problemTrouble, readProblem, type Trouble, trouble } from '../failure.ts';
import type { AcmeAccountSettings, AcmeProblem } from '../job.ts';
import { type Answer, exchange, type Line } from './exchange.ts';
import {
  type Authorization,
  type Directory,
  type Identifier,
  type Order,
  readAuthorization,
  readDirectory,
  readOrder,
} from './objects.ts';
import { parseRetryAfter, retrying } from './retrying.ts';

export interface ClientOptions {
  readonly directoryUrl: string;
  readonly accountKeyPem: string;
  readonly accountUrl: string | undefined;
  readonly eab: AcmeAccountSettings['eab'];
  readonly line: Line;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** An object and when to look at it again, where the CA said so. */
export interface Polled<T> {
  readonly value: T;
  readonly retryAfterMs?: number;
}

export interface NewOrder {
  readonly identifiers: readonly Identifier[];
  readonly profile?: string;
  readonly replaces?: string;
}

export interface AcmeClient {
  directory(): Promise<Result<Directory, Trouble>>;
  /** RFC 8555 7.3: makes the account, or finds the one that this key already has. @returns its URL. */
  register(account: Pick<AcmeAccountSettings, 'contact' | 'agreeTos'>): Promise<Result<string, Trouble>>;
  /** RFC 8555 7.3.2 */
  updateContacts(account: Pick<AcmeAccountSettings, 'contact'>): Promise<Result<void, Trouble>>;
  newOrder(order: NewOrder): Promise<Result<Order, Trouble>>;
  order(url: string): Promise<Result<Polled<Order>, Trouble>>;
  authorization(url: string): Promise<Result<Polled<Authorization>, Trouble>>;
  /** RFC 8555 8.1: `token.thumbprint` */
  keyAuthorization(token: string): Promise<string>;
  /** Tells the CA that the answer is in place (RFC 8555 7.5.1). */
  answer(challengeUrl: string): Promise<Result<void, Trouble>>;
  finalize(order: Order, csrPem: string): Promise<Result<Polled<Order>, Trouble>>;
  /** @returns the chain as PEM, the one with an issuer of that common name where there is one (RFC 8555 7.4.2). */
  download(order: Order, preferredChain?: string): Promise<Result<string, Trouble>>;
  csr(identifiers: readonly Identifier[], keyPem: string): Promise<string>;
  /** Gives an authorization back (RFC 8555 7.5.2). */
  deactivate(authorizationUrl: string): Promise<Result<void, Trouble>>;
  /** While `work` is on, nothing is waited for beyond a deadline that is nearer than the line's own. */
  under<T>(deadline: Deadline, work: () => Promise<T>): Promise<T>;
}

/** RFC 8555 6.5: each refusal brings a fresh nonce. A CA that refuses this often refuses for ever. */
const BAD_NONCE_RETRIES = 20;

interface Last {
  answer?: Answer;
  problem?: AcmeProblem | undefined;
  retryAfterMs?: number | undefined;
}

export async function openAcmeClient(options: ClientOptions): Promise<AcmeClient> {
  const acme = await import('acme-client');
  const last: Last = {};
  const wire: Wire = { line: options.line, now: options.now, last };
  const { defaults } = acme.axios as unknown as { readonly defaults: AxiosDefaults };
  defaults.adapter = adapter(wire);
  defaults.acmeSettings.retryMaxAttempts = 0;
  const client = new acme.Client({
    directoryUrl: options.directoryUrl,
    accountKey: options.accountKeyPem,
    ...(options.accountUrl ? { accountUrl: options.accountUrl } : {}),
    ...(options.eab ? { externalAccountBinding: options.eab } : {}),
  });
  const inner = client as unknown as { http: { maxBadNonceRetries: number; getDirectory(): Promise<unknown> } };
  inner.http.maxBadNonceRetries = BAD_NONCE_RETRIES;

  const call = <T>(what: string, work: () => Promise<T>): Promise<Result<T, Trouble>> =>
    retrying({ deadline: wire.line.deadline, now: options.now }, () => attempt(what, work, last));
  const polled = <T>(read: Result<T, Trouble>): Result<Polled<T>, Trouble> =>
    read.ok
      ? ok({ value: read.value, ...(last.retryAfterMs === undefined ? {} : { retryAfterMs: last.retryAfterMs }) })
      : read;
  // What acme-client takes for an order or an authorization is no more than its URL and these fields.
  type TheirOrder = Parameters<typeof client.getOrder>[0];
  const asTheirs = (order: Partial<Order>) => ({ ...order }) as unknown as TheirOrder;

  return {
    async directory() {
      const got = await call('the directory', () => inner.http.getDirectory());
      if (got.ok) return readDirectory(got.value, options.directoryUrl);
      const { status = 0 } = last.answer ?? {};
      if (status < 400 || status >= 500 || status === 429) return got;
      return fail('not-a-directory', `${options.directoryUrl} answers with HTTP status ${status}: no ACME directory`);
    },
    async register({ contact, agreeTos }) {
      const data = {
        ...(agreeTos ? { termsOfServiceAgreed: true } : {}),
        ...(contact.length > 0 ? { contact: contact.map(mailto) } : {}),
      };
      const made = await call('the account', () => client.createAccount(data));
      return made.ok ? ok(client.getAccountUrl()) : made;
    },
    async updateContacts({ contact }) {
      const told = await call('the account', () => client.updateAccount({ contact: contact.map(mailto) }));
      return told.ok ? ok(undefined) : told;
    },
    async newOrder({ identifiers, ...rest }) {
      const data = { identifiers: [...identifiers], ...rest } as Parameters<typeof client.createOrder>[0];
      const made = await call('the new order', () => client.createOrder(data));
      return made.ok ? readOrder(made.value, made.value.url) : made;
    },
    async order(url) {
      const got = await call('the order', () => client.getOrder(asTheirs({ url })));
      return got.ok ? polled(readOrder(got.value, url)) : got;
    },
    async authorization(url) {
      const got = await call('an authorization', () => client.getAuthorizations(asTheirs({ authorizations: [url] })));
      return got.ok ? polled(readAuthorization(got.value[0], url)) : got;
    },
    keyAuthorization: (token) =>
      client.getChallengeKeyAuthorization({ type: 'http-01', token, url: '', status: 'pending' }),
    async answer(url) {
      const told = await call('the challenge', () =>
        client.completeChallenge({ type: 'http-01', token: '', url, status: 'pending' }),
      );
      return told.ok ? ok(undefined) : told;
    },
    async finalize(order, csrPem) {
      const done = await call('finalizing', () => client.finalizeOrder(asTheirs(order), csrPem));
      return done.ok ? polled(readOrder(done.value, order.url)) : done;
    },
    download: (order, preferredChain) =>
      call('the certificate', () => client.getCertificate(asTheirs(order), preferredChain)),
    async csr(identifiers, keyPem) {
      const [, csr] = await acme.crypto.createCsr({ altNames: identifiers.map(({ value }) => value) }, keyPem);
      return csr.toString();
    },
    async deactivate(url) {
      type TheirAuthorization = Parameters<typeof client.deactivateAuthorization>[0];
      const theirs = { url } as TheirAuthorization;
      const done = await call('giving an authorization back', () => client.deactivateAuthorization(theirs));
      return done.ok ? ok(undefined) : done;
    },
    async under(deadline, work) {
      const { line } = wire;
      wire.line = { ...line, deadline };
      try {
        return await work();
      } finally {
        wire.line = line;
      }
    },
  };
}

const mailto = (contact: string): string => (contact.startsWith('mailto:') ? contact : `mailto:${contact}`);

/** Carries a failure of the exchange through acme-client. It has no `config`, or axios would take it for its own. */
class ExchangeFailed extends Error {
  readonly trouble: Trouble;
  constructor(what: Trouble) {
    super(what.detail);
    this.trouble = what;
  }
}

/** What acme-client's types leave out. */
interface AxiosDefaults {
  adapter: (config: AxiosConfig) => Promise<object>;
  readonly acmeSettings: { retryMaxAttempts: number };
}

interface AxiosConfig {
  readonly url: string;
  readonly method: string;
  readonly headers: { toJSON(): Record<string, string> };
  readonly data?: string;
}

interface Wire {
  line: Line;
  readonly now: () => number;
  readonly last: Last;
}

const adapter = (wire: Wire) => async (config: AxiosConfig) => {
  const { line, now, last } = wire;
  for (const key of Object.keys(last)) delete last[key as keyof Last];
  const got = await exchange(line, config.url, {
    method: config.method,
    headers: config.headers.toJSON(),
    ...(typeof config.data === 'string' ? { body: config.data } : {}),
  });
  if (!got.ok) throw new ExchangeFailed(got.error);
  const { status, headers, body } = got.value;
  last.answer = got.value;
  last.retryAfterMs = parseRetryAfter(headers['retry-after'], now());
  if (status >= 300 && status < 400) {
    const to = headers.location ?? 'somewhere else';
    throw new ExchangeFailed(trouble('redirected', `${config.url} redirects to ${to}, which ACME does not allow`));
  }
  const data = bodyOf(got.value, config.url);
  last.problem = status >= 400 ? readProblem(data, status) : undefined;
  return { data, status, statusText: '', headers, config, request: {}, size: body.length };
};

/** JSON is parsed here, strictly: axios would hand on what it cannot parse as text. */
function bodyOf({ headers, body, status }: Answer, url: string): unknown {
  const text = body.toString('utf8');
  if (text === '' || !/json/.test(String(headers['content-type'] ?? ''))) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (status >= 400) return text;
    throw new ExchangeFailed(
      trouble('bad-json', `${url} answered with JSON that is none: ${(cause as Error).message}`),
    );
  }
}

async function attempt<T>(what: string, work: () => Promise<T>, last: Last): Promise<Result<T, Trouble>> {
  try {
    return ok(await work());
  } catch (cause) {
    if (cause instanceof ExchangeFailed) return err(cause.trouble);
    return err(answerTrouble(what, cause, last));
  }
}

/** RFC 8555 7.3.3: new terms come with their address in a Link, and with one where a person learns how to agree to them. */
function askingForAction(failure: Trouble, links: string | readonly string[] | undefined): Trouble {
  if (failure.advice !== 'act-at-ca') return failure;
  const terms = /<([^<>\s]{1,1000})>[^,]*;\s*rel="?terms-of-service"?/i.exec([links ?? []].flat().join(', '))?.[1];
  const instance = failure.problem?.instance;
  const addresses = [
    ...(instance === undefined ? [] : [`what to do is at ${instance}`]),
    ...(terms === undefined ? [] : [`the terms are ${terms}`]),
  ];
  return { ...failure, detail: cap([failure.detail, ...addresses].join('; ')) };
}

/** acme-client has thrown: what the CA answered says why, better than the text that it throws. */
function answerTrouble(what: string, cause: unknown, { answer, problem, retryAfterMs }: Last): Trouble {
  const later = retryAfterMs === undefined ? {} : { retryAfterMs };
  const status = answer?.status ?? 0;
  if (problem?.type.endsWith(':badNonce')) {
    const detail = `the CA refused every nonce, ${BAD_NONCE_RETRIES} in a row: ${problem.detail}`;
    return trouble('bad-nonce', detail, { problem, ...later });
  }
  if (problem) return askingForAction(problemTrouble(problem, { context: what, ...later }), answer?.headers.link);
  if (status === 429) {
    const rateLimited = { type: 'urn:ietf:params:acme:error:rateLimited', detail: '', status, subproblems: [] };
    return problemTrouble(rateLimited, { context: what, ...later });
  }
  if (status >= 500) return trouble('server-error', `${what}: the CA answered with HTTP status ${status}`, later);
  if (status >= 400) return trouble('http-error', `${what}: the CA answered with HTTP status ${status}`, later);
  return trouble('bad-answer', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`);
}
