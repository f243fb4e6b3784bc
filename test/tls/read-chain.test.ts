/**
 * Reading chains from real TLS servers: every version, key exchange and kind of key that OpenSSL serves here, and what
 * else the handshake says.
 */
import { createServer } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { createCa, type KeyKind } from '../support/pki/pki.ts';
import { listen } from '../support/servers/server.ts';
import { type TlsServerOptions, tlsServer } from '../support/servers/tls-server.ts';
import { failed, hex, presented, read } from './dial.ts';

const NOW = Date.UTC(2031, 0, 1);
const root = createCa({ now: NOW });
const intermediate = root.issueCa({ subject: 'CN=Test Intermediate' });
const leafOf = (key: KeyKind) => intermediate.issue({ sans: ['dns:www.shop.example'], key });
const leaf = leafOf('ec256');
const rsaLeaf = leafOf('rsa2048');
const PROVEN = { kind: 'proven' };

/** Reads a server that is made for it, and checks the chain to the byte and that the server had nothing to complain of. */
async function readFrom(options: TlsServerOptions, reading: Parameters<typeof read>[1] = {}) {
  await using server = await tlsServer(options);
  const outcome = presented(await read(server.port, reading));
  const chain = options.chain ?? options.leaf.chain;
  expect(hex(outcome.chain)).toEqual(hex(chain.map((each) => ('der' in each ? each.der : each))));
  await server.idle();
  return { ...outcome, errors: server.errors };
}

describe.each(['TLSv1.3', 'TLSv1.2'] as const)('a server with an RSA and an EC certificate, %s', (version) => {
  const both = { cert: [leaf.chainPem, rsaLeaf.chainPem], key: [leaf.keyPem, rsaLeaf.keyPem] };

  test.each([
    ['ec', leaf],
    ['rsa', rsaLeaf],
  ] as const)('shows the one that is asked for: %s', async (keyKind, wanted) => {
    const outcome = await readFrom({ leaf: wanted, version, tls: both }, { keyKind });
    expect(outcome).toMatchObject({ possession: PROVEN, errors: [] });
  });
});

test('a certificate whose kind of key nobody asked for is not shown', async () => {
  await using server = await tlsServer({ leaf });
  expect(failed(await read(server.port, { keyKind: 'rsa' })).failure).toMatchObject({ reason: 'alert' });
});

describe('versions and suites', () => {
  test.each([
    ['TLSv1.3', 'ec', 'TLS_AES_256_GCM_SHA384'],
    ['TLSv1.2', 'ec', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
    ['TLSv1.2', 'rsa', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
    ['TLSv1.1', 'ec', 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA'],
    ['TLSv1.1', 'rsa', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
    ['TLSv1', 'ec', 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA'],
    ['TLSv1', 'rsa', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
  ] as const)('%s with an %s key', async (version, key, cipherSuite) => {
    const legacy = version === 'TLSv1' || version === 'TLSv1.1';
    const tls = { honorCipherOrder: false };
    const outcome = await readFrom({ leaf: key === 'ec' ? leaf : rsaLeaf, version, legacy, tls });
    expect(outcome).toMatchObject({ tlsVersion: version, cipherSuite, possession: PROVEN });
  });

  test.each([
    ['TLS_CHACHA20_POLY1305_SHA256', 'TLS_CHACHA20_POLY1305_SHA256'],
    ['TLS_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'],
    ['TLS_AES_128_CCM_SHA256', 'TLS_AES_128_CCM_SHA256'],
    ['TLS_AES_128_CCM_8_SHA256', 'TLS_AES_128_CCM_8_SHA256'],
    ['ECDHE-RSA-AES128-GCM-SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
    ['ECDHE-RSA-CHACHA20-POLY1305', 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256'],
    ['ECDHE-RSA-AES256-SHA384', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384'],
    ['DHE-RSA-AES128-GCM-SHA256', 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256'],
  ])('%s', async (ciphers, cipherSuite) => {
    const version = ciphers.startsWith('TLS_') ? 'TLSv1.3' : 'TLSv1.2';
    // The level lets newer versions of OpenSSL serve tags of 8 bytes; it only comes with suites of 1.2.
    const older = version === 'TLSv1.3' ? ':ALL' : '';
    const tls = { ciphers: `${ciphers}${older}:@SECLEVEL=0`, dhparam: 'auto' as const };
    const outcome = await readFrom({ leaf: rsaLeaf, version, tls });
    expect(outcome).toMatchObject({ tlsVersion: version, cipherSuite, possession: PROVEN });
  });

  test.each(['AES128-SHA', 'AES256-SHA256', 'AES128-GCM-SHA256', 'AES128-CCM'])('%s: no proof', async (ciphers) => {
    const outcome = await readFrom({ leaf: rsaLeaf, version: 'TLSv1.2', tls: { ciphers } });
    expect(outcome.possession).toEqual({ kind: 'not-shown', reason: 'rsa-key-exchange' });
  });

  test.each(['P-256', 'P-384', 'P-521', 'X448', 'X25519'])('%s only, at 1.3 and at 1.2', async (ecdhCurve) => {
    for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
      const outcome = await readFrom({ leaf: rsaLeaf, version, tls: { ecdhCurve } });
      expect(outcome).toMatchObject({ tlsVersion: version, possession: PROVEN });
      expect(outcome.errors).toEqual([]);
    }
  });

  test('without the extended master secret', async () => {
    const SSL_OP_NO_EXTENDED_MASTER_SECRET = 1;
    const tls = { secureOptions: SSL_OP_NO_EXTENDED_MASTER_SECRET };
    const outcome = await readFrom({ leaf, version: 'TLSv1.2', tls });
    expect([outcome.possession, outcome.errors]).toEqual([PROVEN, []]);
  });
});

describe('kinds of key', () => {
  test.each([
    ['ec256', 'TLSv1.3'],
    ['ec384', 'TLSv1.3'],
    ['ec521', 'TLSv1.3'],
    ['ed25519', 'TLSv1.3'],
    ['ed448', 'TLSv1.3'],
    ['rsa1024', 'TLSv1.3'],
    ['rsa2048', 'TLSv1.3'],
    ['rsa-pss2048', 'TLSv1.3'],
    ['ec521', 'TLSv1.2'],
    ['ed25519', 'TLSv1.2'],
    ['ed448', 'TLSv1.2'],
    ['rsa-pss2048', 'TLSv1.2'],
    ['secp256k1', 'TLSv1.2'],
    ['brainpool256', 'TLSv1.2'],
    ['rsa512', 'TLSv1.2'],
    ['dsa1024', 'TLSv1.2'],
    ['rsa512', 'TLSv1'],
    ['dsa1024', 'TLSv1'],
    ['brainpool256', 'TLSv1'],
  ] as const)('%s at %s', async (key, tlsVersion) => {
    const outcome = await readFrom({ leaf: leafOf(key), version: tlsVersion, legacy: true, tls: { dhparam: 'auto' } });
    expect(outcome).toMatchObject({ tlsVersion, possession: PROVEN });
  });

  test('a 1024-bit key signed by SHA-1 on a TLS 1.0 device', async () => {
    const device = root.issue({ subject: 'CN=idrac', sans: null, key: 'rsa1024', signatureHash: 'sha1' });
    const outcome = await readFrom({ leaf: device, version: 'TLSv1', legacy: true });
    expect(outcome).toMatchObject({ tlsVersion: 'TLSv1', possession: PROVEN });
  });
});

describe('chains', () => {
  const extra = createCa({ now: NOW, subject: 'CN=Someone Else' });
  test.each([
    ['a leaf alone', [leaf]],
    ['with the root', leaf.chainWithRoot],
    ['misordered', [leaf, root.certificate, extra.certificate, intermediate.certificate]],
    ['with duplicates', [leaf, intermediate.certificate, leaf, intermediate.certificate]],
    ['of 31', [leaf, ...Array.from({ length: 30 }, (_, i) => root.issueCa({ subject: `CN=CA ${i}` }).certificate)]],
  ])('%s, at 1.3 and at 1.2', async (_, chain) => {
    for (const version of ['TLSv1.3', 'TLSv1.2'] as const) await readFrom({ leaf, chain, version });
  });
});

describe('what else is said', () => {
  test.each(['TLSv1.3', 'TLSv1.2'] as const)('ALPN at %s', async (version) => {
    const tls = { ALPNProtocols: ['acme-tls/1', 'h2'] };
    expect((await readFrom({ leaf, version, tls }, { alpn: ['h2', 'http/1.1'] })).alpn).toBe('h2');
    expect((await readFrom({ leaf, version, tls })).alpn).toBeUndefined();
  });

  test.each([
    ['www.shop.example', 'www.shop.example'],
    ['www.shop.example.', 'www.shop.example'],
    ['192.0.2.1', undefined],
    ['2001:db8::1', undefined],
    ['', undefined],
  ])('SNI for "%s"', async (servername, sent) => {
    let asked: string | undefined;
    const SNICallback: NonNullable<TlsServerOptions['tls']>['SNICallback'] = (name, done) => {
      asked = name;
      done(null);
    };
    await readFrom({ leaf, tls: { SNICallback } }, { servername });
    expect(asked).toBe(sent);
  });

  test.each(['TLSv1.3', 'TLSv1.2'] as const)('a stapled OCSP response at %s', async (version) => {
    const staple = Buffer.from('3003020100', 'hex');
    const stapling = createServer({ cert: leaf.chainPem, key: leaf.keyPem, maxVersion: version });
    stapling.on('OCSPRequest', (_certificate, _issuer, answer) => answer(null, staple));
    await using server = await listen(stapling);
    const outcome = presented(await read(server.port));
    expect(hex([outcome.ocspStaple!])).toEqual(hex([staple]));
  });

  test.each(['TLSv1.3', 'TLSv1.2', 'TLSv1'] as const)('a client certificate may be wanted at %s', async (version) => {
    const legacy = version === 'TLSv1';
    for (const rejectUnauthorized of [false, true]) {
      const outcome = await readFrom({ leaf, version, legacy, tls: { requestCert: true, rejectUnauthorized } });
      expect(outcome.possession).toEqual(PROVEN);
    }
  });
});
