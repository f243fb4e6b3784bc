/**
 * Signatures on a broken hash, of anything below the anchor. What an anchor or a root says of itself is never relied on.
 */
import type { Finding } from '../../model/finding.ts';
import { isSelfIssued } from '../../x509/self-issued.ts';
import type { Rule } from './rule.ts';

const BROKEN: ReadonlySet<string> = new Set(['md2', 'md4', 'md5', 'sha1']);

export const weakSignature: Rule = ({ path, leaf, anchors }) =>
  path.flatMap(({ certificate, index }): Finding[] => {
    const { hash, name } = certificate.signatureAlgorithm;
    if (hash === undefined || !BROKEN.has(hash)) return [];
    if (anchors?.isAnchor(certificate) || (index !== leaf?.index && isSelfIssued(certificate))) return [];
    return [{ code: 'weak-signature', severity: 'warning', certificate: index, data: { algorithm: name } }];
  });
