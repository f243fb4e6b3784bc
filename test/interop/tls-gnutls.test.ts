/**
 * The reader against GnuTLS's own server: another implementation's view of what a client may say.
 */
import { describe, expect } from 'vitest';
import { findProgram, testWith } from '../support/acme/daemon.ts';
import { createCa, type KeyKind } from '../support/pki/pki.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { PROVEN, readExactly, startTlsDaemon } from './tls-daemon.ts';

const gnutlsServ = findProgram('gnutls-serv');
const test = testWith({ 'gnutls-serv': gnutlsServ });

const root = createCa({ now: Date.UTC(2031, 0, 1) });
const intermediate = root.issueCa({ subject: 'CN=Test Intermediate' });

interface Mood {
  readonly key?: KeyKind;
  /** What is added to NORMAL and taken from it, in GnuTLS's words. */
  readonly priority: string;
  readonly args?: readonly string[];
  readonly expected?: object;
  /** What it complains of, where the handshake is cut short: by us on purpose, or by it. */
  readonly says?: string;
}

const TLS13 = '-VERS-ALL:+VERS-TLS1.3';
const TLS12 = '-VERS-ALL:+VERS-TLS1.2';
const CANCELLED = 'Peer has terminated the connection';
const NOT_SHOWN = { possession: { kind: 'not-shown', reason: 'rsa-key-exchange' } };

const MOODS: Readonly<Record<string, Mood>> = {
  'TLS 1.3': { priority: TLS13, expected: { tlsVersion: 'TLSv1.3', ...PROVEN } },
  'TLS 1.3, RSA': { key: 'rsa2048', priority: TLS13 },
  'TLS 1.3, Ed25519': { key: 'ed25519', priority: TLS13 },
  'TLS 1.3, Ed448': { key: 'ed448', priority: TLS13 },
  'TLS 1.3, P-521 key': { key: 'ec521', priority: TLS13 },
  'TLS 1.3, P-256 only': { priority: `${TLS13}:-GROUP-ALL:+GROUP-SECP256R1` },
  'TLS 1.3, X448 only': { priority: `${TLS13}:-GROUP-ALL:+GROUP-X448` },
  'TLS 1.3, ffdhe2048 only': { priority: `${TLS13}:-GROUP-ALL:+GROUP-FFDHE2048` },
  'TLS 1.3, ffdhe4096 only': { priority: `${TLS13}:-GROUP-ALL:+GROUP-FFDHE4096` },
  'TLS 1.3, ChaCha20': { priority: `${TLS13}:-CIPHER-ALL:+CHACHA20-POLY1305` },
  'TLS 1.3, CCM': { priority: `${TLS13}:-CIPHER-ALL:+AES-128-CCM` },
  'TLS 1.3, no client certificate wanted': { priority: TLS13, args: ['--disable-client-cert'] },
  'TLS 1.3, a client certificate demanded': {
    priority: TLS13,
    args: ['--require-client-cert'],
    says: 'Certificate is required.',
  },
  'TLS 1.3, no tickets': { priority: TLS13, args: ['--noticket'] },
  'TLS 1.2': { priority: TLS12, expected: { tlsVersion: 'TLSv1.2', ...PROVEN } },
  'TLS 1.2, RSA': { key: 'rsa2048', priority: TLS12 },
  'TLS 1.2, ChaCha20': { priority: `${TLS12}:-CIPHER-ALL:+CHACHA20-POLY1305` },
  'TLS 1.2, CCM': { priority: `${TLS12}:-CIPHER-ALL:+AES-256-CCM-8` },
  'TLS 1.2, CBC': { priority: `${TLS12}:-CIPHER-ALL:+AES-128-CBC`, says: CANCELLED },
  'TLS 1.2, DHE': { key: 'rsa2048', priority: `${TLS12}:-KX-ALL:+DHE-RSA`, says: CANCELLED },
  'TLS 1.2, RSA key exchange': {
    key: 'rsa2048',
    priority: `${TLS12}:-KX-ALL:+RSA`,
    expected: NOT_SHOWN,
    says: CANCELLED,
  },
  'TLS 1.2, a client certificate demanded': {
    priority: TLS12,
    args: ['--require-client-cert'],
    says: 'No certificate was found.',
  },
  'TLS 1.1': {
    key: 'rsa2048',
    priority: '-VERS-ALL:+VERS-TLS1.1',
    expected: { tlsVersion: 'TLSv1.1', ...PROVEN },
    says: CANCELLED,
  },
  'TLS 1.0, 3DES': {
    key: 'rsa2048',
    priority: '-VERS-ALL:+VERS-TLS1.0:-CIPHER-ALL:+3DES-CBC',
    expected: { tlsVersion: 'TLSv1', cipherSuite: 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA', ...PROVEN },
    says: CANCELLED,
  },
  'TLS 1.0, RC4': {
    key: 'rsa2048',
    priority: '-VERS-ALL:+VERS-TLS1.0:-CIPHER-ALL:+ARCFOUR-128',
    expected: { tlsVersion: 'TLSv1', cipherSuite: 'TLS_ECDHE_RSA_WITH_RC4_128_SHA', ...PROVEN },
    says: CANCELLED,
  },
};

describe('gnutls-serv', () => {
  for (const [name, { key = 'ec256', priority, args = [], expected = PROVEN, says }] of Object.entries(MOODS)) {
    test(name, async () => {
      await using folder = await tempFolder('gnutls');
      const leaf = intermediate.issue({ sans: ['dns:www.shop.example'], key });
      const chain = await folder.write('chain.pem', leaf.chainPem);
      const keyFile = await folder.write('key.pem', leaf.keyPem);
      const files = ['--x509certfile', chain, '--x509keyfile', keyFile];
      await using server = await startTlsDaemon({
        program: gnutlsServ ?? 'gnutls-serv',
        args: (port) => ['--http', '-p', `${port}`, ...files, '--priority', `NORMAL:${priority}`, ...args],
        ready: /listening on IPv4.*done/,
      });
      expect(await readExactly(server.port, leaf.chain)).toMatchObject(expected);
      const complaints = [...(await server.stop()).matchAll(/^Error.*/gm)].map(String);
      expect(complaints).toEqual(says === undefined ? [] : [`Error in handshake: ${says}`]);
    });
  }
});
