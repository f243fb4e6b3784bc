/**
 * Whatever a peer sends, each dialogue ends with a value: never a throw, never a wait for bytes that cannot come.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StartTlsProtocol } from '../../../src/model/target.ts';
import { dial } from '../../../src/net/dial.ts';
import { negotiateStartTls } from '../../../src/net/starttls/negotiate.ts';
import { Deadline } from '../../../src/time/deadline.ts';
import { serve, type TestServer } from '../../support/servers/server.ts';
import { IN_ORDER, PROTOCOLS } from './scripted-peer.ts';

const FAILURES = [
  'not-offered',
  'refused',
  'try-later',
  'injected-data',
  'closed',
  'reset',
  'wrong-protocol',
  'unexpected-answer',
  'line-too-long',
  'too-many-lines',
  'too-much-data',
];

let chunks: readonly Uint8Array[] = [];
let server: TestServer;

/** A client that waits for more than a chunk has gets the next one after this time, and the end behind the last. */
const PATIENCE_MS = 3;

beforeAll(async () => {
  // Says a chunk for each word of the client, the first unasked.
  server = await serve((socket) => {
    const [first = new Uint8Array(), ...rest] = chunks;
    let timer: NodeJS.Timeout | undefined;
    const say = (chunk: Uint8Array | undefined) => {
      clearTimeout(timer);
      if (!chunk) return void socket.end();
      socket.write(chunk);
      timer = setTimeout(() => say(rest.shift()), PATIENCE_MS);
    };
    socket.on('data', () => say(rest.shift()));
    socket.on('close', () => clearTimeout(timer));
    say(first);
  });
});
afterAll(() => server.close());

/** @returns how it ended; a wait until the deadline shows as such. */
async function outcome(protocol: StartTlsProtocol, said: readonly Uint8Array[]): Promise<string> {
  chunks = said;
  const deadline = Deadline.after(5_000);
  const dialed = await dial([server.host], server.port, { deadline });
  if (!dialed.ok) throw new Error(dialed.error.detail);
  const result = await negotiateStartTls(dialed.value.socket, protocol, { servername: "a'<&b", deadline });
  deadline.release();
  dialed.value.socket.destroy();
  return result.ok ? 'ok' : result.error.reason;
}

/** Bytes that are likely to mean something to the protocol: pieces of its dialogue in order, bent. */
function nearlyRight(protocol: StartTlsProtocol): fc.Arbitrary<readonly Uint8Array[]> {
  const said = IN_ORDER[protocol].map((turn) => Buffer.from(turn.say as string));
  const bend = fc.record({
    turn: fc.nat(said.length - 1),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    how: fc.constantFrom('flip', 'cut', 'insert', 'repeat', 'none'),
    bytes: fc.uint8Array({ maxLength: 40 }),
    bit: fc.nat(7),
  });
  return fc.array(bend, { maxLength: 3 }).map((bends) => {
    const bent = said.map((bytes) => Buffer.from(bytes));
    for (const { turn, at, how, bytes, bit } of bends) {
      const whole = bent[turn] as Buffer<ArrayBuffer>;
      const i = Math.floor(at * whole.length);
      if (how === 'flip' && i < whole.length) whole[i] = (whole[i] as number) ^ (1 << bit);
      if (how === 'cut') bent[turn] = whole.subarray(0, i);
      if (how === 'insert') bent[turn] = Buffer.concat([whole.subarray(0, i), bytes, whole.subarray(i)]);
      if (how === 'repeat') bent[turn] = Buffer.concat(Array(20).fill(whole));
    }
    return bent;
  });
}

describe.each(PROTOCOLS)('%s', (protocol) => {
  it('ends with a value, whatever bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }), async (said) => {
        expect([...FAILURES, 'ok']).toContain(await outcome(protocol, said));
      }),
      { numRuns: 25 },
    );
  });

  it('ends with a value, however its own dialogue is bent', async () => {
    await fc.assert(
      fc.asyncProperty(nearlyRight(protocol), async (said) => {
        expect([...FAILURES, 'ok']).toContain(await outcome(protocol, said));
      }),
      { numRuns: 40 },
    );
  });
});
