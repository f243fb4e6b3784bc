/**
 * STARTTLS dialogues: every row of the table in order, and with each fault that a peer may have.
 */
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/model/observation.ts';
import type { Result } from '../../../src/model/result.ts';
import type { StartTlsProtocol } from '../../../src/model/target.ts';
import { dial } from '../../../src/net/dial.ts';
import { negotiateStartTls } from '../../../src/net/starttls/negotiate.ts';
import { STARTTLS } from '../../../src/net/starttls/table.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import {
  drip,
  type ForeignProtocol,
  floodingServer,
  foreignServer,
  silentServer,
} from '../../support/servers/misbehaving.ts';
import {
  IN_ORDER,
  ldapAnswer,
  mysqlGreeting,
  mysqlPacket,
  PROTOCOLS,
  type ScriptOptions,
  scriptedPeer,
  type Turn,
  xmppHello,
} from './scripted-peer.ts';

const LONG_MS = 10_000;
const SHORT_MS = 60;

interface Attempt {
  readonly result: Result<void, Failure>;
  readonly socket: Socket;
}

async function negotiate(port: number, protocol: StartTlsProtocol, ms = LONG_MS): Promise<Attempt> {
  const deadline = Deadline.after(ms);
  try {
    const dialed = await dial(['127.0.0.1'], port, { deadline: Deadline.none() });
    if (!dialed.ok) throw new Error(dialed.error.detail);
    const { socket } = dialed.value;
    return { socket, result: await negotiateStartTls(socket, protocol, { servername: 'shop.example', deadline }) };
  } finally {
    deadline.release();
  }
}

/** Runs the script for `protocol`. @returns the failure; waits until the peer has seen the connection end. */
async function failureOf(
  protocol: StartTlsProtocol,
  script: readonly Turn[],
  { ms = LONG_MS, ...options }: ScriptOptions & { ms?: number } = {},
): Promise<Failure & { heard: string }> {
  await using peer = await scriptedPeer(script, options);
  const { result, socket } = await negotiate(peer.port, protocol, ms);
  if (result.ok) {
    socket.destroy();
    throw new Error('the dialogue came to a good end');
  }
  await peer.idle();
  expect(socket.destroyed).toBe(true);
  return { ...result.error, heard: peer.heard };
}

/** Not before the client's dial has seen that the connection stands. */
const resetSoon = (socket: Socket) => void setTimeout(() => socket.resetAndDestroy(), 20);

describe.each(PROTOCOLS)('%s', (protocol) => {
  const script = IN_ORDER[protocol];
  const lastIsSpoken = protocol !== 'mysql';

  it.each([{ dripping: false }, { dripping: true }])('comes to TLS in order ($dripping)', async ({ dripping }) => {
    await using peer = await scriptedPeer(script, { dripping });
    const { result, socket } = await negotiate(peer.port, protocol);
    expect(result).toEqual({ ok: true, value: undefined });
    expect(socket.isPaused()).toBe(true);
    expect(socket.readableLength).toBe(0);
    for (const event of ['data', 'readable', 'close', 'connect', 'timeout']) {
      expect([event, socket.listenerCount(event)]).toEqual([event, 0]);
    }
    socket.destroy();
    await peer.idle();
  });

  it('hands over the socket so that its next owner sees every byte', async () => {
    await using peer = await scriptedPeer([...script, { after: /^hello/, say: 'and hello to you' }], {
      ending: (socket) => socket.end(),
    });
    const { socket } = await negotiate(peer.port, protocol);
    const read: Buffer[] = [];
    const ended = new Promise((resolve) => socket.on('end', resolve));
    socket.on('data', (chunk: Buffer) => read.push(chunk));
    socket.resume();
    socket.write('hello');
    await ended;
    expect(Buffer.concat(read).toString()).toBe('and hello to you');
  });

  it.each(lastIsSpoken ? [script.at(-1) as Turn] : [])(
    'refuses plain text behind the answer to STARTTLS',
    async (last) => {
      const say = Buffer.concat([Buffer.from(last.say as string), Buffer.from('a3 OK injected\r\n')]);
      const failure = await failureOf(protocol, [...script.slice(0, -1), { ...last, say }]);
      expect(failure).toMatchObject({ code: 'starttls-failed', phase: 'starttls', reason: 'injected-data' });
    },
  );

  const stages = lastIsSpoken ? script.length : 1;
  it.each(Array.from({ length: stages }, (_, i) => i))('says that it was left alone at stage %i', async (stage) => {
    const before = script.slice(0, stage);
    // The client's next word is waited for, so that it is not the peer that is too fast.
    const until = { after: /[\s\S]/, say: '' };
    const speaksFirst = script[stage]?.after === undefined;
    const cut = speaksFirst ? before : [...before, until];
    const closed = await failureOf(protocol, cut, { ending: (socket) => socket.end() });
    expect(closed).toMatchObject({ code: 'starttls-failed', phase: 'starttls', reason: 'closed' });
    const reset = await failureOf(protocol, cut, { ending: resetSoon });
    expect(reset).toMatchObject({ code: 'starttls-failed', phase: 'starttls', reason: 'reset' });
    const silent = await failureOf(protocol, cut, { ms: SHORT_MS });
    expect(silent).toMatchObject({ code: 'timeout', phase: 'starttls', reason: 'deadline' });
  });

  it.each([
    ['bytes without a line end', Buffer.alloc(1000, 'x')],
    ['line after line', Buffer.from('220-more\r\n* OK more\r\n')],
    ['zeros', Buffer.alloc(1000)],
    ['XML', Buffer.from('<a>'.repeat(300))],
  ])('cuts off a flood of %s', async (_, bytes) => {
    await using server = await floodingServer(bytes, { first: true });
    const { result, socket } = await negotiate(server.port, protocol);
    expect(result.ok).toBe(false);
    expect(!result.ok && result.error.code).toBe('starttls-failed');
    expect(!result.ok && (result.error.detail ?? '').length).toBeLessThan(500);
    expect(socket.destroyed).toBe(true);
  });

  const beginning = DRIP_AFTER[protocol];
  it.each(beginning === undefined ? [] : [beginning])('holds the deadline against a drip', async (say) => {
    const dripped = [{ ...(speaksFirst(protocol) ? {} : { after: /[\s\S]/ }), say }];
    const failure = await failureOf(protocol, dripped, {
      ms: SHORT_MS,
      ending: (socket) => drip(socket, Buffer.from('a'), { everyMs: 1, repeat: true }),
    });
    expect(failure).toMatchObject({ code: 'timeout', phase: 'starttls', reason: 'deadline' });
  });
});

const speaksFirst = (protocol: StartTlsProtocol) => IN_ORDER[protocol][0]?.after === undefined;

/** How an answer begins that is never finished. PostgreSQL's is one byte, which cannot be half sent. */
const DRIP_AFTER: Readonly<Partial<Record<StartTlsProtocol, string | Buffer>>> = {
  smtp: '220-',
  lmtp: '220-',
  imap: '* OK ',
  pop3: '+OK ',
  ftp: '220-',
  nntp: '200 ',
  sieve: '"',
  irc: ':',
  ldap: '0\x64',
  mysql: Buffer.of(0xff, 3, 0, 0),
  xmpp: '<?xml ',
  'xmpp-server': '<?xml ',
};

describe('what a peer that does not want to is called', () => {
  const greeting = (protocol: StartTlsProtocol): readonly Turn[] => IN_ORDER[protocol].slice(0, 1);
  const upTo = (protocol: StartTlsProtocol): readonly Turn[] => IN_ORDER[protocol].slice(0, -1);
  const any = /[\s\S]+/;

  it.each<[StartTlsProtocol, string, readonly Turn[]]>([
    ['smtp', 'try-later', [{ say: '421 too busy\r\n' }]],
    ['smtp', 'refused', [{ say: '554-go\r\n554 away\r\n' }]],
    ['smtp', 'not-offered', [...greeting('smtp'), { after: any, say: '502 what?\r\n' }]],
    ['smtp', 'not-offered', [...greeting('smtp'), { after: any, say: '250-mail\r\n250-XSTARTTLS\r\n250 HELP\r\n' }]],
    ['smtp', 'refused', [...greeting('smtp'), { after: any, say: '550 not you\r\n' }]],
    ['smtp', 'try-later', [...upTo('smtp'), { after: any, say: '454 TLS not available\r\n' }]],
    ['smtp', 'not-offered', [...upTo('smtp'), { after: any, say: '502 no\r\n' }]],
    ['smtp', 'refused', [...upTo('smtp'), { after: any, say: '554 no\r\n' }]],
    ['smtp', 'unexpected-answer', [{ say: '220 ready\r\n250 too early\r\n' }]],
    ['smtp', 'unexpected-answer', [...greeting('smtp'), { after: any, say: 'hm?\r\n' }]],
    ['lmtp', 'not-offered', [...greeting('lmtp'), { after: any, say: '250 mail\r\n' }]],
    ['imap', 'refused', [{ say: '* BYE too busy\r\n' }]],
    ['imap', 'not-offered', [{ say: '* PREAUTH you are known\r\n' }]],
    [
      'imap',
      'not-offered',
      [...greeting('imap'), { after: any, say: '* CAPABILITY IMAP4rev1 XSTARTTLSX\r\na1 OK done\r\n' }],
    ],
    ['imap', 'refused', [...upTo('imap'), { after: any, say: 'a2 NO not now\r\n' }]],
    ['imap', 'not-offered', [...upTo('imap'), { after: any, say: 'a2 BAD what?\r\n' }]],
    ['imap', 'refused', [...upTo('imap'), { after: any, say: '* BYE gone\r\n' }]],
    ['imap', 'unexpected-answer', [...upTo('imap'), { after: any, say: 'a1 OK done\r\n' }]],
    ['pop3', 'refused', [{ say: '-ERR busy\r\n' }]],
    ['pop3', 'not-offered', [...greeting('pop3'), { after: any, say: '+OK\r\nTOP\r\n.\r\n' }]],
    ['pop3', 'refused', [...greeting('pop3'), { after: any, say: '-ERR CAPA?\r\n' }, { after: any, say: '-ERR\r\n' }]],
    ['ftp', 'try-later', [{ say: '421 too many\r\n' }]],
    ['ftp', 'not-offered', [...greeting('ftp'), { after: any, say: '530 Please login with USER and PASS.\r\n' }]],
    ['ftp', 'not-offered', [...greeting('ftp'), { after: any, say: '502 no AUTH\r\n' }]],
    ['ftp', 'refused', [...greeting('ftp'), { after: any, say: '534 policy\r\n' }]],
    ['nntp', 'try-later', [{ say: '400 not now\r\n' }]],
    ['nntp', 'refused', [{ say: '599 never\r\n' }]],
    ['nntp', 'not-offered', [...greeting('nntp'), { after: any, say: '101 here\r\nVERSION 2\r\n.\r\n' }]],
    ['nntp', 'not-offered', [...greeting('nntp'), { after: any, say: '500 ?\r\n' }, { after: any, say: '500 ?\r\n' }]],
    ['nntp', 'not-offered', [...upTo('nntp'), { after: any, say: '580 cannot\r\n' }]],
    ['sieve', 'not-offered', [{ say: '"SASL" "PLAIN"\r\nOK\r\n' }]],
    ['sieve', 'refused', [{ say: 'BYE "busy"\r\n' }]],
    ['sieve', 'refused', [...upTo('sieve'), { after: any, say: 'NO (TRYLATER) "no"\r\n' }]],
    ['irc', 'not-offered', [{ after: any, say: ':irc 451 * STARTTLS :Register first\r\n' }]],
    ['irc', 'not-offered', [{ after: any, say: ':irc 421 * STARTTLS :Unknown command\r\n' }]],
    ['irc', 'refused', [{ after: any, say: '@time=1 :irc 691 * :Failed\r\n' }]],
    ['irc', 'refused', [{ after: any, say: 'ERROR :Closing link\r\n' }]],
    ['ldap', 'not-offered', [{ after: any, say: ldapAnswer(2, 'unsupported extended operation') }]],
    ['ldap', 'try-later', [{ after: any, say: ldapAnswer(52, 'TLS not started', true) }]],
    ['ldap', 'refused', [{ after: any, say: ldapAnswer(1, 'TLS already started') }]],
    ['ldap', 'unexpected-answer', [{ after: any, say: Buffer.from('300c020101610702010004000400', 'hex') }]],
    // Sixteen megabytes are announced: not waited for.
    ['ldap', 'unexpected-answer', [{ after: any, say: Buffer.from('30840100000002', 'hex') }]],
    ['postgres', 'not-offered', [{ after: any, say: 'N' }]],
    ['postgres', 'refused', [{ after: any, say: 'EFATAL:  too many connections\n\0' }]],
    ['mysql', 'not-offered', [{ say: mysqlGreeting(0xf7ff) }]],
    ['mysql', 'refused', [{ say: mysqlPacket(Buffer.from('\xff\x6a\x04Host is not allowed', 'latin1')) }]],
    ['mysql', 'unexpected-answer', [{ say: Buffer.concat([mysqlGreeting(0xffff), Buffer.from('more')]) }]],
    ['xmpp', 'not-offered', [{ after: any, say: xmppHello('<mechanisms/>') }]],
    ['xmpp', 'not-offered', [{ after: any, say: '<stream:stream><stream:features/>' }]],
    [
      'xmpp',
      'refused',
      [{ after: any, say: '<stream:stream><stream:error><host-unknown/></stream:error></stream:stream>' }],
    ],
    ['xmpp', 'refused', [...upTo('xmpp'), { after: any, say: "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" }]],
  ])('%s: %s (%#)', async (protocol, reason, script) => {
    const failure = await failureOf(protocol, script);
    expect(failure).toMatchObject({ code: 'starttls-failed', phase: 'starttls', reason });
    expect(failure.detail).toContain(STARTTLS[protocol].label);
  });

  it.each<[StartTlsProtocol, Turn[], RegExp]>([
    ['irc', [{ after: any, say: ':irc NOTICE * :Looking up\r\n:irc 691 * :Failed\r\n' }], /691 \* :Failed$/],
    ['imap', [...upTo('imap'), { after: any, say: '* 3 EXISTS\r\na2 NO off\r\n' }], /EXISTS \/ a2 NO off$/],
  ])('tells the line that refuses, and all in one line: %s', async (protocol, script, words) => {
    const { detail = '' } = await failureOf(protocol, script);
    expect(detail).toMatch(words);
    expect(detail).not.toMatch(/[\r\n]/);
  });

  it('goes on to POP3 STLS and NNTP STARTTLS where the server knows no capability command', async () => {
    for (const [protocol, unknown, yes] of [
      ['pop3', '-ERR CAPA?\r\n', '+OK\r\n'],
      ['nntp', '500 ?\r\n', '382 go\r\n'],
    ] as const) {
      await using peer = await scriptedPeer([
        ...greeting(protocol),
        { after: /\n/, say: unknown },
        { after: /\n/, say: yes },
      ]);
      const { result, socket } = await negotiate(peer.port, protocol);
      socket.destroy();
      expect(result.ok).toBe(true);
    }
  });

  it('says goodbye to a server that refuses, so that its log shows an ordinary end', async () => {
    const failure = await failureOf('smtp', [
      ...greeting('smtp'),
      { after: /^EHLO .*\r\n/, say: '250 mail\r\n' },
      { after: /^QUIT\r\n/, say: '' },
    ]);
    expect(failure.heard).toMatch(/^EHLO \S+\r\nQUIT\r\n$/);
  });

  it.each<[string, string, string]>([
    ['line-too-long', 'one line', '220-x'],
    ['too-many-lines', 'short lines', '220-x\r\n'],
    ['too-much-data', 'long lines', `220-${'x'.repeat(1_500)}\r\n`],
  ])('%s: %s without end', async (reason, _, text) => {
    await using server = await floodingServer(Buffer.from(text), { first: true });
    expect((await negotiate(server.port, 'smtp')).result).toMatchObject({ ok: false, error: { reason } });
  });

  it('lets no server name break out of the XMPP stream header', async () => {
    await using peer = await scriptedPeer([{ after: />/, say: xmppHello('') }]);
    const deadline = Deadline.after(LONG_MS);
    const dialed = await dial(['127.0.0.1'], peer.port, { deadline });
    if (!dialed.ok) throw new Error(dialed.error.detail);
    await negotiateStartTls(dialed.value.socket, 'xmpp', { servername: "a'<&>b", deadline });
    deadline.release();
    expect(peer.heard).toContain("to='a&apos;&lt;&amp;&gt;b'");
  });

  it('carries the words of the peer raw, and capped', async () => {
    const failure = await failureOf('smtp', [{ say: `554 \x1b[31m<b>${'x'.repeat(3000)}\r\n` }]);
    expect(failure.detail).toContain('554 \x1b[31m<b>xxx');
    expect(failure.detail?.length).toBeLessThan(400);
  });
});

describe('a slip in the port', () => {
  it.each<[StartTlsProtocol, ForeignProtocol, RegExp]>([
    ['smtp', 'ssh', /looks like SSH/],
    ['smtp', 'imap', /looks like IMAP/],
    ['imap', 'smtp', /looks like SMTP/],
    ['imap', 'pop3', /looks like POP3/],
    ['pop3', 'ssh', /looks like SSH/],
    ['sieve', 'imap', /looks like IMAP/],
    ['mysql', 'ssh', /looks like SSH/],
    ['ldap', 'ssh', /looks like SSH/],
    ['ldap', 'http', /looks like HTTP/],
    ['irc', 'http', /looks like HTTP/],
    ['xmpp', 'imap', /looks like IMAP/],
    ['postgres', 'ssh', /looks like SSH/],
  ])('%s on a port of %s', async (protocol, foreign, words) => {
    await using server = await foreignServer(foreign);
    const { result } = await negotiate(server.port, protocol);
    expect(result).toMatchObject({ ok: false, error: { reason: 'wrong-protocol' } });
    expect(!result.ok && result.error.detail).toMatch(words);
  });

  it('knows a TLS alert, which is how a TLS server answers a command', async () => {
    const failure = await failureOf('irc', [{ after: /[\s\S]/, say: Buffer.from('15030100020246', 'hex') }], {
      ending: (socket) => socket.end(),
    });
    expect(failure).toMatchObject({ reason: 'wrong-protocol' });
    expect(failure.detail).toMatch(/looks like TLS/);
  });

  it('gives a hint where a port that may speak TLS at once stays silent', async () => {
    await using server = await silentServer();
    const { result } = await negotiate(server.port, 'smtp', SHORT_MS);
    expect(result).toMatchObject({ ok: false, error: { code: 'timeout', phase: 'starttls', reason: 'deadline' } });
    expect(!result.ok && result.error.detail).toMatch(/expects TLS from the first byte/);
  });
});
