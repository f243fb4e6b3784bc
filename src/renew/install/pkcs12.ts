/**
 * A set as one PKCS#12 file (RFC 7292), for servers that want that.
 */
import type { Secret } from '../../config/secret.ts';
import type { RenewalProblem } from '../../model/renewal.ts';
import { err, type Result } from '../../model/result.ts';
import type { CertificateSet } from './certificate-set.ts';

export async function writePkcs12(
  _to: { readonly file: string; readonly password: Secret },
  _set: CertificateSet,
): Promise<Result<void, RenewalProblem>> {
  return err({ reason: 'pkcs12', detail: 'not yet' });
}
