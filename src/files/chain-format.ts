/**
 * What a file is, by its content: what holds certificates is read, keys and other things are named so that a person knows
 * what to do. Nothing of the content itself gets into a message: it may be a private key.
 */
import type { ContainerFormat } from '../model/observation.ts';
import { TAG } from '../x509/der.ts';

export type ChainFormat =
  /** Certificates, PKCS#7, or both. */
  | { readonly kind: 'pem' }
  | { readonly kind: 'der' }
  | { readonly kind: 'container'; readonly format: ContainerFormat }
  | { readonly kind: 'empty' }
  /** Readable, but holds no certificate: a key, a request, a revocation list. */
  | { readonly kind: 'no-certificate'; readonly what: string }
  /** An encoding that is not read. */
  | { readonly kind: 'unsupported'; readonly what: string };

/** Labels of PEM blocks that hold PKCS#7: OpenSSL's two, and an older one (RFC 7468 8, 9). */
export const PKCS7_LABELS: ReadonlySet<string> = new Set(['PKCS7', 'CMS', 'PKCS #7 SIGNED DATA']);

const container = (format: ContainerFormat): ChainFormat => ({ kind: 'container', format });
const unsupported = (what: string): ChainFormat => ({ kind: 'unsupported', what });
const noCertificate = (what: string): ChainFormat => ({ kind: 'no-certificate', what });

/** OIDs by their content octets, hex. */
const PKCS7 = '2a864886f70d0107';
const PKCS5 = '2a864886f70d0105';
const PKCS12_PBE = '2a864886f70d010c01';

export function chainFormat(bytes: Uint8Array): ChainFormat {
  const at = bytes.findIndex((byte) => !isSpace(byte));
  if (at < 0) return { kind: 'empty' };
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('hex');
  if (magic === 'feedfeed') return container('jks');
  if (magic === 'cececece') return container('jceks');
  if (magic.startsWith('fffe') || magic.startsWith('feff')) return unsupported('UTF-16 text');
  if (bytes[0] === TAG.sequence) return derFormat(bytes);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  if (/-----BEGIN [^\r\n]{0,64}-----/.test(text)) return pemFormat(text);
  if (/^\s*MI[A-Za-z0-9+/\s]{100,}={0,2}\s*$/.test(text)) return unsupported('base64 without its BEGIN and END lines');
  return unsupported('something else');
}

/** The first of these that a PEM file without a certificate holds says what it is. */
const PEM_LABELS: readonly (readonly [RegExp, ChainFormat])[] = [
  [/PRIVATE KEY$/, noCertificate('a private key')],
  [/CERTIFICATE REQUEST$/, noCertificate('a certificate request (CSR)')],
  [/CRL$/, noCertificate('a revocation list (CRL)')],
  [/PUBLIC KEY$/, noCertificate('a public key')],
  [/PARAMETERS$/, noCertificate('key parameters')],
];

function pemFormat(text: string): ChainFormat {
  const labels = [...text.matchAll(/-----BEGIN ([^\r\n]{0,64}?)-----/g)].map(([, label]) => label as string);
  const holdsCertificates = (label: string): boolean =>
    /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(label) || PKCS7_LABELS.has(label);
  if (labels.some(holdsCertificates)) return { kind: 'pem' };
  const known = PEM_LABELS.find(([pattern]) => labels.some((label) => pattern.test(label)));
  return known?.[1] ?? noCertificate('PEM blocks of other kinds');
}

/** Tells by the first elements; whatever is not known to be something else is taken for a certificate and parsed as one. */
function derFormat(bytes: Uint8Array): ChainFormat {
  const outer = header(bytes, 0);
  const first = outer && header(bytes, outer.content);
  if (!first) return { kind: 'der' };
  if (first.tag === TAG.oid) return oidAt(bytes, first).startsWith(PKCS7) ? container('pkcs7') : { kind: 'der' };
  if (first.tag === TAG.integer) return integerFirst(bytes, first);
  if (first.tag !== TAG.sequence) return { kind: 'der' };
  return sequenceFirst(bytes, first);
}

/** SEQUENCE { SEQUENCE … }: a certificate, or a key, request or revocation list, which are built much the same. */
function sequenceFirst(bytes: Uint8Array, first: Header): ChainFormat {
  const inner = header(bytes, first.content);
  if (inner?.tag === TAG.oid) {
    const oid = oidAt(bytes, inner);
    if (oid.startsWith(PKCS5) || oid.startsWith(PKCS12_PBE)) return noCertificate('an encrypted private key');
    return header(bytes, first.end)?.tag === TAG.bitString ? noCertificate('a public key') : { kind: 'der' };
  }
  // The version or serial number, then an AlgorithmIdentifier (certificate, CRL) or a Name (request).
  const second = inner?.tag === TAG.integer ? header(bytes, inner.end) : inner;
  const within = second && header(bytes, second.content);
  if (!second || second.tag !== TAG.sequence || !within) return { kind: 'der' };
  if (within.tag === TAG.set) return noCertificate('a certificate request (CSR)');
  const issuer = header(bytes, second.end);
  const afterIssuer = issuer && header(bytes, issuer.end)?.tag;
  const isTime = afterIssuer === TAG.utcTime || afterIssuer === TAG.generalizedTime;
  return isTime ? noCertificate('a revocation list (CRL)') : { kind: 'der' };
}

/** SEQUENCE { INTEGER … }: PFX (version 3), or one of the forms of a private key (version 0 or 1). */
function integerFirst(bytes: Uint8Array, first: Header): ChainFormat {
  const version = bytes[first.content];
  if (version === 3) return container('pkcs12');
  return noCertificate('a private key');
}

interface Header {
  readonly tag: number;
  readonly content: number;
  readonly end: number;
}

/** BER, since keystores come with indefinite lengths; the ends of such are not known and not needed. */
function header(bytes: Uint8Array, at: number): Header | undefined {
  const tag = bytes[at];
  const short = bytes[at + 1];
  if (tag === undefined || short === undefined) return undefined;
  if (short < 0x80) return { tag, content: at + 2, end: at + 2 + short };
  const count = short & 0x7f;
  if (count > 4) return undefined;
  let length = 0;
  for (let i = 0; i < count; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0);
  return { tag, content: at + 2 + count, end: at + 2 + count + length };
}

function oidAt(bytes: Uint8Array, { content, end }: Header): string {
  return Buffer.from(bytes.subarray(content, Math.min(end, content + 16))).toString('hex');
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0;
}
