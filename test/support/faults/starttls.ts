/**
 * Faults in the dialogue before TLS: servers that start in plain text and never get to the point.
 */
import { makeKey } from '../pki/pki.ts';
import { scriptedTls } from '../servers/scripted-tls.ts';
import { type MailProtocol, type StartTlsMood, startTlsServer } from '../servers/starttls-server.ts';
import { type Expected, type Fault, HARMLESS, leafFor, noHandshake, noStartTls, timeoutIn } from './fault.ts';

type Row = readonly [mood: StartTlsMood, story: string, expect: Expected];

const ROWS: readonly Row[] = [
  ['chatty', 'Greets in many lines and chats between its answers.', HARMLESS],
  ['one-byte-segments', 'Sends each byte of the dialogue as a packet of its own.', HARMLESS],
  ['no-banner', 'Does not greet.', timeoutIn('starttls')],
  ['dripping-banner', 'Greets a byte at a time, for ever.', timeoutIn('starttls')],
  ['endless-line', 'Greets in one line without an end.', noStartTls('line-too-long')],
  ['turned-away', 'Greets with "too busy, try later".', noStartTls('try-later')],
  ['no-capability', 'Does not offer STARTTLS.', noStartTls('not-offered')],
  ['refuses', 'Offers STARTTLS and refuses it.', noStartTls('try-later')],
  ['injects', 'Slips plain text in behind its answer to STARTTLS (injection).', noStartTls('injected-data')],
  ['garbage', 'Answers in bytes that are no answer, terminal escapes among them.', noStartTls('unexpected-answer')],
  ['silent-after-banner', 'Greets and falls silent.', timeoutIn('starttls')],
  ['silent-after-starttls', 'Falls silent where TLS should begin.', timeoutIn('handshake')],
  ['hangs-up', 'Hangs up when asked for STARTTLS.', noStartTls('closed')],
  ['resets', 'Resets the connection when asked for STARTTLS.', noStartTls('reset')],
];

const ENDLESS_BANNER = 'Greets in lines without end.';

/** Where a protocol has no way to say "later", a refusal is a refusal. */
const REFUSALS: readonly StartTlsMood[] = ['turned-away', 'refuses'];

function startTls(protocol: MailProtocol, [mood, story, expect]: Row): Fault {
  const id = `${protocol}-${mood}`;
  const temporary = protocol === 'smtp' || protocol === 'lmtp';
  return {
    id,
    layer: 'starttls',
    story,
    variant: protocol.toUpperCase(),
    options: `starttls=${protocol}`,
    start: (lab) => startTlsServer({ protocol, mood, leaf: leafFor(lab, id) }),
    expect: REFUSALS.includes(mood) && !temporary ? noStartTls('refused') : expect,
  };
}

export const STARTTLS_FAULTS: readonly Fault[] = [
  ...(['smtp', 'lmtp', 'imap', 'pop3'] as const).flatMap((protocol) => ROWS.map((row) => startTls(protocol, row))),
  startTls('smtp', ['endless-banner', ENDLESS_BANNER, noStartTls('too-many-lines')]),
  startTls('lmtp', ['endless-banner', ENDLESS_BANNER, noStartTls('too-many-lines')]),
  {
    id: 'smtp-then-thief',
    layer: 'starttls',
    story: 'Gets to TLS in order, then shows a certificate whose key it does not have.',
    variant: 'SMTP',
    options: 'starttls=smtp',
    start(lab) {
      const leaf = leafFor(lab, 'smtp-then-thief');
      const scripted = { certificates: leaf.chain, key: makeKey() };
      const takeOver = (socket: Parameters<typeof scriptedTls>[0]) => scriptedTls(socket, scripted);
      return startTlsServer({ protocol: 'smtp', leaf, takeOver });
    },
    expect: noHandshake('key-not-proven'),
  },
];
