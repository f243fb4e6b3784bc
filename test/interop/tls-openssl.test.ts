/**
 * The reader against `openssl s_server` in all its moods: exact bytes in exact order, the key proven, and no complaint about
 * how we leave, save where the handshake is cut short on purpose.
 */
import { describe, expect } from 'vitest';
import { findProgram, testWith } from '../support/acme/daemon.ts';
import { createCa, type Issued, type KeyKind, toPem } from '../support/pki/pki.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { failed, hex, presented, read } from '../tls/dial.ts';
import { PROVEN, readExactly, startTlsDaemon, type TlsDaemon } from './tls-daemon.ts';

const openssl = findProgram('openssl');
const test = testWith({ openssl });

const NOW = Date.UTC(2031, 0, 1);
const root = createCa({ now: NOW });
const intermediate = root.issueCa({ subject: 'CN=Test Intermediate' });
const issue = (key: KeyKind) => intermediate.issue({ sans: ['dns:www.shop.example'], key });
const stranger = createCa({ now: NOW, subject: 'CN=Someone Else' }).certificate;

/** Anything that OpenSSL still has, for devices that it would refuse otherwise. */
const LEGACY = ['-cipher', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'];

async function serverOf(folder: TempFolder, leaf: Issued, sent: readonly Issued[], args: readonly string[]) {
  const cert = await folder.write('leaf.pem', leaf.pem);
  const key = await folder.write('key.pem', leaf.keyPem);
  const rest = await folder.write(
    'chain.pem',
    sent
      .slice(1)
      .map((each) => toPem(each.der))
      .join(''),
  );
  const chain = sent.length > 1 ? ['-cert_chain', rest] : [];
  return startTlsDaemon({
    program: openssl ?? 'openssl',
    args: (port) => ['s_server', '-accept', `127.0.0.1:${port}`, '-cert', cert, '-key', key, ...chain, ...args],
    ready: /ACCEPT/,
  });
}

/** Whether s_server complained: it prints ERROR, and OpenSSL's error queue. */
const complaints = (output: string): string[] => output.split('\n').filter((line) => /error/i.test(line));

interface Mood {
  readonly key?: KeyKind;
  readonly args?: readonly string[];
  readonly expected?: object;
  /** The handshake is cut short (no AEAD, no ECDHE), or s_server ends it itself: it may say so. */
  readonly cutShort?: boolean;
}

const TLS13: Readonly<Record<string, Mood>> = {
  'ec256 key': { expected: { tlsVersion: 'TLSv1.3', cipherSuite: 'TLS_AES_256_GCM_SHA384', ...PROVEN } },
  'rsa2048 key': { key: 'rsa2048' },
  'ec384 key': { key: 'ec384' },
  'ec521 key': { key: 'ec521' },
  'ed25519 key': { key: 'ed25519' },
  'ed448 key': { key: 'ed448' },
  'rsa-pss2048 key': { key: 'rsa-pss2048' },
  'rsa1024 key': { key: 'rsa1024', args: LEGACY },
  'P-256 only': { args: ['-groups', 'P-256'] },
  'P-384 only': { args: ['-groups', 'P-384'] },
  'P-521 only': { args: ['-groups', 'P-521'] },
  'X448 only': { args: ['-groups', 'X448'] },
  'ffdhe2048 only': { args: ['-groups', 'ffdhe2048'] },
  'ffdhe3072 only': { args: ['-groups', 'ffdhe3072'] },
  'ffdhe6144 only': { args: ['-groups', 'ffdhe6144'] },
  'ffdhe8192 only': { args: ['-groups', 'ffdhe8192'] },
  ChaCha20: { args: ['-ciphersuites', 'TLS_CHACHA20_POLY1305_SHA256'] },
  'AES-128': { args: ['-ciphersuites', 'TLS_AES_128_GCM_SHA256'] },
  CCM: { args: ['-ciphersuites', 'TLS_AES_128_CCM_SHA256'] },
  'CCM with a short tag': { args: ['-ciphersuites', 'TLS_AES_128_CCM_8_SHA256', ...LEGACY] },
  'records of 512 bytes': { args: ['-max_send_frag', '512'] },
  'padded records': { args: ['-record_padding', '900'] },
  'no tickets': { args: ['-num_tickets', '0'] },
  'many tickets': { args: ['-num_tickets', '20'] },
  'no middlebox compatibility': { args: ['-no_middlebox'] },
  'a client certificate wanted': { args: ['-verify', '3'] },
  'a client certificate demanded': { args: ['-Verify', '3'], cutShort: true },
  'stateless, by a cookie': { args: ['-stateless'] },
};

const TLS12: Readonly<Record<string, Mood>> = {
  'ec256 key': { expected: { cipherSuite: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', ...PROVEN } },
  'rsa2048 key': { key: 'rsa2048', expected: { cipherSuite: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', ...PROVEN } },
  'ed25519 key': { key: 'ed25519' },
  'ed448 key': { key: 'ed448' },
  'rsa-pss2048 key': { key: 'rsa-pss2048' },
  'brainpool256 key': { key: 'brainpool256' },
  'secp256k1 key': { key: 'secp256k1' },
  'brainpool group': { key: 'rsa2048', args: ['-groups', 'brainpoolP384r1'] },
  'P-256 only': { args: ['-groups', 'P-256'] },
  'X448 only': { args: ['-groups', 'X448'] },
  ChaCha20: { args: ['-cipher', 'ECDHE-ECDSA-CHACHA20-POLY1305'] },
  CCM: { args: ['-cipher', 'ECDHE-ECDSA-AES128-CCM'] },
  'CCM with a short tag': { args: ['-cipher', 'ECDHE-ECDSA-AES256-CCM8:@SECLEVEL=0'] },
  'CBC, cancelled': { args: ['-cipher', 'ECDHE-ECDSA-AES128-SHA'], cutShort: true },
  'DHE, cancelled': { key: 'rsa2048', args: ['-cipher', 'DHE-RSA-AES128-GCM-SHA256'], cutShort: true },
  'DSS, cancelled': { key: 'dsa1024', args: LEGACY, cutShort: true },
  'ARIA, cancelled': { key: 'rsa2048', args: ['-cipher', 'ECDHE-ARIA128-GCM-SHA256'], cutShort: true },
  'Camellia, cancelled': { key: 'rsa2048', args: ['-cipher', 'DHE-RSA-CAMELLIA256-SHA'], cutShort: true },
  'RSA key exchange, cancelled': {
    key: 'rsa2048',
    args: ['-cipher', 'AES256-SHA256'],
    expected: { possession: { kind: 'not-shown', reason: 'rsa-key-exchange' } },
    cutShort: true,
  },
  'rsa512 key': { key: 'rsa512', args: LEGACY },
  'records of 512 bytes': { args: ['-max_send_frag', '512'] },
  'a client certificate wanted': { args: ['-verify', '3'] },
  'a client certificate demanded': { args: ['-Verify', '3'], cutShort: true },
  'no tickets': { args: ['-no_ticket'] },
};

const OLDER: Readonly<Record<string, Mood>> = {
  'rsa2048 key': { key: 'rsa2048', args: LEGACY, cutShort: true },
  'rsa1024 key': { key: 'rsa1024', args: LEGACY, cutShort: true },
  'rsa512 key': { key: 'rsa512', args: LEGACY, cutShort: true },
  'dsa1024 key': { key: 'dsa1024', args: LEGACY, cutShort: true },
  'ec256 key': { args: LEGACY, cutShort: true },
  DHE: { key: 'rsa2048', args: ['-cipher', 'DHE-RSA-AES128-SHA:@SECLEVEL=0'], cutShort: true },
  'a client certificate wanted': { args: [...LEGACY, '-verify', '3'], cutShort: true },
  'RSA key exchange': {
    key: 'rsa2048',
    args: ['-cipher', 'AES128-SHA:@SECLEVEL=0'],
    expected: { possession: { kind: 'not-shown', reason: 'rsa-key-exchange' } },
    cutShort: true,
  },
};

describe.each([
  ['-tls1_3', 'TLSv1.3', TLS13],
  ['-tls1_2', 'TLSv1.2', TLS12],
  ['-tls1_1', 'TLSv1.1', OLDER],
  ['-tls1', 'TLSv1', OLDER],
] as const)('s_server %s', (flag, tlsVersion, moods) => {
  for (const [name, { key = 'ec256', args = [], expected = PROVEN, cutShort }] of Object.entries<Mood>(moods)) {
    test(name, async () => {
      await using folder = await tempFolder('openssl');
      const leaf = issue(key);
      await using server = await serverOf(folder, leaf, leaf.chain, [flag, ...args]);
      const outcome = await readExactly(server.port, leaf.chain);
      expect(outcome).toMatchObject({ tlsVersion, ...expected });
      if (!cutShort) expect(complaints(await server.stop())).toEqual([]);
    });
  }
});

describe('chains', () => {
  const leaf = issue('ec256');
  const chains: Readonly<Record<string, readonly Issued[]>> = {
    'a leaf alone': [leaf],
    'with the root': leaf.chainWithRoot,
    misordered: [leaf, root.certificate, stranger, intermediate.certificate],
    'with duplicates': [leaf, intermediate.certificate, leaf, intermediate.certificate],
    'of 31': [leaf, ...Array.from({ length: 30 }, (_, i) => root.issueCa({ subject: `CN=CA ${i}` }).certificate)],
  };
  for (const [name, sent] of Object.entries(chains)) {
    test(name, async () => {
      await using folder = await tempFolder('openssl');
      for (const version of ['-tls1_3', '-tls1_2']) {
        await using server = await serverOf(folder, leaf, sent, [version]);
        await readExactly(server.port, sent);
        expect(complaints(await server.stop())).toEqual([]);
      }
    });
  }
});

describe('what else is said', () => {
  const leaf = issue('ec256');

  test('ALPN: chosen, and refused', async () => {
    await using folder = await tempFolder('openssl');
    await using server: TlsDaemon = await serverOf(folder, leaf, leaf.chain, ['-alpn', 'h2,http/1.1']);
    expect((await readExactly(server.port, leaf.chain, { alpn: ['http/1.1', 'h2'] })).alpn).toBe('h2');
    const refused = failed(await read(server.port, { alpn: ['imap'] }));
    expect(refused).toMatchObject({
      failure: { reason: 'alert', detail: 'no_application_protocol' },
      secondOpinion: true,
    });
  });

  test('a stapled OCSP response', async () => {
    await using folder = await tempFolder('openssl');
    // OCSPResponse with nothing but the status tryLater (RFC 6960 4.2.1).
    const staple = Buffer.from('30030a0103', 'hex');
    const file = await folder.write('ocsp.der', staple);
    for (const version of ['-tls1_3', '-tls1_2']) {
      await using server = await serverOf(folder, leaf, leaf.chain, [version, '-status_file', file]);
      const outcome = presented(await read(server.port));
      expect(hex([outcome.ocspStaple!])).toEqual(hex([staple]));
    }
  });

  test('an unknown name: by warning, and by alert', async () => {
    await using folder = await tempFolder('openssl');
    const names = ['-servername', 'other.example', '-cert2', folder.at('leaf.pem'), '-key2', folder.at('key.pem')];
    await using warning = await serverOf(folder, leaf, leaf.chain, ['-tls1_2', ...names]);
    await readExactly(warning.port, leaf.chain, { servername: 'www.shop.example' });
    await using fatal = await serverOf(folder, leaf, leaf.chain, [...names, '-servername_fatal']);
    const refused = failed(await read(fatal.port, { servername: 'www.shop.example' }));
    expect(refused.failure).toMatchObject({ reason: 'alert', detail: 'unrecognized_name' });
  });
});
