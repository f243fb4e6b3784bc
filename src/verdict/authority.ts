/**
 * What sets a CA's certificate apart from that of a server or a client.
 */
import type { Certificate } from '../model/certificate.ts';
import { isSelfIssued } from '../x509/self-issued.ts';

/** May this certificate sign others? Version 1 roots could not say so. */
export function isAuthority(certificate: Certificate): boolean {
  return certificate.basicConstraints?.ca ?? (certificate.version !== 3 && isSelfIssued(certificate));
}
