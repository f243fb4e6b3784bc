/**
 * The second opinion: one full handshake by node:tls, asked where certwatch's own reader met an alert or something that it
 * does not know. It is slower, and OpenSSL refuses some of what the reader reads.
 */
import { constants } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ipVersion } from '../x509/ip.ts';
import { farewell } from './farewell.ts';
import type { ReadFailed, ReadOptions, ReadOutcome } from './outcome.ts';

export interface SecondOpinionOptions extends ReadOptions {
  /** Offers nothing above: what `ReadFailed.secondOpinionMaxVersion` advises. */
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/**
 * @param socket connected, in plaintext; a new one, for the first reader has used up its own. It is used up here, too.
 * @returns as `readChain` does, with `secondOpinion` false; never rejects.
 */
export async function readChainWithNodeTls(socket: Duplex, options: SecondOpinionOptions): Promise<ReadOutcome> {
  // The socket may fail while node:tls is being loaded, and nobody else listens.
  socket.on('error', ignore);
  // Loaded here and not above: it costs a third of the start-up time, and most runs never need it.
  const tls = await import('node:tls');
  if (socket.destroyed) return failed('closed');
  try {
    const peer = tls.connect({ socket, ...connectOptions(options) });
    return await handshake(peer, socket, options);
  } catch (error) {
    socket.destroy();
    return failed('tls-error', error instanceof Error ? error.message : String(error));
  }
}

function connectOptions({ servername, alpn, maxVersion }: SecondOpinionOptions) {
  const name = servername?.replace(/\.$/, '') ?? '';
  return {
    ...(name === '' || ipVersion(name) !== 0 ? {} : { servername: name }),
    ...(alpn && alpn.length > 0 ? { ALPNProtocols: [...alpn] } : {}),
    minVersion: 'TLSv1' as const,
    maxVersion: maxVersion ?? ('TLSv1.3' as const),
    ciphers: 'ALL:@SECLEVEL=0',
    // Servers from before RFC 5746 are refused by OpenSSL 3 without this.
    secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT,
    requestOCSP: true,
    // No anchors: trust is judged elsewhere, loading them is dear, and the chain would be continued with them.
    ca: [],
    rejectUnauthorized: false,
  };
}

function handshake(peer: TLSSocket, socket: Duplex, { deadline }: SecondOpinionOptions): Promise<ReadOutcome> {
  return new Promise((resolve) => {
    let ocspStaple: Buffer | undefined;
    let stopWaiting = () => {};
    const settle = (outcome: ReadOutcome) => {
      stopWaiting();
      peer.off('secureConnect', onSecure).off('error', onError).off('close', onClose).off('OCSPResponse', onStaple);
      peer.once('close', () => socket.destroy());
      // Sends close_notify behind the Finished; destroy() here would send neither.
      if (outcome.kind === 'presented') farewell(peer, deadline);
      else {
        peer.on('error', ignore);
        peer.destroy();
        socket.destroy();
      }
      resolve(outcome);
    };
    const onSecure = () => settle(presented(peer, ocspStaple));
    const onError = (error: Error) => settle(describe(error));
    const onClose = () => settle(failed('closed'));
    const onStaple = (response: Buffer | null) => {
      if (response && response.length > 0) ocspStaple = response;
    };
    peer.on('secureConnect', onSecure).on('error', onError).on('close', onClose).on('OCSPResponse', onStaple);
    stopWaiting = deadline.onExpire(() => settle(failed('stalled', undefined, 'timeout')));
  });
}

function presented(peer: TLSSocket, ocspStaple: Buffer | undefined): ReadOutcome {
  const chain = presentedChain(peer);
  if (chain.length === 0) return failed('no-certificate');
  return {
    kind: 'presented',
    chain,
    tlsVersion: peer.getProtocol() ?? 'unknown',
    cipherSuite: peer.getCipher().standardName,
    ...(typeof peer.alpnProtocol === 'string' ? { alpn: peer.alpnProtocol } : {}),
    // OpenSSL completes no handshake with a peer that does not hold the leaf's key.
    possession: { kind: 'proven' },
    ...(ocspStaple ? { ocspStaple: new Uint8Array(ocspStaple) } : {}),
  };
}

const MOST_CERTIFICATES = 1_000;

/**
 * getPeerX509Certificate() walks OpenSSL's own list: `issuerCertificate` is the next certificate sent, whether it issued the
 * one before it or not. It takes that list apart as it goes (a second call would find nothing) and does not give all of
 * its memory back; getPeerCertificate(true) does neither, but sorts by issuer and loses extras, duplicates and at times
 * the end.
 */
function presentedChain(peer: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate = peer.getPeerX509Certificate();
  while (certificate && chain.length < MOST_CERTIFICATES) {
    chain.push(new Uint8Array(certificate.raw));
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

/** `ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION` and its kin carry the alert's name; OpenSSL 3.5 writes `SSL/TLS` for `SSLV3`. */
function describe(error: Error & { code?: string; reason?: string; syscall?: string }): ReadFailed {
  const alert = /^ERR_SSL_(?:TLSV1|TLSV13|SSLV3|SSL\/TLS)_(?:ALERT_)?(.+)$/.exec(error.code ?? '')?.[1];
  if (alert && /alert/i.test(error.message)) return failed('alert', alert.toLowerCase());
  // node:tls says ECONNRESET for a peer that merely closed; only a real reset comes from a system call.
  if (error.code === 'ECONNRESET' && error.syscall === undefined) return failed('closed');
  if (error.syscall !== undefined) return failed('reset', error.code);
  return failed('tls-error', (error.reason ?? error.message).slice(0, 120));
}

function failed(
  reason: string,
  detail?: string,
  code: 'handshake-failed' | 'timeout' = 'handshake-failed',
): ReadFailed {
  const failure = { code, phase: 'handshake', reason, ...(detail === undefined ? {} : { detail }) } as const;
  return { kind: 'failed', failure, secondOpinion: false };
}

const ignore = () => {};
