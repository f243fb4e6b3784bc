/**
 * The name that was asked for must be one of the leaf's subject alternative names. A common name never counts (RFC 9525
 * 2), so a leaf without alternative names matches no name at all.
 */
import { matchesHostname } from '../../x509/hostname.ts';
import { formatGeneralName } from '../../x509/name.ts';
import { NONE, type Rule } from './rule.ts';

/** A certificate can carry thousands; a person needs a few, and the chain itself tells the rest. */
const MOST_NAMES = 100;

export const hostname: Rule = ({ leaf, target }) => {
  const servername = target.servername;
  if (!leaf || servername === undefined || matchesHostname(leaf.certificate, servername)) return NONE;
  const names = (leaf.certificate.subjectAltName ?? [])
    .filter((name) => name.kind === 'dns' || name.kind === 'ip')
    .slice(0, MOST_NAMES)
    .map(formatGeneralName);
  return [{ code: 'hostname-mismatch', severity: 'critical', certificate: leaf.index, data: { servername, names } }];
};
