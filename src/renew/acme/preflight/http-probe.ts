/**
 * Does http-01 reach the right place? An answer is put where the challenge's will be, and asked for by plain HTTP at every
 * address of the name. What is seen from inside a network may differ from what the CA sees: routers that forward a port, or
 * packet filters, mostly do so for what comes from outside. So only this is said:
 *
 * | at port 80 of the name      | an address of this machine, and ours to answer | otherwise |
 * | --------------------------- | ---------------------------------------------- | --------- |
 * | the right answer            | fine                                           | fine      |
 * | a redirect (the CA follows) | nothing                                        | nothing   |
 * | another answer              | an error                                       | a doubt   |
 * | no answer                   | a doubt                                        | nothing   |
 *
 * Ours to answer is what a webroot is served for; a listener of our own only where it has port 80 itself.
 */
import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { ok, type Result } from '../../../model/result.ts';
import type { Deadline } from '../../../time/deadline.ts';
import type { Identifier } from '../ca/objects.ts';
import { fetchText } from '../challenges/fetch-text.ts';
import { WELL_KNOWN } from '../challenges/http-listener.ts';
import { parseListen } from '../challenges/listen-address.ts';
import type { ChallengeAnswer } from '../challenges/solver.ts';
import { cap, fail, type Trouble } from '../failure.ts';
import type { ChallengeConfig } from '../job.ts';
import type { Work } from '../work.ts';

export interface Probed {
  readonly identifier: Identifier;
  /** Literal addresses, by DNS: the hosts file is not what the CA sees. */
  readonly addresses: readonly string[];
}

const HTTP_PORT = 80;
const MOST_ADDRESSES = 8;

/** What stands where the challenge's answer will stand. */
export function probeAnswer(identifier: Identifier): ChallengeAnswer {
  const token = `certwatch-preflight-${randomBytes(16).toString('hex')}`;
  return { identifier, wildcard: false, token, keyAuthorization: randomBytes(32).toString('hex') };
}

export async function probeHttp(
  probed: Probed,
  answer: ChallengeAnswer,
  { work, deadline }: { readonly work: Work; readonly deadline: Deadline },
): Promise<Result<void, Trouble>> {
  const { value } = probed.identifier;
  const port = work.job.preflight?.httpPort ?? HTTP_PORT;
  const own = isOurs(work.job.challenge, port) ? ownAddresses() : new Set();
  for (const address of probed.addresses.slice(0, MOST_ADDRESSES)) {
    const seen = await fetchText({ address, port, host: value, path: WELL_KNOWN + answer.token, deadline });
    if (seen.kind === 'answer' && seen.status === 200 && seen.text.trim() === answer.keyAuthorization) continue;
    if (seen.kind === 'answer' && seen.status >= 300 && seen.status < 400) continue;
    if (seen.kind === 'none' && !own.has(address)) continue;
    const said =
      seen.kind === 'answer' ? `HTTP status ${seen.status}, ${JSON.stringify(cap(seen.text, 80))}` : seen.why;
    const detail = `http://${value}${WELL_KNOWN}… at ${address} does not show what was put there, but ${said}`;
    if (seen.kind === 'answer' && own.has(address)) {
      return fail('webroot' in work.job.challenge ? 'webroot-not-served' : 'other-answer', detail);
    }
    work.warn({ code: 'http-not-seen', detail: `${detail} (seen from here; the CA may see something else)` });
  }
  return ok(undefined);
}

function isOurs(challenge: ChallengeConfig, port: number): boolean {
  if (!('listen' in challenge)) return true;
  const listening = parseListen(challenge.listen);
  return listening.ok && listening.value.port === port;
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)));
}
