/**
 * Any bytes come to an outcome: recorded flights of real servers, cut anywhere and bent anywhere, and bytes that were never
 * a flight. Never a throw, never a machine that neither wants more nor has an answer.
 */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Action, ClientHandshake } from '../../src/tls/client-handshake.ts';
import type { ReadOutcome } from '../../src/tls/outcome.ts';
import { createCa } from '../support/pki/pki.ts';
import { type TlsServerOptions, tlsServer } from '../support/servers/tls-server.ts';
import { dial, hex, presented } from './dial.ts';
import { MiniServer } from './mini-server.ts';

const root = createCa({ now: Date.UTC(2031, 0, 1) });
const leaf = root.issueCa({ subject: 'CN=Test Intermediate' }).issue({ sans: ['dns:www.shop.example'] });
const rsaLeaf = root.issue({ sans: ['dns:www.shop.example'], key: 'rsa2048' });

interface Recording {
  /** The client's random and session id: with them, and the process's own key pairs, the same bytes decrypt again. */
  readonly random: Uint8Array;
  /** Everything that the server sent. */
  readonly bytes: Buffer;
  readonly chain: readonly Uint8Array[];
}

/** Talks to a real server through the machine under test and keeps what it said. */
async function recordFlights(options: TlsServerOptions): Promise<Recording> {
  await using server = await tlsServer(options);
  const random = randomBytes(64);
  const client = new ClientHandshake({ servername: 'www.shop.example', random });
  const socket = await dial(server.port);
  const segments: Buffer[] = [];
  socket.write(client.start());
  for await (const segment of socket) {
    segments.push(segment);
    const { send, outcome } = client.push(segment);
    if (send) socket.write(send);
    if (outcome) break;
  }
  socket.destroy();
  return { random, bytes: Buffer.concat(segments), chain: options.leaf.chain.map((each) => each.der) };
}

const SERVERS: readonly (readonly [name: string, options: TlsServerOptions])[] = [
  ['TLS 1.3', { leaf }],
  ['TLS 1.3 behind HelloRetryRequest', { leaf, tls: { ecdhCurve: 'P-384' } }],
  ['TLS 1.2, completed', { leaf, version: 'TLSv1.2' }],
  ['TLS 1.2, DHE', { leaf: rsaLeaf, version: 'TLSv1.2', tls: { ciphers: 'DHE', dhparam: 'auto' } }],
  ['TLS 1.2, RSA', { leaf: rsaLeaf, version: 'TLSv1.2', tls: { ciphers: 'AES128-SHA' } }],
  ['TLS 1.0', { leaf: rsaLeaf, version: 'TLSv1', legacy: true }],
];

const recordings = new Map<string, Recording>();
beforeAll(async () => {
  for (const [name, options] of SERVERS) recordings.set(name, await recordFlights(options));
});

/** Feeds bytes, cut at the given places, to a fresh machine; what it then says is checked for sense. */
function feed(bytes: Uint8Array, cuts: readonly number[], random?: Uint8Array): ReadOutcome {
  const client = new ClientHandshake({ servername: 'www.shop.example', ...(random ? { random } : {}) });
  client.start();
  let outcome: ReadOutcome | undefined;
  let at = 0;
  for (const cut of [...new Set(cuts)].sort((a, b) => a - b).concat(bytes.length)) {
    const action: Action = client.push(bytes.subarray(at, cut));
    if (outcome) expect(action).toEqual({});
    outcome ??= action.outcome;
    at = cut;
  }
  outcome ??= client.end('closed');
  if (outcome.kind === 'presented') expect(outcome.chain.length).toBeGreaterThan(0);
  else expect(outcome.failure.reason).toMatch(/^[a-z-]+$/);
  return outcome;
}

const cuts = fc.array(fc.nat(6_000), { maxLength: 12 });

/** One edit of a recording: overwrite, insert, delete, repeat or truncate. */
const edit = fc.record({
  kind: fc.constantFrom('flip', 'overwrite', 'insert', 'delete', 'repeat', 'truncate'),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  length: fc.nat(64),
  bytes: fc.uint8Array({ maxLength: 16 }),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function apply(bytes: Buffer, { kind, at, length, bytes: extra }: Edit): Buffer {
  const from = Math.floor(at * bytes.length);
  const [before, inside, after] = [
    bytes.subarray(0, from),
    bytes.subarray(from, from + length),
    bytes.subarray(from + length),
  ];
  if (kind === 'insert') return Buffer.concat([before, extra, inside, after]);
  if (kind === 'overwrite') return Buffer.concat([before, extra, bytes.subarray(from + extra.length)]);
  if (kind === 'delete') return Buffer.concat([before, after]);
  if (kind === 'repeat') return Buffer.concat([before, inside, inside, after]);
  if (kind === 'truncate') return before;
  const flipped = Buffer.from(bytes);
  if (flipped.length > from) flipped[from]! ^= 1 << (length & 7);
  return flipped;
}

describe.each(SERVERS)('%s', (name) => {
  test('is read the same however it is cut', () => {
    const { bytes, chain, random } = recordings.get(name)!;
    const whole = feed(bytes, [], random);
    expect(hex(presented(whole).chain)).toEqual(hex(chain));
    expect(feed(bytes, Array.from(bytes.keys()), random)).toEqual(whole);
    fc.assert(
      fc.property(cuts, (places) => void expect(feed(bytes, places, random)).toEqual(whole)),
      { numRuns: 100 },
    );
  });

  test('bent, it comes to an outcome; what TLS protects is never believed bent', () => {
    const { bytes, chain, random } = recordings.get(name)!;
    const property = fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), cuts, (edits, places) => {
      const outcome = feed(edits.reduce(apply, bytes), places, random);
      // From 1.2 with Finished on, every byte of the handshake is authenticated.
      const completed = name.startsWith('TLS 1.3') || name === 'TLS 1.2, completed';
      if (completed && outcome.kind === 'presented') expect(hex(outcome.chain)).toEqual(hex(chain));
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});

test('bytes of any kind', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), cuts, (bytes, places) => void feed(bytes, places)));
});

test('records of any content', () => {
  const anyRecord = fc
    .tuple(fc.constantFrom(20, 21, 22, 22, 22, 23, 24), fc.constantFrom(0, 1, 3, 4), fc.uint8Array({ maxLength: 80 }))
    .map(([type, minor, body]) => Buffer.concat([Buffer.from([type, 3, minor, 0, body.length]), body]));
  const property = fc.property(fc.array(anyRecord, { maxLength: 8 }), cuts, (all, places) => {
    feed(Buffer.concat(all), places);
  });
  fc.assert(property, { numRuns: 500 });
});

test('handshake messages of any type and body, in both halves of the handshake', () => {
  const message = fc
    .tuple(fc.constantFrom(0, 1, 2, 4, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24, 254), fc.uint8Array({ maxLength: 120 }))
    .map(([type, body]) => Buffer.concat([Buffer.from([type, 0, 0, body.length]), body]));
  const hello = Buffer.concat([Buffer.from('020000260303', 'hex'), Buffer.alloc(32), Buffer.from('00c00900', 'hex')]);
  const property = fc.property(fc.boolean(), fc.array(message, { maxLength: 6 }), (greeted, messages) => {
    const content = Buffer.concat([...(greeted ? [hello] : []), ...messages]);
    const outcome = feed(
      Buffer.concat([Buffer.from([22, 3, 3, content.length >> 8, content.length & 0xff]), content]),
      [],
    );
    if (greeted && outcome.kind === 'failed') expect(outcome.tlsVersion).toBe('TLSv1.2');
  });
  fc.assert(property, { numRuns: 500 });
});

test('encrypted messages of any type and body', () => {
  const known = fc.constantFrom(
    'encryptedExtensions',
    'certificateRequest',
    'certificate',
    'verify',
    'finished',
    'junk',
  );
  const property = fc.property(fc.array(fc.tuple(known, edit), { maxLength: 7 }), fc.boolean(), (parts, bent) => {
    const client = new ClientHandshake({});
    const server = new MiniServer(client.start());
    let outcome = client.push(server.hello13()).outcome;
    for (const [kind, change] of parts) {
      const message = Buffer.from(messageOf(server, kind));
      outcome ??= client.push(server.seal(bent ? apply(message, change) : message)).outcome;
    }
    outcome ??= client.end('reset');
    if (outcome.kind === 'presented') expect(hex(outcome.chain)).toEqual(hex([leaf.der]));
  });
  fc.assert(property, { numRuns: 500 });
});

function messageOf(server: MiniServer, kind: string): Uint8Array {
  if (kind === 'encryptedExtensions') return server.encryptedExtensions();
  if (kind === 'certificateRequest') return server.certificateRequest();
  if (kind === 'certificate') return server.certificate13([leaf.der]);
  if (kind === 'verify') return server.certificateVerify(leaf);
  return kind === 'finished' ? server.finished() : Buffer.from('ff00000401020304', 'hex');
}
