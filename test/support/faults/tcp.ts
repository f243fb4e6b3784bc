/**
 * Faults under TLS: nobody there, silence, resets, drips, floods, and answers in another protocol.
 */
import { closedPort } from '../ports.ts';
import {
  closingServer,
  deafServer,
  drippingServer,
  FOREIGN_ANSWERS,
  type ForeignProtocol,
  floodingServer,
  foreignServer,
  fullBacklogServer,
  halfClosedServer,
  type ResetStage,
  resetServer,
  silentServer,
} from '../servers/misbehaving.ts';
import { type Expected, type Fault, noConnection, noHandshake, type Peer, timeoutIn } from './fault.ts';

interface Row {
  readonly story: string;
  readonly start: () => Promise<Peer>;
  readonly expect: Expected;
}

const RESETS: Readonly<Record<ResetStage, string>> = {
  accept: 'Resets the connection as soon as it stands.',
  data: 'Resets the connection when the ClientHello comes.',
  'half-answer': 'Resets the connection in the middle of its own first answer.',
};

const FOREIGN: Readonly<Record<ForeignProtocol, string>> = {
  http: 'HTTP',
  ssh: 'SSH',
  smtp: 'SMTP',
  imap: 'IMAP',
  pop3: 'POP3',
  mysql: 'MySQL',
  sslv2: 'SSLv2',
  escapes: 'control sequences and markup',
};

/** An address of its own: on 127.0.0.1 the port that is free now is soon somebody's. */
const DESERTED = '127.0.0.3';

const ROWS: Readonly<Record<string, Row>> = {
  refused: {
    story: 'Nobody listens on the port.',
    start: async () => ({ host: DESERTED, port: await closedPort(DESERTED), close: async () => {} }),
    expect: noConnection('refused'),
  },
  dropped: {
    story: 'The first packet (SYN) is dropped, as by a firewall.',
    start: () => fullBacklogServer(),
    expect: timeoutIn('connect'),
  },
  silent: {
    story: 'Accepts the connection and never says a word.',
    start: () => silentServer(),
    expect: timeoutIn('handshake'),
  },
  deaf: {
    story: 'Accepts the connection and does not even read.',
    // It never reads that the client has gone, either: what is open there says nothing.
    start: async () => Object.defineProperty(await deafServer(), 'open', { value: 0 }),
    expect: timeoutIn('handshake'),
  },
  drip: {
    story: 'Answers a byte at a time, for ever.',
    start: () => drippingServer(),
    expect: timeoutIn('handshake'),
  },
  warnings: {
    story: 'Sends TLS warnings as fast as they are taken, without end.',
    start: () => floodingServer(Buffer.from('1503030002015a', 'hex')),
    expect: noHandshake('alert'),
  },
  noise: {
    story: 'Sends zero bytes as fast as they are taken, without end.',
    start: () => floodingServer(Buffer.alloc(1024), { first: true }),
    expect: noHandshake('plaintext-answer'),
  },
  'half-closed': {
    story: 'Closes its half of the connection at once, and stays.',
    start: () => halfClosedServer(),
    expect: noHandshake('closed'),
  },
  'closes-accept': {
    story: 'Closes the connection as soon as it stands.',
    start: () => closingServer('accept'),
    expect: noHandshake('closed'),
  },
  'closes-data': {
    story: 'Closes the connection when the ClientHello comes.',
    start: () => closingServer('data'),
    expect: noHandshake('closed'),
  },
};

export const TCP_FAULTS: readonly Fault[] = [
  ...Object.entries(ROWS).map(([id, row]): Fault => ({ id, layer: 'tcp', ...row })),
  ...(Object.keys(RESETS) as ResetStage[]).map(
    (stage): Fault => ({
      id: `reset-${stage}`,
      layer: 'tcp',
      story: RESETS[stage],
      start: () => resetServer(stage),
      // Where bytes and the RST are picked up together, libuv says that the stream has ended, and not that it was reset.
      expect: noHandshake('reset', stage === 'accept' ? noConnection('reset') : noHandshake('closed')),
    }),
  ),
  ...(Object.keys(FOREIGN_ANSWERS) as ForeignProtocol[]).map(
    (protocol): Fault => ({
      id: `speaks-${protocol}`,
      layer: 'tcp',
      story: 'Speaks another protocol on the port.',
      variant: FOREIGN[protocol],
      start: () => foreignServer(protocol),
      expect: noHandshake('plaintext-answer'),
    }),
  ),
];
