/**
 * Does http-01 reach the right place? An answer is put where the challenge's will be, and asked for by plain HTTP at every
 * address of the name. What is seen from inside a network may differ from what the CA sees, so it is mostly a doubt; it is
 * an error where the address is this machine's own and somebody else answers there.
 */
import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { ok, type Result } from '../../../model/result.ts';
import type { Deadline } from '../../../time/deadline.ts';
import { fetchText } from '../challenges/fetch-text.ts';
import { WELL_KNOWN } from '../challenges/http-listener.ts';
import type { ChallengeAnswer } from '../challenges/solver.ts';
import { cap, fail, type Trouble } from '../failure.ts';
import type { Identifier } from '../objects.ts';
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
  const own = ownAddresses();
  for (const address of probed.addresses.slice(0, MOST_ADDRESSES)) {
    const port = work.job.preflight?.httpPort ?? HTTP_PORT;
    const seen = await fetchText({ address, port, host: value, path: WELL_KNOWN + answer.token, deadline });
    if (seen.kind === 'answer' && seen.status === 200 && seen.text.trim() === answer.keyAuthorization) continue;
    // Redirects are followed by the CA, and lead anywhere; nothing is proven by not following them here.
    const redirected = seen.kind === 'answer' && seen.status >= 300 && seen.status < 400;
    const said =
      seen.kind === 'answer' ? `HTTP status ${seen.status}, ${JSON.stringify(cap(seen.text, 80))}` : seen.why;
    const detail = `http://${value}${WELL_KNOWN}… at ${address} does not show what was put there, but ${said}`;
    if (seen.kind === 'answer' && !redirected && own.has(address)) {
      return fail('webroot' in work.job.challenge ? 'webroot-not-served' : 'other-answer', detail);
    }
    work.warn({ code: 'http-not-seen', detail: `${detail} (seen from here; the CA may see something else)` });
  }
  return ok(undefined);
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)));
}
