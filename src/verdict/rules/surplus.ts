/**
 * Certificates that no client needs: roots (a client has its own or trusts none), and what the best path does not use.
 */
import type { Certificate } from '../../model/certificate.ts';
import type { Finding } from '../../model/finding.ts';
import { formatName, nameKey } from '../../x509/name.ts';
import { isSelfIssued } from '../../x509/self-issued.ts';
import type { RuleContext } from '../context.ts';
import { isContainer, NONE, type Rule } from './rule.ts';

export const surplus: Rule = (context) => {
  const { certificates, leaf, path, judgement } = context;
  const isAnchor = (certificate: Certificate): boolean => judgement?.anchor?.sha256 === certificate.sha256;
  // A bundle has no leaf, and each of its certificates is there for its own sake; so it is in a container.
  if (!leaf || isContainer(context)) return NONE;
  const needed = new Set(path.map((placed) => placed.index));
  const issued = countIssued(certificates);
  return certificates.flatMap(({ certificate, index }): Finding[] => {
    if (index === leaf.index) return [];
    const data = { subject: formatName(certificate.subject) };
    // A stranger's root has issued nothing here but itself, and is no root of this chain.
    const isRootHere = () => isAnchor(certificate) || (issued.get(nameKey(certificate.subject)) ?? 0) > 1;
    if (isSelfIssued(certificate) && isRootHere()) {
      return [{ code: 'root-sent', severity: 'info', certificate: index, data }];
    }
    if (needed.has(index)) return [];
    return [{ code: 'chain-extra', severity: 'info', certificate: index, data }];
  });
};

/** By the issuer's name, how many certificates it has issued: once for all, since a chain may have a thousand. */
function countIssued(certificates: RuleContext['certificates']): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { certificate } of certificates) {
    const key = nameKey(certificate.issuer);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
