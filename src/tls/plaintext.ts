/**
 * What a server that does not speak TLS sounds like: names the protocol of a first answer that is no TLS record.
 */

const LOOKS: readonly (readonly [RegExp, string])[] = [
  [/^(HTTP\/|<!doctype|<html|<head|\r?\n?HTTP\/)/i, 'HTTP'],
  [/^RTSP\//, 'RTSP'],
  [/^SIP\/2/, 'SIP'],
  [/^SSH-/, 'SSH'],
  [/^[245]\d\d[ -].*(smtp|mail|postfix|exim|sendmail)/i, 'SMTP'],
  [/^[245]\d\d[ -].*ftp/i, 'FTP'],
  [/^20[01][ -]/, 'NNTP'],
  [/^[245]\d\d[ -]/, 'SMTP or FTP'],
  [/^\* (OK|PREAUTH|BYE|BAD)/i, 'IMAP'],
  [/^(\+OK|-ERR.*pop)/i, 'POP3'],
  [/^-(ERR|DENIED|NOAUTH)/, 'Redis'],
  [/^"IMPLEMENTATION"/i, 'ManageSieve'],
  [/^RFB \d/, 'VNC'],
  [/^AMQP/, 'AMQP'],
  [/^(<\?xml|<stream)/, 'XMPP'],
  [/^(:\S+ (NOTICE|\d\d\d)|NOTICE|ERROR :)/, 'IRC'],
  [/^@RSYNCD/, 'rsync'],
  [/^E....S(ERROR|FATAL)/, 'PostgreSQL'],
];

/** Enough to tell; more of it is the peer's to keep. */
const LONGEST_DETAIL = 120;
const ENOUGH = 256;

/** True when more bytes would not tell more: a whole line, something binary, or plenty. */
export function isEnough(start: Uint8Array): boolean {
  return !isText(start) || start.length >= ENOUGH || start.indexOf(0x0a, 2) !== -1;
}

/** @returns what it looks like and its first line, raw and capped: `SSH: SSH-2.0-OpenSSH_9.2`. */
export function describePlaintext(start: Uint8Array): string {
  const binary = binaryLook(start);
  if (binary) return binary;
  const text = Buffer.from(start.subarray(0, ENOUGH)).toString('latin1');
  const name = LOOKS.find(([pattern]) => pattern.test(text))?.[1] ?? 'not TLS';
  const line = text.trimStart().split(/[\r\n]/, 1)[0] ?? '';
  return `${name}: ${line.slice(0, LONGEST_DETAIL)}`;
}

function binaryLook(start: Uint8Array): string | undefined {
  // SSLv2: a two-byte length with the top bit set, then ERROR (0) or SERVER-HELLO (4).
  if (start[0]! >= 0x80 && (start[2] === 4 || start[2] === 0)) return 'SSLv2';
  // MySQL and MariaDB: three bytes of length, sequence 0, protocol version 10.
  if (start[3] === 0 && start[4] === 10) return 'MySQL';
  // Telnet option negotiation.
  if (start[0] === 0xff && start[1]! >= 0xfb) return 'Telnet';
  return isText(start) ? undefined : `not TLS: ${Buffer.from(start.subarray(0, 16)).toString('hex')}`;
}

const isText = ([first = 0]: Uint8Array): boolean =>
  (first >= 0x20 && first < 0x7f) || first === 0x0d || first === 0x0a || first === 0x09;
