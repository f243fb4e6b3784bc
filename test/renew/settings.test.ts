/**
 * From a config's text to what is renewed: defaults, overrides, places.
 */
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/load-config.ts';
import { pairingOf, withPairing } from '../../src/renew/pairing.ts';
import type { ByAcme, Renewal } from '../../src/renew/renewal.ts';
import { renewalsOf } from '../../src/renew/settings.ts';
import { parseTarget } from '../../src/targets/parse-target.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';

async function renewals(text: string): Promise<Renewal[]> {
  const config = await readConfig(text, { name: 'certwatch.yaml', folder: '/etc/certwatch' });
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  return renewalsOf(config.value, { state: '/var/lib/certwatch', defaults: DEFAULT_SETTINGS });
}

async function one(entry: string, top = ''): Promise<Renewal> {
  const [first] = await renewals(`acme: { account: { contact: a@shop.example, agree-tos: true }${top} }
certificates:
  - name: www
${entry
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
`);
  if (!first) throw new Error('no certificate');
  return first;
}

const LEAST = `domains: [ shop.example, "*.shop.example" ]
challenge: { dns-01: { present: [ ./dns, add ] } }
live: ./live`;

const acmeOf = ({ by }: Renewal): ByAcme => {
  if (by.kind !== 'acme') throw new Error('no acme');
  return by;
};

test('the least: every default', async () => {
  const renewal = await one(LEAST);
  expect(renewal).toMatchObject({
    name: 'www',
    live: '/etc/certwatch/live',
    environment: {},
    reloadTimeoutMs: 60_000,
    timeoutMs: 300_000,
    renewAt: { kind: 'auto' },
  });
  expect(renewal.by).toEqual({
    kind: 'acme',
    keyType: 'ec256',
    keyTypeGiven: false,
    reuseKey: false,
    ari: true,
    challenge: { type: 'dns-01', hook: { present: ['/etc/certwatch/dns', 'add'], cwd: '/etc/certwatch' } },
    authority: {
      name: 'letsencrypt',
      url: 'https://acme-v02.api.letsencrypt.org/directory',
      requestTimeoutMs: 30_000,
      account: { folder: '/var/lib/certwatch/accounts', contact: ['mailto:a@shop.example'], agreeTos: true },
    },
    staging: {
      name: 'letsencrypt-staging',
      url: 'https://acme-staging-v02.api.letsencrypt.org/directory',
      requestTimeoutMs: 30_000,
      account: { folder: '/var/lib/certwatch/accounts', contact: ['mailto:a@shop.example'], agreeTos: true },
    },
  });
  expect(renewal.rehearse).toEqual([]);
});

test('certificates of one account share their contacts; another directory, binding or key is another account', async () => {
  const entry = (name: string, acme: string) => `
  - name: ${name}
    domains: ${name}.example
    challenge: { http-01: { webroot: /srv } }
    live: /live/${name}
    acme: { ${acme} }`;
  const all = await renewals(`acme: { directory: "https://ca.example/dir", account: { contact: a@shop.example } }
certificates:${entry('one', 'ari: no')}${entry('two', 'account: { contact: b@shop.example }')}${entry(
    'three',
    'directory: "https://cb.example/dir", account: { contact: c@shop.example }',
  )}${entry('four', 'account: { contact: d@shop.example, key: /key }')}${entry(
    'five',
    'account: { contact: e@shop.example, eab: { kid: k, hmac-key: c2VjcmV0 } }',
  )}`);
  const contacts = all.map((renewal) =>
    acmeOf(renewal)
      .authority.account.contact.join(' ')
      .replaceAll(/mailto:|@\S+/g, ''),
  );
  expect(contacts).toEqual(['a b', 'a b', 'c', 'd', 'e']);
});

test('where rehearsals go, in a word', async () => {
  const { staging } = acmeOf(
    await one(LEAST, ', directory: zerossl, ca-file: ./root.pem, staging: "https://ca.example/trials"'),
  );
  expect(staging).toMatchObject({
    url: 'https://ca.example/trials',
    caFile: '/etc/certwatch/root.pem',
    account: { contact: ['mailto:a@shop.example'] },
  });
});

test('where it is served: each domain on 443, at every address; no wildcard', async () => {
  const { targets } = await one(LEAST);
  expect(targets).toMatchObject([{ host: 'shop.example', port: 443, settings: { allAddresses: true, retries: 0 } }]);
});

test('an IPv6 address is a place too', async () => {
  const { targets } = await one(`domains: [ "2001:db8::1" ]
challenge: { http-01: { webroot: /srv } }
live: /live`);
  expect(targets).toMatchObject([{ host: '2001:db8::1', port: 443 }]);
});

test('verify names the places, options too', async () => {
  const { targets } = await one(`${LEAST}
verify: [ "smtp://mail.shop.example", { host: 192.0.2.7, port: 8443, servername: shop.example, all-addresses: false } ]`);
  expect(targets).toMatchObject([
    { host: 'mail.shop.example', port: 25, protocol: 'smtp', settings: { allAddresses: true } },
    { host: '192.0.2.7', port: 8443, servername: 'shop.example', settings: { allAddresses: false } },
  ]);
});

test('what a certificate says of the CA lies over what all say; the account is joined', async () => {
  const renewal = await one(
    `${LEAST}
acme: { profile: shortlived, account: { eab: { kid: one, hmac-key: c2VjcmV0 } } }`,
    ', directory: zerossl, profile: classic, request-timeout: 5s, ari: false',
  );
  expect(acmeOf(renewal)).toMatchObject({
    ari: false,
    authority: {
      name: 'zerossl',
      profile: 'shortlived',
      requestTimeoutMs: 5_000,
      account: { contact: ['mailto:a@shop.example'], agreeTos: true, eab: { kid: 'one', hmacKey: 'c2VjcmV0' } },
    },
  });
});

test('rehearsals go to the same CA: roots and profile are shared, a binding and the name of a root are not', async () => {
  const eab = (kid: string) => `account: { eab: { kid: ${kid}, hmac-key: c2VjcmV0 } }`;
  const entry = (more = '') =>
    `${LEAST}\nacme: { profile: short, preferred-chain: Root, ca-file: ./root.pem, ${eab('one')}${more} }`;
  const google = acmeOf(await one(entry(', directory: google'))).staging;
  expect(google).toMatchObject({
    name: 'google-staging',
    url: 'https://dv.acme-v02.test-api.pki.goog/directory',
    profile: 'short',
    caFile: '/etc/certwatch/root.pem',
  });
  expect(google).not.toHaveProperty('preferredChain');
  expect(google?.account).not.toHaveProperty('eab');
  const own = `staging: { directory: "https://ca.example/trials", ${eab('two')} }`;
  expect(acmeOf(await one(entry(`, directory: zerossl, ${own}`))).staging).toMatchObject({
    url: 'https://ca.example/trials',
    account: { contact: ['mailto:a@shop.example'], agreeTos: true, eab: { kid: 'two' } },
  });
  // At a directory for trials the account is the one that is there.
  expect(acmeOf(await one(entry(', directory: google-staging'))).staging?.account).toMatchObject({
    eab: { kid: 'one' },
  });
  expect(acmeOf(await one(entry(', directory: zerossl')))).not.toHaveProperty('staging');
});

test('the second CA has nothing of the first one but who we are', async () => {
  const renewal = await one(
    LEAST,
    ', directory: zerossl, ca-file: ./root.pem, profile: classic, fallback: { directory: letsencrypt, after: 2 }',
  );
  expect(acmeOf(renewal).authority).toMatchObject({ caFile: '/etc/certwatch/root.pem', profile: 'classic' });
  expect(acmeOf(renewal).fallback).toEqual({
    name: 'letsencrypt',
    url: 'https://acme-v02.api.letsencrypt.org/directory',
    requestTimeoutMs: 30_000,
    account: { folder: '/var/lib/certwatch/accounts', contact: ['mailto:a@shop.example'], agreeTos: true },
    after: 2,
    remaining: { kind: 'auto' },
  });
});

test.each([
  ['http-01: { webroot: ./html }', { type: 'http-01', webroot: '/etc/certwatch/html' }],
  ['http-01: { listen: "0.0.0.0:80" }', { type: 'http-01', listen: '0.0.0.0:80' }],
  ['http-01: { listen: "[::]:80" }', { type: 'http-01', listen: '[::]:80' }],
  ['tls-alpn-01: { listen: "0.0.0.0:443" }', { type: 'tls-alpn-01', listen: '0.0.0.0:443' }],
  [
    'dns-01: { present: { shell: "a b" }, cleanup: [ c ], follow-cname: no, propagation: 30s }',
    {
      type: 'dns-01',
      hook: { present: ['/bin/sh', '-c', 'a b', 'dns-hook'], cleanup: ['c'], cwd: '/etc/certwatch' },
      followCname: false,
      propagation: { timeoutMs: 30_000 },
    },
  ],
  [
    'dns-01: { rfc2136: { server: "192.0.2.53:5353", key-file: ./key, zone: shop.example, ttl: 30 }, propagation: 0 }',
    {
      type: 'dns-01',
      rfc2136: { server: '192.0.2.53:5353', keyFile: '/etc/certwatch/key', zone: 'shop.example', ttl: 30 },
      propagation: { check: false },
    },
  ],
] as const)('challenge %s', async (text, expected) => {
  const renewal = await one(`domains: shop.example\nchallenge: { ${text} }\nlive: /live`);
  expect(acmeOf(renewal).challenge).toEqual(expected);
});

test('a command needs neither challenge nor live folder', async () => {
  const [renewal] = await renewals(`certificates:
  - { name: legacy, command: [ certbot, renew ], verify: legacy.shop.example, environment: { A: b } }
`);
  expect(renewal).toMatchObject({
    by: { kind: 'command', command: { words: ['certbot', 'renew'], shell: false } },
    domains: [],
    environment: { A: 'b' },
  });
  expect(renewal).not.toHaveProperty('live');
});

test('what may run in a rehearsal', async () => {
  const [renewal] = await renewals(`certificates:
  - name: legacy
    command: [ certbot, renew ]
    rehearse-command: [ certbot, renew, --dry-run ]
    pre-hook: [ x ]
    rehearse: pre-hook
    live: /live
`);
  expect(renewal).toMatchObject({
    rehearse: ['pre-hook'],
    by: { rehearsal: { words: ['certbot', 'renew', '--dry-run'] } },
  });
});

describe('which file an endpoint should serve', () => {
  const target = (text: string) => {
    const parsed = parseTarget(text, { origin: 'test', defaults: DEFAULT_SETTINGS });
    if (!parsed.ok) throw new Error(parsed.error);
    return parsed.value;
  };

  test.each([
    ['shop.example', '/etc/certwatch/live/fullchain.pem'],
    ['https://shop.example', '/etc/certwatch/live/fullchain.pem'],
    ['shop.example:8443', undefined],
    ['192.0.2.1 servername=shop.example', undefined],
    ['www.shop.example', undefined],
    ['file:/etc/certwatch/live/fullchain.pem', undefined],
  ])('%s', async (text, file) => {
    const all = [await one(LEAST)];
    expect(pairingOf(target(text), all)?.file).toBe(file);
    expect(withPairing(target(text), all).settings.expect.file).toBe(file);
  });

  test('a file that the target names itself stands', async () => {
    const asked = target('shop.example expect-file=/other.pem');
    expect(withPairing(asked, [await one(LEAST)])).toBe(asked);
  });

  test('two certificates at one place: neither file is the one', async () => {
    const renewal = await one(LEAST);
    expect(pairingOf(target('shop.example'), [renewal, { ...renewal, name: 'rsa', live: '/rsa' }])).toBeUndefined();
  });
});
