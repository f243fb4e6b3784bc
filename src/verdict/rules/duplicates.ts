/**
 * The same certificate sent twice: harmless, and bytes on every handshake.
 */
import type { Finding } from '../../model/finding.ts';
import { isContainer, NONE, type Rule } from './rule.ts';

export const duplicates: Rule = (context) => {
  // Each entry of a key store has its own chain, and chains share their CAs.
  if (isContainer(context)) return NONE;
  const { chain, certificates } = context;
  const first = new Map(certificates.map((placed) => [placed.certificate.sha256, placed.index]));
  return chain.flatMap((element, index): Finding[] => {
    if (element.kind !== 'certificate') return [];
    const of = first.get(element.certificate.sha256);
    if (of === undefined || of === index) return [];
    return [{ code: 'chain-duplicate', severity: 'info', certificate: index, data: { of } }];
  });
};
