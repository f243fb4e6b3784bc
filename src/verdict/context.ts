/**
 * What every rule looks at: one observation of one target, with its chain set out by what the best path needs.
 */
import type { Certificate, ChainElement } from '../model/certificate.ts';
import type { Observation } from '../model/observation.ts';
import type { Target } from '../model/target.ts';
import type { CertificateRole } from '../model/verdict.ts';
import type { AnchorStore } from '../trust/anchor-store.ts';
import type { FetchedLists } from '../trust/revocation/revocation.ts';
import type { PathJudgement } from '../trust/validate-path.ts';
import { isSelfIssued } from '../x509/self-issued.ts';
import { isAuthority } from './authority.ts';

/** A certificate and where it stands in the presented chain; without an index it is an anchor that was not presented. */
export interface Placed {
  readonly certificate: Certificate;
  readonly index?: number;
}

export interface ChainLink extends Placed {
  readonly index: number;
}

/**
 * How a set of certificates is read. A server always sends a `chain`. A file may also hold a `bundle`: certificates that are
 * each there for their own sake, such as a file of CA certificates.
 */
export type Shape = 'chain' | 'bundle';

export interface LeafPath {
  readonly leaf: ChainLink;
  readonly judgement: PathJudgement;
}

export interface RuleContext {
  readonly target: Target;
  readonly observation: Observation;
  /** Ms since the epoch. */
  readonly now: number;
  readonly chain: readonly ChainElement[];
  readonly shape: Shape;
  /** Each certificate once, at its first place. */
  readonly certificates: readonly ChainLink[];
  /** The certificate that speaks for the target; absent where it could not be parsed, and for a bundle. */
  readonly leaf?: ChainLink;
  /** What was presented of the best path, leaf first; every certificate of a bundle. */
  readonly path: readonly ChainLink[];
  /** Absent where trust is not judged: without any anchor, and for files that hold no chain. */
  readonly judgement?: PathJudgement;
  /** That one; and where a key store holds several chains, each. */
  readonly judgements: readonly LeafPath[];
  readonly anchors?: AnchorStore;
  /** The certificate that should be served (`expect.file`). */
  readonly expectedFile?: Certificate;
  /** Where the target's setting asks for them, and they could be asked for. */
  readonly revocationLists?: FetchedLists;
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const ANY_USAGE = '2.5.29.37.0';

/** Without an anchor nothing could be trusted: `--trust none` with no CA file asks for expiry, name and order alone. */
export function judgesTrust(target: Target): boolean {
  return target.settings.trust !== 'none' || target.settings.caFiles.length > 0;
}

/** Meant for a TLS server, as far as its extended key usage says (RFC 5280 4.2.1.12: none means any). */
export function isForServers(certificate: Certificate): boolean {
  const usages = certificate.extendedKeyUsage;
  return usages === undefined || usages.includes(SERVER_AUTH) || usages.includes(ANY_USAGE);
}

/** One role an element. A self-issued certificate above the leaf is a root, needed or not. */
export function rolesOf(context: RuleContext): CertificateRole[] {
  const first = new Map(context.certificates.map((placed) => [placed.index, placed.certificate]));
  const needed = new Set(context.path.map((placed) => placed.index));
  return context.chain.map((element, index) => {
    if (element.kind === 'malformed') return 'malformed';
    const certificate = first.get(index);
    if (!certificate) return 'duplicate';
    if (index === context.leaf?.index) return 'leaf';
    if (isSelfIssued(certificate)) return 'root';
    if (context.shape === 'bundle' && !isAuthority(certificate)) return 'leaf';
    return needed.has(index) ? 'intermediate' : 'extra';
  });
}
