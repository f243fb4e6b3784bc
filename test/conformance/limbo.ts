/**
 * x509-limbo's format (https://x509-limbo.com), and how one of its cases is put to certwatch: path validation first, then
 * the name that was asked for.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Certificate, KeyUsage } from '../../src/model/certificate.ts';
import { anchorsOf } from '../../src/trust/anchors.ts';
import { type PathJudgement, type Purpose, validatePath } from '../../src/trust/validate-path.ts';
import { matchesHostname } from '../../src/x509/hostname.ts';
import { parseCertificate } from '../../src/x509/parse-certificate.ts';
import { decodePem } from '../../src/x509/pem.ts';

export interface PeerName {
  readonly kind: 'DNS' | 'IP' | 'RFC822';
  readonly value: string;
}

/** The fields that are used. */
export interface LimboCase {
  readonly id: string;
  readonly description?: string;
  readonly validation_kind: 'SERVER' | 'CLIENT';
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly validation_time: string | null;
  readonly key_usage?: readonly string[];
  readonly extended_key_usage?: readonly string[];
  readonly expected_result: 'SUCCESS' | 'FAILURE';
  readonly expected_peer_name: PeerName | null;
  readonly expected_peer_names?: readonly PeerName[];
  readonly max_chain_depth: number | null;
}

/** @param path a limbo file, gzipped or not. */
export function readLimbo(path: string): LimboCase[] {
  const bytes = readFileSync(path);
  const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('utf8');
  return (JSON.parse(text) as { testcases: LimboCase[] }).testcases;
}

export interface Answer {
  readonly accepted: boolean;
  /** Why not, for a person. */
  readonly why: string;
}

const refused = (why: string): Answer => ({ accepted: false, why });

/** What cannot be read is left out, as a chain's malformed elements are. */
function read(pems: readonly string[]): Certificate[] {
  return pems.flatMap((pem) => {
    const ders = decodePem(pem);
    return (ders.ok ? ders.value : []).flatMap((der) => {
      const parsed = parseCertificate(der);
      return parsed.ok ? [parsed.value] : [];
    });
  });
}

function purposeOf({ validation_kind, extended_key_usage = [] }: LimboCase): Purpose {
  const [usage] = extended_key_usage;
  if (usage === 'serverAuth' || usage === 'clientAuth') return usage;
  if (usage !== undefined) return 'any';
  return validation_kind === 'CLIENT' ? 'clientAuth' : 'serverAuth';
}

/** Limbo's names for usages that are not ours; the others are the same. */
const USAGES: Readonly<Record<string, KeyUsage>> = {
  contentCommitment: 'nonRepudiation',
  encipher_only: 'encipherOnly',
  decipher_only: 'decipherOnly',
};

/** An absent extension allows every usage (RFC 5280 4.2.1.3). */
const allowsUsages = ({ keyUsage }: Certificate, usages: readonly string[] = []): boolean =>
  !keyUsage || usages.every((usage) => keyUsage.has(USAGES[usage] ?? (usage as KeyUsage)));

/** Cases without a time are meant for the time that they are run at. */
function timeOf({ validation_time }: LimboCase, now: number): number {
  return validation_time === null ? now : Date.parse(validation_time);
}

function namesPeer(leaf: Certificate, name: PeerName): boolean {
  if (name.kind !== 'RFC822') return matchesHostname(leaf, name.value);
  return leaf.subjectAltName?.some((one) => one.kind === 'email' && one.value === name.value) ?? false;
}

const describe = ({ problems }: PathJudgement): string =>
  problems.map(({ kind, reason, detail = '' }) => `${kind}/${reason} ${detail}`.trim()).join(', ');

/** @param now milliseconds since the epoch, for cases without a time of their own. */
export function judgeCase(test: LimboCase, now: number): Answer {
  const [leaf] = read([test.peer_certificate]);
  if (!leaf) return refused('the leaf cannot be read');
  const judgement = validatePath({
    chain: [leaf, ...read(test.untrusted_intermediates)],
    anchors: anchorsOf(read(test.trusted_certs)),
    at: timeOf(test, now),
    purpose: purposeOf(test),
    strength: 'reject',
    ...(test.max_chain_depth !== null && { maxDepth: test.max_chain_depth }),
  });
  if (!judgement.trusted) return refused(describe(judgement));
  if (!allowsUsages(leaf, test.key_usage)) return refused('key usage');
  const names = [...(test.expected_peer_name ? [test.expected_peer_name] : []), ...(test.expected_peer_names ?? [])];
  if (names.some((name) => !namesPeer(leaf, name))) return refused('name');
  return { accepted: true, why: '' };
}
