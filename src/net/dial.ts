/**
 * Dial: a TCP connection to the first address that answers, by happy eyeballs (RFC 8305 5): attempts are started one after
 * the other, a quarter of a second apart or at once when one fails, and the first that stands wins. All under one deadline.
 */
import { connect, type Socket } from 'node:net';
import type { Failure } from '../model/observation.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { type AttemptError, dialFailure } from './dial-failure.ts';

export interface Dialed {
  /**
   * Connected, without delay (TCP_NODELAY), explicitly paused before the first byte, with one harmless `error` listener
   * that stays on it for good, so that a reset between two owners cannot end the process.
   *
   * The next owner attaches its own `data`, `end`, `error` and `close` listeners and then calls `resume()`; before it
   * waits it looks at `socket.destroyed`/`socket.errored`, since what was emitted before it came will not come again.
   */
  readonly socket: Socket;
  readonly address: string;
}

/** RFC 8305 8: Connection Attempt Delay. */
const ATTEMPT_DELAY_MS = 250;

/**
 * @param addresses literal addresses in the order to try them; never empty.
 * @returns the connection that stood first, the others destroyed; else `connect-failed` with the most telling reason
 * (`refused`, `reset`, `unreachable`, `no-permission`, `too-many-open-files`, …) and what each address said, or `timeout`
 * where an attempt was still under way at the deadline.
 */
export function dial(
  addresses: readonly string[],
  port: number,
  { deadline }: { readonly deadline: Deadline },
): Promise<Result<Dialed, Failure>> {
  return new Promise((resolve) => {
    let unhook = () => {};
    const race = new Race(addresses, port, (result) => {
      unhook();
      resolve(result);
    });
    unhook = deadline.onExpire(() => race.giveUp());
    race.startNext();
  });
}

class Race {
  readonly #addresses: readonly string[];
  readonly #port: number;
  readonly #done: (result: Result<Dialed, Failure>) => void;
  readonly #pending = new Map<Socket, string>();
  readonly #errors: AttemptError[] = [];
  #next = 0;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(addresses: readonly string[], port: number, done: (result: Result<Dialed, Failure>) => void) {
    this.#addresses = addresses;
    this.#port = port;
    this.#done = done;
  }

  startNext(): void {
    clearTimeout(this.#timer);
    const address = this.#addresses[this.#next++];
    if (this.#over || address === undefined) return;
    const socket = connect({ host: address, port: this.#port, noDelay: true });
    // Before it is connected: nothing is read that nobody waits for.
    socket.pause();
    this.#pending.set(socket, address);
    socket.on('error', ignore);
    socket.once('error', (cause: NodeJS.ErrnoException) => this.#failed(socket, cause));
    socket.once('connect', () => this.#won(socket, address));
    if (this.#next < this.#addresses.length) this.#timer = setTimeout(() => this.startNext(), ATTEMPT_DELAY_MS);
  }

  /** The deadline has come: what is still under way counts as not answered. */
  giveUp(): void {
    for (const address of this.#pending.values()) this.#errors.push({ address, errno: 'DEADLINE' });
    this.#fail();
  }

  #won(socket: Socket, address: string): void {
    if (connectedToItself(socket, this.#port)) {
      socket.destroy(Object.assign(new Error('connected to itself'), { code: 'ECONNREFUSED' }));
      return;
    }
    this.#pending.delete(socket);
    socket.removeAllListeners('connect').removeAllListeners('error').on('error', ignore);
    this.#end(ok({ socket, address }));
  }

  #failed(socket: Socket, cause: NodeJS.ErrnoException): void {
    const address = this.#pending.get(socket);
    if (this.#over || address === undefined) return;
    this.#pending.delete(socket);
    this.#errors.push({ address, errno: cause.code ?? cause.message });
    if (this.#next < this.#addresses.length) this.startNext();
    else if (this.#pending.size === 0) this.#fail();
  }

  #fail(): void {
    this.#end(err(dialFailure(this.#errors, this.#port)));
  }

  #end(result: Result<Dialed, Failure>): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    for (const loser of this.#pending.keys()) loser.destroy();
    this.#pending.clear();
    this.#done(result);
  }
}

/**
 * On loopback the system may pick the very port that is dialed, while nobody listens there, as the port to dial from: TCP
 * then connects the socket to itself (RFC 9293 3.5, simultaneous open), and it would read its own ClientHello.
 */
export function connectedToItself(socket: Socket, port: number): boolean {
  return socket.localPort === port && socket.localAddress === socket.remoteAddress;
}

function ignore(): void {}
