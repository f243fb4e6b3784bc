/**
 * The leaf should come from a certain issuer.
 */
import { formatName } from '../../x509/name.ts';
import { NONE, type Rule } from './rule.ts';

export const expectedIssuer: Rule = ({ leaf, target }) => {
  const expected = target.settings.expect.issuer;
  if (!leaf || expected === undefined) return NONE;
  const found = formatName(leaf.certificate.issuer);
  if (found.toLowerCase().includes(expected.toLowerCase())) return NONE;
  return [{ code: 'issuer-unexpected', severity: 'critical', certificate: leaf.index, data: { expected, found } }];
};
