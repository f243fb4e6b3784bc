/**
 * STARTTLS: brings a plain connection to the point where the peer waits for a ClientHello.
 */
import type { Socket } from 'node:net';
import type { Failure } from '../../model/observation.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { StartTlsProtocol } from '../../model/target.ts';
import type { Deadline } from '../../time/deadline.ts';
import { holdDialogue, injectedData } from './dialogue.ts';
import { PeerStream } from './peer-stream.ts';
import { STARTTLS } from './table.ts';

export interface StartTlsOptions {
  readonly servername: string;
  readonly deadline: Deadline;
}

/** Failures after which the peer still listens to a farewell. */
const STILL_TALKING: readonly string[] = ['refused', 'try-later', 'not-offered'];

/**
 * @param socket as `dial` hands it over.
 * @returns ok with nothing left in a buffer and the socket paused, to be handed to the TLS reader under the same contract
 * as `dial`'s; else `starttls-failed` (`not-offered`, `refused`, `try-later`, `injected-data`, `closed`, `reset`,
 * `wrong-protocol`, `unexpected-answer`, `line-too-long`, `too-many-lines`, `too-much-data`) or `timeout` in phase
 * `starttls`, with the socket on its way out: politely where the peer refused, destroyed otherwise.
 */
export async function negotiateStartTls(
  socket: Socket,
  protocol: StartTlsProtocol,
  { servername, deadline }: StartTlsOptions,
): Promise<Result<void, Failure>> {
  const row = STARTTLS[protocol];
  const stream = new PeerStream(socket, deadline);
  const context = { servername, localAddress: socket.localAddress ?? '127.0.0.1' };
  let failure = await holdDialogue(row, stream, context);
  const left = stream.release().length + socket.readableLength;
  if (!failure && left > 0) failure = injectedData(row, left);
  if (!failure) return ok(undefined);
  if (row.farewell !== undefined && STILL_TALKING.includes(failure.reason)) {
    // A few bytes into an idle connection: they are with the kernel before the socket is destroyed.
    socket.write(row.farewell);
    socket.destroySoon();
  } else {
    socket.destroy();
  }
  return err(failure);
}
