/**
 * Observe an endpoint: resolve → dial → STARTTLS → read the presented chain, all under one absolute deadline.
 * Every way that this can go wrong comes back as an observation; nothing here judges.
 */
import type { Failed, Failure, Observation } from '../model/observation.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { EndpointTarget } from '../model/target.ts';
import { dial } from '../net/dial.ts';
import { type Resolver, resolveHost } from '../net/resolve.ts';
import { Deadline } from '../time/deadline.ts';
import { pause } from '../time/pause.ts';
import type { ReadOutcome } from '../tls/outcome.ts';
import { readChain } from '../tls/read-chain.ts';
import type { ChainReader } from '../x509/chain-reader.ts';
import { PhaseClock } from './phase-clock.ts';

export interface EndpointTools {
  readonly resolver: Resolver;
  readonly chainReader: ChainReader;
}

/** First wait before another try; it doubles. All of it stays inside the target's deadline. */
const FIRST_RETRY_MS = 100;

/** How soon it is tried again where this process may open nothing more. */
const DESCRIPTORS_MS = 100;

/** A name with more addresses than this is a mistake or a trap; the rest are not looked at. */
const MOST_ADDRESSES = 64;

type ReadWith = typeof readChain;

interface Look {
  readonly target: EndpointTarget;
  readonly tools: EndpointTools;
  readonly deadline: Deadline;
  readonly clock: PhaseClock;
  /** What an earlier look has found wrong, while a further one is under way. */
  readonly earlier: { failure?: Failed };
}

/** @returns one observation, or with `allAddresses` one for each address that the name has. Never throws on what a peer does. */
export async function observeEndpoint(
  target: EndpointTarget,
  tools: EndpointTools,
  deadline: Deadline,
): Promise<readonly [Observation, ...Observation[]]> {
  const clock = new PhaseClock();
  const look: Look = { target, tools, deadline, clock, earlier: {} };
  clock.enter('resolve');
  return target.settings.allAddresses ? lookEverywhere(look) : [await lastWord(look, lookAnywhere(look))];
}

function resolve(look: Look): Promise<Result<readonly string[], Failure>> {
  const { target, tools } = look;
  const { connectTo, family, allAddresses } = target.settings;
  return retrying(look, ({ deadline }) =>
    resolveHost(connectTo?.host ?? target.host, {
      family,
      deadline,
      everyAddress: allAddresses,
      resolver: tools.resolver,
    }),
  );
}

async function lookAnywhere(look: Look): Promise<Observation> {
  const resolved = await resolve(look);
  return resolved.ok ? lookWithRetries(look, resolved.value) : failed(look, resolved.error);
}

/** At each address by itself, to the very end: one that is silent does not take from the others what was seen there. */
async function lookEverywhere(look: Look): Promise<Observations> {
  const resolved = await lastWord(look, resolve(look));
  if (!('ok' in resolved)) return [resolved];
  if (!resolved.ok) return [failed(look, resolved.error)];
  const [first, ...rest] = resolved.value.slice(0, MOST_ADDRESSES);
  const one = (address: string): Promise<Observation> => {
    const own: Look = { ...look, clock: look.clock.fork(), earlier: {} };
    return lastWord(own, lookWithRetries(own, [address]), address);
  };
  return Promise.all([one(first as string), ...rest.map(one)]);
}

type Observations = readonly [Observation, ...Observation[]];

/**
 * The last word of the deadline: whatever `work` still waits for, at the deadline its target has an answer. But what the
 * work itself says when the deadline comes says more (who was asked, at which address, how far it was), so it may.
 */
async function lastWord<T>(look: Look, work: Promise<T>, address?: string): Promise<T | Observation> {
  const done = work.then((value) => ({ value }));
  const seen = (await look.deadline.race(done)) ?? (await Promise.race([done, turns(TURNS_TO_SAY_SO)]));
  if (seen) return seen.value;
  return (
    look.earlier.failure ?? failed(look, { code: 'timeout', phase: look.clock.phase, reason: 'deadline' }, address)
  );
}

/** Of the event loop: a socket that is destroyed, a query that is cancelled, tell it in the next one. */
const TURNS_TO_SAY_SO = 3;

async function turns(count: number): Promise<undefined> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  return undefined;
}

/**
 * Looks until one look succeeds, or enough have failed: `retries` more after a failure that may pass, and at least
 * `confirm` in all, whatever it was. With `confirm`, each look has its share of the time that is left, so that silence is looked at again,
 * too.
 */
async function lookWithRetries(look: Look, addresses: readonly string[]): Promise<Observation> {
  return retrying(look, async (own) => {
    const seen = await lookOnce(own, addresses);
    if (seen.kind === 'presented') return ok(seen);
    // A second look that is cut off does not unsay what the first one found.
    if (look.deadline.expired && look.earlier.failure) return err(look.earlier.failure);
    look.earlier.failure = seen;
    return err(seen);
  }).then((result) => (result.ok ? result.value : result.error));
}

async function retrying<T, F extends Failure>(
  look: Look,
  step: (own: Look) => Promise<Result<T, F>>,
): Promise<Result<T, F>> {
  const { retries, confirm } = look.target.settings;
  const most = Math.max(retries + 1, confirm);
  let wait = FIRST_RETRY_MS;
  for (let looks = 1; ; looks++) {
    const patient = looks >= confirm;
    const own = patient
      ? look.deadline
      : Deadline.after(look.deadline.remainingMs / (confirm - looks + 1), look.deadline);
    const result = await step({ ...look, deadline: own });
    const cutShort = own !== look.deadline && own.expired && !look.deadline.expired;
    if (!patient) own.release();
    if (result.ok) return result;
    if (isOutOfDescriptors(result.error) && (await waitFor(DESCRIPTORS_MS, look.deadline))) {
      looks -= 1;
      continue;
    }
    const failure = looks > 1 ? { ...result.error, looks } : result.error;
    if (looks >= most || !(looks < confirm || cutShort || worthAnotherTry(result.error))) return err(failure);
    if (!cutShort && !(await waitFor(wait, look.deadline))) return err(failure);
    wait *= 2;
  }
}

/** Not the target's fault, and no look at it: a neighbour that is through gives one back. */
const isOutOfDescriptors = ({ reason }: Failure): boolean => reason === 'too-many-open-files';

/** A peer that proved a fact about itself (a wrong key, plain HTTP) will do so again; a refusal or reset may pass. */
function worthAnotherTry(failure: Failure): boolean {
  if (failure.code === 'timeout' || failure.code === 'internal-error') return false;
  return !['key-not-proven', 'plaintext-answer', 'nxdomain'].includes(failure.reason);
}

/** @returns false when the deadline comes before the pause would end: then there is no use in waiting. */
async function waitFor(ms: number, deadline: Deadline): Promise<boolean> {
  if (deadline.remainingMs <= ms) return false;
  await pause(ms, deadline);
  return !deadline.expired;
}

/** The reader's answer, and where it met something that it does not know, node:tls's. */
async function lookOnce(look: Look, addresses: readonly string[]): Promise<Observation> {
  const first = await connectAndRead(look, addresses, readChain);
  if (first.kind === 'failed') return first.observation;
  if (first.outcome.kind === 'presented') return presented(look, first.outcome, first.address, 'certwatch');
  // node:tls would ask for any certificate.
  if (first.outcome.secondOpinion && !look.target.keyKind && !look.deadline.expired) {
    look.earlier.failure = failedToRead(look, first.outcome, first.address);
    const maxVersion = first.outcome.secondOpinionMaxVersion;
    const { readChainWithNodeTls } = await import('../tls/second-opinion.ts');
    const second = await connectAndRead(look, [first.address], (socket, options) =>
      readChainWithNodeTls(socket, { ...options, ...(maxVersion ? { maxVersion } : {}) }),
    );
    if (second.kind === 'read' && second.outcome.kind === 'presented') {
      return presented(look, second.outcome, second.address, 'node-tls');
    }
  }
  return failedToRead(look, first.outcome, first.address);
}

type Connected =
  | { readonly kind: 'failed'; readonly observation: Failed }
  | { readonly kind: 'read'; readonly outcome: ReadOutcome; readonly address: string };

async function connectAndRead(look: Look, addresses: readonly string[], read: ReadWith): Promise<Connected> {
  const { target, deadline, clock } = look;
  clock.enter('connect');
  const dialed = await dial(addresses, target.settings.connectTo?.port ?? target.port, { deadline });
  if (!dialed.ok) return { kind: 'failed', observation: failed(look, dialed.error, addresses[0]) };
  const { socket, address } = dialed.value;
  // Whatever breaks from here on, the connection does not outlive its target.
  const unhook = deadline.onExpire(() => socket.destroy());
  try {
    if (target.protocol !== 'tls') {
      clock.enter('starttls');
      const { negotiateStartTls } = await import('../net/starttls/negotiate.ts');
      const upgraded = await negotiateStartTls(socket, target.protocol, { servername: target.servername, deadline });
      if (!upgraded.ok) {
        socket.destroy();
        return { kind: 'failed', observation: failed(look, upgraded.error, address) };
      }
    }
    clock.enter('handshake');
    const { servername, alpn, keyKind } = target;
    const wish = { ...(alpn ? { alpn } : {}), ...(keyKind ? { keyKind } : {}) };
    const outcome = await read(socket, { servername, deadline, ...wish });
    return { kind: 'read', outcome, address };
  } catch (bug) {
    socket.destroy();
    throw bug;
  } finally {
    unhook();
  }
}

type PresentedOutcome = Extract<ReadOutcome, { kind: 'presented' }>;
type FailedOutcome = Extract<ReadOutcome, { kind: 'failed' }>;

function presented(
  look: Look,
  outcome: PresentedOutcome,
  address: string,
  engine: 'certwatch' | 'node-tls',
): Observation {
  const { chain, ...seen } = outcome;
  return { ...seen, chain: look.tools.chainReader.read(chain), address, engine, timings: look.clock.timings };
}

function failedToRead(look: Look, outcome: FailedOutcome, address: string): Failed {
  const { failure, chain, tlsVersion } = outcome;
  // Silent from the start or later on: either way the time is over.
  const why = failure.code === 'timeout' ? { ...failure, reason: 'deadline' } : failure;
  return {
    ...failed(look, why, address),
    ...(chain && chain.length > 0 ? { chain: look.tools.chainReader.read(chain) } : {}),
    ...(tlsVersion ? { tlsVersion } : {}),
  };
}

function failed(look: Look, failure: Failure, address?: string): Failed {
  return { kind: 'failed', ...failure, ...(address ? { address } : {}), timings: look.clock.timings };
}
