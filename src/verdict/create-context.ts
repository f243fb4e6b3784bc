/**
 * Sets out one observation for the rules: what speaks for the target, and what the best path needs.
 */
import type { Certificate, ChainElement } from '../model/certificate.ts';
import type { Container, Observation } from '../model/observation.ts';
import type { Target } from '../model/target.ts';
import type { AnchorStore } from '../trust/anchor-store.ts';
import type { FetchedLists } from '../trust/revocation/revocation.ts';
import { type PathJudgement, validatePath } from '../trust/validate-path.ts';
import { matchesHostname } from '../x509/hostname.ts';
import { isAuthority } from './authority.ts';
import { type ChainLink, judgesTrust, type LeafPath, type RuleContext, type Shape } from './context.ts';
import { isKeyStore, leavesWithPath, MOST_PATHS } from './key-store.ts';

export interface ContextOptions {
  readonly target: Target;
  readonly observation: Observation;
  readonly now: number;
  readonly anchors?: AnchorStore;
  readonly expectedFile?: Certificate;
  readonly revocationLists?: FetchedLists;
}

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
  const { target, chain, certificates, leaf, container } = found;
  const inStore = isKeyStore(container);
  const leaves = inStore ? leavesWithPath({ chain, certificates, container }) : leaf ? [leaf] : leavesOfName(found);
  // Of several in a store, the name that was asked for is no more than one's.
  const purpose = (leaf || !inStore) && target.servername !== undefined ? 'serverAuth' : 'any';
  return leaves.map((each) => ({ leaf: each, judgement: judgePath(each, certificates, { ...by, purpose }) }));
}

/** A file with several leaves that is said to be a host's: the host serves those that are for its name. */
function leavesOfName({ target: { servername }, certificates }: Found): readonly ChainLink[] {
  if (servername === undefined) return [];
  return certificates
    .filter((placed) => isOwn(placed) && matchesHostname(placed.certificate, servername))
    .slice(0, MOST_PATHS);
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
