/**
 * Certificates that no client needs: roots (a client has its own or trusts none), and what the best path does not use.
 */
import type { Certificate } from '../../model/certificate.ts';
import type { Finding } from '../../model/finding.ts';
import { formatName, namesMatch } from '../../x509/name.ts';
import { isSelfIssued } from '../../x509/self-issued.ts';
import { isContainer, NONE, type Rule } from './rule.ts';

export const surplus: Rule = (context) => {
  const { certificates, leaf, path, judgement } = context;
  const isAnchor = (certificate: Certificate): boolean => judgement?.anchor?.sha256 === certificate.sha256;
  // A bundle has no leaf, and each of its certificates is there for its own sake; so it is in a container.
  if (!leaf || isContainer(context)) return NONE;
  const needed = new Set(path.map((placed) => placed.index));
  return certificates.flatMap(({ certificate, index }): Finding[] => {
    if (index === leaf.index) return [];
    const data = { subject: formatName(certificate.subject) };
    // A stranger's root has issued nothing here, and is no root of this chain.
    const issued = certificates.some(
      (other) => other.index !== index && namesMatch(other.certificate.issuer, certificate.subject),
    );
    const stranger = !issued && !isAnchor(certificate);
    if (isSelfIssued(certificate) && !stranger) {
      return [{ code: 'root-sent', severity: 'info', certificate: index, data }];
    }
    if (needed.has(index)) return [];
    return [{ code: 'chain-extra', severity: 'info', certificate: index, data }];
  });
};
