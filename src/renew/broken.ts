/**
 * Entries of `certificates:` that cannot be read, among the results of those that can: each is reported where it stands.
 */
import type { BrokenCertificate } from '../config/config.ts';
import type { RenewalResult } from '../model/renewal.ts';

/** @param results in the config's order, without the broken ones. */
export function withBroken(results: readonly RenewalResult[], broken: readonly BrokenCertificate[]): RenewalResult[] {
  const all = [...results];
  for (const each of [...broken].sort((a, b) => a.place - b.place)) all.splice(each.place, 0, resultOf(each));
  return all;
}

function resultOf({ name, errors }: BrokenCertificate): RenewalResult {
  const detail = errors.map(({ origin, message }) => `${origin}: ${message}`).join('; ');
  const problem = { reason: 'bad-config', detail, advice: 'fix-config' } as const;
  return { name, warnings: [], kind: 'failed', step: 'plan', problem };
}
