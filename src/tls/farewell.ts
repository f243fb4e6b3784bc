/**
 * Leaving a connection: the last bytes are flushed, the peer gets a moment to close its side, and then the socket is gone
 * whatever the peer does. Destroyed at once, it would answer what the server still sends (session tickets, its own
 * close_notify) with a reset, which can overtake the goodbye.
 */
import type { Duplex } from 'node:stream';
import type { Deadline } from '../time/deadline.ts';

/** For the peer's close: a round trip to anywhere. */
const LINGER_MS = 500;
/** Session tickets are a few hundred bytes; whoever sends more than this after the goodbye is not listening. */
const MOST_DISCARDED = 64 * 1024;

/** @param goodbye written in front of the end of the stream. Returns at once; the process is not kept alive for it. */
export function farewell(socket: Duplex, deadline: Deadline, goodbye?: Uint8Array): void {
  // An error while leaving is nobody's business, but without a listener it would be an exception.
  socket.on('error', ignore);
  if (deadline.expired) socket.destroy();
  if (socket.destroyed) return;
  let discarded = 0;
  const destroy = () => socket.destroy();
  const timer = setTimeout(destroy, LINGER_MS);
  const stopWaiting = deadline.onExpire(destroy);
  socket.on('data', (chunk: Uint8Array) => {
    discarded += chunk.length;
    if (discarded > MOST_DISCARDED) destroy();
  });
  socket.once('end', destroy);
  socket.once('close', () => {
    clearTimeout(timer);
    stopWaiting();
  });
  if (goodbye) socket.end(goodbye);
  else socket.end();
  unref(timer, socket);
}

const ignore = () => {};

function unref(timer: NodeJS.Timeout, socket: Duplex & { unref?: () => void }): void {
  timer.unref();
  socket.unref?.();
}
