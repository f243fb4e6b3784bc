/**
 * CAA (RFC 8659): may this CA issue for this name? The tree is climbed to the nearest name with CAA records, aliases
 * followed as resolvers do.
 */
import type { CaaRecord } from 'node:dns';
import type { NoAnswer, Questions } from '../dns-questions.ts';

export type CaaJudgement =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'forbidden'; readonly at: string; readonly allowed: readonly string[]; readonly why: string }
  /** The CA will look itself, and refuse where it gets no answer either (RFC 8659 3, RFC 8555 8). */
  | { readonly kind: 'unknown'; readonly at: string; readonly code: string };

export interface CaaQuestion {
  /** Without `*.`. */
  readonly name: string;
  readonly wildcard: boolean;
  /** What the CA calls itself in CAA records (`caaIdentities` of its directory). */
  readonly identities: readonly string[];
}

export async function judgeCaa(question: CaaQuestion, questions: Questions): Promise<CaaJudgement> {
  for (let at = question.name; at !== ''; at = parentOf(at)) {
    const found = await questions.caa(at);
    if (found.ok && found.value.length > 0) return judgeCaaSet(found.value, { ...question, at });
    if (!found.ok && found.error.kind === 'failed') return unknown(at, found.error);
  }
  return { kind: 'allowed' };
}

const parentOf = (name: string): string => (name.includes('.') ? name.slice(name.indexOf('.') + 1) : '');
const unknown = (at: string, { code }: NoAnswer): CaaJudgement => ({ kind: 'unknown', at, code });

const KNOWN: ReadonlySet<string> = new Set([
  'issue',
  'issuewild',
  'iodef',
  'contactemail',
  'contactphone',
  'issuemail',
  'issuevmc',
]);

/** Pure: the relevant record set of RFC 8659 4 against one CA. */
export function judgeCaaSet(
  records: readonly CaaRecord[],
  { at, wildcard, identities }: CaaQuestion & { readonly at: string },
): CaaJudgement {
  const properties = records.map(({ critical, ...rest }) => {
    const [tag = '', value = ''] = Object.entries(rest as Record<string, string>).find(([key]) => key !== 'type') ?? [];
    return { critical: (critical & 0x80) !== 0, tag: tag.toLowerCase(), value };
  });
  const strange = properties.find(({ critical, tag }) => critical && !KNOWN.has(tag));
  if (strange) {
    const why = `a critical property that nobody knows (${strange.tag}) forbids every CA`;
    return { kind: 'forbidden', at, allowed: [], why };
  }
  const wild = properties.filter(({ tag }) => tag === 'issuewild');
  // RFC 8659 4.3: issuewild takes the place of issue for wildcards, where there is any.
  const relevant = wildcard && wild.length > 0 ? wild : properties.filter(({ tag }) => tag === 'issue');
  if (relevant.length === 0) return { kind: 'allowed' };
  const allowed = relevant.map(({ value }) => issuerOf(value)).filter((issuer) => issuer !== '');
  const own = identities.map((identity) => identity.toLowerCase());
  if (allowed.some((issuer) => own.includes(issuer))) return { kind: 'allowed' };
  const why = allowed.length > 0 ? `only ${allowed.join(', ')} may issue` : 'no CA may issue';
  return { kind: 'forbidden', at, allowed, why };
}

/** RFC 8659 4.2: the issuer's domain name in front of any `;` and parameters. */
const issuerOf = (value: string): string => (value.split(';', 1)[0] ?? '').trim().toLowerCase().replace(/\.$/, '');
