/**
 * Key stores: each chain in them is judged, what is there to be trusted is not taken for one, and their order means nothing.
 */
import { describe, expect, test } from 'vitest';
import type { Container, ContainerEntry, ContainerFormat } from '../../src/model/observation.ts';
import type { TargetSettings } from '../../src/model/target.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { createCa, type Issued, selfSigned } from '../support/pki/pki.ts';
import { anchors, file, judged, NOW, presented } from './builders.ts';

const DAY = 86_400_000;
const root = createCa({ now: NOW, subject: 'CN=Test Root' });
const ca = root.issueCa({ subject: 'CN=Test CA' });
const issue = (name: string, remainingMs?: number): Issued =>
  ca.issue({ sans: [`dns:${name}.shop.example`], ...(remainingMs === undefined ? {} : { remainingMs }) });
const [www, mail, old] = [issue('www'), issue('mail'), issue('old', -DAY)];
const placeholder = selfSigned({ now: NOW, sans: ['dns:localhost'] });
const stranger = createCa({ now: NOW, subject: 'CN=Another Root' });
const expiredRoot = createCa({ now: NOW, subject: 'CN=Expired Root', remainingMs: -DAY });

type Entry = readonly [der: { readonly der: Uint8Array }, alias?: string, trusted?: 'trusted'];

function store(
  format: ContainerFormat,
  entries: readonly Entry[],
  { servername, ...over }: Partial<TargetSettings> & { servername?: string } = {},
): Verdict {
  const container: Container = {
    format,
    entries: entries.map(
      ([, alias, trusted]): ContainerEntry => ({
        ...(alias === undefined ? {} : { alias }),
        ...(trusted ? { trusted: true } : {}),
      }),
    ),
  };
  const observation = presented(
    entries.map(([each]) => each),
    { container },
  );
  const target = file('/etc/tls/store', over, servername === undefined ? {} : { servername });
  return judged(observation, { target, anchors: anchors([root.certificate]) });
}

const told = ({ findings }: Verdict): string[] =>
  findings.map(({ code, severity, certificate }) =>
    [code, severity, certificate].filter((x) => x !== undefined).join(' '),
  );

const rootOf = ({ certificate }: { certificate: { der: Uint8Array } }) => certificate;

describe.each(['pkcs12', 'jks', 'jceks'] as const)('%s', (format) => {
  test('one chain in any order, with its root', () => {
    const verdict = store(format, [
      [rootOf(root), 'a'],
      [ca.certificate, 'a'],
      [www, 'a'],
    ]);
    expect(told(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ status: 'ok', trust: { trusted: true, path: [2, 1, 0] } });
  });

  test('several chains, each judged by its own path and dates', () => {
    const sound: Entry[] = [
      [www, 'a'],
      [ca.certificate, 'a'],
      [mail, 'b'],
      [ca.certificate, 'b'],
    ];
    expect(told(store(format, sound))).toEqual([]);
    const verdict = store(format, [...sound, [old, 'c'], [ca.certificate, 'c']]);
    expect(told(verdict)).toEqual(['expired critical 4']);
    expect(verdict.window?.remainingSeconds).toBeLessThan(0);
  });

  test('a chain that is broken behind one that is sound', () => {
    const lost = stranger.issueCa({ subject: 'CN=Lost CA' });
    const verdict = store(format, [
      [www, 'a'],
      [ca.certificate, 'a'],
      [lost.issue({ sans: ['dns:b.example'] }), 'b'],
      [lost.certificate, 'b'],
      [lost.issue({ sans: ['dns:c.example'] }), 'c'],
      [lost.certificate, 'c'],
    ]);
    // Once for both leaves below it.
    expect(told(verdict)).toEqual(['untrusted-root critical 3']);
  });

  test('a root instead of the intermediate', () => {
    expect(
      told(
        store(format, [
          [www, 'a'],
          [rootOf(root), 'a'],
        ]),
      ),
    ).toEqual(['chain-incomplete critical 0']);
  });

  test('what is there to be trusted makes no chain: a key alone is judged alone', () => {
    const trusted: Entry[] = [
      [rootOf(stranger), 'x', 'trusted'],
      [rootOf(expiredRoot), 'y', 'trusted'],
    ];
    expect(told(store(format, [[placeholder, 'a'], ...trusted]))).toEqual(['expired info 2']);
    expect(told(store(format, [[www, 'a'], ...trusted]))).toEqual(['expired info 2']);
    expect(store(format, [[www, 'a'], ...trusted])).not.toHaveProperty('trust');
    expect(
      store(format, [
        [www, 'a'],
        [ca.certificate, 'ca', 'trusted'],
      ]),
    ).not.toHaveProperty('trust');
  });

  test('a self-signed key beside one with a chain', () => {
    expect(
      told(
        store(format, [
          [placeholder, 'a'],
          [www, 'b'],
          [ca.certificate, 'b'],
        ]),
      ),
    ).toEqual([]);
  });

  test('a trusted peer beside a key: dates of both, the path of the key', () => {
    const verdict = store(format, [
      [www, 'a'],
      [ca.certificate, 'a'],
      [old, 'peer', 'trusted'],
    ]);
    expect(told(verdict)).toEqual(['expired critical 2']);
  });

  test('nothing but trusted roots: each by its dates', () => {
    const verdict = store(format, [
      [rootOf(root), 'a', 'trusted'],
      [rootOf(expiredRoot), 'b', 'trusted'],
    ]);
    expect(told(verdict)).toEqual(['expired critical 1']);
  });

  test('the name has to be that of one of them', () => {
    const entries: Entry[] = [
      [www, 'a'],
      [ca.certificate, 'a'],
      [mail, 'b'],
      [ca.certificate, 'b'],
    ];
    expect(told(store(format, entries, { servername: 'mail.shop.example' }))).toEqual([]);
    const other = store(format, entries, { servername: 'old.shop.example' });
    expect(told(other)).toEqual(['hostname-mismatch critical']);
    const names = ['dns:www.shop.example', 'dns:mail.shop.example'];
    expect(other.findings[0]?.data).toEqual({ servername: 'old.shop.example', names });
  });

  test('without any anchor only dates and names', () => {
    const entries: Entry[] = [
      [www, 'a'],
      [rootOf(stranger), 'a'],
      [mail, 'b'],
    ];
    expect(told(store(format, entries, { trust: 'none' }))).toEqual([]);
  });
});

test('JKS names the chain of each key: one without is judged alone', () => {
  const lone: Entry = [stranger.issue({ sans: ['dns:lone.example'] }), 'lone'];
  const chain: Entry[] = [
    [www, 'a'],
    [ca.certificate, 'a'],
  ];
  expect(told(store('jks', [...chain, lone]))).toEqual([]);
  expect(told(store('pkcs12', [...chain, lone]))).toEqual(['untrusted-root critical 2']);
});

test('PKCS#7 is a chain in any order, judged like one in PEM', () => {
  expect(told(store('pkcs7', [[rootOf(root)], [ca.certificate], [www]]))).toEqual([]);
  expect(told(store('pkcs7', [[www], [rootOf(stranger)]]))).toEqual(['chain-incomplete critical 0']);
});

test('a key that is there to be trusted as well', () => {
  const entries: Entry[] = [
    [www, 'peer', 'trusted'],
    [rootOf(root), 'a'],
    [www, 'a'],
  ];
  expect(told(store('jks', entries))).toEqual(['chain-incomplete critical 0']);
});

test('more keys than any store has: the dates of all, the paths of 64', () => {
  const keys = Array.from({ length: 70 }, (_, i): Entry => [issue(`k${i}`), `k${i}`]);
  const verdict = store('pkcs12', [...keys, [old, 'old'], [rootOf(root)]]);
  const codes = verdict.findings.map(({ code }) => code).sort();
  expect(codes).toEqual([...Array.from({ length: 64 }, () => 'chain-incomplete'), 'expired']);
});

test('several leaves in PEM, where one has to be for the name', () => {
  const target = file('/etc/tls/both.pem', {}, { servername: 'old.shop.example' });
  const both = presented([www, mail]);
  expect(told(judged(both, { target }))).toEqual(['hostname-mismatch critical']);
  const right = file('/etc/tls/both.pem', {}, { servername: 'mail.shop.example' });
  expect(told(judged(both, { target: right }))).toEqual([]);
});

test('the leaf of the name is trusted, or not, whatever stands beside it in PEM', () => {
  const target = file('/etc/tls/both.pem', {}, { servername: 'www.shop.example' });
  const inFile = (...certificates: Parameters<typeof presented>[0][number][]) =>
    told(judged(presented(certificates), { target, anchors: anchors([root]) }));
  const mine = stranger.issue({ sans: ['dns:www.shop.example'] });
  expect(inFile(www, ca.certificate, mail)).toEqual([]);
  expect(inFile(www, mail)).toEqual(['chain-incomplete critical 0']);
  expect(inFile(mail, ca.certificate, mine, rootOf(stranger))).toEqual(['untrusted-root critical 3']);
});
