/**
 * What comes in from outside, read without trust: directories, names, addresses, keys, headers, objects.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACME_DIRECTORIES, parseDirectory, stagingOf } from '../../../src/config/acme-directories.ts';
import { readAuthorization, readDirectory, readOrder } from '../../../src/renew/acme/ca/objects.ts';
import { parseRetryAfter } from '../../../src/renew/acme/ca/retrying.ts';
import { parseListen } from '../../../src/renew/acme/challenges/listen-address.ts';
import { parseServer } from '../../../src/renew/acme/challenges/rfc2136.ts';
import { parseTsigKey } from '../../../src/renew/acme/challenges/tsig-key.ts';
import { problemTrouble, readProblem } from '../../../src/renew/acme/failure.ts';
import { readIdentifiers } from '../../../src/renew/acme/identifiers.ts';
import type { ChallengeConfig } from '../../../src/renew/acme/job.ts';

const NOW = Date.UTC(2026, 10, 24, 8, 0, 0);
const DAY = 86_400_000;

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['9999999', 9_999_999_000],
    ['99999999999999999999', 365 * DAY],
    ['Tue, 24 Nov 2026 08:01:00 GMT', 60_000],
    ['Tue, 24 Nov 2026 07:00:00 GMT', 0],
    ['', undefined],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['2026-11-24', undefined],
    ['Monday', undefined],
  ])('%j', (header, expected) => {
    expect(parseRetryAfter(header, NOW)).toBe(expected);
  });

  test('whatever comes, a wait is a finite number of milliseconds that a date can hold', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const wait = parseRetryAfter(header, NOW);
        return wait === undefined || (wait >= 0 && !Number.isNaN(new Date(NOW + wait).getTime()));
      }),
    );
  });
});

describe('directories', () => {
  test.each(Object.entries(ACME_DIRECTORIES))('%s', (name, url) => {
    expect(parseDirectory(name)).toEqual({ ok: true, value: { name, url } });
    expect(url).toMatch(/^https:/);
  });
  test.each(['http://ca.example/dir', 'letsencryp', '', 'https://user:secret@ca.example/', 'constructor'])(
    '%j',
    (text) => {
      const refused = parseDirectory(text);
      expect(refused.ok).toBe(false);
      expect(JSON.stringify(refused)).not.toContain('secret');
    },
  );
  test.each([
    ['letsencrypt', 'https://acme-staging-v02.api.letsencrypt.org/directory'],
    ['letsencrypt-staging', 'https://acme-staging-v02.api.letsencrypt.org/directory'],
    ['google', 'https://dv.acme-v02.test-api.pki.goog/directory'],
    ['google-staging', 'https://dv.acme-v02.test-api.pki.goog/directory'],
    ['zerossl', undefined],
  ])('a rehearsal of %s goes to %s', (name, url) => {
    expect(stagingOf(ACME_DIRECTORIES[name] ?? '')?.url).toBe(url);
  });
  test('whose name nobody knows, nobody knows the staging directory of', () => {
    expect(stagingOf('https://ca.example/directory')).toBeUndefined();
  });
});

describe('identifiers', () => {
  const http: ChallengeConfig = { type: 'http-01', webroot: '/var/www' };
  const dns: ChallengeConfig = { type: 'dns-01', hook: { present: ['/bin/true'] } };
  test.each([
    [['WWW.Shop.Example.', 'www.shop.example'], http, [{ type: 'dns', value: 'www.shop.example' }]],
    [['192.0.2.1'], http, [{ type: 'ip', value: '192.0.2.1' }]],
    [['2001:DB8:0:0::1'], http, [{ type: 'ip', value: '2001:db8::1' }]],
    [['*.shop.example'], dns, [{ type: 'dns', value: '*.shop.example' }]],
  ] as const)('%j', (names, challenge, expected) => {
    expect(readIdentifiers(names, challenge)).toEqual({ ok: true, value: expected });
  });
  test.each([
    [[], http, 'bad-job'],
    [['*.shop.example'], http, 'wildcard-needs-dns'],
    [['192.0.2.1'], dns, 'ip-needs-http-or-alpn'],
    [['www..example'], http, 'bad-job'],
    [['*.*.example'], dns, 'bad-job'],
    [['shöp.example'], http, 'bad-job'],
    [['a b.example'], http, 'bad-job'],
    [[`${'a'.repeat(64)}.example`], http, 'bad-job'],
    [Array.from({ length: 101 }, (_, i) => `n${i}.example`), http, 'bad-job'],
  ] as const)('%j', (names, challenge, reason) => {
    expect(readIdentifiers(names, challenge)).toMatchObject({ ok: false, error: { reason } });
  });
});

describe('addresses', () => {
  test.each([
    ['127.0.0.1:5002', { host: '127.0.0.1', port: 5002 }],
    ['[::]:80', { host: '::', port: 80 }],
    ['0.0.0.0:65535', { host: '0.0.0.0', port: 65535 }],
  ])('listen at %s', (text, value) => expect(parseListen(text)).toEqual({ ok: true, value }));
  test.each(['80', ':80', 'localhost:80', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:70000', '::1:80', '[127.0.0.1]:80'])(
    'not %s',
    (text) => expect(parseListen(text)).toEqual({ ok: false, error: expect.stringContaining(JSON.stringify(text)) }),
  );
  test.each([
    ['ns.example', { host: 'ns.example', port: 53 }],
    ['ns.example:5353', { host: 'ns.example', port: 5353 }],
    ['2001:db8::1', { host: '2001:db8::1', port: 53 }],
    ['[2001:db8::1]:54', { host: '2001:db8::1', port: 54 }],
  ])('update at %s', (text, value) => expect(parseServer(text)).toEqual({ ok: true, value }));
  test.each(['', 'ns.example:', 'ns.example:0', '[ns.example]:53', 'a b'])('no update at %j', (text) =>
    expect(parseServer(text).ok).toBe(false),
  );
});

describe('TSIG keys', () => {
  const secret = 'c2VjcmV0//8+Cg==';
  test.each([
    `key "acme" { algorithm hmac-sha256; secret "${secret}"; };`,
    `// tsig-keygen\nkey "ACME." {\n\talgorithm HMAC-SHA256;\n\tsecret "${secret}"; # not for eyes\n};\n`,
    `/* key "old" { } */ key acme { secret "${secret}"; algorithm hmac-sha256; };`,
  ])('%j', (text) => {
    const value = { name: 'acme', algorithm: 'hmac-sha256', secret: Buffer.from(secret, 'base64') };
    expect(parseTsigKey(text)).toEqual({ ok: true, value });
  });
  test.each([
    ['', /expected key/],
    [`key "a" { algorithm hmac-md5; secret "${secret}"; };`, /hmac-md5/],
    ['key "a" { algorithm hmac-sha256; };', /expected secret/],
    [`key "a" { algorithm constructor; secret "${secret}"; };`, /constructor/],
  ])('%j', (text, pattern) => {
    const parsed = parseTsigKey(text);
    expect(parsed).toEqual({ ok: false, error: expect.stringMatching(pattern) });
    expect(JSON.stringify(parsed)).not.toContain(secret);
  });
});

describe('what a CA says', () => {
  test('objects of any shape are read or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        readDirectory(value, 'https://ca.example/dir');
        readOrder(value, 'https://ca.example/order/1');
        readAuthorization(value, 'https://ca.example/authz/1');
        readProblem(value, 400);
      }),
    );
  });

  test('an authorization whose tokens are no file names has no challenge', () => {
    const challenge = (token: unknown) => ({ type: 'http-01', url: 'https://ca.example/c', status: 'pending', token });
    const tokens = [
      '../../../etc/passwd',
      'short',
      'a/bcdefghijklmnopqrstuv',
      'ok-token_0123456789abcdef',
      '',
      null,
      7,
    ];
    const authorization = readAuthorization(
      {
        status: 'pending',
        identifier: { type: 'dns', value: 'www.shop.example' },
        challenges: tokens.map(challenge),
      },
      'https://ca.example/authz/1',
    );
    expect(authorization).toMatchObject({ ok: true, value: { challenges: [{ token: 'ok-token_0123456789abcdef' }] } });
  });

  test.each([
    ['urn:ietf:params:acme:error:rateLimited', 429, 'acme-rate-limited', 'wait-until'],
    ['urn:ietf:params:acme:error:badCSR', 400, 'acme-bad-csr', 'fix-config'],
    ['urn:ietf:params:acme:error:caa', 403, 'acme-caa', 'fix-caa'],
    ['urn:ietf:params:acme:error:somethingNew', 400, 'acme-something-new', 'ask-ca'],
    ['urn:ietf:params:acme:error:<script>', 400, 'http-error', 'ask-ca'],
    ['about:blank', 503, 'http-error', 'try-again'],
  ])('%s', (type, status, reason, advice) => {
    const problem = readProblem({ type, detail: 'why' }, status)!;
    expect(problemTrouble(problem)).toMatchObject({ reason, advice, detail: 'why' });
  });

  test('its words are cut to a length', () => {
    const problem = readProblem(
      { type: 'x'.repeat(5_000), detail: 'y'.repeat(5_000), subproblems: Array(500).fill({ type: 't', detail: 'd' }) },
      400,
    );
    expect(problem?.detail.length).toBeLessThan(1_100);
    expect(problem?.subproblems.length).toBeLessThanOrEqual(20);
  });
});
