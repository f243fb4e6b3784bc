/**
 * What is to be done about one certificate: renew it, have it reloaded, wait, or nothing. Pure: everything that was read
 * and seen comes in.
 */
import type { Certificate } from '../../model/certificate.ts';
import type { DueReason, ServedAt } from '../../model/renewal.ts';
import type { Threshold } from '../../model/target.ts';
import { AUTO, computeWindow, expiresAt, lifetimeSeconds } from '../../verdict/window.ts';
import { formatGeneralName } from '../../x509/name.ts';
import { missingNames } from '../install/certificate-set.ts';
import { type History, SUCCESS } from '../journal/history.ts';
import type { Authority, Renewal } from '../renewal.ts';
import { type Backoff, backoffAfter, chooseAuthority, circumstancesOf, type Life } from './backoff.ts';

/** What lies in the live folder. */
export type OnDisk =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly detail: string }
  /** What lies there is not for this user to see: that makes it neither good nor due. */
  | { readonly kind: 'denied'; readonly detail: string }
  | { readonly kind: 'set'; readonly leaf: Certificate; readonly keyFits: boolean };

/** What the CA suggests (RFC 9773): the moment that was drawn from its window. */
export interface Advice {
  readonly renewAt: number;
  readonly explanationURL?: string;
}

export interface PlanInput {
  readonly renewal: Pick<Renewal, 'domains' | 'by' | 'renewAt' | 'live'>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly disk: OnDisk;
  /** Empty where nobody looked. */
  readonly served: readonly ServedAt[];
  /** The leaf that is served, where no live folder is known: the one that ends first. */
  readonly servedLeaf?: Certificate;
  readonly advice?: Advice;
  /** There is a set that was issued to an earlier run, and is still to be installed. */
  readonly issued?: { readonly authority?: Authority };
  readonly history: History;
  readonly force?: boolean;
}

export type Plan =
  /** Nobody knows whether it is due, and nothing is ordered for want of a right: what lies there may be as good as new. */
  | { readonly action: 'denied'; readonly detail: string }
  | { readonly action: 'none'; readonly renewAt: number; readonly leaf: Certificate }
  | { readonly action: 'wait'; readonly reasons: readonly DueReason[]; readonly backoff: Backoff }
  | {
      readonly action: 'renew';
      readonly reasons: readonly DueReason[];
      /** Absent where a command renews. */
      readonly authority?: Authority;
      /** It was issued to an earlier run: nothing is ordered. */
      readonly issued?: true;
    }
  /** What is on disk is good: it has to be taken up by the server, and seen to be served. */
  | { readonly action: 'reload'; readonly reasons: readonly DueReason[]; readonly leaf: Certificate }
  /** It is served wherever anything answered, and is only to be looked at again. */
  | { readonly action: 'verify'; readonly reasons: readonly DueReason[]; readonly leaf: Certificate };

export function plan(input: PlanInput): Plan {
  const { disk, now, force, history, issued } = input;
  if (disk.kind === 'denied') return { action: 'denied', detail: disk.detail };
  const leaf = leafOf(input);
  const due = dueReasons(input, leaf);
  const placed = leaf && due.length === 0 ? whatIsPlaced(input, leaf) : undefined;
  if (placed) return placed;
  const unfinished = leaf && due.length === 0 ? unfinishedReasons(input) : [];
  const reasons = [...(force ? [{ code: 'forced' } as const] : []), ...due, ...unfinished];
  if (leaf && reasons.length === 0) return { action: 'none', renewAt: renewAtOf(input, leaf).renewAt, leaf };
  // Nobody is asked for anything.
  if (issued) return { action: 'renew', reasons, ...issued, issued: true };
  const { by } = input.renewal;
  const life = leaf && lifeOf(leaf, now);
  const authority = by.kind === 'acme' ? chooseAuthority(by, history, life) : undefined;
  const backoff = backoffAfter(history, { ...(leaf && circumstancesOf(leaf)), now, authority: authority?.url });
  if (!force && backoff && now < backoff.notBefore) return { action: 'wait', reasons, backoff };
  return { action: 'renew', reasons, ...(authority ? { authority } : {}) };
}

/**
 * Good on disk, and not known to be served everywhere: that comes first, at every run, and nothing is ordered. Also where a
 * renewal is asked for all the same: what was issued last has to come to be served before another order makes sense.
 */
function whatIsPlaced(input: PlanInput, leaf: Certificate): Plan | undefined {
  const { disk, served, force, history } = input;
  if (disk.kind !== 'set') return undefined;
  const asked = force ? [{ code: 'forced' } as const] : [];
  const { unproven, partly } = history;
  if (unproven?.sha256 === leaf.sha256) {
    return { action: 'reload', reasons: [...asked, { code: 'not-proven', since: unproven.since }], leaf };
  }
  if (force) return undefined;
  const other = served.filter(({ serves }) => serves === 'other' || serves === 'old').map(({ target }) => target);
  if (other.length > 0) {
    return { action: 'reload', reasons: [{ code: 'served-differs', targets: [...new Set(other)] }], leaf };
  }
  if (partly?.sha256 !== leaf.sha256) return undefined;
  return { action: 'verify', reasons: [{ code: 'partly-served', since: partly.since }], leaf };
}

/**
 * Not due by itself, but somebody has asked for it: a run that was killed on the way is gone on with, and so is one that had
 * its certificate and could not bring it to be served. (Of an existing client nobody knows how far it came.)
 */
function unfinishedReasons({ history: { last }, issued, renewal: { by } }: PlanInput): DueReason[] {
  if (!last) return [];
  const { outcome, startedAt: since, reasons } = last;
  const asked = by.kind === 'acme' && reasons.some((code) => code === 'forced' || code === 'unfinished');
  const killed = asked && outcome === undefined;
  const toInstall = issued && (outcome === undefined || !SUCCESS.has(outcome));
  return killed || toInstall ? [{ code: 'unfinished', since }] : [];
}

/** The certificate that is in use, as far as is known. */
function leafOf({ disk, servedLeaf, renewal }: PlanInput): Certificate | undefined {
  if (disk.kind === 'set') return disk.leaf;
  return renewal.live === undefined ? servedLeaf : undefined;
}

function lifeOf(leaf: Certificate, now: number): Life {
  return { remainingMs: expiresAt(leaf) - now, lifetimeMs: lifetimeSeconds(leaf) * 1_000 };
}

function dueReasons(input: PlanInput, leaf: Certificate | undefined): DueReason[] {
  const { disk, renewal, history, now } = input;
  if (disk.kind === 'unreadable') return [{ code: 'unreadable', detail: disk.detail }];
  if (!leaf) return [{ code: 'no-certificate' }];
  const reasons: DueReason[] = [];
  if (disk.kind === 'set' && !disk.keyFits) reasons.push({ code: 'key-mismatch' });
  const missing = missingNames(leaf, renewal.domains);
  if (missing.length > 0) reasons.push({ code: 'names-missing', names: missing });
  const extra = extraNames(leaf, renewal, history);
  if (extra.length > 0) reasons.push({ code: 'names-extra', names: extra });
  if (renewal.by.kind === 'acme' && renewal.by.keyTypeGiven) {
    const found = keyTypeOf(leaf);
    if (found !== renewal.by.keyType) reasons.push({ code: 'key-type', wanted: renewal.by.keyType, found });
  }
  const moment = renewAtOf(input, leaf);
  if (now >= moment.renewAt) reasons.push(moment.reason);
  return reasons;
}

/**
 * Renewal opens by the config's own threshold or by the certificate's lifetime; the CA's advice may bring it forward, or
 * move it back as far as the moment when a renewal is overdue: that is the floor (`computeWindow`).
 */
function renewAtOf(
  { renewal, advice, now }: PlanInput,
  leaf: Certificate,
): { readonly renewAt: number; readonly reason: DueReason } {
  const custom = thresholdMoment(renewal.renewAt, leaf);
  if (custom !== undefined && (advice === undefined || custom <= advice.renewAt)) {
    return { renewAt: custom, reason: { code: 'window', renewAt: custom, source: 'custom' } };
  }
  const suggested = advice ? { suggestedRenewalAt: advice.renewAt } : {};
  const { renewAt } = computeWindow(leaf, now, { ...AUTO, ...suggested });
  if (advice && renewAt === advice.renewAt) return { renewAt, reason: { code: 'ari', ...advice } };
  return { renewAt, reason: { code: 'window', renewAt, source: 'auto' } };
}

function thresholdMoment(threshold: Threshold, leaf: Certificate): number | undefined {
  switch (threshold.kind) {
    case 'auto':
      return undefined;
    case 'duration':
      return expiresAt(leaf) - threshold.ms;
    case 'share':
      return expiresAt(leaf) - Math.floor(lifetimeSeconds(leaf) * threshold.fraction) * 1_000;
  }
}

/** Names that are not wanted any more. Where just these names were asked for, the CA has added them: no reason to ask again. */
function extraNames(leaf: Certificate, { domains, by }: PlanInput['renewal'], { renewedFor }: History): string[] {
  if (by.kind !== 'acme') return [];
  const asked = new Set(domains.map((name) => name.toLowerCase()));
  if (renewedFor && asked.size === renewedFor.length && renewedFor.every((name) => asked.has(name))) return [];
  return (leaf.subjectAltName ?? []).flatMap((san) => {
    if (san.kind !== 'dns' && san.kind !== 'ip') return [];
    const text = formatGeneralName(san).replace(/^(dns|ip):/, '');
    return asked.has(text.toLowerCase()) ? [] : [text];
  });
}

/** As the config calls it, where it can. */
export function keyTypeOf({ publicKey: { type, bits, curve } }: Certificate): string {
  if (type === 'rsa') return `rsa${bits}`;
  if (type === 'ec') return curve === 'P-256' ? 'ec256' : curve === 'P-384' ? 'ec384' : (curve ?? 'ec');
  return type;
}
