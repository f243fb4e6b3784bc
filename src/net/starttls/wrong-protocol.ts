/**
 * What a port speaks when it is not what it was taken for, by its first bytes: the usual reason why a STARTTLS dialogue goes
 * wrong is a slip in port or protocol.
 */

const SIGNATURES: readonly (readonly [RegExp, string])[] = [
  [/^SSH-/, 'SSH'],
  [/^HTTP\/\d|^<(?:!doctype|html)/i, 'HTTP'],
  // A TLS record: alert or handshake, version 3.x.
  [/^[\x15\x16]\x03[\x00-\x04]/, 'TLS'],
  [/^\* (?:OK|PREAUTH|BYE)\b/i, 'IMAP'],
  [/^(?:\+OK|-ERR)\b/, 'POP3'],
  [/^"IMPLEMENTATION"/i, 'ManageSieve'],
  [/^<\?xml|^<(?:\w+:)?stream\b/, 'XMPP'],
  [/^RFB \d/, 'VNC'],
  [/^@RSYNCD:/, 'rsync'],
  [/^-(?:ERR|NOAUTH|DENIED)\b/, 'Redis'],
  [/^[\s\S]{3}\x00\x0a[\x20-\x7e]+\x00/, 'MySQL'],
  [/^:\S+ (?:NOTICE|\d{3}) /, 'IRC'],
  [/^[2-5]\d\d[ -][^\n]*\b(?:E?SMTP|LMTP)\b/i, 'SMTP'],
  [/^[2-5]\d\d[ -][^\n]*\bFTP\b/i, 'FTP'],
  [/^20[01] [^\n]*\b(?:NNTP|news|InterNetNews)\b/i, 'NNTP'],
];

/** Bytes that the signatures look at. */
const LONGEST_LOOK = 256;

/** Banners of these are alike: many LMTP servers greet with "ESMTP". */
const ALIKE: Readonly<Record<string, string>> = { LMTP: 'SMTP' };

/** @returns the label of the protocol that `bytes` look like; `undefined` where they look like `expected`, or like none. */
export function looksLikeAnother(bytes: Buffer, expected: string): string | undefined {
  const text = bytes.toString('latin1', 0, LONGEST_LOOK);
  const other = SIGNATURES.find(([pattern]) => pattern.test(text))?.[1];
  return other === expected || other === ALIKE[expected] ? undefined : other;
}
