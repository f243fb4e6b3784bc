/**
 * tls-alpn-01 (RFC 8737) by a listener of its own: it speaks `acme-tls/1` and nothing else.
 */
import type { SecureContext, Server } from 'node:tls';
import type { Deadline } from '../../../time/deadline.ts';
import { parseIp } from '../../../x509/ip.ts';
import { encodePem } from '../../../x509/pem.ts';
import type { Identifier } from '../ca/objects.ts';
import type { ChallengeConfig } from '../job.ts';
import type { Work } from '../work.ts';
import { alpnCertificate } from './alpn-certificate.ts';
import { type ListenAddress, listenAt } from './listen-address.ts';
import type { Solver } from './solver.ts';

const ACME_TLS = 'acme-tls/1';
const HANDSHAKE_MS = 10_000;
const MOST_CONNECTIONS = 256;

/** Asked for by another renewal that would like to have the port: whoever has a certificate for it is of our kind. */
const BANNER_NAME = 'certwatch.invalid';

async function isOurs({ host, port }: ListenAddress, deadline: Deadline): Promise<boolean> {
  const { connect } = await import('node:tls');
  return new Promise((resolve) => {
    // Nothing is told or believed here: any certificate will do, it is the protocol and the name that are looked at.
    const options = { host, port, servername: BANNER_NAME, ALPNProtocols: [ACME_TLS], rejectUnauthorized: false };
    const socket = connect(options);
    const settle = (ours: boolean) => {
      forget();
      socket.destroy();
      resolve(ours);
    };
    const forget = deadline.onExpire(() => settle(false));
    socket.on('secureConnect', () => {
      const names = socket.getPeerCertificate().subjectaltname;
      settle(socket.alpnProtocol === ACME_TLS && names === `DNS:${BANNER_NAME}`);
    });
    socket.on('error', () => settle(false));
    socket.on('close', () => settle(false));
  });
}

type Config = Extract<ChallengeConfig, { type: 'tls-alpn-01' }>;

export function alpnListener(config: Config, work: Work): Solver {
  let server: Server | undefined;
  const sockets = new Set<{ destroy(): void }>();
  return {
    async present(answers) {
      const { createSecureContext, createServer } = await import('node:tls');
      const contexts = new Map<string, SecureContext>();
      const banner = { identifier: { type: 'dns', value: BANNER_NAME }, keyAuthorization: '' } as const;
      for (const { identifier, keyAuthorization } of [...answers, banner]) {
        const { certificate, key } = alpnCertificate({ identifier, keyAuthorization, now: work.now() });
        const context = createSecureContext({
          cert: encodePem(certificate),
          key: key.export({ type: 'pkcs8', format: 'pem' }),
        });
        contexts.set(serverNameFor(identifier), context);
      }
      server = createServer({
        ALPNProtocols: [ACME_TLS],
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
      const listening = await listenAt({ server, at: config.listen, deadline: work.deadline, isOurs });
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
