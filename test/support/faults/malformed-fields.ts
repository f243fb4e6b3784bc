/**
 * A certificate that is malformed in one field only, and rightly signed over that: nobody but the reader can find it.
 */
import { type CertificateOptions, der, ext } from '../pki/pki.ts';
import { critical, type Expected, HARMLESS } from './fault.ts';

export interface MalformedField {
  readonly field: string;
  readonly options: () => CertificateOptions;
  readonly expect: Expected;
}

/** Where each stands in the TBSCertificate (RFC 5280 4.1). */
const FIELDS = [
  'version',
  'serial number',
  'signature algorithm',
  'issuer',
  'validity',
  'subject',
  'public key',
  'extensions',
];

/** The elements of a SEQUENCE, whole. */
export function elementsOf(sequence: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  for (let at = headOf(sequence); at < sequence.length; ) {
    const element = sequence.subarray(at);
    const end = headOf(element) + lengthOf(element);
    elements.push(element.subarray(0, end));
    at += end;
  }
  return elements;
}

const headOf = (element: Buffer): number => 2 + (element[1]! < 0x80 ? 0 : element[1]! & 0x7f);
const lengthOf = (element: Buffer): number =>
  element[1]! < 0x80 ? element[1]! : element.readUIntBE(2, element[1]! & 0x7f);

/** The first element inside says that it is longer than what it stands in. */
function overrun(field: Buffer): Buffer {
  const broken = Buffer.from(field);
  const inner = headOf(field);
  // A primitive has no element inside: its own content then is what the type forbids, none at all.
  if ((field[0]! & 0x20) === 0) return der.tlv(field[0]!);
  broken[inner + 1] = 0x7f;
  return broken;
}

const breakField = (index: number): CertificateOptions => ({
  raw: {
    tbs: (tbs) => {
      const elements = elementsOf(tbs);
      elements[index] = overrun(elements[index]!);
      return der.sequence(...elements);
    },
  },
});

const NO_DER = Buffer.from('30ff', 'hex');

const breakExtension = (
  name: keyof typeof ext.EXTENSION_OID,
  without: CertificateOptions = {},
): CertificateOptions => ({
  ...without,
  extraExtensions: [ext.extension(ext.EXTENSION_OID[name], NO_DER, false)],
});

const MALFORMED = critical('chain-invalid malformed');

export const MALFORMED_FIELDS: readonly MalformedField[] = [
  ...FIELDS.map(
    (field, i): MalformedField => ({
      field,
      options: () => breakField(i),
      // There it is compared with the one outside, byte for byte, before anybody reads it.
      expect: field === 'signature algorithm' ? critical('chain-invalid signature-algorithm-mismatch') : MALFORMED,
    }),
  ),
  {
    field: 'signature',
    options: () => ({ raw: { signature: () => Buffer.alloc(0) } }),
    expect: critical('chain-invalid signature'),
  },
  {
    field: 'key usage',
    options: () => breakExtension('keyUsage', { keyUsage: null }),
    expect: critical('chain-invalid malformed-key-usage'),
  },
  {
    field: 'basic constraints',
    options: () => breakExtension('basicConstraints', { basicConstraints: null }),
    expect: critical('chain-invalid malformed-basic-constraints'),
  },
  {
    field: 'names',
    options: () => breakExtension('subjectAltName', { sans: null }),
    expect: critical('chain-invalid malformed-san', 'hostname-mismatch', 'no-san'),
  },
  {
    field: 'purposes',
    options: () => breakExtension('extendedKeyUsage', { extendedKeyUsage: null }),
    expect: critical('chain-invalid malformed-extended-key-usage'),
  },
  {
    field: 'authority key id',
    options: () => breakExtension('authorityKeyIdentifier', { authorityKeyId: null }),
    expect: critical('chain-invalid malformed-aki'),
  },
  {
    field: 'subject key id',
    options: () => breakExtension('subjectKeyIdentifier', { subjectKeyId: null }),
    expect: critical('chain-invalid malformed-ski'),
  },
  {
    field: 'authority info',
    options: () => breakExtension('authorityInfoAccess'),
    expect: critical('chain-invalid malformed-aia'),
  },
  { field: 'policies', options: () => breakExtension('certificatePolicies'), expect: HARMLESS },
];
