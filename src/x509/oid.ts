/**
 * Object identifiers: from their octets to dotted text, and the ones that certificates are made of.
 */

export const OID = {
  // extensions
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  issuerAltName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  cRLNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  deltaCRLIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  nameConstraints: '2.5.29.30',
  cRLDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  freshestCRL: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  subjectInfoAccess: '1.3.6.1.5.5.7.1.11',
  tlsFeature: '1.3.6.1.5.5.7.1.24',
  signedCertificateTimestamps: '1.3.6.1.4.1.11129.2.4.2',
  ctPoison: '1.3.6.1.4.1.11129.2.4.3',
  // access methods
  ocsp: '1.3.6.1.5.5.7.48.1',
  caIssuers: '1.3.6.1.5.5.7.48.2',
  // extended key usages
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ocspSigning: '1.3.6.1.5.5.7.3.9',
  anyExtendedKeyUsage: '2.5.29.37.0',
  // policies
  anyPolicy: '2.5.29.32.0',
  // keys
  rsaEncryption: '1.2.840.113549.1.1.1',
  rsassaPss: '1.2.840.113549.1.1.10',
  ecPublicKey: '1.2.840.10045.2.1',
  dsa: '1.2.840.10040.4.1',
  ed25519: '1.3.101.112',
  ed448: '1.3.101.113',
  // name attributes
  commonName: '2.5.4.3',
  emailAddress: '1.2.840.113549.1.9.1',
} as const;

/** `2.5.29.n` and `2.5.4.n`, n below 128: three octets that most of a certificate's OIDs are. */
const EXTENSIONS = Array.from({ length: 128 }, (_, n) => `2.5.29.${n}`);
const ATTRIBUTES = Array.from({ length: 128 }, (_, n) => `2.5.4.${n}`);

/** No OID in use is near this; it bounds the work on a hostile one. */
const LONGEST_OID = 64;

/**
 * Dotted text of an OBJECT IDENTIFIER's content octets.
 * @returns null for an empty, cut off, overlong or non-minimal one (X.690 8.19).
 */
export function readOid(bytes: Uint8Array, at: number, end: number): string | null {
  const length = end - at;
  if (length === 3 && bytes[at] === 0x55 && bytes[at + 2]! < 0x80) {
    if (bytes[at + 1] === 0x1d) return EXTENSIONS[bytes[at + 2]!]!;
    if (bytes[at + 1] === 0x04) return ATTRIBUTES[bytes[at + 2]!]!;
  }
  if (length < 1 || length > LONGEST_OID || bytes[end - 1]! >= 0x80) return null;
  let text = '';
  let arc = 0;
  let big: bigint | undefined;
  for (let i = at; i < end; i++) {
    const octet = bytes[i]!;
    if (arc === 0 && big === undefined && octet === 0x80) return null;
    if (big !== undefined) big = big * 128n + BigInt(octet & 0x7f);
    else if (arc > 2 ** 45) big = BigInt(arc) * 128n + BigInt(octet & 0x7f);
    else arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    if (text !== '') text += `.${big ?? arc}`;
    else if (big !== undefined) text = `2.${big - 80n}`;
    else text = arc < 40 ? `0.${arc}` : arc < 80 ? `1.${arc - 40}` : `2.${arc - 80}`;
    arc = 0;
    big = undefined;
  }
  return text;
}
