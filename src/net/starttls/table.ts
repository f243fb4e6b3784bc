/**
 * The STARTTLS table: for each protocol, what is said until TLS begins. A new protocol is one more row.
 */

import type { StartTlsProtocol } from '../../model/target.ts';
import { ipVersion } from '../../x509/ip.ts';
import {
  LDAP_STARTTLS,
  ldapResponse,
  MYSQL_SSL_REQUEST,
  mysqlGreeting,
  POSTGRES_SSL_REQUEST,
  postgresAnswer,
} from './binary-replies.ts';
import {
  codeLine,
  ftpReply,
  imapGreeting,
  imapTagged,
  ircReply,
  nntpBlock,
  popBlock,
  popLine,
  sieveReply,
  smtpReply,
} from './replies.ts';
import type { DialogueContext, Row } from './row.ts';
import { xmppFeatures, xmppProceed } from './xmpp-replies.ts';

/**
 * What we call ourselves: our address as a literal, which is right for a client without a name of its own (RFC 5321 4.1.3)
 * and passes servers that check for an invalid or unqualified name.
 */
function addressLiteral({ localAddress }: DialogueContext): string {
  return ipVersion(localAddress) === 6 ? `[IPv6:${localAddress.replace(/%.*/, '')}]` : `[${localAddress}]`;
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

/** RFC 6120 5: a stream to the domain, its features, then TLS. Client and server streams differ in their namespace only. */
function xmpp(label: string, port: number, namespace: string): Row {
  const header = ({ servername }: DialogueContext) =>
    `<?xml version='1.0'?><stream:stream to='${xmlEscape(servername)}' version='1.0' xml:lang='en' ` +
    `xmlns='${namespace}' xmlns:stream='http://etherx.jabber.org/streams'>`;
  return {
    label,
    port,
    steps: [
      {
        name: 'stream header',
        send: header,
        read: xmppFeatures,
        accept: ['features'],
        offer: /<starttls\s[^>]*urn:ietf:params:xml:ns:xmpp-tls/,
      },
      {
        name: 'starttls',
        send: "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        read: xmppProceed,
        accept: ['proceed'],
      },
    ],
    farewell: '</stream:stream>',
  };
}

const XML_ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&apos;' };

function xmlEscape(text: string): string {
  return text.replace(/[&<>']/g, (character) => XML_ENTITIES[character] as string);
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

  // RFC 4217 4; servers without it answer 500, 502 or 504, those that want a login first 530.
  ftp: {
    label: 'FTP',
    port: 21,
    steps: [
      { name: 'greeting', read: ftpReply, accept: ['220'] },
      { name: 'AUTH TLS', send: 'AUTH TLS\r\n', read: ftpReply, accept: ['234'] },
    ],
    refusals: [
      [/^(?:4(?!31)|120)/, 'try-later'],
      [/^5(?:0[0-4]|30)$/, 'not-offered'],
    ],
    farewell: 'QUIT\r\n',
  },

  // RFC 4642 2.2
  nntp: {
    label: 'NNTP',
    port: 119,
    steps: [
      { name: 'greeting', read: codeLine, accept: ['200', '201'] },
      {
        name: 'CAPABILITIES',
        send: 'CAPABILITIES\r\n',
        read: nntpBlock,
        accept: ['101'],
        offer: /^STARTTLS\s*$/im,
        optional: true,
      },
      { name: 'STARTTLS', send: 'STARTTLS\r\n', read: codeLine, accept: ['382'] },
    ],
    refusals: [
      [/^4/, 'try-later'],
      [/^5(?:0[0-3]|80)$/, 'not-offered'],
    ],
    farewell: 'QUIT\r\n',
  },

  // RFC 5804 2.2: the greeting itself lists what is offered.
  sieve: {
    label: 'ManageSieve',
    port: 4190,
    steps: [
      { name: 'greeting', read: sieveReply, accept: ['OK'], offer: /^"STARTTLS"/im },
      { name: 'STARTTLS', send: 'STARTTLS\r\n', read: sieveReply, accept: ['OK'] },
    ],
    farewell: 'LOGOUT\r\n',
  },

  // IRCv3 "tls" (deprecated there, still what servers speak on 6667): 670 starts TLS, 691 refuses.
  irc: {
    label: 'IRC',
    port: 6667,
    steps: [{ name: 'STARTTLS', send: 'STARTTLS\r\n', read: ircReply, accept: ['670'] }],
    refusals: [[/^(?:421|451|461)$/, 'not-offered']],
    farewell: 'QUIT\r\n',
    unsolicited: true,
  },

  // RFC 4511 4.14; result codes in A.1: 2 protocolError is what a server without it says, 51 busy, 52 unavailable.
  ldap: {
    label: 'LDAP',
    port: 389,
    steps: [{ name: 'StartTLS', send: LDAP_STARTTLS, read: ldapResponse, accept: ['0'] }],
    refusals: [
      [/^5[12]$/, 'try-later'],
      [/^2$/, 'not-offered'],
    ],
  },

  postgres: {
    label: 'PostgreSQL',
    port: 5432,
    steps: [{ name: 'SSLRequest', send: POSTGRES_SSL_REQUEST, read: postgresAnswer, accept: ['S'] }],
    refusals: [[/^N$/, 'not-offered']],
  },

  // The request is not answered: TLS follows it at once.
  mysql: {
    label: 'MySQL',
    port: 3306,
    steps: [
      { name: 'greeting', read: mysqlGreeting, accept: ['ssl'] },
      { name: 'SSLRequest', send: MYSQL_SSL_REQUEST },
    ],
    refusals: [[/^plain$/, 'not-offered']],
  },

  xmpp: xmpp('XMPP', 5222, 'jabber:client'),
  'xmpp-server': xmpp('XMPP', 5269, 'jabber:server'),
};
