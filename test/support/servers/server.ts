/**
 * What every test server has in common: a port of its own on loopback, a count of who came, and an end that leaves nothing.
 *
 *     await using server = await silentServer();
 *     dial('127.0.0.1', server.port)
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface TestServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** How many connections were accepted so far, and how many of them are still open. */
  readonly accepted: number;
  readonly open: number;
  /** What went wrong on the server's side, oldest first: a client that cut a handshake off shows here. */
  readonly errors: readonly Error[];
  /** Resolves when no connection is open any more. */
  idle(): Promise<void>;
  /** Ends the listener and every connection. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly host?: string;
  readonly port?: number;
}

/** Serves each connection with `handler`; errors of its sockets are noted, never thrown. */
export function serve(handler: (socket: Socket) => void, options: ListenOptions = {}): Promise<TestServer> {
  return listen(createServer(handler), options);
}

export async function listen(
  server: Server,
  { host = '127.0.0.1', port = 0 }: ListenOptions = {},
): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const errors: Error[] = [];
  const waiting: (() => void)[] = [];
  let accepted = 0;
  server.on('connection', (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', (error) => errors.push(error));
    socket.on('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) for (const wake of waiting.splice(0)) wake();
    });
  });
  server.on('tlsClientError', (error: Error) => errors.push(error));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
  const idle = (): Promise<void> =>
    sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
    await idle();
  };
  return {
    host,
    port: (server.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    errors,
    idle,
    close,
    [Symbol.asyncDispose]: close,
  };
}
