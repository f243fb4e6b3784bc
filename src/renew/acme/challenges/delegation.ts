/**
 * Where the TXT record of a dns-01 challenge has to be written: `_acme-challenge.NAME`, or where a CNAME there leads
 * (RFC 8555 8.4 has the CA follow it). Bounded, since a loop of CNAMEs has no end.
 */
import { ok, type Result } from '../../../model/result.ts';
import type { Questions } from '../dns-questions.ts';
import { fail, type Trouble } from '../failure.ts';

/** Resolvers give up at about as many. */
const MOST_HOPS = 10;

export const challengeName = (domain: string): string => `_acme-challenge.${domain.toLowerCase()}`;

export interface Delegation {
  readonly name: string;
  /** What was followed on the way, the first name included; one entry where there is no CNAME. */
  readonly path: readonly string[];
}

/** Name servers that do not answer are no reason to stop here: the record goes to the name itself, and preflight warns. */
export async function followCnames(start: string, questions: Questions): Promise<Result<Delegation, Trouble>> {
  const path = [start];
  for (;;) {
    const at = path.at(-1)!;
    const found = await questions.cname(at);
    if (!found.ok || found.value.length === 0) return ok({ name: at, path });
    const next = found.value[0]!.toLowerCase().replace(/\.$/, '');
    if (path.includes(next)) return fail('cname-loop', `the CNAMEs go in a circle: ${[...path, next].join(' → ')}`);
    path.push(next);
    if (path.length > MOST_HOPS) return fail('cname-loop', `more than ${MOST_HOPS} CNAMEs: ${path.join(' → ')} …`);
  }
}
