/**
 * Certificate: what an X.509 certificate says (RFC 5280), read once from its DER. No judgement lives here.
 */

/** One attribute of a relative distinguished name (RFC 5280 4.1.2.4). */
export interface NameAttribute {
  /** Dotted OID. */
  readonly oid: string;
  /** The decoded text; bytes that are no valid text of their ASN.1 type come as U+FFFD. Untrusted: escape on output. */
  readonly value: string;
}

export interface DistinguishedName {
  /** The Name's DER, tag and length included. */
  readonly der: Uint8Array;
  /** RDNs in encoded order; mostly one attribute each. */
  readonly rdns: readonly (readonly NameAttribute[])[];
}

export type GeneralName =
  | { readonly kind: 'dns'; readonly value: string }
  /** 4 or 16 bytes; in name constraints 8 or 32 (address and mask). Other lengths are kept as they came. */
  | { readonly kind: 'ip'; readonly bytes: Uint8Array }
  | { readonly kind: 'email'; readonly value: string }
  | { readonly kind: 'uri'; readonly value: string }
  | { readonly kind: 'dirName'; readonly name: DistinguishedName }
  /** otherName, x400Address, ediPartyName, registeredID: `tag` is the context tag 0–8. */
  | { readonly kind: 'other'; readonly tag: number; readonly der: Uint8Array };

export type KeyType = 'rsa' | 'ec' | 'ed25519' | 'ed448' | 'dsa' | 'other';

export interface PublicKey {
  readonly type: KeyType;
  /** Modulus or field size in bits; 0 where the type is not known. */
  readonly bits: number;
  /** P-256, P-384, P-521, brainpoolP256r1, …, or the OID; `explicit` for explicit parameters. EC only. */
  readonly curve?: string;
  /** RSA public exponent, where it fits a safe integer. */
  readonly exponent?: number;
  readonly algorithmOid: string;
  /** SubjectPublicKeyInfo DER, tag and length included. */
  readonly spki: Uint8Array;
}

export interface SignatureAlgorithm {
  readonly oid: string;
  /** As OpenSSL names it: `ecdsa-with-SHA256`, `sha256WithRSAEncryption`, `rsassaPss`, `ED25519`, else the OID. */
  readonly name: string;
  /** `sha256`, `sha1`, `md5`, …; undefined where the scheme has its own (EdDSA) or it is not known. */
  readonly hash?: string;
  /** The AlgorithmIdentifier's DER: the one inside the TBS must equal the one outside (RFC 5280 4.1.1.2). */
  readonly der: Uint8Array;
}

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export interface AuthorityKeyIdentifier {
  readonly keyId?: Uint8Array;
  readonly hasIssuerAndSerial: boolean;
}

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** Bit names of RFC 5280 4.2.1.3. */
export type KeyUsage =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly';

export interface Certificate {
  /** The exact bytes that were presented. */
  readonly der: Uint8Array;
  /** SHA-256 of `der`, lower-case hex. */
  readonly sha256: string;
  readonly version: 1 | 2 | 3;
  /** Upper-case hex, whole octets, without a sign octet; negative numbers start with `-`. */
  readonly serial: string;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** Milliseconds since the epoch (RFC 5280 4.1.2.5). */
  readonly notBefore: number;
  /** Milliseconds since the epoch, inclusive: the certificate expires one second after it. */
  readonly notAfter: number;
  readonly publicKey: PublicKey;
  /** The signed bytes. */
  readonly tbs: Uint8Array;
  /** signatureAlgorithm, outside the TBS. */
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** TBSCertificate.signature: DER of the AlgorithmIdentifier. */
  readonly tbsSignatureAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly extensions: readonly Extension[];
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength?: number };
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  /** Dotted OIDs of the extended key usages. */
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectAltName?: readonly GeneralName[];
  readonly nameConstraints?: NameConstraints;
  readonly subjectKeyId?: Uint8Array;
  readonly authorityKeyId?: AuthorityKeyIdentifier;
  /** caIssuers and OCSP addresses of authorityInfoAccess. Untrusted text. */
  readonly caIssuers: readonly string[];
  readonly ocsp: readonly string[];
  /** True where the TLS feature extension (RFC 7633) asks for a stapled OCSP answer. */
  readonly mustStaple: boolean;
  /**
   * What parses but is not as RFC 5280 wants it (`duplicate-extension`, `serial-too-long`, `malformed-san`, …).
   * Path validation decides which of these refuse a certificate.
   */
  readonly irregularities: readonly string[];
}

/** A certificate as it stands in a presented chain: parsed, or bytes that are no certificate. */
export type ChainElement =
  | { readonly kind: 'certificate'; readonly der: Uint8Array; readonly certificate: Certificate }
  | { readonly kind: 'malformed'; readonly der: Uint8Array; readonly reason: string };
