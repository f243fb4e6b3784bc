/**
 * Names that break whatever prints them as they are.
 */
import { der, type NameInput } from '../pki/pki.ts';

export interface HostileName {
  readonly id: string;
  /** For people. */
  readonly what: string;
  readonly bytes: Buffer;
}

const text = (id: string, what: string, value: string): HostileName => ({ id, what, bytes: Buffer.from(value) });

export const HOSTILE_NAMES: readonly HostileName[] = [
  text('ansi', 'terminal escapes', '\x1b[2J\x1b[31mred\x1b]0;title\x07\u009b5m'),
  text('newline', 'line breaks', 'one\r\nCERTWATCH OK - all is well\ntwo\u2028three'),
  text('nul', 'a NUL byte', 'good.example\0.evil.example'),
  text('pipe', 'a pipe', "x | 'evil'=1;2;3 y"),
  text('quotes', 'quotes', `"double" 'single' \`back\` \\ slash`),
  text('script', 'markup', '<script>alert(1)</script><!-- &amp; ]]>'),
  text('rtl', 'right-to-left overrides', 'user\u202egnp.exe\u2066\u200f'),
  text('formula', 'a formula', '=cmd|calc!A1'),
  { id: 'utf8', what: 'invalid UTF-8', bytes: Buffer.from('61c328fffe80eda080f0908080', 'hex') },
];

export const hostileSubject = ({ bytes }: HostileName): NameInput => [
  { type: 'CN', value: bytes },
  { type: 'O', value: bytes },
];

/** A dNSName of these very bytes. */
export const hostileGeneralName = ({ bytes }: HostileName): Buffer => der.tlv(0x82, bytes);
