/**
 * The scripted TLS server held against a client that is not ours: node:tls, that is OpenSSL.
 */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createCa, type KeyKind, makeKey } from '../pki/pki.ts';
import { scriptedTlsServer } from './scripted-tls.ts';

const root = createCa({ now: Date.now() });
const intermediate = root.issueCa();
const leafOf = (key: KeyKind) => intermediate.issue({ sans: ['dns:www.shop.example'], key });
const leaf = leafOf('ec256');

async function handshake(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'www.shop.example', ca: [root.pem] });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (version) => {
  it.each<KeyKind>(['ec256', 'ec384', 'ec521', 'rsa2048', 'rsa-pss2048', 'ed25519', 'ed448'])(
    'stands to the end with %s, and the client trusts it',
    async (key) => {
      const own = leafOf(key);
      await using server = await scriptedTlsServer({ version, certificates: own.chain, key: own.key });
      const socket = await handshake(server.port);
      expect(socket.authorized).toBe(true);
      expect(socket.getProtocol()).toBe(version);
      const peer = socket.getPeerCertificate(true) as DetailedPeerCertificate;
      expect([peer.raw, peer.issuerCertificate.raw]).toEqual(own.chain.map((each) => each.der));
      socket.end();
      await server.idle();
      expect(server.finished).toBe(1);
      expect(server.hellos[0]!.serverName).toBe('www.shop.example');
    },
  );

  it.each(['one-byte-segments', 'one-byte-records'] as const)('stands with %s', async (mood) => {
    await using server = await scriptedTlsServer({ version, certificates: leaf.chain, key: leaf.key, mood });
    (await handshake(server.port)).destroy();
  });

  it.each([
    ['wrong-signature', /bad signature|BAD_SIGNATURE/i],
    ['broken-tag', version === 'TLSv1.3' ? /bad record mac|decryption failed/i : /./],
    ['no-certificates', /./],
    ['foreign-cipher', /cipher/i],
    ['hangs-up-after-hello', /./],
    ['hangs-up-after-certificate', /./],
    ['oversized-record', /record|length|version|mac/i],
    ['unknown-record', /./],
    ['huge-certificate', /excessive|length|size/i],
    ['ten-thousand-certificates', /excessive|length|size/i],
    [{ alert: 40 }, /handshake failure/],
    [{ alert: 112 }, /unrecognized name/],
  ] as const)('fails as it should: %j', async (mood, expected) => {
    await using server = await scriptedTlsServer({ version, certificates: leaf.chain, key: leaf.key, mood });
    await expect(handshake(server.port)).rejects.toThrow(expected);
    expect(server.finished).toBe(0);
  });

  it('fails with the key of another', async () => {
    await using server = await scriptedTlsServer({ version, certificates: leaf.chain, key: makeKey('ec256') });
    await expect(handshake(server.port)).rejects.toThrow(/signature/i);
  });

  it('sends what is no certificate', async () => {
    const certificates = [Buffer.from('no certificate')];
    await using server = await scriptedTlsServer({ version, certificates, key: leaf.key });
    await expect(handshake(server.port)).rejects.toThrow(/asn1|ASN1|wrong tag/);
  });

  it.each([
    'silent',
    'silent-after-hello',
    'silent-after-certificate',
    'drips',
    'empty-records',
    'unfinished-certificate',
  ] as const)('never gets done: %s', async (mood) => {
    await using server = await scriptedTlsServer({ version, certificates: leaf.chain, key: leaf.key, mood });
    const outcome = handshake(server.port).then(
      () => 'done',
      (error: Error) => error.message,
    );
    const later = new Promise<string>((resolve) => setTimeout(resolve, 120, 'waiting'));
    // OpenSSL gives up on empty records by itself.
    expect(await Promise.race([outcome, later])).toMatch(mood === 'empty-records' ? /waiting|record/ : /^waiting$/);
    await server.close();
    await outcome;
  });
});

describe('TLS 1.3 only', () => {
  it('retries once too often', async () => {
    await using server = await scriptedTlsServer({
      certificates: leaf.chain,
      key: leaf.key,
      mood: 'retries-without-end',
    });
    await expect(handshake(server.port)).rejects.toThrow(/./);
    expect(server.hellos).toHaveLength(2);
  });
});

describe('after the handshake', () => {
  it.each([
    ['TLSv1.3', 'endless-tickets'],
    ['TLSv1.2', 'endless-hello-requests'],
  ] as const)('%s: %s keep coming', async (version, mood) => {
    await using server = await scriptedTlsServer({ version, certificates: leaf.chain, key: leaf.key, mood });
    const raw = connectTcp(server.port, '127.0.0.1');
    const socket = connect({ socket: raw, ca: [root.pem], servername: 'www.shop.example' });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    socket.resume();
    const before = raw.bytesRead;
    while (raw.bytesRead < before + 50_000) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
  });
});
