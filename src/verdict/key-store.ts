/**
 * Key stores (PKCS#12, JKS): certificates that a key is served with stand beside those that are there to be trusted, and
 * beside the chains of other keys.
 */
import type { Certificate } from '../model/certificate.ts';
import type { Container } from '../model/observation.ts';
import { isSelfIssued } from '../x509/self-issued.ts';
import { isAuthority } from './authority.ts';
import type { ChainLink, RuleContext } from './context.ts';

export type KeyStore = Pick<RuleContext, 'chain' | 'certificates'> & { readonly container: Container };

/** Paths that are searched for in one store: none in use has so many keys. All dates are judged in any case. */
export const MOST_PATHS = 64;

/** PKCS#7 is for chains; the rest holds what keys are used with. */
export const isKeyStore = (container: Container | undefined): container is Container =>
  container !== undefined && container.format !== 'pkcs7';

/**
 * The leaves whose path is to be judged: those of a key that has a chain in the store. One that stands alone says nothing
 * about the chain that it will be served with, just as one alone in a PEM file.
 */
export function leavesWithPath(store: KeyStore): ChainLink[] {
  const own = placesOfKeys(store);
  const ofKeys = new Set(own.map(({ certificate }) => certificate.sha256));
  return store.certificates
    .filter(({ certificate }) => ofKeys.has(certificate.sha256) && !isAuthority(certificate))
    .slice(0, MOST_PATHS)
    .filter((leaf) => hasChain(leaf, store, own));
}

/** A CA certificate under the key's own alias; in PKCS#12 those have names of their own, or none. */
function hasChain({ certificate }: ChainLink, { container }: KeyStore, own: readonly Place[]): boolean {
  if (isSelfIssued(certificate)) return false;
  const aliases = own.filter((place) => place.certificate.sha256 === certificate.sha256).map(({ alias }) => alias);
  return own.some(
    (other) => isAuthority(other.certificate) && (container.format === 'pkcs12' || aliases.includes(other.alias)),
  );
}

interface Place {
  readonly certificate: Certificate;
  readonly alias: string | undefined;
}

/** Every place of a certificate that is not there just to be trusted. */
function placesOfKeys({ chain, container }: KeyStore): Place[] {
  return chain.flatMap((element, i) => {
    const { alias, trusted } = container.entries[i] ?? {};
    return element.kind === 'certificate' && !trusted ? [{ certificate: element.certificate, alias }] : [];
  });
}
