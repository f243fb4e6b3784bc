/**
 * Self-issued (RFC 5280 3.2): a certificate whose issuer and subject are the same name. It says nothing about who signed it.
 */
import type { Certificate } from '../model/certificate.ts';
import { namesMatch } from './name.ts';

export const isSelfIssued = (certificate: Certificate): boolean => namesMatch(certificate.issuer, certificate.subject);
