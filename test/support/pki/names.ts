/**
 * Names for minted certificates: distinguished names of any string type, general names of any kind, both also as raw bytes.
 */
import { isIP } from 'node:net';
import { context, contextPrimitive, oid, sequence, set, TAG, tlv } from './der.ts';

export type StringType = 'utf8' | 'printable' | 'ia5' | 'teletex' | 'bmp' | 'universal';

export interface Attribute {
  /** `CN`, `O`, `OU`, `C`, `L`, `ST`, `DC`, `serialNumber`, `emailAddress`, or a dotted OID. */
  readonly type: string;
  /** Text, or the content octets as they are (invalid UTF-8, NUL, …). */
  readonly value: string | Uint8Array;
  readonly as?: StringType;
  /** Belongs to the same RDN as the attribute before it. */
  readonly joined?: boolean;
}

/** `CN=Shop,O=Example` in the order in which it is encoded, a list of attributes, or a whole Name in DER. */
export type NameInput = string | readonly Attribute[] | Uint8Array;

const ATTRIBUTE_OIDS: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  serialNumber: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  DC: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',
};

const STRING_TAGS: Readonly<Record<StringType, number>> = {
  utf8: TAG.utf8String,
  printable: TAG.printableString,
  ia5: TAG.ia5String,
  teletex: TAG.teletexString,
  bmp: TAG.bmpString,
  universal: TAG.universalString,
};

/** @returns a Name in DER. A text is split at `,` and `=` and knows no escapes: use attributes for anything unusual. */
export function name(input: NameInput): Buffer {
  if (input instanceof Uint8Array) return Buffer.from(input);
  const attributes = typeof input === 'string' ? parseText(input) : input;
  const rdns: Buffer[][] = [];
  for (const each of attributes) {
    if (each.joined && rdns.length > 0) rdns.at(-1)!.push(attribute(each));
    else rdns.push([attribute(each)]);
  }
  // DER: the elements of a SET OF stand in the order of their encodings.
  return sequence(...rdns.map((rdn) => set(...rdn.sort(Buffer.compare))));
}

function parseText(text: string): readonly Attribute[] {
  if (text.trim() === '') return [];
  return text.split(',').map((part) => {
    const at = part.indexOf('=');
    return { type: part.slice(0, at).trim(), value: part.slice(at + 1) };
  });
}

function attribute({ type, value, as }: Attribute): Buffer {
  const fallback =
    type === 'C' || type === 'serialNumber' ? 'printable' : /^(DC|emailAddress)$/.test(type) ? 'ia5' : 'utf8';
  const stringType = as ?? fallback;
  const content = typeof value === 'string' ? encodeText(value, stringType) : value;
  return sequence(oid(ATTRIBUTE_OIDS[type] ?? type), tlv(STRING_TAGS[stringType], content));
}

function encodeText(text: string, as: StringType): Buffer {
  if (as === 'utf8') return Buffer.from(text, 'utf8');
  if (as === 'bmp') return Buffer.from(text, 'utf16le').swap16();
  if (as !== 'universal') return Buffer.from(text, 'latin1');
  return Buffer.concat(
    [...text].map((char) => {
      const word = Buffer.alloc(4);
      word.writeUInt32BE(char.codePointAt(0)!);
      return word;
    }),
  );
}

/**
 * `dns:example.org`, `ip:192.0.2.1`, `ip:2001:db8::1`, `ip:10.0.0.0/8` (constraints), `email:…`, `uri:…`, `rid:1.2.3`,
 * `dir:CN=…`, `upn:…` (otherName); or a whole GeneralName in DER.
 */
export type GeneralNameInput = string | Uint8Array;

/** @returns a GeneralName in DER (RFC 5280 4.2.1.6). The text goes in as UTF-8, with no regard to IA5String. */
export function generalName(input: GeneralNameInput): Buffer {
  if (input instanceof Uint8Array) return Buffer.from(input);
  const at = input.indexOf(':');
  const kind = input.slice(0, at);
  const value = input.slice(at + 1);
  switch (kind) {
    case 'email':
      return contextPrimitive(1, Buffer.from(value));
    case 'dns':
      return contextPrimitive(2, Buffer.from(value));
    case 'dir':
      return context(4, name(value));
    case 'uri':
      return contextPrimitive(6, Buffer.from(value));
    case 'ip':
      return contextPrimitive(7, addressBytes(value));
    case 'rid':
      return contextPrimitive(8, oid(value).subarray(2));
    case 'upn':
      return context(0, oid('1.3.6.1.4.1.311.20.2.3'), context(0, tlv(TAG.utf8String, Buffer.from(value))));
    default:
      throw new Error(`expected dns:, ip:, email:, uri:, dir:, rid: or upn:, got ${JSON.stringify(input)}`);
  }
}

/** 4 or 16 bytes; with a `/prefix` twice as many: address and mask. */
export function addressBytes(text: string): Buffer {
  const [address = '', prefix] = text.split('/');
  const bytes = isIP(address) === 4 ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
  if (prefix === undefined) return bytes;
  const mask = bytes.map((_, index) => {
    const bits = Math.min(8, Math.max(0, Number(prefix) - 8 * index));
    return 0x100 - 2 ** (8 - bits);
  });
  return Buffer.concat([bytes, mask]);
}

function ipv6Bytes(text: string): Buffer {
  const [head = '', tail] = text.split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const all = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** GeneralNames: the content of subjectAltName. */
export const generalNames = (inputs: readonly GeneralNameInput[]): Buffer =>
  // One concatenation: 100,000 names are more arguments than a call takes.
  sequence(Buffer.concat(inputs.map(generalName)));

/** A GeneralSubtrees list under its context tag, for nameConstraints. */
export const subtrees = (tag: number, inputs: readonly GeneralNameInput[]): Buffer =>
  context(tag, ...inputs.map((input) => sequence(generalName(input))));
