/**
 * The reader of TLS flights: plain bytes as a server of any version might send them, and TLS 1.3 messages that are bent
 * before they are encrypted.
 */
import { ClientHandshake } from '../../../src/tls/client-handshake.ts';
import type { ReadOutcome } from '../../../src/tls/outcome.ts';
import { createCa, type Issued } from '../../support/pki/pki.ts';
import { MiniServer, plain } from '../../tls/mini-server.ts';
import { ensure, type Fuzzer, join, split } from '../fuzzer.ts';
import { bend } from '../random.ts';

const NAME = 'www.shop.example';
let made: Issued | undefined;
const leaf = (): Issued => {
  made ??= createCa({ now: Date.UTC(2026, 10, 24) })
    .issueCa({ subject: 'CN=Test Intermediate' })
    .issue({ sans: [`dns:${NAME}`] });
  return made;
};
const ders = () => leaf().chain.map(({ der }) => der);

/** Feeds segments to a machine that has said its hello. */
function feed(client: ClientHandshake, segments: readonly Uint8Array[]): ReadOutcome {
  let outcome: ReadOutcome | undefined;
  for (const segment of segments) {
    const action = client.push(segment);
    ensure(!outcome || Object.keys(action).length === 0, 'it has spoken, and says more');
    outcome ??= action.outcome;
  }
  outcome ??= client.end('closed');
  if (outcome.kind === 'presented') ensure(outcome.chain.length > 0, 'a chain without certificates');
  else ensure(/^[a-z-]+$/.test(outcome.failure.reason), `a reason is a word: ${outcome.failure.reason}`);
  return outcome;
}

/** What an honest server says first, of each shape: a whole flight of 1.2, of 1.3, a retry, an alert. */
const FLIGHTS: readonly ((server: MiniServer) => Uint8Array)[] = [
  (server) =>
    plain(
      server.hello({ suite: 0xc02b }),
      server.certificate12(ders()),
      server.serverKeyExchange(leaf()),
      Buffer.from('0e000000', 'hex'),
    ),
  (server) => plain(server.hello({ suite: 0x002f }), server.certificate12(ders()), Buffer.from('0e000000', 'hex')),
  (server) => server.flight13(leaf()),
  (server) => Buffer.concat([server.retry(0x0017), server.retry(0x0018)]),
  () => Buffer.from('15030300020228', 'hex'),
  () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
];

export const tlsFlights: Fuzzer = {
  name: 'tls-flights',
  promise: 'any bytes come to an outcome, the same one however they are cut',
  make(random) {
    const own = random.bytes(64);
    const server = new MiniServer(new ClientHandshake({ servername: NAME, random: own }).start());
    const flight = bend(random.pick(FLIGHTS)(server), random);
    const cut = random.below(flight.length + 1);
    return join([own, flight.subarray(0, cut), flight.subarray(cut)]);
  },
  run(input) {
    const [own = Buffer.alloc(64), ...segments] = split(input);
    const start = () => {
      const client = new ClientHandshake({ servername: NAME, ...(own.length === 64 ? { random: own } : {}) });
      client.start();
      return client;
    };
    const whole = feed(start(), [Buffer.concat(segments)]);
    const cut = feed(start(), segments);
    ensure(cut.kind === whole.kind, `whole it is ${whole.kind}, cut it is ${cut.kind}`);
    if (cut.kind === 'failed' && whole.kind === 'failed')
      ensure(cut.failure.reason === whole.failure.reason, `${whole.failure.reason}, but cut ${cut.failure.reason}`);
  },
};

export const tlsMessages: Fuzzer = {
  name: 'tls-messages',
  promise: 'encrypted messages of any kind come to an outcome; a chain is never believed that was not signed for',
  make(random) {
    const server = new MiniServer(new ClientHandshake({ servername: NAME }).start());
    const messages = [
      server.encryptedExtensions(),
      ...(random.below(4) === 0 ? [server.certificateRequest()] : []),
      server.certificate13(ders(), random.below(3) === 0 ? random.bytes(random.below(40)) : undefined),
      Buffer.from(`0f00000800000004${random.bytes(4).toString('hex')}`, 'hex'),
      Buffer.from(`14000020${random.bytes(32).toString('hex')}`, 'hex'),
    ];
    const at = random.below(messages.length);
    messages[at] = bend(messages[at]!, random);
    if (random.below(4) === 0) messages.splice(random.below(messages.length), 1);
    return join(messages);
  },
  run(input) {
    const client = new ClientHandshake({ servername: NAME });
    const server = new MiniServer(client.start());
    const hello = server.hello13();
    const outcome = feed(client, [hello, ...split(input).map((message) => server.seal(message))]);
    ensure(outcome.kind === 'failed', 'nothing here was signed, and yet it was believed');
  },
};
