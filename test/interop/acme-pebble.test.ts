/**
 * Whole orders by the child process against pebble.
 */

import { createHash, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import type { Certificate } from '../../src/model/certificate.ts';
import { certIdOf, fetchRenewalInfo } from '../../src/renew/acme/ari.ts';
import type { AcmeJob } from '../../src/renew/acme/job.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { parseCertificate } from '../../src/x509/parse-certificate.ts';
import { decodePem } from '../../src/x509/pem.ts';
import { testWith } from '../support/acme/daemon.ts';
import { faultProxy } from '../support/acme/fault-proxy.ts';
import { ACME_CHILD, groupGone, type Ordered, orderWith } from '../support/acme/order-with.ts';
import { newPebble, oldPebble, type Pebble, startPebble } from '../support/acme/pebble.ts';
import { webServer } from '../support/acme/web-server.ts';
import { createCa, makeKey, privateKeyPem } from '../support/pki/pki.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

// An order takes a second; on a busy machine it may take many, and no result may depend on that.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

describe.each([
  ['pebble 2.4', oldPebble],
  ['pebble 2.10', newPebble],
] as const)('%s', (_name, programs) => {
  const test = testWith({ ...programs });
  let pebble: Pebble;
  beforeAll(async () => {
    if (programs.pebble) pebble = await startPebble({ programs });
  });
  afterAll(() => pebble?.[Symbol.asyncDispose]());

  test('http-01 by a listener of its own: an EC certificate and its chain', async () => {
    await using folder = await tempFolder('acme');
    const { result, events, pid } = await orderWith({
      folder,
      job: {
        directory: pebble.directory,
        caFile: pebble.caFile,
        identifiers: ['www.shop.example', 'shop.example'],
        challenge: { type: 'http-01', listen: `127.0.0.1:${pebble.httpPort}` },
      },
    });
    expect(result).toMatchObject({ ok: true });
    if (!result.ok) return;
    const leaf = new X509Certificate(await readFile(result.files.cert));
    expect(leaf.checkPrivateKey(createPrivateKey(await readFile(result.files.key)))).toBe(true);
    expect(leaf.subjectAltName?.split(', ').sort()).toEqual(['DNS:shop.example', 'DNS:www.shop.example']);
    const fullchain = await readFile(result.files.fullchain, 'utf8');
    expect(fullchain).toBe((await readFile(result.files.cert, 'utf8')) + (await readFile(result.files.chain, 'utf8')));
    expect((await stat(result.files.key)).mode & 0o777).toBe(0o600);
    expect((await stat(folder.at('out'))).mode & 0o777).toBe(0o700);
    expect(events.flatMap((event) => (event.kind === 'step' ? [event.step] : []))).toEqual([
      'key',
      'directory',
      'account',
      'preflight',
      'order',
      'authorize',
      'present',
      'validate',
      'finalize',
      'issue',
      'download',
      'check',
      'write',
    ]);
    await groupGone(pid);
  });

  test('several renewals at once share the account that one of them makes', async () => {
    await using folder = await tempFolder('acme');
    await using root = await tempFolder('webroot');
    await using _web = await webServer(root.path, pebble.httpPort);
    const results = await Promise.all(
      [1, 2, 3, 4].map((n) =>
        order(pebble, folder, {
          identifiers: [`www${n}.shop.example`],
          outDir: folder.at(`out${n}`),
          challenge: { type: 'http-01', webroot: root.path },
        }),
      ),
    );
    expect(results.map(({ result }) => result.ok)).toEqual([true, true, true, true]);
    expect(await readdir(folder.at('accounts'))).toHaveLength(1);
  });
});

describe.concurrent('keys, accounts and refusals', () => {
  const test = testWith({ ...newPebble });
  let pebble: Pebble & { readonly webroot: string };
  beforeAll(async () => {
    if (newPebble.pebble) pebble = await withWebServer(await startPebble({ programs: newPebble }));
  });
  afterAll(() => pebble?.[Symbol.asyncDispose]());

  test.for(['ec384', 'rsa2048'] as const)('a key of type %s', async (type) => {
    await using folder = await tempFolder('acme');
    const { result } = await order(pebble, folder, { key: { kind: 'new', type } });
    expect(result).toMatchObject({ ok: true });
    if (!result.ok) return;
    const key = createPrivateKey(await readFile(result.files.key));
    const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
    expect(namedCurve ?? modulusLength).toBe(type === 'ec384' ? 'secp384r1' : 2048);
    expect(new X509Certificate(await readFile(result.files.cert)).checkPrivateKey(key)).toBe(true);
  });

  test('a key that is used again', async () => {
    await using folder = await tempFolder('acme');
    const file = await folder.write('old.pem', privateKeyPem(makeKey('ec384')));
    const { result } = await order(pebble, folder, { key: { kind: 'reuse', file } });
    expect(result).toMatchObject({ ok: true });
    expect(await readFile(folder.at('out', 'privkey.pem'), 'utf8')).toBe(await readFile(file, 'utf8'));
  });

  test('a key that ACME cannot use', async () => {
    await using folder = await tempFolder('acme');
    const file = await folder.write('old.pem', privateKeyPem(makeKey('rsa1024')));
    const { result } = await order(pebble, folder, { key: { kind: 'reuse', file } });
    expect(result).toMatchObject({ ok: false, step: 'key', reason: 'key-file', detail: expect.stringContaining(file) });
  });

  test('the account is made once and kept, closed to others', async () => {
    await using folder = await tempFolder('acme');
    const { result: first } = await order(pebble, folder, {});
    const [name = ''] = await readdir(folder.at('accounts'));
    const keyPem = await readFile(folder.at('accounts', name, 'key.pem'), 'utf8');
    const { result: second, events } = await order(pebble, folder, { outDir: folder.at('second') });
    expect([first.ok, second.ok]).toEqual([true, true]);
    expect(await readdir(folder.at('accounts'))).toEqual([name]);
    expect(await readFile(folder.at('accounts', name, 'key.pem'), 'utf8')).toBe(keyPem);
    expect(name).toMatch(/^127\.0\.0\.1-[0-9a-f]{16}$/);
    for (const file of ['key.pem', 'account.json']) {
      expect((await stat(folder.at('accounts', name, file))).mode & 0o777).toBe(0o600);
    }
    // Nothing that is secret has gone through the events.
    expect(JSON.stringify(events)).not.toContain('PRIVATE');
  });

  test('an account that the CA has forgotten is registered again', async () => {
    await using folder = await tempFolder('acme');
    await order(pebble, folder, {});
    const [name = ''] = await readdir(folder.at('accounts'));
    const file = folder.at('accounts', name, 'account.json');
    const kept = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...kept, url: kept.url.replace(/[^/]+$/, 'no-such-account') }));
    const { result } = await order(pebble, folder, { outDir: folder.at('second') });
    expect(result).toMatchObject({ ok: true });
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(kept);
  });

  test('other contacts are told to the CA, once, and the account stays', async () => {
    // What is counted here must not be asked twice for a refused nonce.
    await using pebble = await withWebServer(await startPebble({ programs: newPebble, rejectNonces: 0 }));
    await using folder = await tempFolder('acme');
    await using proxy = await faultProxy(pebble);
    const told: unknown[] = [];
    const listen = {
      kind: 'edit-json',
      edit: (account: Record<string, unknown>) => told.push(account.contact),
    } as const;
    proxy.fault('other', listen);
    const withContact = (...contact: readonly string[]) =>
      order(pebble, folder, {
        directory: proxy.directory,
        outDir: folder.at(`out-${contact.join()}`),
        account: { folder: folder.at('accounts'), contact, agreeTos: true },
      });
    const kept = async () => {
      const [name = '', ...more] = await readdir(folder.at('accounts'));
      expect(more).toEqual([]);
      return JSON.parse(await readFile(folder.at('accounts', name, 'account.json'), 'utf8'));
    };
    await withContact('mailto:old@shop.example');
    const { url } = await kept();
    const { result } = await withContact('mailto:new@shop.example', 'more@shop.example');
    expect(result).toMatchObject({ ok: true, warnings: [] });
    await withContact('more@shop.example', 'new@shop.example');
    expect(told).toEqual([['mailto:new@shop.example', 'mailto:more@shop.example']]);
    expect(await kept()).toMatchObject({ url, contact: ['more@shop.example', 'new@shop.example'] });
    const problem = { type: 'urn:ietf:params:acme:error:invalidContact', detail: 'not at this CA' };
    proxy.fault('other', { kind: 'status', status: 400, problem });
    const refused = (await withContact('bad@shop.example')).result;
    expect(refused).toMatchObject({ ok: true, warnings: [{ code: 'contact-not-updated' }] });
    expect(await kept()).toMatchObject({ contact: ['more@shop.example', 'new@shop.example'] });
    expect(proxy.count('new-account')).toBe(1);
  });

  test.for([
    ['with the same contacts', 'admin@shop.example'],
    ['with others', 'other@shop.example'],
  ])('an account of the days when its contacts were part of its name is taken along, %s', async ([, contact = '']) => {
    await using folder = await tempFolder('acme');
    await order(pebble, folder, {});
    const [now = ''] = await readdir(folder.at('accounts'));
    const identity = JSON.stringify([pebble.directory, ['admin@shop.example'], null, null]);
    const before = `127.0.0.1-${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`;
    const file = folder.at('accounts', before, 'account.json');
    await rename(folder.at('accounts', now), folder.at('accounts', before));
    const { directory, url } = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ directory, url }));
    const account = { folder: folder.at('accounts'), contact: [contact], agreeTos: true };
    const { result } = await order(pebble, folder, { account, outDir: folder.at('second') });
    expect(result).toMatchObject({ ok: true, warnings: [] });
    expect(await readdir(folder.at('accounts'))).toEqual([now]);
    const kept = JSON.parse(await readFile(folder.at('accounts', now, 'account.json'), 'utf8'));
    expect(kept).toEqual({ directory, url, contact: [contact] });
  });

  test('terms that nobody has agreed to', async () => {
    await using folder = await tempFolder('acme');
    const account = { folder: folder.at('accounts'), contact: [], agreeTos: false };
    const { result } = await order(pebble, folder, { account });
    expect(result).toMatchObject({
      ok: false,
      step: 'account',
      reason: 'terms-not-agreed',
      advice: 'agree-terms',
      detail: expect.stringMatching(/ data:text\/plain,Do%20what%20thou%20wilt .*agree-tos/),
    });
  });

  test('a name that the CA refuses', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await order(pebble, folder, { identifiers: ['blocked.example', 'www.shop.example'] });
    expect(result).toMatchObject({
      ok: false,
      step: 'order',
      reason: 'acme-rejected-identifier',
      advice: 'fix-config',
    });
  });

  test('a disk that takes no more: said so, and no half a key left', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await orderWith({
      entry: ['-c', `ulimit -f 0; exec "${process.execPath}" ${ACME_CHILD.join(' ')}`],
      execPath: '/bin/sh',
      folder,
      job: {
        directory: pebble.directory,
        caFile: pebble.caFile,
        challenge: { type: 'http-01', webroot: pebble.webroot },
      },
    });
    expect(result).toMatchObject({ ok: false, step: 'key', reason: 'cannot-write', advice: 'check-disk' });
    expect(await readdir(folder.at('out'))).toEqual([]);
  });

  test('a folder for keys that is open to others', async () => {
    await using folder = await tempFolder('acme');
    await mkdir(folder.at('out'), { mode: 0o755 });
    const { result } = await order(pebble, folder, {});
    expect(result).toMatchObject({ ok: false, step: 'prepare', reason: 'out-dir', advice: 'fix-permissions' });
  });
});

describe.concurrent('accounts that are bound to another one', () => {
  const test = testWith({ ...newPebble });
  const hmacKey = randomBytes(32).toString('base64url');
  let pebble: Pebble & { readonly webroot: string };
  beforeAll(async () => {
    if (!newPebble.pebble) return;
    pebble = await withWebServer(await startPebble({ programs: newPebble, eab: { 'kid-1': hmacKey } }));
  });
  afterAll(() => pebble?.[Symbol.asyncDispose]());

  const CASES = [
    ['with the key that the CA gave', () => hmacKey, { ok: true }],
    [
      'with another key',
      () => randomBytes(32).toString('base64url'),
      { ok: false, step: 'account', advice: 'check-account' },
    ],
    ['without one', () => undefined, { ok: false, step: 'account', reason: 'eab-required', advice: 'check-account' }],
  ] as const;
  test.for(CASES)('%s', async ([_name, key, expected]) => {
    await using folder = await tempFolder('acme');
    const hmac = key();
    const account = {
      folder: folder.at('accounts'),
      contact: ['admin@shop.example'],
      agreeTos: true,
      ...(hmac ? { eab: { kid: 'kid-1', hmacKey: hmac } } : {}),
    };
    const { result, events } = await order(pebble, folder, { account });
    expect(result).toMatchObject(expected);
    if (hmac) expect(JSON.stringify([result, events])).not.toContain(hmac);
  });
});

describe.concurrent('what only newer CAs can do', () => {
  const test = testWith({ ...newPebble });
  let pebble: Pebble & { readonly webroot: string };
  beforeAll(async () => {
    if (!newPebble.pebble) return;
    const profiles = {
      default: { description: 'as ever', validityPeriod: 90 * 86_400 },
      shortlived: { description: 'six days', validityPeriod: 6 * 86_400 },
    };
    pebble = await withWebServer(
      await startPebble({ programs: newPebble, profiles, alternateRoots: 2, chainLength: 2 }),
    );
  });
  afterAll(() => pebble?.[Symbol.asyncDispose]());

  test('a profile', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await order(pebble, folder, { profile: 'shortlived' });
    expect(result).toMatchObject({ ok: true });
    if (result.ok) expect(Math.round((result.notAfter - result.notBefore) / 86_400_000)).toBe(6);
  });

  test('a profile that the CA does not have', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await order(pebble, folder, { profile: 'longlived' });
    expect(result).toMatchObject({
      ok: false,
      step: 'order',
      reason: 'unknown-profile',
      detail: expect.stringContaining('default, shortlived'),
    });
  });

  test('a preferred chain, or a warning that there is none such', async () => {
    await using folder = await tempFolder('acme');
    const root = new X509Certificate(await pebble.manage('/roots/1'));
    const preferredChain = /CN=(.*)/.exec(root.subject)?.[1] ?? '';
    const { result } = await order(pebble, folder, { preferredChain });
    expect(result).toMatchObject({ ok: true, warnings: [] });
    const above = (await readFile(folder.at('out', 'chain.pem'), 'utf8')).split(/(?=-----BEGIN)/);
    expect(new X509Certificate(above.at(-1)!).issuer).toBe(root.subject);

    const { result: other } = await order(pebble, folder, { preferredChain: 'Nobody', outDir: folder.at('second') });
    expect(other).toMatchObject({ ok: true, warnings: [{ code: 'preferred-chain-not-offered' }] });
  });

  test('renewal information, and an order that says what it replaces', async () => {
    await using folder = await tempFolder('acme');
    const { result } = await order(pebble, folder, {});
    if (!result.ok) throw new Error(result.detail);
    const certificate = await firstCertificate(result.files.cert);
    const deadline = Deadline.after(10_000);
    const question = {
      directory: pebble.directory,
      caFile: pebble.caFile,
      certificate,
      deadline,
      now: () => Date.now(),
    };
    const info = await fetchRenewalInfo(question);
    expect(info).toMatchObject({ ok: true, value: { certId: certIdOf(certificate) } });
    if (!info.ok) return;
    const { suggestedWindow: window } = info.value;
    expect(window.start).toBeGreaterThan(certificate.notBefore);
    expect(window.end).toBeLessThan(certificate.notAfter);

    const at = (ms: number) => new Date(ms).toISOString().replace(/\.\d+/, '');
    const pem = await readFile(result.files.cert, 'utf8');
    const ariResponse = JSON.stringify({
      suggestedWindow: { start: at(Date.now() - 2 * 86_400_000), end: at(Date.now() - 86_400_000) },
      explanationURL: 'https://ca.example/incident',
    });
    await pebble.manage('/set-renewal-info/', { certificate: pem, ariResponse });
    const moved = await fetchRenewalInfo(question);
    expect(moved).toMatchObject({ ok: true, value: { explanationURL: 'https://ca.example/incident' } });
    if (moved.ok) expect(moved.value.suggestedWindow.end).toBeLessThan(Date.now());
    deadline.release();

    const replaces = certIdOf(certificate)!;
    const { result: next } = await order(pebble, folder, { replaces, outDir: folder.at('second') });
    expect(next).toMatchObject({ ok: true, warnings: [] });
    // Replaced once already: the order goes without it, and says so.
    const { result: third } = await order(pebble, folder, { replaces, outDir: folder.at('third') });
    expect(third).toMatchObject({ ok: true, warnings: [{ code: 'replaces-refused' }] });
  });
});

testWith({ ...oldPebble })('no renewal information at a CA that has none', async () => {
  const root = createCa({ now: Date.now() });
  const leaf = parseCertificate(root.issue({ sans: ['dns:www.shop.example'] }).der);
  if (!leaf.ok) throw new Error(leaf.error);
  await using pebble = await startPebble({ programs: oldPebble });
  const deadline = Deadline.after(10_000);
  const { directory, caFile } = pebble;
  const info = await fetchRenewalInfo({ directory, caFile, certificate: leaf.value, deadline, now: () => Date.now() });
  deadline.release();
  expect(info).toEqual({ ok: false, error: { kind: 'none' } });
});

async function firstCertificate(path: string): Promise<Certificate> {
  const ders = decodePem(await readFile(path));
  const parsed = ders.ok ? parseCertificate(ders.value[0]!) : ders;
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** Tests that run at once cannot all listen at its port for http-01: one web server does, for a webroot that they share. */
async function withWebServer(pebble: Pebble): Promise<Pebble & { readonly webroot: string }> {
  const root = await tempFolder('webroot');
  const web = await webServer(root.path, pebble.httpPort);
  return {
    ...pebble,
    webroot: root.path,
    async [Symbol.asyncDispose]() {
      for (const each of [pebble, web, root]) await each[Symbol.asyncDispose]();
    },
  };
}

function order(
  pebble: Pebble & { readonly webroot?: string },
  folder: TempFolder,
  job: Partial<AcmeJob>,
): Promise<Ordered> {
  const { webroot, httpPort } = pebble;
  return orderWith({
    folder,
    job: {
      directory: pebble.directory,
      caFile: pebble.caFile,
      challenge: webroot ? { type: 'http-01', webroot } : { type: 'http-01', listen: `127.0.0.1:${httpPort}` },
      ...job,
    },
  });
}
