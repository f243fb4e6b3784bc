/**
 * A server's certificate without subject alternative names: no current client accepts it for any name.
 */
import { isForServers } from '../context.ts';
import { NONE, type Rule } from './rule.ts';

export const noSan: Rule = ({ leaf }) => {
  if (!leaf || !isForServers(leaf.certificate)) return NONE;
  if (leaf.certificate.subjectAltName?.length) return NONE;
  return [{ code: 'no-san', severity: 'warning', certificate: leaf.index, data: {} }];
};
