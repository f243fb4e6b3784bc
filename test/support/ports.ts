/**
 * Ports to be listened at by a program that cannot choose one itself, and ports that nobody listens at. They are below the
 * range that the system hands out by itself, so that neither a listener nor the near end of a connection comes to have one,
 * and no two processes that ask have the same: each has blocks of its own for as long as it lives, whichever test run it is.
 */
import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';

const FIRST = 20_000;
const BLOCK = 50;
const BLOCKS = 240;

/** What this process holds. The sockets say so to the others, and go with it. */
const held: Server[] = [];
let next = 0;
let end = 0;
let turn: Promise<unknown> = Promise.resolve();

/** Free for TCP and UDP, and not given twice. */
export function freePort(host = '127.0.0.1'): Promise<number> {
  const mine = turn.then(() => findPort(host));
  turn = mine.catch(() => {});
  return mine;
}

/** Connections to it are refused. */
export const closedPort = freePort;

async function findPort(host: string): Promise<number> {
  for (;;) {
    if (next === end) await takeBlock();
    const port = next++;
    if (await isFree(port, host)) return port;
  }
}

async function takeBlock(): Promise<void> {
  const first = Math.floor(Math.random() * BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const block = (first + i) % BLOCKS;
    if (!(await hold(block))) continue;
    next = FIRST + block * BLOCK;
    end = next + BLOCK;
    return;
  }
  throw new Error(`all ports from ${FIRST} on are held by other tests`);
}

/** A name in Linux's abstract namespace, where there is one: no file, and free again whatever ends this process. */
async function hold(block: number): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(`\0certwatch-test-ports-${block}`, resolve);
    });
    held.push(server.unref());
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== 'EADDRINUSE';
  }
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    await new Promise<void>((resolve, reject) => udp.once('error', reject).bind(port, host, resolve));
    return true;
  } catch {
    return false;
  } finally {
    await Promise.all([
      new Promise((resolve) => server.close(resolve)),
      new Promise<void>((r) => udp.close(() => r())),
    ]);
  }
}
