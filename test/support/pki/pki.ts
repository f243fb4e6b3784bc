/**
 * The PKI of a test run in one import: authorities, the certificates that they sign, and the DER to bend them with.
 */
export { type Authority, authorityOf, createCa, selfSigned } from './authority.ts';
export * as der from './der.ts';
export * as ext from './extensions.ts';
export { type KeyKind, type KeyPair, makeKey, privateKeyPem } from './keys.ts';
export { type CertificateOptions, type Issued, type RawFields, toPem } from './mint.ts';
export { type Attribute, type GeneralNameInput, generalName, type NameInput, name } from './names.ts';
export { type OcspOptions, ocspRefusal, ocspResponse } from './ocsp.ts';
export { ecSpki, explicitP256Spki, modulusOfBits, rsaSpki, unknownSpki } from './odd-keys.ts';
export { listPoint, listScope, type RevocationListOptions, revocationList } from './revocation-list.ts';
export type { SignatureHash } from './signing.ts';
