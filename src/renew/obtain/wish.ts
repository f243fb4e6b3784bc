/**
 * What is to be obtained for a certificate, and what came of it: the one interface of both kinds of renewer.
 */
import type { Certificate } from '../../model/certificate.ts';
import type { Deadline } from '../../time/deadline.ts';
import type { CertificateSet } from '../install/certificate-set.ts';
import type { SavedSet } from '../install/saved-set.ts';
import type { OnDisk } from '../plan/plan.ts';
import type { Authority } from '../renewal.ts';

export type Obtained =
  | { readonly kind: 'issued'; readonly set: CertificateSet }
  /** In the live folder already; without one, only the servers can tell. */
  | { readonly kind: 'in-place'; readonly leaf?: Certificate; readonly back?: SavedSet };

export interface Wish {
  readonly disk: OnDisk;
  /** Where the built-in client renews. */
  readonly authority?: Authority | undefined;
  readonly deadline: Deadline;
}
