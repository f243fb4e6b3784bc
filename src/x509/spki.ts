/**
 * What identifies a key: the hash that pins and certificate search engines use.
 */
import { hash } from 'node:crypto';
import type { Certificate } from '../model/certificate.ts';

const hashes = new WeakMap<Certificate, string>();

/** SHA-256 of the SubjectPublicKeyInfo's DER (RFC 7469 2.4), lower-case hex. */
export function spkiSha256(certificate: Certificate): string {
  let digest = hashes.get(certificate);
  if (digest === undefined) {
    digest = hash('sha256', certificate.publicKey.spki, 'hex');
    hashes.set(certificate, digest);
  }
  return digest;
}
