/**
 * ASN.1 character strings to text. What is no valid text of its type comes as U+FFFD, never as an error: it is names, and
 * the rest of a certificate is worth reading all the same.
 */
import { TAG } from './der.ts';

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** Made at its first use: nearly all names are ASCII. */
let utf8: InstanceType<typeof TextDecoder> | undefined;

function ascii(bytes: Uint8Array, at: number, end: number, highest: number): string {
  let text = '';
  for (let i = at; i < end; i++) {
    const octet = bytes[i]!;
    text += octet <= highest ? String.fromCharCode(octet) : '\ufffd';
  }
  return text;
}

function isAscii(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < end; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}

/** Latin text without a decoder's set-up cost; the hot path of every certificate. */
function latin(bytes: Uint8Array, at: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1');
}

function decodeUtf8(bytes: Uint8Array): string {
  utf8 ??= new TextDecoder('utf-8');
  return utf8.decode(bytes);
}

function utf16be(bytes: Uint8Array, at: number, end: number): string {
  let text = '';
  for (let i = at; i + 1 < end; i += 2) text += String.fromCharCode(bytes[i]! * 256 + bytes[i + 1]!);
  // BMPString has no surrogates; pairs are seen in the wild and kept, single ones are no text.
  text = text.replace(LONE_SURROGATE, '\ufffd');
  return (end - at) % 2 ? `${text}\ufffd` : text;
}

function utf32be(bytes: Uint8Array, at: number, end: number): string {
  let text = '';
  let i = at;
  for (; i + 3 < end; i += 4) {
    const code = ((bytes[i]! * 256 + bytes[i + 1]!) * 256 + bytes[i + 2]!) * 256 + bytes[i + 3]!;
    text += code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : '\ufffd';
  }
  return i < end ? `${text}\ufffd` : text;
}

/**
 * Text of the string at `at`–`end` (content octets) by its tag. T61String is read as Latin-1, as everyone does.
 * @returns undefined where the tag is no character string.
 */
export function readString(tag: number, bytes: Uint8Array, at: number, end: number): string | undefined {
  switch (tag) {
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.numericString:
    case TAG.visibleString:
      return isAscii(bytes, at, end) ? latin(bytes, at, end) : ascii(bytes, at, end, 0x7f);
    case TAG.utf8String:
      return isAscii(bytes, at, end) ? latin(bytes, at, end) : decodeUtf8(bytes.subarray(at, end));
    case TAG.t61String:
    case TAG.videotexString:
    case TAG.graphicString:
    case TAG.generalString:
      return latin(bytes, at, end);
    case TAG.bmpString:
      return utf16be(bytes, at, end);
    case TAG.universalString:
      return utf32be(bytes, at, end);
    default:
      return undefined;
  }
}

/** IA5String content (dNSName, rfc822Name, URI): octets above 7F become U+FFFD. */
export function readIa5(bytes: Uint8Array, at: number, end: number): string {
  return isAscii(bytes, at, end) ? latin(bytes, at, end) : ascii(bytes, at, end, 0x7f);
}
