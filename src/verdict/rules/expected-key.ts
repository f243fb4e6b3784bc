/**
 * The leaf should be for one of certain keys (SHA-256 of its SubjectPublicKeyInfo).
 */
import { spkiSha256 } from '../../x509/spki.ts';
import { NONE, type Rule } from './rule.ts';

export const expectedKey: Rule = ({ leaf, target }) => {
  const expected = target.settings.expect.spkiFingerprints;
  if (!leaf || !expected?.length) return NONE;
  const found = spkiSha256(leaf.certificate);
  if (expected.includes(found)) return NONE;
  const data = { expected: [...expected], found };
  return [{ code: 'key-unexpected', severity: 'critical', certificate: leaf.index, data }];
};
