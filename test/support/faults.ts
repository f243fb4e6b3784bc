/**
 * The fault lab: servers that misbehave at each layer, as a table. Each says what is wrong with it and what certwatch has to
 * answer; the tests, the demo and the documentation read the same rows.
 */
import type { FailureCode, Phase } from '../../src/model/observation.ts';
import { type Authority, createCa, type Issued, makeKey } from './pki/pki.ts';
import {
  closedPort,
  closingServer,
  deafServer,
  drippingServer,
  FOREIGN_ANSWERS,
  type ForeignProtocol,
  floodingServer,
  foreignServer,
  fullBacklogServer,
  halfClosedServer,
  resetServer,
  silentServer,
} from './servers/misbehaving.ts';
import { scriptedTls, scriptedTlsServer } from './servers/scripted-tls.ts';
import { type MailProtocol, type StartTlsMood, startTlsServer } from './servers/starttls-server.ts';
import type { TlsMood } from './servers/tls-moods.ts';

export interface FaultPki {
  readonly root: Authority;
  readonly issuing: Authority;
}

export const createFaultPki = (now: number): FaultPki => {
  const root = createCa({ now, subject: 'CN=Lab Root,O=Example' });
  return { root, issuing: root.issueCa({ subject: 'CN=Lab CA,O=Example' }) };
};

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

export interface Fault {
  /** Unique; a label of a DNS name: the server is asked for as `NAME.shop.example`. */
  readonly name: string;
  readonly layer: 'tcp' | 'starttls' | 'tls';
  /** What it does, in a few words. */
  readonly story: string;
  readonly start: (pki: FaultPki) => Promise<Listening>;
  /** More options of its list line. */
  readonly options?: string;
  /** `harmless`: odd, but the chain is there, and right. */
  readonly expect: 'harmless' | FaultAnswer;
  /** Just as right, where it depends on who is faster. */
  readonly orElse?: FaultAnswer;
}

export interface FaultAnswer {
  readonly code: FailureCode;
  readonly phase: Phase;
  readonly reason: string;
}

const TIMEOUT_IN = (phase: Phase) => ({ code: 'timeout', phase, reason: 'deadline' }) as const;
const NO_HANDSHAKE = (reason: string) => ({ code: 'handshake-failed', phase: 'handshake', reason }) as const;
const NO_STARTTLS = (reason: string) => ({ code: 'starttls-failed', phase: 'starttls', reason }) as const;

const leafFor = ({ issuing }: FaultPki, name: string): Issued => issuing.issue({ sans: [`dns:${name}.shop.example`] });

const tcp = (name: string, story: string, rest: Pick<Fault, 'start' | 'expect' | 'orElse'>): Fault => ({
  name,
  layer: 'tcp',
  story,
  ...rest,
});

const TCP_FAULTS: readonly Fault[] = [
  tcp('refused', 'nobody listens', {
    start: async () => ({ port: await closedPort(), close: async () => {} }),
    expect: { code: 'connect-failed', phase: 'connect', reason: 'refused' },
  }),
  tcp('dropped', 'a full backlog drops the connection, as a firewall would', {
    start: () => fullBacklogServer(),
    expect: TIMEOUT_IN('connect'),
  }),
  tcp('silent', 'accepts and never answers', { start: () => silentServer(), expect: TIMEOUT_IN('handshake') }),
  tcp('deaf', 'accepts and does not even read', { start: () => deafServer(), expect: TIMEOUT_IN('handshake') }),
  tcp('drip', 'a byte at a time, for ever', { start: () => drippingServer(), expect: TIMEOUT_IN('handshake') }),
  tcp('warnings', 'TLS warnings as fast as they are taken, without end', {
    start: () => floodingServer(Buffer.from('1503030002015a', 'hex')),
    expect: NO_HANDSHAKE('alert'),
  }),
  tcp('half-closed', 'says its farewell at once, and stays', {
    start: () => halfClosedServer(),
    expect: NO_HANDSHAKE('closed'),
  }),
  ...(['accept', 'data', 'half-answer'] as const).map((stage) =>
    tcp(`reset-${stage}`, `resets the connection at this stage: ${stage}`, {
      start: () => resetServer(stage),
      expect: NO_HANDSHAKE('reset'),
      ...(stage === 'accept' ? { orElse: { code: 'connect-failed', phase: 'connect', reason: 'reset' } as const } : {}),
    }),
  ),
  ...(['accept', 'data'] as const).map((stage) =>
    tcp(`closes-${stage}`, `closes the connection in order at this stage: ${stage}`, {
      start: () => closingServer(stage),
      expect: NO_HANDSHAKE('closed'),
    }),
  ),
  ...(Object.keys(FOREIGN_ANSWERS) as ForeignProtocol[]).map((protocol) =>
    tcp(`speaks-${protocol}`, `speaks ${protocol}, not TLS`, {
      start: () => foreignServer(protocol),
      expect: NO_HANDSHAKE('plaintext-answer'),
    }),
  ),
];

type StartTlsRow = readonly [mood: StartTlsMood, story: string, expect: Fault['expect']];

const STARTTLS_ROWS: readonly StartTlsRow[] = [
  ['chatty', 'greets in many lines and chats between answers', 'harmless'],
  ['one-byte-segments', 'each byte a segment of its own', 'harmless'],
  ['no-banner', 'does not greet', TIMEOUT_IN('starttls')],
  ['dripping-banner', 'greets a byte at a time, for ever', TIMEOUT_IN('starttls')],
  ['endless-line', 'greets in a line without an end', NO_STARTTLS('line-too-long')],
  ['turned-away', 'is too busy', NO_STARTTLS('try-later')],
  ['no-capability', 'does not offer STARTTLS', NO_STARTTLS('not-offered')],
  ['refuses', 'offers STARTTLS and refuses it', NO_STARTTLS('try-later')],
  ['injects', 'sends plain text behind its answer to STARTTLS', NO_STARTTLS('injected-data')],
  ['garbage', 'answers what is no answer', NO_STARTTLS('unexpected-answer')],
  ['silent-after-banner', 'greets and falls silent', TIMEOUT_IN('starttls')],
  ['silent-after-starttls', 'falls silent where TLS should begin', TIMEOUT_IN('handshake')],
  ['hangs-up', 'hangs up when asked for STARTTLS', NO_STARTTLS('closed')],
];

/** Where a protocol has no way to say "later", a refusal is a refusal. */
const REFUSALS: readonly StartTlsMood[] = ['turned-away', 'refuses'];

const startTls = (protocol: MailProtocol, [mood, story, expect]: StartTlsRow): Fault => {
  const name = `${protocol}-${mood}`;
  const temporary = protocol === 'smtp' || protocol === 'lmtp';
  return {
    name,
    layer: 'starttls',
    story: `${protocol.toUpperCase()}: ${story}`,
    options: `starttls=${protocol}`,
    start: (pki) => startTlsServer({ protocol, mood, leaf: leafFor(pki, name) }),
    expect: REFUSALS.includes(mood) && !temporary ? NO_STARTTLS('refused') : expect,
  };
};

const STARTTLS_FAULTS: readonly Fault[] = [
  ...(['smtp', 'lmtp', 'imap', 'pop3'] as const).flatMap((protocol) =>
    STARTTLS_ROWS.map((row) => startTls(protocol, row)),
  ),
  startTls('smtp', ['endless-banner', 'greets in lines without end', NO_STARTTLS('too-many-lines')]),
  startTls('lmtp', ['endless-banner', 'greets in lines without end', NO_STARTTLS('too-many-lines')]),
  {
    name: 'smtp-then-thief',
    layer: 'starttls',
    story: 'SMTP in order, then a certificate whose key it does not have',
    options: 'starttls=smtp',
    start: (pki) => {
      const leaf = leafFor(pki, 'smtp-then-thief');
      const scripted = { certificates: leaf.chain, key: makeKey() };
      return startTlsServer({ protocol: 'smtp', leaf, takeOver: (socket) => scriptedTls(socket, scripted) });
    },
    expect: NO_HANDSHAKE('key-not-proven'),
  },
];

type TlsRow = readonly [name: string, mood: TlsMood, story: string, expect: Fault['expect']];

const TLS_ROWS: readonly TlsRow[] = [
  ['one-byte-segments', 'one-byte-segments', 'each byte a segment of its own', 'harmless'],
  ['one-byte-records', 'one-byte-records', 'each byte a record of its own', 'harmless'],
  ['quiet', 'silent', 'silent after the ClientHello', TIMEOUT_IN('handshake')],
  ['quiet-after-hello', 'silent-after-hello', 'silent after its ServerHello', TIMEOUT_IN('handshake')],
  ['quiet-after-chain', 'silent-after-certificate', 'silent after its Certificate', TIMEOUT_IN('handshake')],
  ['drips', 'drips', 'a byte of a good handshake now and then', TIMEOUT_IN('handshake')],
  ['unfinished', 'unfinished-certificate', 'a Certificate that never gets whole', TIMEOUT_IN('handshake')],
  ['gone-after-hello', 'hangs-up-after-hello', 'hangs up after its ServerHello', NO_HANDSHAKE('closed')],
  ['gone-after-chain', 'hangs-up-after-certificate', 'hangs up after its Certificate', NO_HANDSHAKE('closed')],
  ['empty-records', 'empty-records', 'empty records without end', NO_HANDSHAKE('flood')],
  ['huge', 'huge-certificate', 'a Certificate of 16 MB', NO_HANDSHAKE('too-large')],
  ['many', 'ten-thousand-certificates', 'ten thousand certificates', NO_HANDSHAKE('too-large')],
  ['none', 'no-certificates', 'no certificate at all', NO_HANDSHAKE('no-certificate')],
  ['oversized', 'oversized-record', 'a record longer than any may be', NO_HANDSHAKE('malformed-record')],
  ['unknown-record', 'unknown-record', 'a record of a type that is none', NO_HANDSHAKE('malformed-record')],
  ['retries', 'retries-without-end', 'asks for another key share again and again', NO_HANDSHAKE('unexpected-message')],
  ['foreign-cipher', 'foreign-cipher', 'a cipher suite that nobody offered', NO_HANDSHAKE('unsupported-cipher')],
  ['forged', 'wrong-signature', 'a handshake signature with a wrong bit', NO_HANDSHAKE('key-not-proven')],
  ['alert', { alert: 80 }, 'an alert instead of an answer', NO_HANDSHAKE('alert')],
  ['no-such-name', { alert: 112 }, 'does not know the name', NO_HANDSHAKE('alert')],
  ['tickets', 'endless-tickets', 'session tickets without end behind a good handshake', 'harmless'],
  ['hello-requests', 'endless-hello-requests', 'HelloRequests without end behind a good handshake', 'harmless'],
];

const TLS_FAULTS: readonly Fault[] = (['TLSv1.2', 'TLSv1.3'] as const).flatMap((version) =>
  TLS_ROWS.map(([row, mood, story, expect]): Fault => {
    const name = `${version === 'TLSv1.2' ? 'tls12' : 'tls13'}-${row}`;
    return {
      name,
      layer: 'tls',
      story: `TLS ${version.slice(4)}: ${story}`,
      start(pki) {
        const leaf = leafFor(pki, name);
        return scriptedTlsServer({ version, certificates: leaf.chain, key: leaf.key, mood });
      },
      expect,
    };
  }),
);

export const FAULTS: readonly Fault[] = [...TCP_FAULTS, ...STARTTLS_FAULTS, ...TLS_FAULTS];
