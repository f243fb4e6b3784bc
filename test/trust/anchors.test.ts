/** Trust anchors: Mozilla's, the system's, from files; and what is said of files that cannot be used. */
import { execFileSync } from 'node:child_process';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Certificate } from '../../src/model/certificate.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { type AnchorStore, anchorsOf, type LoadAnchorsOptions, loadAnchors } from '../../src/trust/anchors.ts';
import { newNameBudget } from '../../src/trust/name-constraints.ts';
import { issuerProblems } from '../../src/trust/path-checks.ts';
import { openRoots, packRoots } from '../../src/trust/roots-pack.ts';
import { nameKey } from '../../src/x509/name.ts';
import { createCa, der, toPem } from '../support/pki/pki.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { certificateOf, NOW } from './chains.ts';

const root = createCa({ now: NOW, subject: 'CN=Own Root' });
const second = createCa({ now: NOW, subject: 'CN=Second Root' });
const own = certificateOf(root);
const public1 = openRoots(packRoots(rootCertificates.slice(0, 1), ''), '')!.all()[0]!;

let folder: TempFolder;
beforeAll(async () => {
  folder = await tempFolder('anchors');
});
afterAll(() => folder.remove());

const load = (options: Partial<LoadAnchorsOptions>) =>
  loadAnchors({ source: 'none', caFiles: [], deadline: Deadline.none(), ...options });

async function loaded(options: Partial<LoadAnchorsOptions>): Promise<AnchorStore> {
  const result = await load(options);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}
async function refused(options: Partial<LoadAnchorsOptions>): Promise<string> {
  const result = await load(options);
  return result.ok ? '' : result.error;
}
const has = (store: AnchorStore, certificate: Certificate): boolean => {
  const found = store.findBySubject(certificate.subject).some(({ sha256 }) => sha256 === certificate.sha256);
  expect(store.isAnchor(certificate)).toBe(found);
  return found;
};

describe('sources', () => {
  it('mozilla: what Node carries, all of it public', async () => {
    const store = await loaded({ source: 'mozilla' });
    expect(has(store, public1)).toBe(true);
    expect(store.isPublic(public1)).toBe(true);
    expect(has(store, own)).toBe(false);
    expect(store.isPublic(own)).toBe(false);
  });
  it('none: nothing at all', async () => {
    const store = await loaded({});
    expect([has(store, public1), has(store, own)]).toEqual([false, false]);
  });
  it('a file adds to each, and is not public for that', async () => {
    const caFiles = [await folder.write('own.pem', root.pem)];
    const store = await loaded({ source: 'mozilla', caFiles });
    expect([has(store, public1), has(store, own)]).toEqual([true, true]);
    expect(store.isPublic(own)).toBe(false);
    expect(store.source).toBe(`Mozilla's roots, ${caFiles[0]}`);
  });
  it('a file that names one of Mozilla’s roots is public, and found once', async () => {
    const caFiles = [await folder.write('public.pem', toPem(public1.der))];
    for (const source of ['none', 'mozilla'] as const) {
      const store = await loaded({ source, caFiles });
      expect(store.findBySubject(public1.subject)).toHaveLength(1);
      expect(store.isPublic(public1)).toBe(true);
    }
  });
  it('system: the first bundle that is there', async () => {
    const bundle = await folder.write('bundle.crt', `# comment\n${root.pem}${second.pem}`);
    const store = await loaded({ source: 'system', systemBundles: [folder.at('absent.crt'), bundle] });
    expect([has(store, own), has(store, certificateOf(second))]).toEqual([true, true]);
    expect(store.source).toBe(bundle);
  });
  it('system: SSL_CERT_FILE stands in for it', async () => {
    const systemBundle = await folder.write('env.crt', second.pem);
    const bundle = await folder.write('bundle.crt', root.pem);
    const store = await loaded({ source: 'system', systemBundle, systemBundles: [bundle] });
    expect([has(store, own), has(store, certificateOf(second))]).toEqual([false, true]);
  });
  it('system: what cannot be read in it is passed over', async () => {
    const bundle = await folder.write('mixed.crt', toPem(Buffer.from('junk')) + root.pem);
    expect(has(await loaded({ source: 'system', systemBundles: [bundle] }), own)).toBe(true);
  });
  it('finds by name whatever its string type and case', async () => {
    const store = anchorsOf([own]);
    const variant = createCa({ now: NOW, subject: [{ type: 'CN', value: 'OWN root', as: 'bmp' }] });
    expect(store.findBySubject(certificateOf(variant).subject)).toEqual([own]);
  });
});

describe('files', () => {
  it('in DER, and with several certificates and keys', async () => {
    const caFiles = [
      await folder.write('own.der', root.der),
      await folder.write('second.pem', `${toPem(Buffer.from('key'), 'PRIVATE KEY')}${second.pem}${root.pem}`),
    ];
    const store = await loaded({ caFiles });
    expect(store.findBySubject(own.subject)).toEqual([own]);
    expect(has(store, certificateOf(second))).toBe(true);
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['empty.pem', '', /empty\.pem: holds no certificate/],
    ['key.pem', toPem(Buffer.from('key'), 'PRIVATE KEY'), /key\.pem: holds no certificate/],
    ['cut.pem', `${root.pem}-----BEGIN CERTIFICATE-----\nAAAA`, /cut\.pem: PEM block 2 /],
    ['junk.pem', root.pem + toPem(Buffer.from('junk')), /junk\.pem: certificate 2 cannot be read: not-der at offset 0/],
    ['odd.der', Buffer.concat([root.der, Buffer.of(0)]), /odd\.der: certificate 1 cannot be read: trailing-bytes/],
    [
      'dates.pem',
      root.issue({ notAfter: der.utcTime('269999999999Z') }).pem,
      /dates\.pem: certificate 1 cannot be read: unreadable-time/,
    ],
  ])('%s is refused, and says why', async (name, content, reason) => {
    expect(await refused({ caFiles: [await folder.write(name, content)] })).toMatch(reason);
  });

  it('that are not there, or no files', async () => {
    expect(await refused({ caFiles: [folder.at('absent.pem')] })).toBe(`${folder.at('absent.pem')}: does not exist`);
    expect(await refused({ caFiles: [folder.path] })).toMatch(/is not a regular file|EISDIR/);
  });
  it('a FIFO that nobody writes to is not waited for', async () => {
    execFileSync('mkfifo', [folder.at('pipe')]);
    expect(await refused({ caFiles: [folder.at('pipe')] })).toMatch(/is not a regular file/);
  });
  it('are not read beyond the deadline', async () => {
    const deadline = Deadline.none();
    deadline.expire();
    const path = await folder.write('late.pem', root.pem);
    expect(await refused({ caFiles: [path], deadline })).toBe(`${path}: could not be read before the deadline`);
  });
  it('a system without a bundle says where it looked', async () => {
    const systemBundles = [folder.at('no.crt')];
    expect(await refused({ source: 'system', systemBundles })).toContain(folder.at('no.crt'));
    expect(await refused({ source: 'system', systemBundle: folder.at('env-no.crt'), systemBundles })).toMatch(
      /^SSL_CERT_FILE: .*env-no\.crt: does not exist$/,
    );
  });
});

describe('the pack of Mozilla’s roots', () => {
  const pack = packRoots([root.pem, second.pem + root.pem, 'not PEM'], 'v1');

  it('opens to what was packed', () => {
    const opened = openRoots(pack, 'v1')!;
    expect(opened.size).toBe(3);
    expect(opened.has(own.sha256)).toBe(true);
    expect(opened.bySubject(nameKey(own.subject)).map(({ sha256 }) => sha256)).toEqual([own.sha256, own.sha256]);
    expect(opened.all().map(({ sha256 }) => sha256)).toContain(certificateOf(second).sha256);
  });
  it.each<[string, Uint8Array, string]>([
    ['another tag', pack, 'v2'],
    ['nothing', new Uint8Array(), 'v1'],
    ['a cut', pack.subarray(0, pack.length - 1), 'v1'],
    ['a longer one', Buffer.concat([pack, Buffer.of(0)]), 'v1'],
    ['another format', Buffer.from('CWR2aaaaaaaaaaaaaa'), 'v1'],
    ['a header that is no JSON', Buffer.concat([pack.subarray(0, 8), Buffer.from('x'), pack.subarray(9)]), 'v1'],
  ])('does not open with %s', (_, bytes, tag) => {
    expect(openRoots(bytes, tag)).toBeUndefined();
  });
  it('is used when its tag is the running Node’s, else not', async () => {
    const rootsFile = await folder.write('roots.bin', pack);
    expect(has(await loaded({ source: 'mozilla', rootsFile, rootsTag: 'v1' }), own)).toBe(true);
    const other = await loaded({ source: 'mozilla', rootsFile, rootsTag: 'v2' });
    expect([has(other, own), has(other, public1)]).toEqual([false, true]);
    const untagged = await loaded({ source: 'mozilla', rootsFile });
    expect([has(untagged, own), has(untagged, public1)]).toEqual([false, true]);
    const absent = await loaded({ source: 'mozilla', rootsFile: folder.at('absent.bin'), rootsTag: 'v1' });
    expect(has(absent, public1)).toBe(true);
  });
  it('holds every root that Node carries, and each may be an anchor', () => {
    const roots = openRoots(packRoots(rootCertificates, ''), '')!.all();
    expect(roots).toHaveLength(rootCertificates.length);
    const at = Math.max(...roots.map(({ notBefore }) => notBefore));
    const rules = { at, purpose: 'serverAuth', strength: 'reject', names: newNameBudget() } as const;
    const leaf = certificateOf(root.issue({ sans: ['dns:a.example'] }));
    for (const anchor of roots) {
      const problems = issuerProblems(anchor, [leaf], rules, true).filter(({ kind }) => kind !== 'outside-validity');
      // Constraints of names are what the leaf runs into, and rightly.
      expect(problems.filter(({ reason }) => reason !== 'name-constraint')).toEqual([]);
    }
  });
});
