/**
 * Mail servers that start in plain text and turn to TLS: SMTP (RFC 3207), LMTP, IMAP (RFC 9051) and POP3 (RFC 2595), in
 * order or misbehaving at any line of the dialogue.
 */
import type { Socket } from 'node:net';
import { drip, pour } from './misbehaving.ts';
import { serve, type TestServer } from './server.ts';
import { secureContextOf, type TlsServerOptions, upgradeToTls } from './tls-server.ts';

export type MailProtocol = 'smtp' | 'lmtp' | 'imap' | 'pop3';

export type StartTlsMood =
  | 'proper'
  /** Greets in several lines, or, where the protocol has none of that, with untagged chatter before each answer. */
  | 'chatty'
  /** In order, but each byte is a segment of its own. */
  | 'one-byte-segments'
  /** Says nothing on connect. */
  | 'no-banner'
  /** A greeting that never ends: without a line end, or line after line. */
  | 'endless-line'
  | 'endless-banner'
  | 'dripping-banner'
  /** Greets with "not now" (421, BYE, -ERR). */
  | 'turned-away'
  /** Does not offer it; asked nevertheless, refuses. */
  | 'no-capability'
  /** Offers it and refuses. */
  | 'refuses'
  /** Sends plain text behind the answer to STARTTLS, in the same segment: CVE-2021-38371 and its kin. */
  | 'injects'
  /** Answers what is no answer. */
  | 'garbage'
  /** Falls silent after the greeting, or after STARTTLS where TLS should begin. */
  | 'silent-after-banner'
  | 'silent-after-starttls'
  /** Hangs up, or resets the connection, where the answer to STARTTLS was due. */
  | 'hangs-up'
  | 'resets';

export interface StartTlsServerOptions extends TlsServerOptions {
  readonly protocol: MailProtocol;
  readonly mood?: StartTlsMood;
  /** What comes after the answer to STARTTLS; by default TLS with `leaf`. */
  readonly takeOver?: (socket: Socket) => void;
}

export interface StartTlsServer extends TestServer {
  /** The lines that clients sent in plain text, oldest first. */
  readonly commands: readonly string[];
}

interface Dialogue {
  readonly banner: string;
  readonly chattyBanner: string;
  readonly away: string;
  /** Untagged lines that may come at any time. */
  readonly chatter: string;
  /** @returns the answer, or `starttls` in its place. */
  answer(line: string, offered: boolean): string | 'starttls';
  readonly accept: (line: string) => string;
  readonly refuse: (line: string) => string;
}

const tag = (line: string): string => line.split(' ')[0] ?? '*';

function mailTransfer(hello: 'EHLO' | 'LHLO'): Dialogue {
  return {
    banner: '220 mail.shop.example ESMTP ready\r\n',
    chattyBanner: '220-mail.shop.example ESMTP\r\n220-No spam, please.\r\n220-\r\n220 ready\r\n',
    away: '421 4.3.2 mail.shop.example is busy\r\n',
    chatter: '',
    answer(line, offered) {
      const verb = line.split(' ')[0]?.toUpperCase();
      if (verb === hello) {
        return `250-mail.shop.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n${offered ? '250-STARTTLS\r\n' : ''}250 8BITMIME\r\n`;
      }
      if (verb === 'STARTTLS') return 'starttls';
      if (verb === 'QUIT') return '221 2.0.0 bye\r\n';
      return '502 5.5.2 not here\r\n';
    },
    accept: () => '220 2.0.0 ready to start TLS\r\n',
    refuse: () => '454 4.7.0 TLS not available\r\n',
  };
}

const DIALOGUES: Readonly<Record<MailProtocol, Dialogue>> = {
  smtp: mailTransfer('EHLO'),
  lmtp: mailTransfer('LHLO'),
  imap: {
    banner: '* OK IMAP4rev1 ready\r\n',
    chattyBanner: '* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready, and glad of it\r\n',
    away: '* BYE too busy\r\n',
    chatter: '* OK still here\r\n* NOOP {not a literal}\r\n',
    answer(line, offered) {
      const verb = line.split(' ')[1]?.toUpperCase();
      if (verb === 'CAPABILITY') {
        return `* CAPABILITY IMAP4rev1 ${offered ? 'STARTTLS ' : ''}LOGINDISABLED\r\n${tag(line)} OK done\r\n`;
      }
      if (verb === 'STARTTLS') return 'starttls';
      if (verb === 'LOGOUT') return `* BYE bye\r\n${tag(line)} OK done\r\n`;
      return `${tag(line)} BAD not here\r\n`;
    },
    accept: (line) => `${tag(line)} OK begin TLS\r\n`,
    refuse: (line) => `${tag(line)} NO TLS not available\r\n`,
  },
  pop3: {
    banner: '+OK POP3 ready\r\n',
    chattyBanner: '+OK POP3 ready <1896.697170952@mail.shop.example>\r\n',
    away: '-ERR [SYS/TEMP] too busy\r\n',
    chatter: '',
    answer(line, offered) {
      const verb = line.split(' ')[0]?.toUpperCase();
      if (verb === 'CAPA') return `+OK here they are\r\nTOP\r\nUIDL\r\n${offered ? 'STLS\r\n' : ''}.\r\n`;
      if (verb === 'STLS') return 'starttls';
      if (verb === 'QUIT') return '+OK bye\r\n';
      return '-ERR not here\r\n';
    },
    accept: () => '+OK begin TLS\r\n',
    refuse: () => '-ERR TLS not available\r\n',
  },
};

export async function startTlsServer(options: StartTlsServerOptions): Promise<StartTlsServer> {
  const commands: string[] = [];
  const context = options.takeOver ? undefined : secureContextOf(options);
  const takeOver = options.takeOver ?? ((socket: Socket) => void upgradeToTls(socket, context!).resume());
  const server = await serve((socket) => converse(socket, { ...options, takeOver, commands }), options);
  return Object.defineProperty(server, 'commands', { value: commands }) as StartTlsServer;
}

interface Conversation {
  readonly protocol: MailProtocol;
  readonly mood?: StartTlsMood;
  readonly takeOver: (socket: Socket) => void;
  readonly commands: string[];
}

function converse(socket: Socket, { protocol, mood = 'proper', takeOver, commands }: Conversation): void {
  const dialogue = DIALOGUES[protocol];
  const say = (text: string, then?: () => void) => {
    if (mood !== 'one-byte-segments') socket.write(text, 'latin1', then);
    else drip(socket, Buffer.from(text, 'latin1'), { everyMs: 1, ...(then ? { then } : {}) });
  };
  greet(socket, dialogue, { mood, say });

  let held = '';
  const onData = (chunk: Buffer) => {
    if (mood === 'silent-after-banner' || mood === 'no-banner') return;
    held += chunk.toString('latin1');
    for (let end = held.indexOf('\n'); end >= 0; end = held.indexOf('\n')) {
      const line = held.slice(0, end).replace(/\r$/, '');
      held = held.slice(end + 1);
      commands.push(line);
      const answer = dialogue.answer(line, mood !== 'no-capability');
      if (mood === 'garbage') say('\x01\xfe\x00 what? \x1b[31m\r\n');
      else if (answer === 'starttls') return startTls(line);
      else say((mood === 'chatty' ? dialogue.chatter : '') + answer);
    }
  };
  const startTls = (line: string) => {
    if (mood === 'hangs-up') return void socket.end();
    if (mood === 'resets') return void socket.resetAndDestroy();
    if (mood === 'refuses' || mood === 'no-capability') return say(dialogue.refuse(line));
    const injected = mood === 'injects' ? dialogue.answer(`${tag(line)} injected`, true) : '';
    say(dialogue.accept(line) + injected, () => {
      socket.off('data', onData);
      if (mood === 'silent-after-starttls') return void socket.resume();
      takeOver(socket);
    });
  };
  socket.on('data', onData);
}

interface Greeting {
  readonly mood: StartTlsMood;
  readonly say: (text: string) => void;
}

function greet(socket: Socket, dialogue: Dialogue, { mood, say }: Greeting): void {
  if (mood === 'no-banner') return;
  if (mood === 'dripping-banner') {
    drip(socket, Buffer.from(dialogue.banner.replace('\r\n', ', and more of it')), { everyMs: 50, repeat: true });
  } else if (mood === 'endless-line') {
    const text = dialogue.banner.trim().repeat(100);
    pour(socket, () => text);
  } else if (mood === 'endless-banner') {
    const text = dialogue.banner.replace(/^220 /, '220-').repeat(100);
    pour(socket, () => text);
  } else if (mood === 'turned-away') {
    say(dialogue.away);
    socket.end();
  } else {
    say(mood === 'chatty' ? dialogue.chattyBanner : dialogue.banner);
  }
}
