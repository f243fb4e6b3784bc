/**
 * The rules, each on real chains: codes and severities, never wording.
 */
import { describe, expect, test } from 'vitest';
import type { TargetSettings } from '../../src/model/target.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { DAY, HOUR } from '../../src/time/duration.ts';
import { createContext } from '../../src/verdict/create-context.ts';
import { maximumLifetimeDays } from '../../src/verdict/rules/lifetime.ts';
import { path } from '../../src/verdict/rules/path.ts';
import { authorityOf, createCa, ecSpki, ext, modulusOfBits, rsaSpki, selfSigned } from '../support/pki/pki.ts';
import { anchors, endpoint, failed, file, judged, NOW, parsed, presented } from './builders.ts';

const SHOP = ['dns:www.shop.example'];
const root = createCa({ now: NOW, subject: 'CN=Test Root,O=certwatch tests' });
const intermediate = root.issueCa({ subject: 'CN=Test Issuing CA' });
const leaf = intermediate.issue({ sans: SHOP });
const store = anchors([root]);
const trusting = { anchors: store };

/** `code severity #certificate` of each finding, in order. */
const told = ({ findings }: Verdict): string[] =>
  findings.map(({ code, severity, certificate }) =>
    [code, severity, certificate].filter((x) => x !== undefined).join(' '),
  );

const judgeChain = (chain: Parameters<typeof presented>[0], over: Parameters<typeof judged>[1] = trusting) =>
  judged(presented(chain), over);

test('a sound chain has nothing to tell', () => {
  const verdict = judgeChain([leaf, intermediate]);
  expect(told(verdict)).toEqual([]);
  expect(verdict).toMatchObject({
    status: 'ok',
    trust: { trusted: true, path: [0, 1], anchor: 'O=certwatch tests,CN=Test Root' },
    roles: [['leaf', 'intermediate']],
    window: { lifetimeSeconds: 90 * 86_400, source: 'auto' },
  });
});

describe('time: one second before and at each moment', () => {
  const end = NOW + 300 * DAY;
  const lived = (lifetimeMs: number) => intermediate.issue({ sans: SHOP, lifetimeMs, notAfter: end - 1_000 });
  const moments = (name: string, lifetimeMs: number, renew: number, warn: number, critical: number) =>
    [
      [name, lifetimeMs, renew + 1_000, []],
      [name, lifetimeMs, renew, ['renewal-open info 0']],
      [name, lifetimeMs, warn + 1_000, ['renewal-open info 0']],
      [name, lifetimeMs, warn, ['renewal-due warning 0']],
      [name, lifetimeMs, critical + 1_000, ['renewal-due warning 0']],
      [name, lifetimeMs, critical, ['expires-soon critical 0']],
      [name, lifetimeMs, 1_000, ['expires-soon critical 0']],
      [name, lifetimeMs, 0, ['expired critical 0']],
      [name, lifetimeMs, -1_000, ['expired critical 0']],
    ] as const;
  test.each([
    ...moments('90 days', 90 * DAY, 30 * DAY, 27 * DAY, 7 * DAY),
    ...moments('47 days', 47 * DAY, (47 * DAY) / 3, 14.1 * DAY, 4.7 * DAY),
    ...moments('160 hours', 160 * HOUR, 80 * HOUR, 72 * HOUR, 16 * HOUR),
  ])('%s, %i s before notAfter + 1 s', (_, lifetimeMs, before, expected) => {
    expect(told(judgeChain([lived(lifetimeMs), intermediate], { ...trusting, now: end - before }))).toEqual(expected);
  });

  test('at 398 days renewal opens and is overdue at the same moment', () => {
    const certificate = lived(398 * DAY);
    const at = (before: number) => told(judgeChain([certificate, intermediate], { ...trusting, now: end - before }));
    expect(at(30 * DAY + 1_000)).toEqual([]);
    expect(at(30 * DAY)).toEqual(['renewal-due warning 0']);
    expect(at(7 * DAY)).toEqual(['expires-soon critical 0']);
  });

  test('the last second of notAfter is not expired, whatever its milliseconds', () => {
    for (const ms of [0, 1, 500, 999]) {
      expect(told(judgeChain([lived(90 * DAY), intermediate], { ...trusting, now: end - 1_000 + ms }))).toEqual([
        'expires-soon critical 0',
      ]);
    }
  });

  test('an expired leaf is expired and nothing else', () => {
    const verdict = judgeChain([lived(90 * DAY), intermediate], { ...trusting, now: end + 3 * DAY });
    expect(told(verdict)).toEqual(['expired critical 0']);
    expect(verdict.findings[0]!.data).toEqual({ notAfter: '2027-09-20T07:59:59Z', secondsAgo: 3 * 86_400 });
    expect(verdict).toMatchObject({ status: 'critical', trust: { trusted: false, path: [0, 1] } });
    expect(verdict.window!.remainingSeconds).toBe(-3 * 86_400);
  });

  test('not valid yet, to the second', () => {
    const early = intermediate.issue({ sans: SHOP, notBefore: NOW + HOUR, lifetimeMs: 90 * DAY });
    expect(told(judgeChain([early, intermediate]))).toEqual(['not-yet-valid critical 0']);
    expect(told(judgeChain([early, intermediate], { ...trusting, now: NOW + HOUR - 1_000 }))).toHaveLength(1);
    expect(told(judgeChain([early, intermediate], { ...trusting, now: NOW + HOUR }))).toEqual([]);
  });

  test('never valid: notAfter before notBefore', () => {
    const never = intermediate.issue({ sans: SHOP, notBefore: NOW + DAY, notAfter: NOW - DAY });
    expect(told(judgeChain([never, intermediate]))).toEqual(['not-yet-valid critical 0', 'expired critical 0']);
  });

  test('thresholds of the target replace the moments', () => {
    const certificate = lived(90 * DAY);
    const target = endpoint('www.shop.example', {
      warning: { kind: 'duration', ms: 60 * DAY },
      critical: { kind: 'share', fraction: 0.5 },
    });
    const at = (before: number) =>
      told(judgeChain([certificate, intermediate], { ...trusting, target, now: end - before }));
    expect(at(60 * DAY + 1_000)).toEqual([]);
    expect(at(60 * DAY)).toEqual(['renewal-due warning 0']);
    expect(at(45 * DAY)).toEqual(['expires-soon critical 0']);
  });
});

describe('time above the leaf', () => {
  test('an intermediate on the path is judged by its own lifetime', () => {
    const ending = root.issueCa({ subject: 'CN=Ending CA', remainingMs: 20 * DAY, lifetimeMs: 1000 * DAY });
    const verdict = judgeChain([ending.issue({ sans: SHOP, remainingMs: 60 * DAY }), ending]);
    expect(told(verdict)).toEqual(['renewal-due warning 1']);
    // What is renewed is the leaf; the finding tells of the other.
    expect(verdict.window!.remainingSeconds).toBe(60 * 86_400);
  });

  test('an expired intermediate makes the target critical, and only by its date', () => {
    const ended = root.issueCa({ subject: 'CN=Ended CA', remainingMs: -DAY });
    expect(told(judgeChain([ended.issue({ sans: SHOP }), ended]))).toEqual(['expired critical 1']);
  });

  test('an expired cross-sign that the best path does not need is information', () => {
    const other = createCa({ now: NOW, subject: 'CN=Old Root' });
    const cross = other.crossSign(intermediate, { remainingMs: -30 * DAY });
    const verdict = judgeChain([leaf, cross, intermediate]);
    expect(told(verdict)).toEqual(['expired info 1', 'chain-extra info 1']);
    expect(verdict).toMatchObject({ status: 'ok', trust: { trusted: true, path: [0, 2] } });
    expect(verdict.roles).toEqual([['leaf', 'extra', 'intermediate']]);
    expect(verdict.window!.remainingSeconds).toBeGreaterThan(0);
  });

  test('a cross-sign that ends soon does not matter where the root that it stands for is an anchor', () => {
    const oldRoot = createCa({ now: NOW, subject: 'CN=Old Root' });
    const cross = oldRoot.crossSign(root, { remainingMs: 5 * DAY });
    for (const chain of [
      [leaf, intermediate, cross],
      [leaf, cross, intermediate],
    ]) {
      const verdict = judgeChain(chain, { anchors: anchors([oldRoot, root]) });
      expect(verdict.status).toBe('ok');
      expect(told(verdict)).toContain(`expires-soon info ${chain.indexOf(cross)}`);
    }
  });

  test('an extra in its renewal window is not worth a word', () => {
    const other = createCa({ now: NOW, subject: 'CN=Old Root' });
    const cross = other.crossSign(intermediate, { remainingMs: 28 * DAY, lifetimeMs: 90 * DAY });
    expect(told(judgeChain([leaf, cross, intermediate]))).toEqual(['chain-extra info 1']);
    expect(told(judgeChain([leaf, cross, intermediate], { ...trusting, now: NOW + 2 * DAY }))).toEqual([
      'renewal-due info 1',
      'chain-extra info 1',
    ]);
  });

  test('an expired anchor makes the target critical, private or public, presented or not', () => {
    const ended = createCa({ now: NOW, subject: 'CN=Ended Root', remainingMs: -DAY });
    const below = ended.issue({ sans: SHOP });
    for (const publicOnes of [false, true]) {
      const store = { anchors: anchors([ended], { publicOnes }) };
      const unseen = judgeChain([below], store);
      expect(told(unseen)).toEqual(['expired critical']);
      expect(unseen.findings[0]!.data).toMatchObject({ subject: 'CN=Ended Root' });
      expect(told(judgeChain([below, ended], store))).toEqual(['expired critical 1', 'root-sent info 1']);
    }
  });

  test('a private anchor that was not presented is judged, and named', () => {
    const ending = createCa({ now: NOW, subject: 'CN=House Root', remainingMs: 5 * DAY });
    const verdict = judgeChain([ending.issue({ sans: SHOP, remainingMs: 60 * DAY })], { anchors: anchors([ending]) });
    expect(told(verdict)).toEqual(['expires-soon critical']);
    expect(verdict.findings[0]!.data).toMatchObject({ subject: 'CN=House Root' });
  });

  test('a public anchor that was not presented is its keeper’s business', () => {
    const ending = createCa({ now: NOW, subject: 'CN=Public Root', remainingMs: 5 * DAY });
    const publicly = { anchors: anchors([ending], { publicOnes: true }) };
    expect(told(judgeChain([ending.issue({ sans: SHOP, remainingMs: 60 * DAY })], publicly))).toEqual([]);
  });
});

describe('lifetime of publicly trusted leaves', () => {
  const publicly = { anchors: anchors([root], { publicOnes: true }) };
  test.each([
    [Date.UTC(2018, 1, 28, 23, 59, 59), undefined],
    [Date.UTC(2018, 2, 1), 825],
    [Date.UTC(2020, 7, 31, 23, 59, 59), 825],
    [Date.UTC(2020, 8, 1), 398],
    [Date.UTC(2026, 2, 14, 23, 59, 59), 398],
    [Date.UTC(2026, 2, 15), 200],
    [Date.UTC(2027, 2, 14, 23, 59, 59), 200],
    [Date.UTC(2027, 2, 15), 100],
    [Date.UTC(2029, 2, 14, 23, 59, 59), 100],
    [Date.UTC(2029, 2, 15), 47],
  ])('issued at %i: %s days', (issuedAt, days) => {
    expect(maximumLifetimeDays(issuedAt)).toBe(days);
  });

  test('a second over the limit is a day over it', () => {
    const exact = intermediate.issue({ sans: SHOP, lifetimeMs: 200 * DAY });
    const over = intermediate.issue({ sans: SHOP, lifetimeMs: 200 * DAY + 1_000 });
    expect(told(judgeChain([exact, intermediate], publicly))).toEqual([]);
    const verdict = judgeChain([over, intermediate], publicly);
    expect(told(verdict)).toEqual(['lifetime-too-long warning 0']);
    expect(verdict.findings[0]!.data).toEqual({ lifetimeDays: 201, maximumDays: 200 });
    expect(told(judgeChain([over, intermediate]))).toEqual([]);
  });
});

describe('name', () => {
  test('another name', () => {
    const verdict = judgeChain([leaf, intermediate], { ...trusting, target: endpoint('mail.shop.example') });
    expect(told(verdict)).toEqual(['hostname-mismatch critical 0']);
    expect(verdict.findings[0]!.data).toEqual({ servername: 'mail.shop.example', names: SHOP });
  });

  test('the server name is what counts, not the host that was dialled', () => {
    const target = endpoint('192.0.2.7', {}, { servername: 'www.shop.example' });
    expect(told(judgeChain([leaf, intermediate], { ...trusting, target }))).toEqual([]);
  });

  test('a common name never counts', () => {
    const bare = intermediate.issue({ subject: 'CN=www.shop.example' });
    expect(told(judgeChain([bare, intermediate]))).toEqual(['hostname-mismatch critical 0', 'no-san warning 0']);
  });

  test('addresses by iPAddress', () => {
    const byIp = intermediate.issue({ sans: ['ip:192.0.2.7', 'ip:2001:db8::7'] });
    for (const host of ['192.0.2.7', '2001:db8::7']) {
      expect(told(judgeChain([byIp, intermediate], { ...trusting, target: endpoint(host) }))).toEqual([]);
    }
    expect(told(judgeChain([byIp, intermediate], { ...trusting, target: endpoint('192.0.2.8') }))).toHaveLength(1);
  });

  test('thousands of names are not all repeated', () => {
    const names = Array.from({ length: 500 }, (_, i) => `dns:h${i}.shop.example`);
    const verdict = judgeChain([intermediate.issue({ sans: names }), intermediate]);
    expect((verdict.findings[0]!.data as { names: string[] }).names).toHaveLength(100);
  });
});

describe('path', () => {
  test('self-signed', () => {
    const own = selfSigned({ now: NOW, sans: SHOP });
    expect(told(judgeChain([own]))).toEqual(['self-signed critical 0']);
    expect(told(judgeChain([own], { anchors: anchors([own]) }))).toEqual([]);
  });

  test('an unknown root, sent or not', () => {
    const foreign = createCa({ now: NOW, subject: 'CN=Foreign Root' });
    const middle = foreign.issueCa({ subject: 'CN=Foreign CA' });
    const served = middle.issue({ sans: SHOP });
    const without = judgeChain([served, middle]);
    expect(told(without)).toEqual(['untrusted-root critical 1']);
    expect(without.findings[0]!.data).toEqual({ root: 'CN=Foreign Root', presented: false });
    const withRoot = judgeChain([served, middle, foreign]);
    expect(told(withRoot)).toEqual(['untrusted-root critical 2', 'root-sent info 2']);
    expect(withRoot.findings[0]!.data).toEqual({ root: 'CN=Foreign Root', presented: true });
  });

  test('the intermediate is missing', () => {
    const caIssuers = ['http://ca.example/issuing.der'];
    const pointing = intermediate.issue({ sans: SHOP, authorityInfo: { caIssuers } });
    const verdict = judgeChain([pointing]);
    expect(told(verdict)).toEqual(['chain-incomplete critical 0']);
    expect(verdict.findings[0]!.data).toEqual({ issuer: 'CN=Test Issuing CA', caIssuers });
    expect(verdict.trust).toEqual({ trusted: false, path: [0] });
  });

  test.each([
    ['signature', () => intermediate.issue({ sans: SHOP, raw: { signWith: leaf.key } })],
    [
      'unknown-critical-extension',
      () => intermediate.issue({ sans: SHOP, extraExtensions: [ext.extension('1.2.3.4', Buffer.of(5, 0), true)] }),
    ],
    ['extended-key-usage', () => intermediate.issue({ sans: SHOP, extendedKeyUsage: ['clientAuth'] })],
  ] as const)('invalid: %s', (reason, make) => {
    const { findings } = judgeChain([make(), intermediate]);
    expect(findings).toContainEqual(
      expect.objectContaining({
        code: 'chain-invalid',
        severity: 'critical',
        data: expect.objectContaining({ reason }),
      }),
    );
  });

  test('not a CA above the leaf', () => {
    const impostor = authorityOf(
      intermediate.issue({ subject: 'CN=No CA', sans: ['dns:x.example'] }),
      {},
      intermediate,
    );
    const { findings } = judgeChain([impostor.issue({ now: NOW, sans: SHOP }), impostor, intermediate]);
    expect(findings[0]).toMatchObject({ code: 'chain-invalid', certificate: 1, data: { reason: 'not-a-ca' } });
  });

  test('bytes that are no certificate, anywhere in the chain', () => {
    const noise = Buffer.from('not a certificate');
    const behind = judgeChain([leaf, intermediate, noise]);
    expect(told(behind)).toEqual(['chain-invalid critical 2']);
    expect(behind.findings[0]!.data).toMatchObject({ reason: 'malformed' });
    expect(behind).toMatchObject({ trust: { trusted: true }, roles: [['leaf', 'intermediate', 'malformed']] });
    const first = judgeChain([noise, intermediate]);
    expect(told(first)).toEqual(['chain-invalid critical 0']);
    expect(first.trust).toEqual({ trusted: false, path: [] });
    expect(first.window).toBeUndefined();
  });

  test('not trusted for no given reason is said all the same', () => {
    const context = createContext({
      target: endpoint(),
      observation: presented([leaf, intermediate]),
      now: NOW,
      anchors: store,
    });
    const judgement = { trusted: false, path: [], problems: [] };
    const unexplained = { ...context, judgements: context.judgements.map((judged) => ({ ...judged, judgement })) };
    expect(path(unexplained)).toEqual([expect.objectContaining({ code: 'chain-invalid', severity: 'critical' })]);
  });

  test('without any anchor trust is not judged, and all else is', () => {
    const target = endpoint('mail.shop.example', { trust: 'none' });
    const verdict = judgeChain([selfSigned({ now: NOW, sans: SHOP, remainingMs: DAY })], {
      anchors: anchors([]),
      target,
    });
    expect(told(verdict)).toEqual(['expires-soon critical 0', 'hostname-mismatch critical 0']);
    expect(verdict).not.toHaveProperty('trust');
    const own = endpoint('www.shop.example', { trust: 'none', caFiles: ['root.pem'] });
    expect(told(judgeChain([leaf, intermediate], { ...trusting, target: own }))).toEqual([]);
    expect(judgeChain([leaf, intermediate], { ...trusting, target: own }).trust?.trusted).toBe(true);
  });
});

describe('chain as sent', () => {
  test('the wrong order', () => {
    const second = intermediate.issueCa({ subject: 'CN=Second CA' });
    const low = second.issue({ sans: SHOP });
    const verdict = judgeChain([low, intermediate, second]);
    expect(told(verdict)).toEqual(['chain-misordered warning']);
    expect(verdict.findings[0]!.data).toEqual({ order: [0, 2, 1] });
    expect(verdict.roles).toEqual([['leaf', 'intermediate', 'intermediate']]);
  });

  test('what is between is an extra, not a wrong order', () => {
    const stranger = createCa({ now: NOW, subject: 'CN=Stranger Root' }).issueCa({ subject: 'CN=Stranger' });
    expect(told(judgeChain([leaf, stranger, intermediate]))).toEqual(['chain-extra info 1']);
  });

  test('twice the same', () => {
    const verdict = judgeChain([leaf, leaf, intermediate, intermediate]);
    expect(told(verdict)).toEqual(['chain-duplicate info 1', 'chain-duplicate info 3']);
    expect(verdict.roles).toEqual([['leaf', 'duplicate', 'intermediate', 'duplicate']]);
  });

  test('the root as well', () => {
    const verdict = judgeChain([leaf, intermediate, root]);
    expect(told(verdict)).toEqual(['root-sent info 2']);
    expect(verdict).toMatchObject({
      status: 'ok',
      trust: { path: [0, 1, 2] },
      roles: [['leaf', 'intermediate', 'root']],
    });
  });

  test('a CA certificate in front of the leaf', () => {
    const { findings } = judgeChain([intermediate, leaf]);
    expect(findings).toContainEqual(expect.objectContaining({ code: 'chain-misordered', data: { order: [1, 0] } }));
    expect(findings).toContainEqual(expect.objectContaining({ code: 'hostname-mismatch' }));
  });

  test('31 certificates in any order', () => {
    const strangers = Array.from({ length: 28 }, (_, i) => createCa({ now: NOW, subject: `CN=Stranger ${i}` }));
    const chain = [leaf, ...strangers.slice(0, 14), root, ...strangers.slice(14), intermediate];
    expect(chain).toHaveLength(31);
    const verdict = judgeChain(chain);
    expect(verdict).toMatchObject({ status: 'warning', trust: { trusted: true, path: [0, 30, 15] } });
    expect(told(verdict)[0]).toBe('chain-misordered warning');
    expect(verdict.findings.filter(({ code }) => code === 'root-sent')).toMatchObject([{ certificate: 15 }]);
    expect(verdict.findings.filter(({ code }) => code === 'chain-extra')).toHaveLength(28);
  });
});

describe('strength', () => {
  const withKey = (spki: Uint8Array) => intermediate.issue({ sans: SHOP, raw: { spki } });
  const point = (bytes: number) => Buffer.concat([Buffer.of(4), Buffer.alloc(2 * bytes, 7)]);
  test.each([
    [
      'RSA 1024',
      () => intermediate.issue({ sans: SHOP, key: 'rsa1024' }),
      { type: 'rsa', bits: 1024, minimumBits: 2048 },
    ],
    ['RSA 2047', () => withKey(rsaSpki(modulusOfBits(2047), 65_537)), { type: 'rsa', bits: 2047, minimumBits: 2048 }],
    ['RSA 2048', () => intermediate.issue({ sans: SHOP, key: 'rsa2048' }), undefined],
    ['exponent 3', () => withKey(rsaSpki(modulusOfBits(2048), 3)), undefined],
    ['exponent 1', () => withKey(rsaSpki(modulusOfBits(2048), 1)), { type: 'rsa', bits: 2048, exponent: 1 }],
    [
      'even exponent',
      () => withKey(rsaSpki(modulusOfBits(2048), 65_536)),
      { type: 'rsa', bits: 2048, exponent: 65_536 },
    ],
    [
      'P-192',
      () => withKey(ecSpki('1.2.840.10045.3.1.1', point(24))),
      { type: 'ec', bits: 192, minimumBits: 224, curve: 'P-192' },
    ],
    ['P-256', () => leaf, undefined],
    ['Ed25519', () => intermediate.issue({ sans: SHOP, key: 'ed25519' }), undefined],
    ['DSA', () => intermediate.issue({ sans: SHOP, key: 'dsa1024' }), { type: 'dsa', bits: 1024 }],
  ])('%s', (_, make, data) => {
    const found = judgeChain([make(), intermediate]).findings.find(({ code }) => code === 'weak-key');
    expect(found?.data).toEqual(data);
    if (found) expect(found).toMatchObject({ severity: 'warning', certificate: 0 });
  });

  test('of a key on a curve that is not known nothing is said', () => {
    const unknown = withKey(ecSpki('1.2.3.4', Buffer.of(0)));
    expect(told(judgeChain([unknown, intermediate]))).not.toContain('weak-key warning 0');
  });

  test('a root’s own signature is not asked about, trusted or not; a self-signed leaf’s is, unless it is an anchor', () => {
    const old = { key: 'rsa2048', signatureHash: 'sha1' } as const;
    const foreign = createCa({ now: NOW, subject: 'CN=Foreign Root', ...old });
    const below = foreign.issue({ sans: SHOP, signatureHash: 'sha256' });
    expect(told(judgeChain([below, foreign]))).toEqual(['untrusted-root critical 1', 'root-sent info 1']);
    const own = selfSigned({ now: NOW, sans: SHOP, ...old });
    expect(told(judgeChain([own]))).toEqual(['self-signed critical 0', 'weak-signature warning 0']);
    expect(told(judgeChain([own], { anchors: anchors([own]) }))).toEqual([]);
  });

  test('SHA-1 below the anchor is weak, the anchor’s own is not asked about', () => {
    const oldRoot = createCa({ now: NOW, subject: 'CN=Old Root', key: 'rsa2048', signatureHash: 'sha1' });
    const modern = oldRoot.issueCa({ subject: 'CN=Modern CA', signatureHash: 'sha256' });
    const old = oldRoot.issueCa({ subject: 'CN=Old CA', key: 'rsa2048', signatureHash: 'sha1' });
    const store = { anchors: anchors([oldRoot]) };
    expect(told(judgeChain([modern.issue({ sans: SHOP }), modern, oldRoot], store))).toEqual(['root-sent info 2']);
    const verdict = judgeChain([old.issue({ sans: SHOP, signatureHash: 'md5' }), old], store);
    expect(told(verdict)).toEqual(['weak-signature warning 0', 'weak-signature warning 1']);
    expect(verdict.findings.map(({ data }) => data)).toEqual([
      { algorithm: 'md5WithRSAEncryption' },
      { algorithm: 'sha1WithRSAEncryption' },
    ]);
  });
});

describe('expectations', () => {
  const expecting = (expect: TargetSettings['expect'], over: Parameters<typeof judged>[1] = {}) =>
    judgeChain([leaf, intermediate], {
      ...trusting,
      target: endpoint('www.shop.example', { expect }),
      ...over,
    });
  const other = intermediate.issue({ sans: SHOP });

  test('issuer: a part of its name, in any case', () => {
    expect(told(expecting({ issuer: 'test ISSUING' }))).toEqual([]);
    const verdict = expecting({ issuer: "Let's Encrypt" });
    expect(told(verdict)).toEqual(['issuer-unexpected critical 0']);
    expect(verdict.findings[0]!.data).toEqual({ expected: "Let's Encrypt", found: 'CN=Test Issuing CA' });
  });

  test('fingerprint: any one of them', () => {
    expect(told(expecting({ fingerprints: [other.sha256, leaf.sha256] }))).toEqual([]);
    expect(told(expecting({ fingerprints: [other.sha256] }))).toEqual(['fingerprint-unexpected critical 0']);
  });

  test('key: any one of them', () => {
    const renewed = intermediate.issue({ sans: SHOP, key: leaf.key });
    const target = endpoint('www.shop.example', { expect: { spkiFingerprints: ['00'.repeat(32)] } });
    const verdict = judgeChain([leaf, intermediate], { ...trusting, target });
    expect(told(verdict)).toEqual(['key-unexpected critical 0']);
    const { found } = verdict.findings[0]!.data as { found: string };
    const pinned = endpoint('www.shop.example', { expect: { spkiFingerprints: [found] } });
    expect(told(judgeChain([renewed, intermediate], { ...trusting, target: pinned }))).toEqual([]);
    expect(told(judgeChain([other, intermediate], { ...trusting, target: pinned }))).toHaveLength(1);
  });

  test('the file that should be served', () => {
    const expectation = { file: '/etc/live/cert.pem' };
    expect(told(expecting(expectation, { expectedFile: parsed(leaf) }))).toEqual([]);
    const verdict = expecting(expectation, { expectedFile: parsed(other) });
    expect(told(verdict)).toEqual(['served-differs-from-file critical 0']);
    expect(verdict.findings[0]!.data).toMatchObject({
      file: '/etc/live/cert.pem',
      served: leaf.sha256,
      onDisk: other.sha256,
    });
  });
});

describe('not seen', () => {
  const unreachable = (as: 'ok' | 'warning' | 'critical' | 'unknown', over: Parameters<typeof failed>[0] = {}) =>
    judged(failed(over), { target: endpoint('www.shop.example', { unreachable: as }) });

  test.each([
    ['ok', 'ok', 'info'],
    ['warning', 'warning', 'warning'],
    ['critical', 'critical', 'critical'],
    ['unknown', 'unknown', 'unknown'],
  ] as const)('--unreachable %s: %s', (as, status, severity) => {
    const verdict = unreachable(as);
    expect(verdict).toMatchObject({ status, findings: [{ code: 'connect-failed', severity }], roles: [[]] });
    expect(verdict.findings[0]!.data).toEqual({ phase: 'connect', reason: 'refused' });
    expect(verdict).not.toHaveProperty('window');
    expect(verdict).not.toHaveProperty('trust');
  });

  test.each([
    ['a bug', { code: 'internal-error', phase: 'read', reason: 'bug' }],
    ['a target whose turn never came', { code: 'timeout', phase: 'queue', reason: 'deadline' }],
    ['a peer without the key', { code: 'handshake-failed', phase: 'handshake', reason: 'key-not-proven' }],
    ['trust anchors that cannot be loaded', { code: 'read-failed', phase: 'read', reason: 'trust-anchors' }],
  ] as const)('%s is never OK', (_, over) => {
    expect(unreachable('ok', over).status).toBe('unknown');
  });

  test('a bug is UNKNOWN even where unreachable is critical', () => {
    expect(unreachable('critical', { code: 'internal-error', phase: 'read', reason: 'bug' }).status).toBe('unknown');
  });

  test('what came before it failed is judged as well', () => {
    const ended = intermediate.issue({ sans: SHOP, remainingMs: -DAY });
    const verdict = judged(
      failed({
        code: 'handshake-failed',
        phase: 'handshake',
        reason: 'alert',
        chain: presented([ended, intermediate]).chain,
      }),
      trusting,
    );
    expect(told(verdict)).toEqual(['expired critical 0', 'handshake-failed unknown']);
    expect(verdict.window!.remainingSeconds).toBe(-86_400);
  });
});

describe('files', () => {
  const inFile = (chain: Parameters<typeof presented>[0], over: Partial<ReturnType<typeof file>> = {}) =>
    judged(
      {
        kind: 'presented',
        chain: presented(chain).chain,
        timings: { resolve: 0, connect: 0, starttls: 0, handshake: 0 },
      },
      {
        ...trusting,
        target: file('/etc/tls/site.pem', {}, over),
      },
    );

  test('a leaf with its chain is judged as one', () => {
    expect(told(inFile([leaf, intermediate]))).toEqual([]);
    expect(inFile([leaf, intermediate]).trust?.trusted).toBe(true);
    const foreign = createCa({ now: NOW, subject: 'CN=Foreign Root' });
    expect(told(inFile([foreign.issue({ sans: SHOP }), foreign]))).toContain('untrusted-root critical 1');
  });

  test('the leaf is the one that is no CA’s, and should be first', () => {
    const verdict = inFile([intermediate, leaf]);
    expect(told(verdict)).toEqual(['chain-misordered warning']);
    expect(verdict).toMatchObject({ trust: { trusted: true, path: [1, 0] }, roles: [['intermediate', 'leaf']] });
  });

  test('one certificate need not be all that is served: a missing issuer is a fault only for a host', () => {
    const alone = [intermediate.issue({ sans: SHOP, remainingMs: DAY })];
    expect(told(inFile(alone))).toEqual(['expires-soon critical 0', 'chain-incomplete info 0']);
    const served = file('/etc/tls/site.pem', {}, { servername: 'www.shop.example' });
    expect(told(judged(presented(alone), { ...trusting, target: served }))).toEqual([
      'expires-soon critical 0',
      'chain-incomplete critical 0',
    ]);
    expect(told(inFile([root.issue({ sans: SHOP })]))).toEqual([]);
    const foreign = createCa({ now: NOW, subject: 'CN=Foreign Root' });
    expect(told(inFile([foreign.issue({ sans: SHOP })]))).toEqual(['chain-incomplete info 0']);
    expect(told(judgeChain([foreign.issue({ sans: SHOP })]))).toEqual(['untrusted-root critical 0']);
  });

  test('one that signs itself is trusted by nobody, in a file as well', () => {
    expect(told(inFile([selfSigned({ now: NOW, sans: SHOP })]))).toEqual(['self-signed critical 0']);
    // As `openssl req -x509` makes it: by itself a CA for whatever purpose, for a host or as an expected one no better.
    const signer = createCa({ now: NOW, subject: 'CN=www.shop.example', sans: ['dns:www.shop.example'] });
    expect(told(inFile([signer]))).toEqual([]);
    const expected = (servername: string) =>
      told(judged(presented([signer]), { ...trusting, target: file('/a.pem', {}, { servername }) }));
    expect(expected('www.shop.example')).toEqual(['self-signed critical 0']);
    expect(expected('other.shop.example')).toEqual(['hostname-mismatch critical 0', 'self-signed critical 0']);
    const pinned = file('/a.pem', { expect: { fingerprints: ['0'.repeat(64)] } });
    expect(told(judged(presented([signer]), { ...trusting, target: pinned }))).toContain(
      'fingerprint-unexpected critical 0',
    );
  });

  test('CA certificates are each judged by their own time', () => {
    const ended = createCa({ now: NOW, subject: 'CN=Ended Root', remainingMs: -DAY });
    const verdict = inFile([root, ended, intermediate]);
    expect(told(verdict)).toEqual(['expired critical 1']);
    expect(verdict.roles).toEqual([['root', 'root', 'intermediate']]);
  });

  test('several leaves are each judged by their own time', () => {
    const ending = intermediate.issue({ sans: ['dns:b.example'], remainingMs: DAY });
    const verdict = inFile([leaf, ending]);
    expect(told(verdict)).toEqual(['expires-soon critical 1']);
    expect(verdict.roles).toEqual([['leaf', 'leaf']]);
  });

  test('the name is asked about only where one was given', () => {
    expect(told(inFile([leaf, intermediate], { servername: 'mail.shop.example' }))).toEqual([
      'hostname-mismatch critical 0',
    ]);
  });

  test('a client’s certificate needs no names, and no server usage', () => {
    const client = intermediate.issue({ subject: 'CN=robot', extendedKeyUsage: ['clientAuth'] });
    expect(told(inFile([client, intermediate]))).toEqual([]);
    expect(told(inFile([intermediate.issue({ subject: 'CN=old' }), intermediate]))).toEqual(['no-san warning 0']);
  });
});
