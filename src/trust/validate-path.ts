/**
 * validatePath: would a client trust this chain, by which path, and if not, what is the one thing to repair?
 *
 * Paths are built from what was presented, in whatever order, plus the trust anchors (RFC 5280 section 6, RFC 4158). Host
 * names and revocation are not asked about here. A path that is valid at the given time wins over every other. When there is
 * none, the best attempt is reported: one that reaches an anchor before one that does not, then the one that got furthest,
 * then the one with the fewest problems.
 *
 * How a dead end is named:
 * - the leaf signs itself: `self-signed`;
 * - the path ends in a presented root: `untrusted-root`;
 * - it ends below an issuer that is neither presented nor an anchor. Where that one calls itself a root, nothing is missing
 *   but trust: `untrusted-root`. Where it calls itself an intermediate, it should have been sent: `no-issuer`. Where its
 *   name says neither, it is `no-issuer` for a leaf, and for an intermediate that says over HTTP where its issuer is to be
 *   had; else `untrusted-root` (the root is not presented, as is right, but nobody here trusts it).
 */
import type { Certificate } from '../model/certificate.ts';
import { formatName } from '../x509/name.ts';
import type { AnchorStore } from './anchor-store.ts';
import { newNameBudget } from './name-constraints.ts';
import type { Purpose } from './path-checks.ts';
import { invalid, type PathProblem } from './path-problem.ts';
import { type Attempt, PathSearch } from './path-search.ts';

export type { Purpose } from './path-checks.ts';
export type { InvalidReason, PathProblem, PathProblemKind } from './path-problem.ts';

export interface ValidatePathOptions {
  /** As presented, leaf first; elements that are no certificates left out. At least one. */
  readonly chain: readonly Certificate[];
  readonly anchors: AnchorStore;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly purpose: Purpose;
  /** Intermediates that a path may have, self-issued ones not counted; default 16. */
  readonly maxDepth?: number;
  /**
   * `report` (default): weak keys and signatures do not keep a path from being trusted; they are findings of their own.
   * `reject`: they are problems of the path (`weak-key`, `weak-signature`), as in conformance suites.
   */
  readonly strength?: 'report' | 'reject';
}

export interface PathJudgement {
  readonly trusted: boolean;
  /** Leaf … last presented certificate that is used; ends with the anchor where that was presented. */
  readonly path: readonly Certificate[];
  /** The trust anchor that the path ends at. */
  readonly anchor?: Certificate;
  /** Empty exactly when trusted; what to repair first comes first. */
  readonly problems: readonly PathProblem[];
}

const DEFAULT_DEPTH = 16;

export function validatePath(options: ValidatePathOptions): PathJudgement {
  const { chain, anchors, at, purpose, maxDepth = DEFAULT_DEPTH, strength = 'report' } = options;
  const rules = { at, purpose, strength, names: newNameBudget() };
  const search = new PathSearch({ chain, anchors, rules, maxDepth });
  const trusted = search.findTrusted();
  if (trusted) return { trusted: true, ...withPresentedAnchor(trusted, chain), problems: [] };
  const cutShort = search.exhausted;

  let best: Attempt | undefined;
  // The names that were compared in the first search are compared again.
  rules.names.left = newNameBudget().left;
  search.explore((attempt) => {
    if (!best || compareAttempts(attempt, best) < 0) best = attempt;
  });
  const leaf = chain[0]!;
  best ??= { path: [leaf], stopped: true, problems: [invalid(leaf, 'search-limit')] };
  const problems = [...(best.anchor ? [] : deadEnd(best, search)), ...best.problems];
  if (cutShort && (problems.length === 0 || !best.anchor)) problems.unshift(invalid(leaf, 'search-limit'));
  // A path without problems would have been found before, unless the search was cut short.
  if (problems.length === 0) problems.push(invalid(leaf, 'search-limit'));
  return { trusted: false, ...withPresentedAnchor(best, chain), problems };
}

function withPresentedAnchor(
  { path, anchor }: Attempt,
  chain: readonly Certificate[],
): { path: readonly Certificate[]; anchor?: Certificate } {
  if (!anchor) return { path };
  if (path.includes(anchor)) return { path, anchor };
  const presented = chain.find((certificate) => certificate.sha256 === anchor.sha256);
  return presented ? { path: [...path, presented], anchor } : { path, anchor };
}

const isDate = (problem: PathProblem): boolean => problem.kind === 'outside-validity';

/** Negative where `a` is the better one to report. */
function compareAttempts(a: Attempt, b: Attempt): number {
  if (!a.anchor !== !b.anchor) return a.anchor ? -1 : 1;
  if (!a.anchor && a.path.length !== b.path.length) return b.path.length - a.path.length;
  const graver = a.problems.filter((p) => !isDate(p)).length - b.problems.filter((p) => !isDate(p)).length;
  if (graver !== 0) return graver;
  return a.problems.length - b.problems.length || a.path.length - b.path.length;
}

/** What it means that nothing is above the end of the path; see the head of this file. */
function deadEnd({ path, stopped }: Attempt, search: PathSearch): PathProblem[] {
  const end = path[path.length - 1]!;
  if (stopped) return [];
  const isLeaf = path.length === 1;
  if (search.signsItself(end)) {
    return isLeaf
      ? [{ kind: 'self-signed', reason: 'self-signed', certificate: end }]
      : [{ kind: 'untrusted-root', reason: 'root-not-trusted', certificate: end }];
  }
  const detail = formatName(end.issuer).slice(0, 300);
  if (shouldHaveBeenSent(end, isLeaf)) {
    const reason = isLeaf ? 'issuer-not-presented' : 'link-missing';
    return [{ kind: 'no-issuer', reason, certificate: end, detail }];
  }
  return [{ kind: 'untrusted-root', reason: 'root-not-presented', certificate: end, detail }];
}

const ROOT = /\broot\b/i;
const INTERMEDIATE = /\b(?:intermediate|issuing|subordinate|sub[- ]?ca)\b/i;

/** Is the issuer of `end` an intermediate, as far as can be told without seeing it? */
function shouldHaveBeenSent({ issuer, caIssuers }: Certificate, isLeaf: boolean): boolean {
  const calls = (word: RegExp): boolean => issuer.rdns.some((rdn) => rdn.some(({ value }) => word.test(value)));
  if (calls(INTERMEDIATE)) return true;
  if (calls(ROOT)) return false;
  return isLeaf || caIssuers.some((address) => /^http:/i.test(address));
}
