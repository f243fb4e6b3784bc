/**
 * Reads the chain that a server presents, over a connection that already stands: feeds the handshake, keeps the deadline,
 * and leaves politely. Nothing of it stays behind on the socket.
 */
import type { Duplex } from 'node:stream';
import { type Action, ClientHandshake, type Ending } from './client-handshake.ts';
import { farewell } from './farewell.ts';
import type { ReadOptions, ReadOutcome } from './outcome.ts';

/**
 * @param socket connected, in plaintext (behind STARTTLS where there is one). It is used up: ended and destroyed, at the
 *   deadline at the latest, shortly after the outcome at the earliest.
 * @returns what was presented or why not; never rejects.
 */
export function readChain(socket: Duplex, options: ReadOptions): Promise<ReadOutcome> {
  return new Promise((resolve) => {
    const handshake = new ClientHandshake(options);
    let stopWaiting = () => {};

    const settle = (outcome: ReadOutcome, goodbye?: Uint8Array) => {
      stopWaiting();
      socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onEnd);
      farewell(socket, options.deadline, goodbye);
      resolve(outcome);
    };
    const act = ({ send, outcome }: Action) => {
      if (outcome) settle(outcome, send);
      else if (send) socket.write(send);
    };
    const finish = (how: Ending, detail?: string) => settle(handshake.end(how, detail));
    const onData = (segment: Uint8Array) => act(handshake.push(segment));
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
