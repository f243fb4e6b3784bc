/**
 * Certificates that no client needs: roots (a client has its own or trusts none), and what the best path does not use.
 */
import type { Finding } from '../../model/finding.ts';
import { formatName } from '../../x509/name.ts';
import { isSelfIssued } from '../../x509/self-issued.ts';
import { isContainer, NONE, type Rule } from './rule.ts';

export const surplus: Rule = (context) => {
  const { certificates, leaf, path } = context;
  // A bundle has no leaf, and each of its certificates is there for its own sake; so it is in a container.
  if (!leaf || isContainer(context)) return NONE;
  const needed = new Set(path.map((placed) => placed.index));
  return certificates.flatMap(({ certificate, index }): Finding[] => {
    if (index === leaf.index) return [];
    const data = { subject: formatName(certificate.subject) };
    if (isSelfIssued(certificate)) return [{ code: 'root-sent', severity: 'info', certificate: index, data }];
    if (needed.has(index)) return [];
    return [{ code: 'chain-extra', severity: 'info', certificate: index, data }];
  });
};
