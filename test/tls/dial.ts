/**
 * Opens a connection and reads the chain over it, as the scan does: for the tests of both readers.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Deadline } from '../../src/time/deadline.ts';
import type { ReadFailed, ReadOptions, ReadOutcome, ReadPresented } from '../../src/tls/outcome.ts';
import { readChain } from '../../src/tls/read-chain.ts';
import { readChainWithNodeTls, type SecondOpinionOptions } from '../../src/tls/second-opinion.ts';

/** Far beyond what any of these tests waits for. */
const PATIENCE_MS = 15_000;

export async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

type Options<T> = Partial<T> & { readonly timeoutMs?: number };

async function readWith<T extends ReadOptions>(
  reader: (socket: Socket, options: T) => Promise<ReadOutcome>,
  port: number,
  { timeoutMs = PATIENCE_MS, ...options }: Options<T>,
): Promise<ReadOutcome> {
  const socket = await dial(port);
  const deadline = Deadline.after(timeoutMs);
  const outcome = await reader(socket, { servername: 'www.shop.example', ...options, deadline } as unknown as T);
  deadline.release();
  // Whatever the peer does, the socket goes soon after.
  if (!socket.closed) await once(socket, 'close');
  return outcome;
}

export const read = (port: number, options: Options<ReadOptions> = {}) => readWith(readChain, port, options);

export const readWithNodeTls = (port: number, options: Options<SecondOpinionOptions> = {}) =>
  readWith(readChainWithNodeTls, port, options);

/** @throws with the failure in the message, where nothing was presented. */
export function presented(outcome: ReadOutcome): ReadPresented {
  if (outcome.kind === 'presented') return outcome;
  throw new Error(`expected a presented chain, got ${JSON.stringify(outcome.failure)}`);
}

/** @throws where it was no failure. */
export function failed(outcome: ReadOutcome): ReadFailed {
  if (outcome.kind === 'failed') return outcome;
  throw new Error(`expected a failure, got ${outcome.tlsVersion} ${outcome.cipherSuite}`);
}

/** For comparing chains: a mismatch prints as lines of hex, not as thousands of numbers. */
export const hex = (chain: readonly Uint8Array[] | undefined): string[] | undefined =>
  chain?.map((der) => Buffer.from(der).toString('hex'));
