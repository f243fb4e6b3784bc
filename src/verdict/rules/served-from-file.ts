/**
 * What is served should be what lies on disk: renewed but not reloaded is the outage that nobody sees coming.
 */
import { formatInstant } from '../instant.ts';
import { NONE, type Rule } from './rule.ts';

export const servedFromFile: Rule = ({ leaf, target, expectedFile }) => {
  if (!leaf || !expectedFile || leaf.certificate.sha256 === expectedFile.sha256) return NONE;
  const data = {
    file: target.settings.expect.file ?? '',
    served: leaf.certificate.sha256,
    onDisk: expectedFile.sha256,
    onDiskNotAfter: formatInstant(expectedFile.notAfter),
  };
  return [{ code: 'served-differs-from-file', severity: 'critical', certificate: leaf.index, data }];
};
