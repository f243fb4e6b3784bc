/**
 * What came while there was no time for it in this turn of the event loop is looked at all the same, and first.
 */
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { Deadline } from '../../src/time/deadline.ts';
import { readChain } from '../../src/tls/read-chain.ts';

/** A connection on which nothing happens but what the test does. */
const connection = () => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
/** Fatal: handshake_failure. */
const ALERT = Buffer.from('15030300020228', 'hex');
const HALF = ALERT.subarray(0, 4);

function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test.each([
  ['and then nothing', () => {}],
  ['and then the end', (peer: Duplex) => peer.push(null)],
  ['and then a reset', (peer: Duplex) => peer.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))],
  ['and then no more time', (_: Duplex, deadline: Deadline) => deadline.expire()],
] as const)('an alert, %s', async (_, next) => {
  const deadline = Deadline.after(5_000);
  const otherDeadline = Deadline.after(5_000);
  const [other, peer] = [connection(), connection()];
  const [otherRead, read] = [other, peer].map((socket) =>
    readChain(socket, { servername: 'www.shop.example', deadline: socket === peer ? deadline : otherDeadline }),
  ) as [ReturnType<typeof readChain>, ReturnType<typeof readChain>];
  await new Promise((resolve) => setImmediate(resolve));
  other.push(HALF);
  busy(15);
  peer.push(ALERT);
  expect(peer.isPaused()).toBe(true);
  next(peer, deadline);
  expect(await read).toMatchObject({ kind: 'failed', failure: { reason: 'alert' } });
  // One that is destroyed has nothing left to be held up; Node 26 leaves it as it is.
  expect(peer.isPaused() && !peer.destroyed).toBe(false);
  other.push(ALERT.subarray(HALF.length));
  expect(await otherRead).toMatchObject({ kind: 'failed', failure: { reason: 'alert' } });
  deadline.release();
  otherDeadline.release();
});
