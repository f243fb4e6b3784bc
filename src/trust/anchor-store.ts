/**
 * AnchorStore: the certificates that trust begins with, as path validation sees them.
 */
import type { Certificate, DistinguishedName } from '../model/certificate.ts';

export interface AnchorStore {
  /** Where they come from, for messages: `Mozilla's roots`, a file, … */
  readonly source: string;
  /** Anchors of that subject (RFC 5280 7.1); mostly none or one. */
  findBySubject(name: DistinguishedName): readonly Certificate[];
  /** Is this very certificate an anchor? */
  isAnchor(certificate: Certificate): boolean;
  /** Is it one of Mozilla's roots, and so bound to the CA/B Forum's rules? */
  isPublic(anchor: Certificate): boolean;
}
