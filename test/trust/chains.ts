/**
 * What the tests of this room share: minted certificates as the validator takes them, and the words for what it said.
 */
import type { Certificate } from '../../src/model/certificate.ts';
import { anchorsOf } from '../../src/trust/anchors.ts';
import { type PathJudgement, type ValidatePathOptions, validatePath } from '../../src/trust/validate-path.ts';
import { parseCertificate } from '../../src/x509/parse-certificate.ts';

/** "Now" of every certificate that is minted here. */
export const NOW = Date.UTC(2026, 0, 1);
export const DAY = 86_400_000;

const parsed = new WeakMap<{ readonly der: Uint8Array }, Certificate>();

/** One object for one minted certificate, so that results can be compared by identity. */
export function certificateOf(minted: { readonly der: Uint8Array }): Certificate {
  let certificate = parsed.get(minted);
  if (!certificate) {
    const result = parseCertificate(minted.der);
    if (!result.ok) throw new Error(result.error);
    certificate = result.value;
    parsed.set(minted, certificate);
  }
  return certificate;
}

export type Minted = { readonly der: Uint8Array };

export type JudgeOptions = Partial<Omit<ValidatePathOptions, 'chain' | 'anchors'>>;

/** @param chain as presented, leaf first. */
export function judge(chain: readonly Minted[], anchors: readonly Minted[], options: JudgeOptions = {}): PathJudgement {
  return validatePath({
    chain: chain.map(certificateOf),
    anchors: anchorsOf(anchors.map(certificateOf)),
    at: NOW,
    purpose: 'serverAuth',
    ...options,
  });
}

/** `trusted`, or each problem as `kind/reason`. */
export const verdictOf = (judgement: PathJudgement): string[] =>
  judgement.trusted ? ['trusted'] : judgement.problems.map(({ kind, reason }) => `${kind}/${reason}`);

export const verdict = (chain: readonly Minted[], anchors: readonly Minted[], options: JudgeOptions = {}): string[] =>
  verdictOf(judge(chain, anchors, options));
