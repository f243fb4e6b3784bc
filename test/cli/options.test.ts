/**
 * Transcripts: trust, expectations, addresses, and where to connect.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dnsServer } from '../support/servers/dns-server.ts';
import { tlsServer } from '../support/servers/tls-server.ts';
import { DAY, NOW_FLAG, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('www', 'api');
});
afterAll(() => scene[Symbol.asyncDispose]());

const check = (...args: string[]) => scene.show(['check', ...args, ...NOW_FLAG]);
const trusting = (...args: string[]) => check(...args, '--ca-file', 'root.pem');

describe('where to connect', () => {
  test('--connect-to and --servername, on the command line', async () => {
    const to = `127.0.0.1:${scene.port('www')}`;
    expect(await trusting('front.example', '--connect-to', to, '--servername', 'www.shop.example')).toMatch(/exit 0$/);
    expect(await trusting('front.example', '--connect-to', 'localhost')).toMatch(/exit 3$/);
  });

  test('an address itself is matched against the names of the certificate', async () => {
    expect(await trusting(`127.0.0.1:${scene.port('www')}`)).toMatchInlineSnapshot(`
      "CRITICAL  1 target
        127.0.0.1:PORT  60d left       until 2027-01-23
          hostname-mismatch: The certificate is not for "127.0.0.1", but for "www.shop.example".
          → Install the certificate for "127.0.0.1" where this name is served, or have it reissued with
            that name; reload the server.

      1 target in TIME: 1 critical. Exit status 2: CRITICAL.
      exit 2"
    `);
  });
});

describe('trust', () => {
  test('a private root that nobody named', async () => {
    expect(await check(scene.line('www'))).toMatchInlineSnapshot(`
      "CRITICAL  1 target
        www  60d left       until 2027-01-23
          untrusted-root: The chain ends in "O=Example Shop,CN=Shop Root", and that is not trusted here
            (--trust mozilla).
          → For a private CA name its root, \`--ca-file ROOT.pem\`; otherwise install a certificate from a
            public CA.

      1 target in TIME: 1 critical. Exit status 2: CRITICAL.
      exit 2"
    `);
  });

  test('--trust none', async () => {
    expect(await check(scene.line('www'), '--trust', 'none')).toMatchInlineSnapshot(`
      "OK  1 target
        www  60d left       until 2027-01-23

      1 target in TIME: 1 ok. Exit status 0: OK.
      exit 0"
    `);
    expect(await trusting(scene.line('www'), '--trust', 'none')).toMatch(/exit 0$/);
  });

  test('--ca-file that is missing, or holds no certificate', async () => {
    await scene.folder.write('garbage.pem', 'not a certificate\n');
    expect(await check(scene.line('www'), '--ca-file', 'missing.pem')).toMatchInlineSnapshot(`
      "UNKNOWN  1 target
        www  no certificate seen
          read-failed: The trust anchors could not be loaded: missing.pem: does not exist.
          → Correct \`--ca-file\` or \`--trust\`.

      1 target in TIME: 1 unknown. Exit status 3: UNKNOWN.
      exit 3"
    `);
    expect(await check(scene.line('www'), '--ca-file', 'garbage.pem')).toMatchInlineSnapshot(`
      "UNKNOWN  1 target
        www  no certificate seen
          read-failed: The trust anchors could not be loaded: garbage.pem: holds no certificate
            (expected PEM or DER).
          → Correct \`--ca-file\` or \`--trust\`.

      1 target in TIME: 1 unknown. Exit status 3: UNKNOWN.
      exit 3"
    `);
  });
});

describe('expectations', () => {
  const key = () => {
    const spki = new X509Certificate(scene.leaf('www').der).publicKey.export({ type: 'spki', format: 'der' });
    return createHash('sha256').update(spki);
  };

  test('that are met', async () => {
    await scene.folder.write('www.pem', scene.leaf('www').pem);
    const met = ['--expect-issuer', 'cn=shop tls ca', '--expect-fingerprint', scene.leaf('www').sha256];
    const also = ['--expect-key', key().digest('base64'), '--expect-file', 'www.pem'];
    expect(await trusting(scene.line('www'), ...met, ...also)).toMatch(/exit 0$/);
  });

  test('that are not', async () => {
    await scene.folder.write('api.pem', scene.leaf('api').pem);
    const other = 'ab'.repeat(32);
    const args = ['--expect-issuer', "O=Let's Encrypt", '--expect-fingerprint', other, '--expect-key', other];
    expect(await trusting(scene.line('www'), ...args, '--expect-file', 'api.pem')).toMatchInlineSnapshot(`
      "CRITICAL  1 target
        www  60d left       until 2027-01-23
          served-differs-from-file: What is served is not what is in "api.pem" (valid until 2026-11-29
            08:59 UTC): renewed, most likely, and not reloaded.
          → Reload the server; if that does not help, see whether it reads api.pem.
          issuer-unexpected: The certificate was issued by "O=Example Shop,CN=Shop TLS CA", not by
            "O=Let's Encrypt".
          fingerprint-unexpected: The certificate is not the expected one: SHA-256 SHA256…
            instead of SHA256….
          key-unexpected: The certificate is for another key than expected: SPKI SHA-256
            SHA256… instead of SHA256….
          → If the change was meant, bring the expectation up to date; if nobody knows of it, treat it
            as an incident: \`certwatch show 'www.shop.example connect-to=127.0.0.1:PORT name=www'\`

      1 target in TIME: 1 critical. Exit status 2: CRITICAL.
      exit 2"
    `);
  });

  test('one of several fingerprints is enough', async () => {
    const { sha256 } = scene.leaf('www');
    const args = ['--expect-fingerprint', 'ab'.repeat(32), '--expect-fingerprint', sha256.toUpperCase()];
    expect(await trusting(scene.line('www'), ...args)).toMatch(/exit 0$/);
  });

  test('a file that is not there', async () => {
    expect(await trusting(scene.line('www'), '--expect-file', 'none.pem')).toMatchInlineSnapshot(`
      "UNKNOWN  1 target
        www  60d left       until 2027-01-23
          read-failed: The file that it should serve could not be read: there is no file none.pem.
          → Correct the path or its permissions: \`ls -l none.pem\`

      1 target in TIME: 1 unknown. Exit status 3: UNKNOWN.
      exit 3"
    `);
  });
});

describe('--all-addresses', () => {
  test('one of two addresses still serves the old certificate', async () => {
    const both = { sans: ['dns:both.shop.example'], lifetimeMs: 90 * DAY };
    const fresh = scene.issuing.issue({ ...both, remainingMs: 80 * DAY });
    const old = scene.issuing.issue({ ...both, remainingMs: 5 * DAY });
    await using dns = await dnsServer({ 'both.shop.example': ['127.0.0.1', '127.0.0.2'] });
    await using first = await tlsServer({ leaf: fresh });
    await using _second = await tlsServer({ leaf: old, host: '127.0.0.2', port: first.port });
    const target = [`both.shop.example:${first.port}`, '--resolver', dns.address];
    const [all, one] = await Promise.all([trusting(...target, '--all-addresses'), trusting(...target)]);
    expect(all.replaceAll(String(first.port), 'PORT')).toMatchInlineSnapshot(`
      "CRITICAL  1 target
        both.shop.example:PORT  5d left        until 2026-11-29
          expires-soon: [127.0.0.2] The certificate expires in 5d, on 2026-11-29 08:59 UTC (critical
            from 7d before).
          → Renewal has not happened: run it by hand now, read what it says, then reload the server.
          addresses-disagree: Its addresses serve 2 different certificates: 127.0.0.1 until 2027-02-12
            08:59 UTC; 127.0.0.2 until 2026-11-29 08:59 UTC.
          → Reload (or bring the new certificate to) the machines that still serve the older one.

      1 target in TIME: 1 critical. Exit status 2: CRITICAL.
      exit 2"
    `);
    expect(one).toMatch(/exit 0$/);
  });

  test('IPv4 and IPv6, and only one of them', async (context) => {
    const leaf = scene.issuing.issue({ sans: ['dns:six.shop.example'], lifetimeMs: 90 * DAY, remainingMs: 60 * DAY });
    await using four = await tlsServer({ leaf });
    const six = await tlsServer({ leaf, host: '::1', port: four.port }).catch(() => undefined);
    if (!six) return context.skip('there is no IPv6 on this machine');
    await using dns = await dnsServer({ 'six.shop.example': ['127.0.0.1', '::1'] });
    try {
      const target = [`six.shop.example:${four.port}`, '--all-addresses', '--ca-file', 'root.pem'];
      const addresses = async (...args: string[]) => {
        const { report } = await scene.report(['check', ...target, '--resolver', dns.address, ...NOW_FLAG, ...args]);
        const [{ observations, observation }] = report.results;
        return (observations ?? [observation]).map(({ address }: { address: string }) => address).sort();
      };
      expect(await addresses()).toEqual(['127.0.0.1', '::1']);
      expect(await addresses('-4')).toEqual(['127.0.0.1']);
      expect(await addresses('-6')).toEqual(['::1']);
    } finally {
      await six.close();
    }
  });
});

test('a name that is not there', async () => {
  await using dns = await dnsServer({});
  expect(await trusting('gone.shop.example', '--resolver', dns.address)).toMatchInlineSnapshot(`
    "UNKNOWN  1 target
      gone.shop.example  no certificate seen
        resolve-failed: The name could not be resolved: there is no name gone.shop.example (NXDOMAIN).
        → Check the spelling and the DNS: \`dig gone.shop.example\`; if the host is gone, take it off
          the list.

    1 target in TIME: 1 unknown. Exit status 3: UNKNOWN.
    exit 3"
  `);
});

test('labels go into the reports', async () => {
  const args = ['check', scene.line('www', 'label=team=web'), '--label', 'env=prod', '--ca-file', 'root.pem'];
  const { report } = await scene.report([...args, ...NOW_FLAG]);
  expect(report.results[0].target.labels).toEqual({ env: 'prod', team: 'web' });
});
