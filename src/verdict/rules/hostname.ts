/**
 * The name that was asked for must be one of the leaf's subject alternative names. A common name never counts (RFC 9525
 * 2), so a leaf without alternative names matches no name at all.
 */
import { matchesHostname } from '../../x509/hostname.ts';
import { formatGeneralName } from '../../x509/name.ts';
import { isAuthority } from '../authority.ts';
import { NONE, type Rule } from './rule.ts';

/** A certificate can carry thousands; a person needs a few, and the chain itself tells the rest. */
const MOST_NAMES = 100;

/** Where a file has several leaves, one of them has to be for the name. */
export const hostname: Rule = ({ leaf, shape, certificates, target }) => {
  const servername = target.servername;
  if (servername === undefined) return NONE;
  const several = shape === 'bundle' ? certificates.filter((placed) => !isAuthority(placed.certificate)) : [];
  const leaves = leaf ? [leaf] : several;
  if (leaves.length === 0 || leaves.some((each) => matchesHostname(each.certificate, servername))) return NONE;
  const names = leaves
    .flatMap((each) => each.certificate.subjectAltName ?? [])
    .filter((name) => name.kind === 'dns' || name.kind === 'ip')
    .slice(0, MOST_NAMES)
    .map(formatGeneralName);
  const about = leaf ? { certificate: leaf.index } : {};
  return [{ code: 'hostname-mismatch', severity: 'critical', ...about, data: { servername, names } }];
};
