/**
 * What every rule looks at: one observation of one target, with its chain set out by what the best path needs.
 */
import type { Certificate, ChainElement } from '../model/certificate.ts';
import type { Container, Observation } from '../model/observation.ts';
import type { Target } from '../model/target.ts';
import type { CertificateRole } from '../model/verdict.ts';
import type { AnchorStore } from '../trust/anchor-store.ts';
import type { FetchedLists } from '../trust/revocation/revocation.ts';
import { type PathJudgement, validatePath } from '../trust/validate-path.ts';
import { isSelfIssued } from '../x509/self-issued.ts';
import { isAuthority } from './authority.ts';
import { isKeyStore, leavesWithPath } from './key-store.ts';

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

export interface ContextOptions {
  readonly target: Target;
  readonly observation: Observation;
  readonly now: number;
  readonly anchors?: AnchorStore;
  readonly expectedFile?: Certificate;
  readonly revocationLists?: FetchedLists;
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const ANY_USAGE = '2.5.29.37.0';

export function createContext(options: ContextOptions): RuleContext {
  const { target, observation, now, anchors, expectedFile, revocationLists } = options;
  const chain = observation.chain ?? [];
  const certificates = distinctCertificates(chain);
  const container = observation.kind === 'presented' ? observation.container : undefined;
  const shape = shapeOf(target, certificates, container);
  const leaf = leafOf(target, shape, certificates);
  const found = { target, chain, certificates, shape, leaf, container };
  const paths = anchors ? judgePaths(found, { anchors, now }) : [];
  const judged = leaf && paths[0]?.judgement;
  const alone = shape === 'bundle' ? certificates : leaf ? [leaf] : [];
  const judgements = judgesTrust(target) ? paths : [];
  return {
    target,
    observation,
    now,
    chain,
    shape,
    certificates,
    path: judged ? placedPath(judged, certificates) : alone,
    judgements,
    ...(leaf ? { leaf } : {}),
    ...(judged && judgements.length > 0 ? { judgement: judged } : {}),
    ...(anchors ? { anchors } : {}),
    ...(expectedFile ? { expectedFile } : {}),
    ...(revocationLists ? { revocationLists } : {}),
  };
}

interface Found extends Pick<RuleContext, 'target' | 'chain' | 'certificates' | 'shape'> {
  readonly leaf: ChainLink | undefined;
  readonly container: Container | undefined;
}

function judgePaths(found: Found, by: { anchors: AnchorStore; now: number }): LeafPath[] {
  const { target, chain, certificates, shape, leaf, container } = found;
  const single = shape === 'chain' && leaf ? [leaf] : [];
  const leaves = isKeyStore(container) ? leavesWithPath({ chain, certificates, container }) : single;
  // Of several, the name that was asked for is no more than one's.
  const purpose = leaf && target.servername !== undefined ? 'serverAuth' : 'any';
  return leaves.map((each) => ({ leaf: each, judgement: judgePath(each, certificates, { ...by, purpose }) }));
}

/** Without an anchor nothing could be trusted: `--trust none` with no CA file asks for expiry, name and order alone. */
export function judgesTrust(target: Target): boolean {
  return target.settings.trust !== 'none' || target.settings.caFiles.length > 0;
}

function judgePath(
  leaf: ChainLink,
  certificates: readonly ChainLink[],
  { anchors, now, purpose }: { anchors: AnchorStore; now: number; purpose: 'any' | 'serverAuth' },
): PathJudgement {
  const others = certificates.filter((placed) => placed !== leaf);
  return validatePath({
    chain: [leaf, ...others].map((placed) => placed.certificate),
    anchors,
    at: now,
    purpose,
  });
}

function placedPath(judgement: PathJudgement, certificates: readonly ChainLink[]): ChainLink[] {
  const places = new Map(certificates.map((placed) => [placed.certificate.sha256, placed]));
  return judgement.path.flatMap((certificate) => places.get(certificate.sha256) ?? []);
}

function distinctCertificates(chain: readonly ChainElement[]): ChainLink[] {
  const seen = new Set<string>();
  const distinct: ChainLink[] = [];
  for (const [index, element] of chain.entries()) {
    if (element.kind !== 'certificate' || seen.has(element.certificate.sha256)) continue;
    seen.add(element.certificate.sha256);
    distinct.push({ certificate: element.certificate, index });
  }
  return distinct;
}

function shapeOf(target: Target, certificates: readonly ChainLink[], container: Container | undefined): Shape {
  if (target.kind === 'endpoint') return 'chain';
  const own = certificates.filter(isOwn).length;
  if (own === 1) return 'chain';
  // Whoever says what it should be has one in mind, though it may sign others (as `openssl req -x509` makes it).
  return own === 0 && certificates.length > 0 && isExpected(target) && !isKeyStore(container) ? 'chain' : 'bundle';
}

function isExpected({ servername, settings: { expect } }: Target): boolean {
  return servername !== undefined || Object.keys(expect).length > 0;
}

const isOwn = ({ certificate }: ChainLink): boolean => !isAuthority(certificate);

/** TLS has the sender's own certificate first (RFC 8446 4.4.2); in a file it is the one that is no CA's. */
function leafOf(target: Target, shape: Shape, certificates: readonly ChainLink[]): ChainLink | undefined {
  if (shape === 'bundle') return undefined;
  if (target.kind === 'endpoint') return certificates[0]?.index === 0 ? certificates[0] : undefined;
  return certificates.find(isOwn) ?? certificates[0];
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
