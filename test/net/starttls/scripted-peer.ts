/**
 * A peer that follows a script: says its lines, and before each of the later ones waits for what the client has to say.
 */
import type { Socket } from 'node:net';
import type { StartTlsProtocol } from '../../../src/model/target.ts';
import { serve, type TestServer } from '../../support/servers/server.ts';

export interface Turn {
  /** What the client must have said, in full, before this turn; Latin-1. */
  readonly after?: RegExp;
  readonly say: string | Uint8Array;
}

/** What is done when the script is at an end; by default the connection stays open and silent. */
export type Ending = (socket: Socket) => void;

export interface ScriptOptions {
  /** Each byte is a segment of its own. */
  readonly dripping?: boolean;
  readonly ending?: Ending;
}

export interface ScriptedPeer extends TestServer {
  /** All that clients have said, Latin-1. */
  readonly heard: string;
}

export async function scriptedPeer(script: readonly Turn[], options: ScriptOptions = {}): Promise<ScriptedPeer> {
  let heard = '';
  const server = await serve((socket) => {
    socket.setNoDelay(true);
    let pending = '';
    let turn = 0;
    let busy = false;
    const go = async () => {
      if (busy) return;
      busy = true;
      for (let next = script[turn]; next; next = script[turn]) {
        const match = next.after?.exec(pending);
        if (next.after && !match) break;
        pending = match ? pending.slice(match.index + match[0].length) : pending;
        turn += 1;
        await say(socket, Buffer.from(next.say as string), options.dripping ?? false);
        if (turn === script.length) options.ending?.(socket);
      }
      busy = false;
    };
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      pending += chunk.toString('latin1');
      void go();
    });
    socket.on('end', () => socket.end());
    if (script.length === 0) options.ending?.(socket);
    void go();
  });
  return Object.defineProperty(server, 'heard', { get: () => heard }) as ScriptedPeer;
}

async function say(socket: Socket, bytes: Buffer, dripping: boolean): Promise<void> {
  if (!dripping) socket.write(bytes);
  else {
    for (const byte of bytes) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** LDAPMessage 1: ExtendedResponse with this result code and message. `wide`: every length in four octets. */
export function ldapAnswer(code: number, message = '', wide = false): Buffer {
  const length = (n: number) => (wide ? [0x84, 0, 0, 0, n] : [n]);
  const text = Buffer.from(message);
  const fields = Buffer.concat([
    Buffer.of(0x0a, ...length(1), code),
    Buffer.of(0x04, ...length(0)),
    Buffer.of(0x04, ...length(text.length)),
    text,
  ]);
  const body = Buffer.concat([Buffer.of(0x02, ...length(1), 1, 0x78, ...length(fields.length)), fields]);
  return Buffer.concat([Buffer.of(0x30, ...length(body.length)), body]);
}

export const mysqlPacket = (payload: Buffer): Buffer =>
  Buffer.concat([Buffer.of(payload.length & 0xff, payload.length >> 8, 0, 0), payload]);

export function mysqlGreeting(capabilities: number, version = '8.0.36'): Buffer {
  return mysqlPacket(
    Buffer.concat([
      Buffer.of(10),
      Buffer.from(`${version}\0`),
      Buffer.alloc(13, 1),
      Buffer.of(capabilities & 0xff, capabilities >> 8),
      Buffer.alloc(32),
    ]),
  );
}

const XMPP_HEADER =
  "<?xml version='1.0'?><stream:stream id='1' from='shop.example' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const XMPP_TLS = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'";

export const xmppHello = (features: string): string => `${XMPP_HEADER}<stream:features>${features}</stream:features>`;

const mail = (hello: string): readonly Turn[] => [
  { say: '220-mail.shop.example ESMTP\r\n220-\r\n220 ready\r\n' },
  {
    after: new RegExp(`^${hello} \\[127\\.0\\.0\\.1\\]\\r\\n`),
    say: '250-mail.shop.example\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n',
  },
  { after: /^STARTTLS\r\n/, say: '220 2.0.0 go ahead\r\n' },
];

const xmpp = (namespace: string): readonly Turn[] => [
  {
    after: new RegExp(`^<\\?xml [^>]*\\?><stream:stream to='shop\\.example' [^>]*xmlns='${namespace}' [^>]*>`),
    say: xmppHello(
      `<starttls ${XMPP_TLS}><required/></starttls><mechanisms xmlns='x'><mechanism>PLAIN</mechanism></mechanisms>`,
    ),
  },
  { after: new RegExp(`^<starttls ${XMPP_TLS}/>`), say: `<proceed ${XMPP_TLS}/>` },
];

/** A dialogue in order for each row of the table; what the client must say is pinned down to the byte. */
export const IN_ORDER: Readonly<Record<StartTlsProtocol, readonly Turn[]>> = {
  smtp: mail('EHLO'),
  lmtp: mail('LHLO'),
  imap: [
    { say: '* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n* OK and one more untagged line\r\n' },
    {
      after: /^a1 CAPABILITY\r\n/,
      say: '* CAPABILITY IMAP4rev1 LITERAL+ STARTTLS LOGINDISABLED\r\n* NOTE {7}\r\nanythin\r\na1 OK done\r\n',
    },
    { after: /^a2 STARTTLS\r\n/, say: 'a2 OK begin\r\n' },
  ],
  pop3: [
    { say: '+OK ready\r\n' },
    { after: /^CAPA\r\n/, say: '+OK here\r\nTOP\r\nSTLS\r\n.\r\n' },
    { after: /^STLS\r\n/, say: '+OK begin\r\n' },
  ],
  ftp: [
    { say: '220-Welcome\r\n any line\r\n220-and more\r\n220 ready\r\n' },
    { after: /^AUTH TLS\r\n/, say: '234 go ahead\r\n' },
  ],
  nntp: [
    { say: '200 news.shop.example InterNetNews ready\r\n' },
    { after: /^CAPABILITIES\r\n/, say: '101 here\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n' },
    { after: /^STARTTLS\r\n/, say: '382 go ahead\r\n' },
  ],
  sieve: [
    { say: '"IMPLEMENTATION" "Example 1"\r\n"SIEVE" "fileinto"\r\n"STARTTLS"\r\n"VERSION" "1.0"\r\nOK "ready"\r\n' },
    { after: /^STARTTLS\r\n/, say: 'OK "begin"\r\n' },
  ],
  irc: [
    { say: ':irc.shop.example NOTICE * :*** Looking up your hostname\r\n' },
    { after: /^STARTTLS\r\n/, say: 'PING :123\r\n:irc.shop.example 670 * :STARTTLS successful\r\n' },
  ],
  ldap: [{ after: /^0\x1d\x02\x01\x01w\x18\x80\x161\.3\.6\.1\.4\.1\.1466\.20037/, say: ldapAnswer(0) }],
  postgres: [{ after: /^\0\0\0\x08\x04\xd2\x16\x2f/, say: 'S' }],
  mysql: [{ say: mysqlGreeting(0xffff) }, { after: /^\x20\0\0\x01[\s\S]{32}/, say: '' }],
  xmpp: xmpp('jabber:client'),
  'xmpp-server': xmpp('jabber:server'),
};

export const PROTOCOLS = Object.keys(IN_ORDER) as readonly StartTlsProtocol[];
