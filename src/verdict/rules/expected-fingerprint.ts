/**
 * The leaf should be one of certain certificates (SHA-256 of its DER).
 */
import { NONE, type Rule } from './rule.ts';

export const expectedFingerprint: Rule = ({ leaf, target }) => {
  const expected = target.settings.expect.fingerprints;
  if (!leaf || !expected?.length || expected.includes(leaf.certificate.sha256)) return NONE;
  const data = { expected: [...expected], found: leaf.certificate.sha256 };
  return [{ code: 'fingerprint-unexpected', severity: 'critical', certificate: leaf.index, data }];
};
