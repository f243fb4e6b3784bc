/**
 * The same certificate sent twice: harmless, and bytes on every handshake.
 */
import type { Finding } from '../../model/finding.ts';
import type { Rule } from './rule.ts';

export const duplicates: Rule = ({ chain, certificates }) => {
  const first = new Map(certificates.map((placed) => [placed.certificate.sha256, placed.index]));
  return chain.flatMap((element, index): Finding[] => {
    if (element.kind !== 'certificate') return [];
    const of = first.get(element.certificate.sha256);
    if (of === undefined || of === index) return [];
    return [{ code: 'chain-duplicate', severity: 'info', certificate: index, data: { of } }];
  });
};
