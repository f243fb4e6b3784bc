/**
 * Reads the chain that a server presents, over a connection that already stands: feeds the handshake, keeps the deadline,
 * and leaves politely. Nothing of it stays behind on the socket.
 */
import type { Duplex } from 'node:stream';
import { Slices } from '../time/slices.ts';
import { type Action, ClientHandshake, type Ending } from './client-handshake.ts';
import { farewell } from './farewell.ts';
import type { ReadOptions, ReadOutcome } from './outcome.ts';

/** What a server sends costs up to a millisecond of arithmetic: with many at once, that adds up. */
const slices = new Slices(10);

/**
 * @param socket connected, in plaintext (behind STARTTLS where there is one). It is used up: ended and destroyed, at the
 *   deadline at the latest, shortly after the outcome at the earliest.
 * @returns what was presented or why not; never rejects.
 */
export function readChain(socket: Duplex, options: ReadOptions): Promise<ReadOutcome> {
  return new Promise((resolve) => {
    const handshake = new ClientHandshake(options);
    let stopWaiting = () => {};
    let settled = false;
    /** Come, and not looked at yet: there was no time for it in this turn of the event loop. */
    let waiting: Uint8Array | undefined;

    const settle = (outcome: ReadOutcome, goodbye?: Uint8Array) => {
      settled = true;
      stopWaiting();
      socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onEnd);
      farewell(socket, options.deadline, goodbye);
      resolve(outcome);
    };
    const act = ({ send, outcome }: Action) => {
      if (outcome) settle(outcome, send);
      else if (send) socket.write(send);
    };
    const onData = (segment: Uint8Array) => {
      if (slices.hasTime()) act(handshake.push(segment));
      else {
        waiting = segment;
        socket.pause();
        slices.later(takeWaiting);
      }
    };
    const takeWaiting = () => {
      if (!waiting) return;
      const segment = waiting;
      waiting = undefined;
      act(handshake.push(segment));
      socket.resume();
    };
    const finish = (how: Ending, detail?: string) => {
      takeWaiting();
      if (!settled) settle(handshake.end(how, detail));
    };
    const onEnd = () => finish('closed');
    const onError = (error: NodeJS.ErrnoException) => finish('reset', error.code);

    socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onEnd);
    if (socket.destroyed) {
      finish('closed');
      return;
    }
    socket.write(handshake.start());
    stopWaiting = options.deadline.onExpire(() => finish('timeout'));
    socket.resume();
  });
}
