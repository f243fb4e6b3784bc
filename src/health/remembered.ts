/**
 * What is remembered of a target from one run to the next, made from a verdict and written as one line.
 */
import { createHash } from 'node:crypto';
import type { Certificate } from '../model/certificate.ts';
import type { Status } from '../model/finding.ts';
import type { Observation } from '../model/observation.ts';
import type { Target } from '../model/target.ts';
import type { CertificateRole, Verdict } from '../model/verdict.ts';
import { endpointIdentity } from '../targets/identity.ts';
import { formatGeneralName, formatName } from '../x509/name.ts';

export interface Leaf {
  /** Lower-case hex. */
  readonly sha256: string;
  /** RFC 4514. Untrusted text, cut. */
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
  /** `dns:example.org`, …: untrusted text; not all where there are very many. */
  readonly names: readonly string[];
}

export interface Remembered {
  /** Of the target's identity: 32 hex digits. */
  readonly key: string;
  /** When it was last looked at, milliseconds since the epoch. */
  readonly at: number;
  readonly status: Status;
  /** The last one that was seen, in this run or an earlier one. */
  readonly leaf?: Leaf;
}

/** A target with more names than this is watched by these. */
const MOST_NAMES = 100;
const LONGEST_NAME = 256;
const LONGEST_NAMES = 8 * 1024;
const LONGEST_ISSUER = 512;

/** No line is longer: each character takes at most 6 in JSON. */
export const LONGEST_LINE = 6 * (LONGEST_NAMES + LONGEST_NAME + LONGEST_ISSUER) + 4 * MOST_NAMES + 256;

/**
 * Thresholds and labels may change without the target being another one.
 * @param occurrence 1, or more where the run has several targets that look at the same thing by the same name.
 */
export function keyOf(target: Target, occurrence: number): string {
  const text = `${endpointIdentity(target)}\0\0${target.named ? target.name : ''}\0\0${occurrence}`;
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** @returns undefined where the run ended before the target's turn came: that says nothing about it. */
export function remember(verdict: Verdict, key: string, at: number): Remembered | undefined {
  const { observations, roles, status } = verdict;
  if (observations.every((seen) => seen.kind === 'failed' && seen.phase === 'queue')) return undefined;
  const leaves = observations.flatMap((seen, i) => leafOf(seen, roles?.[i]) ?? []);
  // Of several addresses, the one that ends first; the same one each time, whatever order the addresses come in.
  leaves.sort((a, b) => a.notAfter - b.notAfter || (a.sha256 < b.sha256 ? -1 : 1));
  const leaf = leaves[0];
  return { key, at, status, ...(leaf ? { leaf: describeLeaf(leaf) } : {}) };
}

function leafOf(seen: Observation, roles: readonly CertificateRole[] | undefined): Certificate | undefined {
  const element = seen.chain?.[Math.max(0, roles?.indexOf('leaf') ?? 0)];
  return element?.kind === 'certificate' ? element.certificate : undefined;
}

function describeLeaf({ sha256, issuer, notAfter, subjectAltName = [] }: Certificate): Leaf {
  return { sha256, issuer: cut(formatName(issuer), LONGEST_ISSUER), notAfter, names: namesOf(subjectAltName) };
}

function namesOf(sans: NonNullable<Certificate['subjectAltName']>): string[] {
  const names: string[] = [];
  let length = 0;
  for (const san of sans) {
    if (names.length === MOST_NAMES || length > LONGEST_NAMES) break;
    const name = cut(formatGeneralName(san), LONGEST_NAME);
    length += name.length;
    names.push(name);
  }
  return names;
}

const cut = (text: string, longest: number): string => text.slice(0, longest);

export function formatLine({ key, at, status, leaf }: Remembered): string {
  const seen = leaf ? [leaf.sha256, leaf.issuer, leaf.notAfter, leaf.names] : [];
  return `${JSON.stringify([key, at, status, ...seen])}\n`;
}

/** @returns undefined where it is no such line: nothing in a file is believed. */
export function parseLine(line: string): Remembered | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields)) return undefined;
  const [key, at, status, sha256, issuer, notAfter, names] = fields as unknown[];
  if (!isHex(key, 32) || !isTime(at) || !isStatus(status)) return undefined;
  if (fields.length === 3) return { key, at, status };
  if (!isHex(sha256, 64) || !isText(issuer, LONGEST_ISSUER) || !isTime(notAfter) || !isNames(names)) return undefined;
  return { key, at, status, leaf: { sha256, issuer, notAfter, names } };
}

const isHex = (value: unknown, digits: number): value is string =>
  typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value);
const isTime = (value: unknown): value is number => Number.isSafeInteger(value);
const isStatus = (value: unknown): value is Status =>
  value === 'ok' || value === 'warning' || value === 'critical' || value === 'unknown';
const isText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' && value.length <= longest;
const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= MOST_NAMES && value.every((name) => isText(name, LONGEST_NAME));
