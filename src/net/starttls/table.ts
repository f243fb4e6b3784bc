/**
 * The STARTTLS table: for each protocol, what is said until TLS begins. A new protocol is one more row.
 */
import { isIPv6 } from 'node:net';
import type { StartTlsProtocol } from '../../model/target.ts';
import { imapGreeting, imapTagged, popBlock, popLine, smtpReply } from './replies.ts';
import type { DialogueContext, Row } from './row.ts';

/**
 * What we call ourselves: our address as a literal, which is right for a client without a name of its own (RFC 5321 4.1.3)
 * and passes servers that check for an invalid or unqualified name.
 */
function addressLiteral({ localAddress }: DialogueContext): string {
  return isIPv6(localAddress) ? `[IPv6:${localAddress.replace(/%.*/, '')}]` : `[${localAddress}]`;
}

/** RFC 5321 4.2.1: 4xx passes; 500–504: the command is not known, so no TLS either. */
const SMTP_REFUSALS: NonNullable<Row['refusals']> = [
  [/^4/, 'try-later'],
  [/^50[0-4]$/, 'not-offered'],
];

/** RFC 3207 for SMTP, the same with LHLO for LMTP (RFC 2033 4.1). */
function mailTransfer(label: string, port: number, hello: string): Row {
  return {
    label,
    port,
    steps: [
      { name: 'greeting', read: smtpReply, accept: ['220'] },
      {
        name: hello,
        send: (context) => `${hello} ${addressLiteral(context)}\r\n`,
        read: smtpReply,
        accept: ['250'],
        offer: /^250[ -]STARTTLS\s*$/im,
      },
      { name: 'STARTTLS', send: 'STARTTLS\r\n', read: smtpReply, accept: ['220'] },
    ],
    refusals: SMTP_REFUSALS,
    farewell: 'QUIT\r\n',
  };
}

export const STARTTLS: Readonly<Record<StartTlsProtocol, Row>> = {
  smtp: mailTransfer('SMTP', 25, 'EHLO'),
  lmtp: mailTransfer('LMTP', 24, 'LHLO'),

  // RFC 9051 6.2.1
  imap: {
    label: 'IMAP',
    port: 143,
    steps: [
      { name: 'greeting', read: imapGreeting, accept: ['OK'] },
      {
        name: 'CAPABILITY',
        send: 'a1 CAPABILITY\r\n',
        read: imapTagged('a1'),
        accept: ['OK'],
        offer: /^\* CAPABILITY .*\bSTARTTLS\b/im,
      },
      { name: 'STARTTLS', send: 'a2 STARTTLS\r\n', read: imapTagged('a2'), accept: ['OK'] },
    ],
    // PREAUTH: already logged in, STARTTLS is no longer possible.
    refusals: [[/^(?:BAD|PREAUTH)$/, 'not-offered']],
    farewell: 'a9 LOGOUT\r\n',
    unsolicited: true,
  },

  // RFC 2595 4
  pop3: {
    label: 'POP3',
    port: 110,
    steps: [
      { name: 'greeting', read: popLine, accept: ['+OK'] },
      { name: 'CAPA', send: 'CAPA\r\n', read: popBlock, accept: ['+OK'], offer: /^STLS *$/im, optional: true },
      { name: 'STLS', send: 'STLS\r\n', read: popLine, accept: ['+OK'] },
    ],
    farewell: 'QUIT\r\n',
  },
};
