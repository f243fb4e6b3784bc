/**
 * PEM (RFC 7468) as files really have it: text around the blocks, CRLF, keys and parameters beside the certificates.
 */
import { err, ok, type Result } from '../model/result.ts';

/** Labels that hold a certificate; OpenSSL's `TRUSTED CERTIFICATE` carries more behind it and is refused by name. */
const CERTIFICATE_LABELS: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE']);

const BEGIN = /-----BEGIN ([^\r\n]{0,64}?)-----/g;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export interface PemBlock {
  readonly label: string;
  readonly bytes: Uint8Array;
}

/**
 * The certificates of a PEM file, in its order; blocks of other kinds are passed over.
 * @returns their DER; none is an empty list. The error names the block (counted from 1, all kinds) and what is wrong.
 */
export function decodePem(input: string | Uint8Array): Result<Uint8Array[], string> {
  const blocks = decodePemBlocks(input, CERTIFICATE_LABELS);
  return blocks.ok ? ok(blocks.value.map(({ bytes }) => bytes)) : blocks;
}

/** The blocks with certificates and those with one of `labels`, likewise. */
export function decodePemBlocks(input: string | Uint8Array, labels: ReadonlySet<string>): Result<PemBlock[], string> {
  const text =
    typeof input === 'string' ? input : Buffer.from(input.buffer, input.byteOffset, input.length).toString('latin1');
  const blocks: PemBlock[] = [];
  let block = 0;
  let from = 0;
  for (;;) {
    BEGIN.lastIndex = from;
    const begin = BEGIN.exec(text);
    if (!begin) return ok(blocks);
    block++;
    const label = begin[1]!;
    const body = begin.index + begin[0].length;
    const endLine = `-----END ${label}-----`;
    const end = text.indexOf(endLine, body);
    if (end < 0) return err(`PEM block ${block} (${label}) has no "${endLine}" line`);
    from = end + endLine.length;
    if (label === 'TRUSTED CERTIFICATE') {
      return err(`PEM block ${block} is a TRUSTED CERTIFICATE, which only OpenSSL reads; convert it with openssl x509`);
    }
    if (!CERTIFICATE_LABELS.has(label) && !labels.has(label)) continue;
    const base64 = text.slice(body, end).replace(/\s+/g, '');
    if (base64 === '') return err(`PEM block ${block} (${label}) is empty`);
    if (base64.length % 4 === 1 || !BASE64.test(base64)) return err(`PEM block ${block} (${label}) is not base64`);
    blocks.push({ label, bytes: new Uint8Array(Buffer.from(base64, 'base64')) });
  }
}

/** One certificate as a PEM block of 64-column lines, with a newline at the end. */
export function encodePem(der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}
