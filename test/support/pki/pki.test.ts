/**
 * The minted PKI held against two readers that are not ours: node:crypto and the openssl command.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { integer, oid, time } from './der.ts';
import {
  type Authority,
  authorityOf,
  createCa,
  explicitP256Spki,
  type Issued,
  type KeyKind,
  modulusOfBits,
  rsaSpki,
  selfSigned,
} from './pki.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2031, 4, 6, 7, 8, 9);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'certwatch-pki-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @returns what `openssl verify` says, `OK` where it accepts; as of NOW. */
function opensslVerify(leaf: Issued, root: Authority, untrusted: readonly Issued[] = leaf.chain.slice(1)): string {
  const path = (name: string, pem: string) => {
    writeFileSync(join(folder, name), pem);
    return join(folder, name);
  };
  const args = [
    'verify',
    '-attime',
    String(NOW / 1000),
    '-purpose',
    'sslserver',
    '-CAfile',
    path('root.pem', root.pem),
  ];
  if (untrusted.length > 0) args.push('-untrusted', path('untrusted.pem', untrusted.map((each) => each.pem).join('')));
  const run = spawnSync('openssl', [...args, path('leaf.pem', leaf.pem)], { encoding: 'utf8' });
  return run.status === 0 ? 'OK' : run.stderr;
}

function opensslText(der: Uint8Array): string {
  return execFileSync('openssl', ['x509', '-inform', 'DER', '-noout', '-text'], { input: der, encoding: 'utf8' });
}

describe('DER', () => {
  it.each([
    [0n, '020100'],
    [127n, '02017f'],
    [128n, '02020080'],
    [-1n, '0201ff'],
    [-128n, '020180'],
    [-129n, '0202ff7f'],
    [65537n, '0203010001'],
  ])('writes INTEGER %s in its shortest form', (value, hex) => {
    expect(integer(value).toString('hex')).toBe(hex);
  });

  it('writes long arcs of an OID', () => {
    expect(oid('1.2.840.113549.1.1.11').toString('hex')).toBe('06092a864886f70d01010b');
    expect(oid('2.999.3').toString('hex')).toBe('0603883703');
  });

  it('changes from UTCTime to GeneralizedTime with 2050', () => {
    expect(time(Date.UTC(2049, 11, 31, 23, 59, 59)).toString('latin1')).toBe('\x17\x0d491231235959Z');
    expect(time(Date.UTC(2050, 0, 1)).toString('latin1')).toBe('\x18\x0f20500101000000Z');
  });
});

describe('a minted chain', () => {
  const root = createCa({ now: NOW, subject: 'CN=Root,O=Example' });
  const intermediate = root.issueCa({ subject: 'CN=Intermediate,O=Example', pathLength: 0 });
  const leaf = intermediate.issue({
    sans: ['dns:www.shop.example', 'dns:*.shop.example', 'ip:192.0.2.1', 'ip:2001:db8::1'],
    lifetimeMs: 90 * DAY,
  });

  it('reads back in node:crypto as it was asked for', () => {
    const read = new X509Certificate(leaf.der);
    expect(read.subject).toBe('CN=www.shop.example');
    expect(read.issuer).toBe('CN=Intermediate\nO=Example');
    expect(read.subjectAltName).toBe(
      'DNS:www.shop.example, DNS:*.shop.example, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1',
    );
    expect(read.verify(new X509Certificate(intermediate.der).publicKey)).toBe(true);
    expect(read.checkPrivateKey(leaf.privateKey)).toBe(true);
    expect(read.checkIssued(new X509Certificate(intermediate.der))).toBe(true);
    expect(read.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(leaf.sha256);
    expect(new X509Certificate(intermediate.pem).ca).toBe(true);
    expect(Date.parse(read.validTo) + 1000 - Date.parse(read.validFrom)).toBe(90 * DAY);
  });

  it('is accepted by openssl, and only whole', () => {
    expect(opensslVerify(leaf, root)).toBe('OK');
    expect(opensslVerify(leaf, root, [])).toContain('unable to get local issuer certificate');
    expect(opensslVerify(leaf, createCa({ now: NOW, subject: 'CN=Root,O=Example' }))).not.toBe('OK');
  });

  it('lists the chain as a server should send it', () => {
    expect(leaf.chain.map((each) => each.der)).toEqual([leaf.der, intermediate.der]);
    expect(leaf.chainWithRoot.map((each) => each.der)).toEqual([leaf.der, intermediate.der, root.der]);
    expect(leaf.chainPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  it('has the dates that it was given, in each way of giving them', () => {
    expect(root.issue({ remainingMs: 2 * DAY, lifetimeMs: 90 * DAY })).toMatchObject({
      notBefore: NOW - 88 * DAY,
      notAfter: NOW + 2 * DAY - 1000,
    });
    expect(root.issue({ notBefore: NOW, lifetimeMs: DAY })).toMatchObject({ notAfter: NOW + DAY - 1000 });
    expect(() => createCa().issue()).toThrow('now');
  });
});

describe.each<KeyKind>([
  'ec256',
  'ec384',
  'ec521',
  'secp256k1',
  'brainpool256',
  'rsa1024',
  'rsa2048',
  'rsa3072',
  'rsa-pss2048',
  'ed25519',
  'ed448',
])('a CA and a leaf of %s', (key) => {
  it('carry signatures that node:crypto and openssl confirm', () => {
    const root = createCa({ now: NOW, key });
    const leaf = root.issue({ key, sans: ['dns:a.example'] });
    expect(new X509Certificate(leaf.der).verify(new X509Certificate(root.der).publicKey)).toBe(true);
    expect(opensslVerify(leaf, root)).toBe('OK');
  });
});

describe('signatures', () => {
  it.each(['md5', 'sha1', 'sha384', 'sha512'] as const)('RSA with %s', (signatureHash) => {
    const root = createCa({ now: NOW, key: 'rsa2048' });
    const leaf = root.issue({ signatureHash });
    expect(opensslText(leaf.der)).toContain(`Signature Algorithm: ${signatureHash}WithRSAEncryption`);
    expect(new X509Certificate(leaf.der).verify(root.key.publicKey)).toBe(true);
  });

  it('RSASSA-PSS', () => {
    const root = createCa({ now: NOW, key: 'rsa2048', pss: true });
    const leaf = root.issue({ pss: true, signatureHash: 'sha384' });
    expect(opensslText(leaf.der)).toMatch(/rsassaPss[\s\S]*Hash Algorithm: (sha384|SHA2-384)/);
    expect(opensslVerify(leaf, root)).toBe('OK');
  });

  it('are wrong when they are asked to be', () => {
    const root = createCa({ now: NOW });
    const other = createCa({ now: NOW });
    const flipped = root.issue({
      raw: { signature: (good) => Buffer.concat([good.subarray(0, -1), Buffer.of(good.at(-1)! ^ 1)]) },
    });
    expect(new X509Certificate(flipped.der).verify(root.key.publicKey)).toBe(false);
    const foreign = root.issue({ raw: { signWith: other.key } });
    expect(new X509Certificate(foreign.der).verify(root.key.publicKey)).toBe(false);
    expect(new X509Certificate(foreign.der).verify(other.key.publicKey)).toBe(true);
  });
});

describe('authorities', () => {
  it('cross-sign: one key, two ways up', () => {
    const oldRoot = createCa({ now: NOW, subject: 'CN=Old Root' });
    const newRoot = createCa({ now: NOW, subject: 'CN=New Root' });
    const issuing = newRoot.issueCa({ subject: 'CN=Issuing' });
    const crossed = oldRoot.crossSign(issuing);
    const leaf = issuing.issue({ sans: ['dns:a.example'] });
    expect(opensslVerify(leaf, newRoot, [issuing.certificate])).toBe('OK');
    expect(opensslVerify(leaf, oldRoot, [crossed.certificate])).toBe('OK');
    expect(crossed.certificate.subject).toEqual(issuing.certificate.subject);
  });

  it('reissue under the same name and key', () => {
    const root = createCa({ now: NOW, subject: 'CN=Root' });
    const issuing = root.issueCa({ subject: 'CN=Issuing', remainingMs: -DAY });
    const leaf = issuing.issue();
    expect(opensslVerify(leaf, root)).toContain('expired');
    expect(opensslVerify(leaf, root, [issuing.reissue().certificate])).toBe('OK');
  });

  it('obey or break their constraints as told', () => {
    const root = createCa({ now: NOW });
    const bound = root.issueCa({ nameConstraints: { permitted: ['dns:shop.example', 'ip:10.0.0.0/8'] } });
    expect(opensslVerify(bound.issue({ sans: ['dns:www.shop.example', 'ip:10.1.2.3'] }), root)).toBe('OK');
    expect(opensslVerify(bound.issue({ sans: ['dns:www.other.example'] }), root)).toContain(
      'permitted subtree violation',
    );
    expect(opensslVerify(bound.issue({ sans: ['ip:11.1.2.3'] }), root)).toContain('permitted subtree violation');
    const short = root.issueCa({ pathLength: 0 });
    expect(opensslVerify(short.issueCa({ subject: 'CN=Below' }).issue(), root)).toContain('path length');
    const noCa = root.issue({ sans: ['dns:a.example'] });
    expect(opensslVerify(authorityOf(noCa, { now: NOW }).issue(), root)).not.toBe('OK');
    expect(opensslVerify(root.issue({ extendedKeyUsage: ['clientAuth'] }), root)).toContain('purpose');
  });

  it('share a key pair where told to', () => {
    const first = selfSigned({ now: NOW, subject: 'CN=one' });
    const second = selfSigned({ now: NOW, subject: 'CN=two', key: first.key });
    expect(new X509Certificate(second.der).checkPrivateKey(first.privateKey)).toBe(true);
  });
});

describe('raw overrides', () => {
  const root = createCa({ now: NOW });

  it('put in any serial, version and subject', () => {
    expect(new X509Certificate(root.issue({ serial: -5n }).der).serialNumber).toBe('-05');
    expect(opensslText(root.issue({ serial: Buffer.alloc(64, 0x7f) }).der)).toContain('7f:7f:7f');
    expect(opensslText(root.issue({ version: 1, extensions: null }).der)).toContain('Version: 1');
    const odd = root.issue({
      subject: [{ type: 'CN', value: Buffer.from('a\0\x1b[31m\xff', 'latin1'), as: 'teletex' }],
    });
    expect(odd.der.includes(Buffer.from('a\0\x1b[31m\xff', 'latin1'))).toBe(true);
    const bmp = root.issue({ subject: [{ type: 'CN', value: 'Bücher', as: 'bmp' }] });
    expect(new X509Certificate(bmp.der).subject).toBe('CN=Bücher');
  });

  it('put in any key', () => {
    const one = root.issue({ raw: { spki: rsaSpki(modulusOfBits(2048), 1) } });
    expect(opensslText(one.der)).toMatch(/Public-Key: \(2048 bit\)[\s\S]*Exponent: 1 /);
    expect(opensslText(root.issue({ raw: { spki: explicitP256Spki() } }).der)).toContain('Field Type: prime-field');
  });

  it('put in any dates', () => {
    const far = root.issue({
      notBefore: Date.UTC(0, 0, 1) - Date.UTC(1900, 0, 1),
      notAfter: Date.UTC(9999, 11, 31, 23, 59, 59),
    });
    expect(opensslText(far.der)).toContain('Not After : Dec 31 23:59:59 9999 GMT');
  });

  it('take 100,000 names', () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `dns:h${index}.example`);
    expect(root.issue({ sans: names }).der.length).toBeGreaterThan(1_500_000);
  });
});
