/**
 * The servers that the bench looks at, in a process of their own so that their work is not counted as certwatch's: an EC
 * leaf behind an EC intermediate over TLS 1.3, and a host that accepts and never answers. Prints where they are as one
 * line of JSON and runs until its standard input ends.
 */
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createCa } from '../support/pki/pki.ts';

const now = Date.now();
const root = createCa({ subject: 'CN=Bench Root', key: 'ec384', now });
const intermediate = root.issueCa({ subject: 'CN=Bench Intermediate', key: 'ec256' });
const leaf = intermediate.issue({ sans: ['dns:*.bench.example', 'dns:localhost', 'ip:127.0.0.1'], key: 'ec256' });

const healthy = createTlsServer({ cert: leaf.chainPem, key: leaf.keyPem }, (peer) =>
  peer.on('error', () => {}).resume(),
);
healthy.on('connection', (socket: Socket) => socket.on('error', () => {}));
const silent = createServer((socket) => socket.on('error', () => {}).resume());

const portOf = (server: typeof silent | typeof healthy): Promise<number> =>
  new Promise((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () =>
      resolve((server.address() as { port: number }).port),
    );
  });
const [healthyPort, silentPort] = await Promise.all([portOf(healthy), portOf(silent)]);
process.stdout.write(`${JSON.stringify({ healthy: healthyPort, silent: silentPort, root: root.pem })}\n`);
process.stdin.resume().on('end', () => process.exit());
