/**
 * Servers that misbehave below TLS: silence, refusal, resets, drips, floods, and answers in another protocol.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { type ListenOptions, serve, type TestServer } from './server.ts';

/** Accepts, reads, and never says a word. */
export const silentServer = (options: ListenOptions = {}): Promise<TestServer> =>
  serve((socket) => socket.resume(), options);

/** Accepts, and does not even read: what the client sends piles up in the kernel. */
export const deafServer = (options: ListenOptions = {}): Promise<TestServer> =>
  serve((socket) => socket.pause(), options);

export type ResetStage =
  /** As soon as the connection is accepted. */
  | 'accept'
  /** When the first bytes of the client have come. */
  | 'data'
  /** After some bytes of its own: the record header of a ServerHello, and half of what it announces. */
  | 'half-answer';

/** Sends RST at a stage of the conversation. */
export function resetServer(stage: ResetStage, options: ListenOptions = {}): Promise<TestServer> {
  return serve((socket) => {
    if (stage === 'accept') socket.resetAndDestroy();
    else
      socket.once('data', () => {
        if (stage === 'data') socket.resetAndDestroy();
        else {
          socket.write(Buffer.from('160303004a0200004603', 'hex'));
          // A moment, so that the bytes are read before the RST takes them away.
          setTimeout(() => socket.resetAndDestroy(), 20);
        }
      });
  }, options);
}

export type FarewellStage = 'accept' | 'data';

/** Closes in order (FIN) where an answer was due. */
export function closingServer(stage: FarewellStage, options: ListenOptions = {}): Promise<TestServer> {
  return serve((socket) => {
    if (stage === 'accept') socket.resume().end();
    else socket.once('data', () => socket.end());
  }, options);
}

/** Says FIN at once, goes on reading, and never answers: half-closed for ever. */
export const halfClosedServer = (options: ListenOptions = {}): Promise<TestServer> =>
  serve((socket) => {
    socket.resume();
    socket.end();
    // The other direction stays until the client lets go.
  }, options);

export interface DripOptions extends ListenOptions {
  /** What is dripped; it starts over at its end. */
  readonly bytes?: Uint8Array;
  readonly everyMs?: number;
  /** Speaks first; otherwise it waits for the client's first bytes. */
  readonly first?: boolean;
}

/** One byte at a time, for ever: no idle timeout ever fires, only a deadline ends it. */
export function drippingServer({
  bytes,
  everyMs = 50,
  first = false,
  ...options
}: DripOptions = {}): Promise<TestServer> {
  // A record of 16 kB that never gets whole, unless told otherwise.
  const content = bytes ?? Buffer.concat([Buffer.from('1603034000', 'hex'), Buffer.alloc(0x4000)]);
  return serve((socket) => {
    const start = () => drip(socket, content, { everyMs, repeat: true });
    if (first) {
      socket.resume();
      start();
    } else socket.once('data', start);
  }, options);
}

/** Writes byte after byte, each a segment of its own, until the content or the connection ends. */
export function drip(socket: Socket, content: Uint8Array, { everyMs = 0, repeat = false, then = () => {} } = {}): void {
  let at = 0;
  socket.setNoDelay(true);
  const timer = setInterval(() => {
    if (!socket.writable) return clearInterval(timer);
    socket.write(content.subarray(at, at + 1));
    at += 1;
    if (at < content.length) return;
    if (repeat) at = 0;
    else {
      clearInterval(timer);
      then();
    }
  }, everyMs);
  socket.on('close', () => clearInterval(timer));
}

/** The same bytes over and over, as fast as they are taken. */
export function floodingServer(
  bytes: Uint8Array,
  options: ListenOptions & { first?: boolean } = {},
): Promise<TestServer> {
  return serve((socket) => {
    const block = Buffer.concat(new Array(Math.max(1, Math.floor(65_536 / bytes.length))).fill(bytes));
    socket.resume();
    if (options.first) pour(socket, () => block);
    else socket.once('data', () => pour(socket, () => block));
  }, options);
}

/**
 * Piece after piece, as fast as they are taken. A turn of the event loop comes between them: where the kernel takes all at
 * once, writing would otherwise go on from callback to callback, and no other connection of this process be served.
 */
export function pour(socket: Socket, piece: () => Uint8Array | string): void {
  if (!socket.writable) return;
  const more = () => setImmediate(() => pour(socket, piece));
  if (socket.write(piece())) more();
  else socket.once('drain', more);
}

/** What other protocols say when a TLS client knocks. */
export const FOREIGN_ANSWERS = {
  http: 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  ssh: 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n',
  smtp: '220 mail.example ESMTP\r\n',
  imap: '* OK IMAP4rev1 ready\r\n',
  pop3: '+OK POP3 ready\r\n',
  mysql: Buffer.from('4a0000000a382e302e3336', 'hex'),
  // An SSLv2 SERVER-HELLO that offers nothing.
  sslv2: Buffer.from('800b0400000002000000000000', 'hex'),
  // What would break a terminal or a page that prints it as it is.
  escapes: '220 \x1b[2J\x1b]0;owned\x07 | perf=1 <script>alert(1)</script> "\u202e"\r\n',
} as const;
export type ForeignProtocol = keyof typeof FOREIGN_ANSWERS;

/** Answers as something else. HTTP waits for the request; the others greet first, as they do. */
export function foreignServer(protocol: ForeignProtocol, options: ListenOptions = {}): Promise<TestServer> {
  const answer = FOREIGN_ANSWERS[protocol];
  return serve((socket) => {
    if (protocol === 'http' || protocol === 'sslv2') socket.once('data', () => socket.end(answer));
    else {
      socket.resume();
      socket.write(answer);
    }
  }, options);
}

export interface FullServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * A listener whose backlog is full and that accepts nobody: further SYNs are dropped, as by a firewall, and a dial waits
 * for ever. The listener lives in a thread that is blocked on purpose. With the host and port of a name's other address it is
 * the one of two that is dead.
 */
export async function fullBacklogServer({
  host = '127.0.0.1',
  port: wanted = 0,
}: ListenOptions = {}): Promise<FullServer> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const server = require('node:net').createServer();
     server.listen({ host: workerData.host, port: workerData.wanted, backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => { Atomics.wait(workerData.gate, 0, 0); process.exit(); });
     });`,
    { eval: true, workerData: { gate, host, wanted } },
  );
  const [port] = (await once(worker, 'message')) as [number];
  const fillers: Socket[] = [];
  for (let stood = true; stood && fillers.length < 32; ) {
    const socket = connect(port, host);
    socket.on('error', () => {});
    fillers.push(socket);
    stood = await Promise.race([
      once(socket, 'connect').then(() => true),
      // An event loop that was late sees the timer before the connection.
      new Promise<boolean>((resolve) => setTimeout(() => setImmediate(() => setImmediate(resolve, false)), 150)),
    ]);
  }
  const close = async () => {
    for (const socket of fillers) socket.destroy();
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await worker.terminate();
  };
  return { host, port, close, [Symbol.asyncDispose]: close };
}
