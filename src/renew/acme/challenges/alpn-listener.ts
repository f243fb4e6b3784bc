/**
 * tls-alpn-01 (RFC 8737) by a listener of its own: it speaks `acme-tls/1` and nothing else.
 */
import type { SecureContext, Server } from 'node:tls';
import { parseIp } from '../../../x509/ip.ts';
import { encodePem } from '../../../x509/pem.ts';
import type { ChallengeConfig } from '../job.ts';
import type { Identifier } from '../objects.ts';
import type { Work } from '../work.ts';
import { alpnCertificate } from './alpn-certificate.ts';
import { listenAt } from './listen-address.ts';
import type { Solver } from './solver.ts';

const HANDSHAKE_MS = 10_000;
const MOST_CONNECTIONS = 256;

type Config = Extract<ChallengeConfig, { type: 'tls-alpn-01' }>;

export function alpnListener(config: Config, work: Work): Solver {
  let server: Server | undefined;
  const sockets = new Set<{ destroy(): void }>();
  return {
    async present(answers) {
      const { createSecureContext, createServer } = await import('node:tls');
      const contexts = new Map<string, SecureContext>();
      for (const { identifier, keyAuthorization } of answers) {
        const { certificate, key } = alpnCertificate({ identifier, keyAuthorization, now: work.now() });
        const context = createSecureContext({
          cert: encodePem(certificate),
          key: key.export({ type: 'pkcs8', format: 'pem' }),
        });
        contexts.set(serverNameFor(identifier), context);
      }
      server = createServer({
        ALPNProtocols: ['acme-tls/1'],
        handshakeTimeout: HANDSHAKE_MS,
        SNICallback: (name, done) => {
          const context = contexts.get(name.toLowerCase());
          if (context) done(null, context);
          else done(new Error('no challenge for this name'));
        },
      });
      server.maxConnections = MOST_CONNECTIONS;
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        socket.on('error', () => {});
      });
      server.on('tlsClientError', (_cause, socket) => socket.destroy());
      // RFC 8737 3: nothing is said over the connection; the CA has seen the certificate in the handshake.
      server.on('secureConnection', (socket) => {
        socket.on('error', () => {});
        socket.end();
      });
      const listening = await listenAt(server, config.listen, work.deadline);
      server.on('error', () => {});
      return listening;
    },
    async close() {
      server?.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** RFC 8738 6: for an IP address the SNI is its name for reverse look-ups. */
function serverNameFor({ type, value }: Identifier): string {
  if (type === 'dns') return value.toLowerCase();
  const bytes = parseIp(value) ?? new Uint8Array();
  if (bytes.length === 4) return `${[...bytes].reverse().join('.')}.in-addr.arpa`;
  const nibbles = Buffer.from(bytes).toString('hex').split('').reverse();
  return `${nibbles.join('.')}.ip6.arpa`;
}
