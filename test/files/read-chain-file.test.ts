/**
 * Reading chains from files: what a file is by its content, and everything that a path may lead to instead of a file.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chainFormat } from '../../src/files/chain-format.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { createCa, der, toPem } from '../support/pki/pki.ts';
import { bench, hasOpenssl } from '../support/stores.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { asUnprivileged } from '../support/unprivileged.ts';
import { hex, read, readContent as readInto } from './reading.ts';

const ca = createCa({ now: Date.UTC(2026, 0, 1) });
const leaf = ca.issue({ sans: ['dns:shop.example'] });
const DERS = [leaf.der, ca.certificate.der];
const version1 = ca.issue({ sans: null, subject: 'CN=old', version: 1, extensions: null });
const CHAIN_PEM = DERS.map((der) => toPem(der)).join('');

let folder: TempFolder;
beforeAll(async () => {
  folder = await tempFolder();
});
afterAll(() => folder.remove());

const readContent = (content: string | Uint8Array) => readInto(folder, content);

describe('what holds certificates', () => {
  const notOne = Buffer.from('30060201ff020103', 'hex');
  it.each<[string, string | Uint8Array, readonly Uint8Array[]]>([
    ['PEM', toPem(leaf.der), [leaf.der]],
    ['PEM, several', CHAIN_PEM, DERS],
    ['PEM with CRLF, text around and a byte order mark', `\ufeffBag\n${CHAIN_PEM}\nend`.replaceAll('\n', '\r\n'), DERS],
    ['PEM behind a private key', leaf.keyPem + CHAIN_PEM, DERS],
    ['DER', leaf.der, [leaf.der]],
    ['DER, several', Buffer.concat(DERS), DERS],
    ['DER with a line end behind it', Buffer.concat([...DERS, Buffer.from('\r\n\0')]), DERS],
    ['DER of version 1', version1.der, [version1.der]],
    // Handed on as it is: whoever parses certificates says what is wrong with them.
    ['PEM of bytes that are no certificate', toPem(notOne), [notOne]],
  ])('%s', async (_, content, ders) => {
    expect(await readContent(content)).toEqual({ ders: hex(ders) });
  });

  it('follows symbolic links, as certificate folders are built of them', async () => {
    const target = await folder.write('archive/cert1.pem', CHAIN_PEM);
    await symlink(target, folder.at('live.pem'));
    expect(await read(folder.at('live.pem'))).toEqual({ ders: hex(DERS) });
  });
});

/** TBSCertList as far as it matters (RFC 5280 5.1): version, signature, issuer, thisUpdate. */
function revocationList(): Buffer {
  const tbs = der.sequence(
    der.integer(1),
    der.sequence(der.oid('1.2.840.10045.4.3.2')),
    leaf.subject,
    Buffer.from('170d3236303130313030303030305a', 'hex'),
  );
  return der.sequence(tbs, der.sequence(der.oid('1.2.840.10045.4.3.2')));
}

describe('what holds none', () => {
  const key = leaf.privateKey;
  it.each<[string, string | Uint8Array, string, RegExp]>([
    ['nothing', '', 'empty', /is empty/],
    ['blank lines', '\n\r\n  \n', 'empty', /is empty/],
    ['a private key in PEM', leaf.keyPem, 'no-certificate', /a private key, but no certificate/],
    ['a private key in PKCS#8', key.export({ type: 'pkcs8', format: 'der' }), 'no-certificate', /a private key/],
    ['a private key in SEC 1', key.export({ type: 'sec1', format: 'der' }), 'no-certificate', /a private key/],
    [
      'an encrypted private key',
      key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'secret' }),
      'no-certificate',
      /an encrypted private key/,
    ],
    ['a public key', leaf.key.spki, 'no-certificate', /a public key/],
    ['a public key in PEM', toPem(leaf.key.spki, 'PUBLIC KEY'), 'no-certificate', /a public key/],
    ['a request in PEM', toPem(leaf.der, 'CERTIFICATE REQUEST'), 'no-certificate', /CSR/],
    ['a revocation list', revocationList(), 'no-certificate', /CRL/],
    ['a revocation list in PEM', toPem(leaf.der, 'X509 CRL'), 'no-certificate', /CRL/],
    ['parameters', toPem(leaf.der, 'DH PARAMETERS'), 'no-certificate', /parameters/],
    ['some other PEM', toPem(leaf.der, 'SOMETHING'), 'no-certificate', /other kinds/],
    ['no PKCS#7 under its label', toPem(leaf.der, 'PKCS7'), 'malformed', /begins like PKCS#7/],
    ['UTF-16', Buffer.from(`\ufeff${CHAIN_PEM}`, 'utf16le'), 'unsupported-format', /UTF-16/],
    ['base64 alone', leaf.der.toString('base64'), 'unsupported-format', /base64 without/],
    ['some text', 'hello\n', 'unsupported-format', /something else/],
    ['a cut DER', leaf.der.subarray(0, 100), 'malformed', /cut short or damaged/],
    [
      'something behind DER',
      Buffer.concat([leaf.der, Buffer.from('x')]),
      'malformed',
      /behind certificate 1 \(at byte/,
    ],
    ['a cut PEM', CHAIN_PEM.slice(0, 300), 'malformed', /PEM block 1/],
    ['no base64', CHAIN_PEM.replace('M', '*'), 'malformed', /base64/],
  ])('%s', async (_, content, reason, words) => {
    const failure = await readContent(content);
    expect(failure).toMatchObject({ code: 'read-failed', phase: 'read', reason });
    expect((failure as { detail: string }).detail).toMatch(words);
  });

  it('never repeats the content', async () => {
    const secrets = [
      leaf.keyPem,
      leaf.keyPem.replace(/-----END.*/, ''),
      key.export({ type: 'sec1', format: 'der' }),
      'hunter2',
    ];
    for (const secret of secrets) {
      const failure = (await readContent(secret)) as { detail: string };
      const body = Buffer.from(secret)
        .toString('latin1')
        .replace(/-----[^-]*-----/g, '');
      for (let at = 0; at + 6 < body.length; at += 5) expect(failure.detail).not.toContain(body.slice(at, at + 6));
    }
  });
});

describe.skipIf(!hasOpenssl)('what openssl writes for others', () => {
  it.each<[string, string, RegExp]>([
    ['req -new -key key.pem -subj /CN=shop -outform DER', 'no-certificate', /CSR/],
    ['x509 -in cert.pem -trustout', 'malformed', /TRUSTED CERTIFICATE/],
  ])('%s', async (command, reason, words) => {
    const made = await bench(leaf);
    try {
      const failure = await read(made.openssl(command));
      expect(failure).toMatchObject({ code: 'read-failed', reason, detail: expect.stringMatching(words) });
    } finally {
      await made.folder.remove();
    }
  });
});

describe('what is no file', () => {
  it.each<[string, () => Promise<string> | string, string, RegExp]>([
    ['nothing at all', () => folder.at('none'), 'not-found', /there is no file/],
    ['a file as a folder', async () => `${await folder.write('plain', 'x')}/cert.pem`, 'not-found', /no file/],
    ['a folder', () => folder.path, 'not-a-file', /a directory, not a file/],
    ['a device', () => '/dev/zero', 'not-a-file', /a device/],
  ])('%s', async (_, path, reason, words) => {
    const failure = await read(await path());
    expect(failure).toMatchObject({ code: 'read-failed', phase: 'read', reason });
    expect((failure as { detail: string }).detail).toMatch(words);
  });

  it('does not wait for the writer of a named pipe', async () => {
    execFileSync('mkfifo', [folder.at('fifo')]);
    expect(await read(folder.at('fifo'))).toMatchObject({ reason: 'not-a-file' });
  });

  it('does not connect to a socket', async () => {
    const server = createServer();
    await once(server.listen(folder.at('socket')), 'listening');
    try {
      expect(await read(folder.at('socket'))).toMatchObject({ reason: 'not-a-file' });
    } finally {
      server.close();
    }
  });

  it('does not go round in a circle of links', async () => {
    await symlink(folder.at('b'), folder.at('a'));
    await symlink(folder.at('a'), folder.at('b'));
    expect(await read(folder.at('a'))).toMatchObject({ reason: 'not-found' });
  });

  it('says that it may not read', async () => {
    const path = await folder.write('closed.pem', CHAIN_PEM);
    await chmod(path, 0o000);
    expect(await asUnprivileged(() => read(path))).toMatchObject({ reason: 'no-permission' });
  });

  it('refuses what is too large before it reads it', async () => {
    expect(await readContent(Buffer.alloc(16 * 1024 * 1024 + 1, 'x'))).toMatchObject({ reason: 'too-large' });
  });

  it('reads a file that tells no size', async () => {
    // /proc: its size is 0, its content is not.
    expect(await read('/proc/self/status')).toMatchObject({ reason: 'unsupported-format' });
  });

  it('reads nothing after its deadline', async () => {
    const path = await folder.write('late.pem', CHAIN_PEM);
    const deadline = Deadline.none();
    deadline.expire();
    expect(await read(path, { deadline })).toMatchObject({ code: 'timeout', phase: 'read', reason: 'deadline' });
  });
});

describe('any content', () => {
  const KINDS = ['pem', 'der', 'container', 'empty', 'no-certificate', 'unsupported'];

  it('has a format', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(KINDS).toContain(chainFormat(bytes).kind);
        expect(KINDS).toContain(chainFormat(Buffer.concat([Buffer.of(0x30), bytes])).kind);
      }),
    );
  });

  it('that is a certificate with a bit changed is still read, or refused with a sentence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(leaf.der.length - 1), fc.nat(7), async (at, bit) => {
        const bent = Buffer.from(leaf.der);
        bent[at] = (bent[at] as number) ^ (1 << bit);
        const result = await readContent(bent);
        if ('code' in result) expect(result.detail?.length).toBeGreaterThan(10);
      }),
      { numRuns: 50 },
    );
  });
});
