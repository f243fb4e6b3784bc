/**
 * Certificate extensions (RFC 5280 4.2) in DER, each as a whole Extension value; `extension()` makes any other.
 */
import { boolean, context, contextPrimitive, integer, namedBits, octetString, oid, sequence } from './der.ts';
import { type GeneralNameInput, generalNames, subtrees } from './names.ts';

export const EXTENSION_OID = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  tlsFeature: '1.3.6.1.5.5.7.1.24',
} as const;

export const KEY_USAGE_BITS = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
  encipherOnly: 7,
  decipherOnly: 8,
} as const;
export type KeyUsageBit = keyof typeof KEY_USAGE_BITS;

/** The purposes by name; any other is given as a dotted OID. */
export const PURPOSE_OIDS: Readonly<Record<string, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
  any: '2.5.29.37.0',
};

/** @param value the DER inside the OCTET STRING; or anything else, for a malformed one. */
export function extension(id: string, value: Uint8Array, critical = false): Buffer {
  // DER: DEFAULT FALSE is left out.
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** The EXPLICIT [3] around the list, as it stands in a TBSCertificate. */
export const extensions = (list: readonly Uint8Array[]): Buffer => context(3, sequence(...list));

export function basicConstraints(ca: boolean, pathLength?: number, critical = true): Buffer {
  const content = [...(ca ? [boolean(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])];
  return extension(EXTENSION_OID.basicConstraints, sequence(...content), critical);
}

export function keyUsage(bits: readonly KeyUsageBit[], critical = true): Buffer {
  return extension(EXTENSION_OID.keyUsage, namedBits(bits.map((bit) => KEY_USAGE_BITS[bit])), critical);
}

export function extendedKeyUsage(purposes: readonly string[], critical = false): Buffer {
  const ids = purposes.map((purpose) => oid(PURPOSE_OIDS[purpose] ?? purpose));
  return extension(EXTENSION_OID.extendedKeyUsage, sequence(...ids), critical);
}

export const subjectAltName = (names: readonly GeneralNameInput[], critical = false): Buffer =>
  extension(EXTENSION_OID.subjectAltName, generalNames(names), critical);

export const subjectKeyIdentifier = (id: Uint8Array): Buffer =>
  extension(EXTENSION_OID.subjectKeyIdentifier, octetString(id));

export const authorityKeyIdentifier = (id: Uint8Array): Buffer =>
  extension(EXTENSION_OID.authorityKeyIdentifier, sequence(contextPrimitive(0, id)));

export interface NameConstraintsInput {
  /** `dns:example.org`, `ip:10.0.0.0/8`, `email:…`, `uri:…`, `dir:O=Example` */
  readonly permitted?: readonly GeneralNameInput[];
  readonly excluded?: readonly GeneralNameInput[];
}

export function nameConstraints({ permitted, excluded }: NameConstraintsInput, critical = true): Buffer {
  const content = [...(permitted ? [subtrees(0, permitted)] : []), ...(excluded ? [subtrees(1, excluded)] : [])];
  return extension(EXTENSION_OID.nameConstraints, sequence(...content), critical);
}

export interface AuthorityInfoInput {
  readonly ocsp?: readonly string[];
  readonly caIssuers?: readonly string[];
}

export function authorityInfoAccess({ ocsp = [], caIssuers = [] }: AuthorityInfoInput): Buffer {
  const access = (method: string, uri: string) => sequence(oid(method), contextPrimitive(6, Buffer.from(uri)));
  return extension(
    EXTENSION_OID.authorityInfoAccess,
    sequence(
      ...ocsp.map((uri) => access('1.3.6.1.5.5.7.48.1', uri)),
      ...caIssuers.map((uri) => access('1.3.6.1.5.5.7.48.2', uri)),
    ),
  );
}

/** TLS feature status_request (RFC 7633), "must staple". */
export const mustStaple = (): Buffer => extension(EXTENSION_OID.tlsFeature, sequence(integer(5)));
