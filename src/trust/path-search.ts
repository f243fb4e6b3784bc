/**
 * The search for a path from the leaf up to a trust anchor: depth first, best candidate first, stepping back out of dead
 * ends (expired cross-signs, cycles, CAs that share a name). What it may spend is capped, since the graph is the peer's.
 */
import type { Certificate } from '../model/certificate.ts';
import { bytesEqual } from '../x509/der.ts';
import { nameKey } from '../x509/name.ts';
import { isSelfIssued } from '../x509/self-issued.ts';
import { spkiSha256 } from '../x509/spki.ts';
import type { AnchorStore } from './anchor-store.ts';
import { countIntermediates, issuerProblems, leafProblems, type PathRules } from './path-checks.ts';
import { invalid, type PathProblem } from './path-problem.ts';
import { policyProblem } from './policies.ts';
import { checkSignature, knownSignature, type SignatureAnswer } from './signature.ts';

/** What the search may cost. Real graphs take a handful of each; Go stops at 100 signatures too. */
const MOST_SIGNATURES = 128;
const MOST_STEPS = 4096;
/** Certificates of a presented chain that are looked at. */
const MOST_PRESENTED = 256;
const LONGEST_PATH = 32;

export interface Candidate {
  readonly certificate: Certificate;
  readonly isAnchor: boolean;
}

/** A path as far as it went. */
export interface Attempt {
  /** Leaf first, without the anchor; each is signed by the next. */
  readonly path: readonly Certificate[];
  /** Absent where the path ends below any anchor. */
  readonly anchor?: Certificate;
  /** The first problem says why it goes no further: not for want of an issuer. */
  readonly stopped?: boolean;
  readonly problems: readonly PathProblem[];
}

export interface SearchInput {
  readonly chain: readonly Certificate[];
  readonly anchors: AnchorStore;
  readonly rules: PathRules;
  /** Intermediates that a path may have; self-issued ones do not count. */
  readonly maxDepth: number;
}

/** Do the key identifiers say that `issuer` signed `child`, that it did not, or nothing (RFC 5280 4.2.1.1)? */
function keyIdsAgree(child: Certificate, issuer: Certificate): boolean | undefined {
  const wanted = child.authorityKeyId?.keyId;
  const has = issuer.subjectKeyId;
  return wanted && has ? bytesEqual(wanted, has) : undefined;
}

export class PathSearch {
  readonly #anchors: AnchorStore;
  readonly #rules: PathRules;
  readonly #maxDepth: number;
  readonly #leaf: Certificate;
  readonly #presented = new Map<string, Certificate[]>();
  #signatures = 0;
  #steps = 0;
  #exhausted = false;

  constructor({ chain, anchors, rules, maxDepth }: SearchInput) {
    this.#anchors = anchors;
    this.#rules = rules;
    this.#maxDepth = maxDepth;
    this.#leaf = chain[0]!;
    for (const certificate of chain.slice(1, MOST_PRESENTED)) {
      const key = nameKey(certificate.subject);
      const same = this.#presented.get(key);
      if (!same) this.#presented.set(key, [certificate]);
      else if (!same.includes(certificate)) same.push(certificate);
    }
  }

  /** The search was cut short: what it did not find may exist all the same. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** A path without any problem, or undefined. */
  findTrusted(): Attempt | undefined {
    if (leafProblems(this.#leaf, this.#rules).length > 0) return undefined;
    if (this.#anchors.isAnchor(this.#leaf)) return { path: [this.#leaf], anchor: this.#leaf, problems: [] };
    return this.#climb([this.#leaf]);
  }

  #climb(path: readonly Certificate[]): Attempt | undefined {
    const child = path[path.length - 1]!;
    for (const { certificate, isAnchor } of this.candidates(path)) {
      if (!this.#mayStep()) return undefined;
      if (!isAnchor && this.#tooDeep(path, certificate)) continue;
      if (issuerProblems(certificate, path, this.#rules, isAnchor).length > 0) continue;
      if (this.signature(child, certificate) !== 'good') continue;
      if (isAnchor) {
        if (!policyProblem(path)) return { path, anchor: certificate, problems: [] };
        continue;
      }
      const found = this.#climb([...path, certificate]);
      if (found || this.#exhausted) return found;
    }
    return undefined;
  }

  /**
   * Every path that the names allow, broken rules and all, each with what is wrong with it. Dead ends come without an
   * anchor and without the problem that the end itself is; what it means is for the caller to say.
   */
  explore(visit: (attempt: Attempt) => void): void {
    this.#signatures = 0;
    this.#steps = 0;
    this.#exhausted = false;
    const problems = leafProblems(this.#leaf, this.#rules);
    if (this.#anchors.isAnchor(this.#leaf)) visit({ path: [this.#leaf], anchor: this.#leaf, problems });
    else this.#exploreAbove([this.#leaf], problems, visit);
  }

  #exploreAbove(
    path: readonly Certificate[],
    problems: readonly PathProblem[],
    visit: (attempt: Attempt) => void,
  ): void {
    const child = path[path.length - 1]!;
    let continued = false;
    for (const { certificate, isAnchor } of this.candidates(path)) {
      if (!this.#mayStep()) break;
      const answer = this.signature(child, certificate);
      if (answer !== 'good') {
        // Another CA of that name, or another of its keys, by their key identifiers or since the child has signed itself:
        // nothing to report about.
        if (answer === undefined || keyIdsAgree(child, certificate) === false || this.signsItself(child)) continue;
        continued = true;
        visit({ path, stopped: true, problems: [signatureProblem(child, certificate, answer), ...problems] });
        continue;
      }
      continued = true;
      const all = [...problems, ...issuerProblems(certificate, path, this.#rules, isAnchor)];
      if (isAnchor) {
        const policy = policyProblem(path);
        if (policy) all.push(invalid(policy.certificate, policy.reason));
        visit({ path, anchor: certificate, problems: all });
      } else if (this.#tooDeep(path, certificate)) {
        visit({
          path,
          stopped: true,
          problems: [invalid(certificate, 'path-length', `more than ${this.#maxDepth}`), ...all],
        });
      } else {
        this.#exploreAbove([...path, certificate], all, visit);
      }
    }
    if (!continued) visit({ path, problems });
  }

  /** Who may have issued the end of `path`, by name: anchors first, then what was presented, the likeliest first. */
  candidates(path: readonly Certificate[]): Candidate[] {
    const child = path[path.length - 1]!;
    const anchors = this.#anchors.findBySubject(child.issuer);
    const presented = this.#presented.get(nameKey(child.issuer));
    const found: Candidate[] = anchors.map((certificate) => ({ certificate, isAnchor: true }));
    for (const certificate of presented ?? []) {
      // A presented anchor was found by its name already.
      if (this.#anchors.isAnchor(certificate) || this.#repeats(path, certificate)) continue;
      found.push({ certificate, isAnchor: false });
    }
    if (found.length < 2) return found;
    const rank = ({ certificate, isAnchor }: Candidate): number => {
      const agree = keyIdsAgree(child, certificate);
      const inTime = this.#rules.at >= certificate.notBefore && this.#rules.at <= certificate.notAfter;
      return (agree === false ? 8 : agree ? 0 : 4) + (inTime ? 0 : 2) + (isAnchor ? 0 : 1);
    };
    return (
      found
        .map((candidate) => ({ candidate, rank: rank(candidate) }))
        // A CA's old certificate beside its new one: the path that holds longest is the one that clients end up with.
        .sort((a, b) => a.rank - b.rank || b.candidate.certificate.notAfter - a.candidate.certificate.notAfter)
        .map(({ candidate }) => candidate)
    );
  }

  /** The same CA again (name and key): a cycle, whichever of its certificates it is. */
  #repeats(path: readonly Certificate[], certificate: Certificate): boolean {
    const key = nameKey(certificate.subject);
    return path.some((one) => nameKey(one.subject) === key && spkiSha256(one) === spkiSha256(certificate));
  }

  #tooDeep(path: readonly Certificate[], certificate: Certificate): boolean {
    return path.length >= LONGEST_PATH || countIntermediates([...path, certificate]) > this.#maxDepth;
  }

  #mayStep(): boolean {
    if (++this.#steps > MOST_STEPS) this.#exhausted = true;
    return !this.#exhausted;
  }

  /** undefined once no more may be spent. Answers that are known cost nothing. */
  signature(child: Certificate, issuer: Certificate): SignatureAnswer | undefined {
    const known = knownSignature(child, issuer);
    if (known) return known;
    if (++this.#signatures > MOST_SIGNATURES) {
      this.#exhausted = true;
      return undefined;
    }
    return checkSignature(child, issuer);
  }

  /** True where `certificate` is its own issuer, by name and by signature. */
  signsItself(certificate: Certificate): boolean {
    return isSelfIssued(certificate) && checkSignature(certificate, certificate) === 'good';
  }
}

function signatureProblem(
  child: Certificate,
  issuer: Certificate,
  answer: Exclude<SignatureAnswer, 'good'>,
): PathProblem {
  switch (answer) {
    case 'bad':
      return invalid(child, 'signature');
    case 'unsupported-algorithm':
      return invalid(child, 'unsupported-signature-algorithm', child.signatureAlgorithm.name);
    case 'unsupported-key':
      return invalid(issuer, 'unsupported-key');
  }
}
