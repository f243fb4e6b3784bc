/**
 * Telling apart what answers a ClientHello in plain text.
 */
import { describe, expect, test } from 'vitest';
import { describePlaintext, isEnough } from '../../src/tls/plaintext.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');

test.each([
  ['HTTP/1.0 400 Bad Request\r\n', 'HTTP: HTTP/1.0 400 Bad Request'],
  ['<html><head>', 'HTTP: <html><head>'],
  ['<!DOCTYPE HTML>\n', 'HTTP: <!DOCTYPE HTML>'],
  ['SSH-2.0-dropbear\r\n', 'SSH: SSH-2.0-dropbear'],
  ['220 mx.example ESMTP Postfix\r\n', 'SMTP: 220 mx.example ESMTP Postfix'],
  ['554 mail refused\r\n', 'SMTP: 554 mail refused'],
  ['220 ProFTPD Server\r\n', 'FTP: 220 ProFTPD Server'],
  ['220 ready\r\n', 'SMTP or FTP: 220 ready'],
  ['200 news.example InterNetNews\r\n', 'NNTP: 200 news.example InterNetNews'],
  ['* OK IMAP4rev1\r\n', 'IMAP: * OK IMAP4rev1'],
  ['+OK ready\r\n', 'POP3: +OK ready'],
  ['-ERR unknown command\r\n', 'Redis: -ERR unknown command'],
  ['"IMPLEMENTATION" "Dovecot"\r\n', 'ManageSieve: "IMPLEMENTATION" "Dovecot"'],
  ['RFB 003.008\n', 'VNC: RFB 003.008'],
  ["<?xml version='1.0'?>", "XMPP: <?xml version='1.0'?>"],
  ['@RSYNCD: 31.0\n', 'rsync: @RSYNCD: 31.0'],
  [':irc.example NOTICE * :*** Looking up', 'IRC: :irc.example NOTICE * :*** Looking up'],
  ['\x4a\0\0\0\x0a8.0.36', 'MySQL'],
  ['\x80\x0b\x04\x00\x00', 'SSLv2'],
  ['\xff\xfd\x18', 'Telnet'],
  ['\x00\x01\x02', 'not TLS: 000102'],
  ['hello\x1b[31m\r\nsecond line', 'not TLS: hello\x1b[31m'],
  [`${'x'.repeat(500)}\n`, `not TLS: ${'x'.repeat(120)}`],
])('%j', (start, expected) => {
  expect(describePlaintext(bytes(start))).toBe(expected);
});

describe('how much is enough to tell', () => {
  test.each([
    ['220 mx', false],
    ['220 mx.example ESMTP\r\n', true],
    ['\r\nHTTP/1.1', false],
    ['\x00', true],
    ['x'.repeat(255), false],
    ['x'.repeat(256), true],
  ])('%j: %s', (start, enough) => expect(isEnough(bytes(start))).toBe(enough));
});
