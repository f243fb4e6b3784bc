/**
 * Judging: what was observed at a target, by its settings, as of a given time, becomes a verdict. Pure.
 */
import type { Certificate } from '../model/certificate.ts';
import type { Finding, Status } from '../model/finding.ts';
import type { Observation } from '../model/observation.ts';
import type { Target } from '../model/target.ts';
import type { TrustJudgement, Verdict, Window } from '../model/verdict.ts';
import type { AnchorStore } from '../trust/anchor-store.ts';
import type { FetchedLists } from '../trust/revocation/revocation.ts';
import { formatName } from '../x509/name.ts';
import { type ChainLink, judgesTrust, type RuleContext, rolesOf } from './context.ts';
import { createContext } from './create-context.ts';
import { addressesDisagree } from './rules/addresses-disagree.ts';
import { RULES } from './rules/index.ts';
import { severityStatus, statusOf, statusRank } from './status.ts';
import { computeWindow } from './window.ts';

export interface JudgeOptions {
  readonly target: Target;
  /** One, or one per address; failures of what the target is compared with (the expected file) stand beside them. */
  readonly observations: readonly [Observation, ...Observation[]];
  /** The time to judge as of, ms since the epoch. */
  readonly now: number;
  /** Absent: trust is not judged. */
  readonly anchors?: AnchorStore;
  /** The first certificate of the target's `expect.file`. */
  readonly expectedFile?: Certificate;
  /** The revocation lists that `listAddressesOf` an earlier verdict names. */
  readonly revocationLists?: FetchedLists;
}

interface Judged {
  readonly context: RuleContext;
  readonly findings: readonly Finding[];
  readonly status: Status;
  readonly window?: Window;
  /** The certificate that the window is of. */
  readonly about?: ChainLink;
}

/**
 * Trust is judged when there is an anchor to trust by: `--trust none` without CA files asks for dates, names and order
 * alone, which is what watching a private CA without its root comes to. A file is judged as a chain when it holds one leaf, or
 * when it is said what it should hold; a bundle of CA certificates is judged by time and strength.
 */
export function judge(options: JudgeOptions): Verdict {
  const { target, observations } = options;
  const judged = observations.map((observation) => judgeOne({ ...options, observation }));
  const findings = sortFindings([...addressesDisagree(observations).map(anywhere), ...mergeAddresses(judged)]);
  const decisive = decisiveOf(judged);
  const trust = decisive && trustOf(decisive.context);
  return {
    target,
    status: statusOf(findings),
    findings,
    observations,
    ...(trust ? { trust } : {}),
    ...(decisive?.window ? { window: decisive.window } : {}),
    ...(decisive?.about ? { about: { observation: judged.indexOf(decisive), index: decisive.about.index } } : {}),
    roles: judged.map(({ context }) => rolesOf(context)),
  };
}

function judgeOne(options: Omit<JudgeOptions, 'observations'> & { observation: Observation }): Judged {
  const context = createContext(options);
  const findings = RULES.flatMap((rule) => rule(context));
  const about = windowed(context);
  const window = about && computeWindow(about.certificate, context.now, context.target.settings);
  return { context, findings, status: statusOf(findings), ...(window ? { window, about } : {}) };
}

/**
 * Of the leaf: it is what is renewed. Where one above it ends sooner, findings say so. Of a bundle, which has none, the one
 * that ends first.
 */
function windowed(context: RuleContext): ChainLink | undefined {
  if (context.shape === 'chain') return context.leaf;
  const [first, ...rest] = context.certificates;
  return rest.reduce((soonest, next) => (ends(next) < ends(soonest) ? next : soonest), first as ChainLink);
}

const ends = ({ certificate }: ChainLink): number => certificate.notAfter;

function trustOf({ judgement, path, target, shape, chain, anchors }: RuleContext): TrustJudgement | undefined {
  if (!judgement) {
    // A chain whose first bytes are no certificate cannot be trusted, where trust was asked for.
    return anchors && judgesTrust(target) && shape === 'chain' && chain[0]?.kind === 'malformed'
      ? { trusted: false, path: [] }
      : undefined;
  }
  const anchor = judgement.anchor && formatName(judgement.anchor.subject);
  return {
    trusted: judgement.trusted,
    path: path.map((link) => link.index),
    ...(anchor === undefined ? {} : { anchor }),
  };
}

/** Of the observations that saw a chain, the worst; of equally bad ones the one that ends first. */
function decisiveOf(judged: readonly Judged[]): Judged | undefined {
  const seen = judged.filter(({ context }) => context.chain.length > 0);
  const end = ({ window }: Judged): number => window?.remainingSeconds ?? Number.NEGATIVE_INFINITY;
  return seen.reduce<Judged | undefined>((worst, next) => {
    if (!worst) return next;
    const difference = statusRank(next.status) - statusRank(worst.status) || end(next) - end(worst);
    return difference < 0 ? next : worst;
  }, undefined);
}

/** A finding with its place for sorting: how far up the path the certificate is that it is about. */
interface PlacedFinding {
  readonly finding: Finding;
  readonly height: number;
}

const anywhere = (finding: Finding): PlacedFinding => ({ finding, height: -1 });

function heightOf(finding: Finding, { path }: RuleContext): number {
  if (finding.certificate === undefined) return -1;
  const onPath = path.findIndex((link) => link.index === finding.certificate);
  return onPath >= 0 ? onPath : path.length + finding.certificate;
}

/** What was found at every address alike is said once, without one; what was not carries its address. */
function mergeAddresses(judged: readonly Judged[]): PlacedFinding[] {
  const places = new Set(judged.flatMap(({ context }) => context.observation.address ?? []));
  const found = new Map<string, { placed: PlacedFinding; addresses: Set<string | undefined> }>();
  for (const { context, findings } of judged) {
    const { address } = context.observation;
    for (const finding of findings) {
      const key = judged.length === 1 ? String(found.size) : JSON.stringify(finding);
      const known = found.get(key);
      if (known) known.addresses.add(address);
      else found.set(key, { placed: { finding, height: heightOf(finding, context) }, addresses: new Set([address]) });
    }
  }
  return [...found.values()].flatMap(({ placed, addresses }) => {
    if ([...places].every((place) => addresses.has(place))) return [placed];
    return [...addresses].map((address) => ({ ...placed, finding: withAddress(placed.finding, address) }));
  });
}

function withAddress(finding: Finding, address: string | undefined): Finding {
  return address === undefined ? finding : { ...finding, address };
}

/** Worst first, then from the leaf up; what is equal keeps the rules' order. */
function sortFindings(placed: readonly PlacedFinding[]): Finding[] {
  const rank = ({ finding }: PlacedFinding): number => statusRank(severityStatus(finding.severity));
  return [...placed].sort((a, b) => rank(a) - rank(b) || a.height - b.height).map(({ finding }) => finding);
}
