/**
 * The recorded floor: every x509-limbo case that should be refused and is accepted, with the reason why. Real browsers accept
 * each of these classes, too. There are no cases that should be accepted and are refused, and there may be none.
 *
 * A case that is refused by now must be taken off: a list that is too long hides the next regression.
 */
export interface AllowedAcceptance {
  readonly reason: string;
  readonly ids: readonly string[];
}

export const ALLOWED_ACCEPTANCES: readonly AllowedAcceptance[] = [
  {
    reason:
      'Needs a certificate revocation list. Path validation is a pure function of the chain; revocation is asked about apart from it, and no browser fetches lists during a handshake.',
    ids: [
      'crl::revoked-certificate-with-crl',
      'crl::crlnumber-missing',
      'crl::crlnumber-critical',
      'crl::issuer-missing-crlsign',
    ],
  },
  {
    reason:
      'A key identifier is missing or of another form. They are hints for path building, which does without; private CAs leave them out, and roots in use (Starfield, Amazon) do not have them as the profile says.',
    ids: [
      'rfc5280::aki::leaf-missing-aki',
      'rfc5280::aki::intermediate-missing-aki',
      'rfc5280::aki::cross-signed-root-missing-aki',
      'rfc5280::ski::root-missing-ski',
      'rfc5280::ski::intermediate-missing-ski',
      'webpki::aki::root-with-aki-missing-keyidentifier',
      'webpki::aki::root-with-aki-authoritycertissuer',
      'webpki::aki::root-with-aki-authoritycertserialnumber',
      'webpki::aki::root-with-aki-all-fields',
      'webpki::aki::root-with-aki-ski-mismatch',
    ],
  },
  {
    reason:
      'The common name is no copy of an entry of subjectAltName. It is not looked at when names are matched, so it can neither help nor harm; a linter’s business.',
    ids: [
      'webpki::cn::ipv4-hex-mismatch',
      'webpki::cn::ipv4-leading-zeros-mismatch',
      'webpki::cn::ipv6-uppercase-mismatch',
      'webpki::cn::ipv6-uncompressed-mismatch',
      'webpki::cn::ipv6-non-rfc5952-mismatch',
      'webpki::cn::punycode-not-in-san',
      'webpki::cn::utf8-vs-punycode-mismatch',
      'webpki::cn::not-in-san',
      'webpki::cn::case-mismatch',
    ],
  },
  {
    reason:
      'Serial numbers of zero, below zero or over 20 octets. Long-lived roots (Starfield) have 0, and PKITS asks that negative and long ones pass; nothing depends on them here.',
    ids: ['rfc5280::serial::too-long', 'rfc5280::serial::zero', 'rfc5280::serial::negative'],
  },
  {
    reason:
      'An extension has, or lacks, the critical flag against the profile. It is processed in either case, so the flag changes nothing. (webpki::nc::permitted-dns-match-noncritical asks that the same chain is accepted.)',
    ids: [
      'rfc5280::nc::permitted-dns-match-noncritical',
      'rfc5280::pc::ica-noncritical-pc',
      'rfc5280::san::noncritical-with-empty-subject',
      'rfc5280::root-non-critical-basic-constraints',
      'webpki::eku::ee-critical-eku',
      'webpki::san::san-critical-with-nonempty-subject',
    ],
  },
  {
    reason:
      'Extended key usages against the CA/B profile only: anyExtendedKeyUsage includes the usage that is asked for, RFC 5280 lets the extension be absent, and on a root it confines, which is obeyed.',
    ids: ['webpki::eku::ee-anyeku', 'webpki::eku::ee-without-eku', 'webpki::eku::root-has-eku'],
  },
  {
    reason:
      'A CA certificate, or one that half looks like it, as the leaf. rfc5280::ca-as-leaf asks that it is accepted; it can issue nothing that would be trusted unless its basic constraints say so.',
    ids: ['rfc5280::leaf-ku-keycertsign', 'webpki::ee-basicconstraints-ca', 'webpki::ca-as-leaf'],
  },
  {
    reason:
      'Needs the Public Suffix List, which is larger than the rest of this program and out of date as soon as it is shipped. Firefox does without it, too.',
    ids: [
      'webpki::san::public-suffix-multi-label-wildcard-san',
      'webpki::san::public-suffix-private-namespace-wildcard-san',
    ],
  },
  {
    reason: 'An underscore in a DNS name. Hosts with one exist, and certificates for them were issued until 2019.',
    ids: ['rfc5280::san::underscore-dns'],
  },
  {
    reason:
      'A DNS constraint with a leading period. Not RFC 5280, yet in the constraints of real CAs; read as "only below it", which is the narrower meaning.',
    ids: ['rfc5280::nc::invalid-dnsname-leading-period'],
  },
];
