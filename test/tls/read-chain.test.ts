/**
 * Reading chains from real TLS servers: every version, key exchange and kind of key that OpenSSL can serve.
 */
import { describe, expect, test } from 'vitest';
import { createCa } from '../support/pki/pki.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { hex, presented, read } from './dial.ts';

const NOW = Date.UTC(2031, 0, 1);
const root = createCa({ now: NOW });
const intermediate = root.issueCa({ subject: 'CN=Test Intermediate' });
const leaf = intermediate.issue({ sans: ['dns:www.shop.example'] });
const rsaLeaf = intermediate.issue({ sans: ['dns:www.shop.example'], key: 'rsa2048' });
const PROVEN = { kind: 'proven' };

describe('versions', () => {
  test.each([
    ['TLSv1.3', 'ec', 'TLS_AES_256_GCM_SHA384'],
    ['TLSv1.2', 'ec', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
    ['TLSv1.2', 'rsa', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
    ['TLSv1.1', 'ec', 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA'],
    ['TLSv1.1', 'rsa', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
    ['TLSv1', 'ec', 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA'],
    ['TLSv1', 'rsa', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
  ] as const)('%s with an %s key', async (version, key, cipherSuite) => {
    const issued = key === 'ec' ? leaf : rsaLeaf;
    const legacy = version === 'TLSv1' || version === 'TLSv1.1';
    await using server = await tlsServer({ leaf: issued, version, legacy, tls: { honorCipherOrder: false } });
    const outcome = presented(await read(server.port));
    expect(hex(outcome.chain)).toEqual(hex(issued.chain.map((each) => each.der)));
    expect(outcome).toMatchObject({ tlsVersion: version, cipherSuite, possession: PROVEN });
    await server.idle();
  });
});
