/**
 * Several addresses of one name that serve different certificates: mostly one of them was not reloaded. Looks at all
 * observations of a target at once.
 */
import { createHash } from 'node:crypto';
import type { ChainElement } from '../../model/certificate.ts';
import type { Finding } from '../../model/finding.ts';
import type { Observation } from '../../model/observation.ts';
import { formatInstant } from '../instant.ts';
import { NONE } from './rule.ts';

export function addressesDisagree(observations: readonly Observation[]): readonly Finding[] {
  const groups = new Map<string, { sha256: string; notAfter: string; addresses: string[] }>();
  for (const { chain, address } of observations) {
    const leaf = chain?.[0];
    if (!leaf || address === undefined) continue;
    const { sha256, notAfter } = identify(leaf);
    const group = groups.get(sha256);
    if (group) group.addresses.push(address);
    else groups.set(sha256, { sha256, notAfter, addresses: [address] });
  }
  if (groups.size < 2) return NONE;
  return [{ code: 'addresses-disagree', severity: 'warning', data: { groups: [...groups.values()] } }];
}

/** Bytes that are no certificate have no notAfter: ''. */
function identify(leaf: ChainElement): { sha256: string; notAfter: string } {
  if (leaf.kind === 'malformed') return { sha256: createHash('sha256').update(leaf.der).digest('hex'), notAfter: '' };
  return { sha256: leaf.certificate.sha256, notAfter: formatInstant(leaf.certificate.notAfter) };
}
