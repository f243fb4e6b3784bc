/**
 * Real TLS servers by node:tls. They send exactly the certificates that they are given, in that order; what OpenSSL refuses
 * to load (malformed DER, a leaf that does not fit the key) is for `scriptedTlsServer`.
 */
import type { KeyObject } from 'node:crypto';
import type { Duplex } from 'node:stream';
import {
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureVersion,
  TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { type Issued, toPem } from '../pki/pki.ts';
import { type ListenOptions, listen, type TestServer } from './server.ts';

export interface TlsServerOptions extends ListenOptions {
  /** The leaf; its own chain is sent, unless `chain` says what to send. */
  readonly leaf: Issued;
  /** What is sent, leaf first as OpenSSL insists; duplicates, extras, roots and any order behind it. */
  readonly chain?: readonly (Issued | Uint8Array)[];
  /** Both ends of the range of versions; without it what Node offers (1.2 and 1.3). */
  readonly version?: SecureVersion;
  /** Old devices: TLS 1.0, 1024-bit keys, SHA-1, whatever OpenSSL still has. */
  readonly legacy?: boolean;
  /** Anything else that node:tls knows: ALPNProtocols, requestCert, ecdhCurve, sigalgs, ciphers, SNICallback, … */
  readonly tls?: TlsOptions;
  /** What is done with a connection once the handshake stands; by default it stays open until the client ends it. */
  readonly onSecure?: (socket: TLSSocket) => void;
}

export async function tlsServer(options: TlsServerOptions): Promise<TestServer> {
  const server = createServer(tlsOptions(options), (socket) => {
    socket.on('error', () => {});
    if (options.onSecure) options.onSecure(socket);
    else socket.resume();
  });
  return listen(server, options);
}

/** The same options for a connection that is TLS from some point on: after STARTTLS. */
export function secureContextOf(options: TlsServerOptions): SecureContext {
  return createSecureContext(tlsOptions(options));
}

/** Turns an open connection into the server's side of TLS. */
export function upgradeToTls(socket: Duplex, context: SecureContext): TLSSocket {
  const secure = new TLSSocket(socket as ConstructorParameters<typeof TLSSocket>[0], {
    isServer: true,
    secureContext: context,
  });
  secure.on('error', () => {});
  return secure;
}

function tlsOptions({ leaf, chain, version, legacy, tls }: TlsServerOptions): TlsOptions {
  const certificates = chain ?? leaf.chain;
  return {
    cert: certificates.map((each) => ('der' in each ? each.pem : toPem(each))).join(''),
    key: pemOf(leaf.privateKey),
    ...(version ? { minVersion: version, maxVersion: version } : {}),
    // Security level 0 lets OpenSSL load small keys and speak versions that it would refuse.
    ...(legacy ? { ciphers: 'ALL:COMPLEMENTOFALL@SECLEVEL=0', minVersion: version ?? 'TLSv1' } : {}),
    ...tls,
  };
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;
