/**
 * Bytes in the chain that are no certificate: strict clients refuse the whole chain, wherever they stand.
 */
import type { Finding } from '../../model/finding.ts';
import type { Rule } from './rule.ts';

export const malformed: Rule = ({ chain }) =>
  chain.flatMap((element, index): Finding[] => {
    if (element.kind !== 'malformed') return [];
    const data = { reason: 'malformed', detail: element.reason };
    return [{ code: 'chain-invalid', severity: 'critical', certificate: index, data }];
  });
