/**
 * Transcripts: what a person sees of `certwatch check`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NOW_FLAG, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('www', 'api', 'open', 'blog', 'mail', 'docs', 'stuck', 'down');
});
afterAll(() => scene[Symbol.asyncDispose]());

const check = (...args: string[]) => scene.show(['check', ...args, ...NOW_FLAG, '--ca-file', 'root.pem']);

describe('one target', () => {
  test('healthy', async () => {
    expect(await check(scene.line('www'))).toMatchInlineSnapshot(`
      "OK  1 target
        www  60d left       until 2027-01-23

      1 target in TIME: 1 ok. Exit status 0: OK.
      exit 0"
    `);
  });

  test('its window is open: information, and no more', async () => {
    expect(await check(scene.line('open'))).toMatchInlineSnapshot(`
      "OK  1 target
        open  28d left       until 2026-12-22  renewal-open

      1 target in TIME: 1 ok. Exit status 0: OK.
      exit 0"
    `);
  });

  test('due', async () => {
    expect(await check(scene.line('blog'))).toMatchInlineSnapshot(`
      "WARNING  1 target
        blog  20d left       until 2026-12-14
          renewal-due: The certificate should have been renewed by now: 20d left, until 2026-12-14 08:59
            UTC (due from 27d before).
          → See why automation has not renewed it (its log, its timer), or renew it by hand and reload
            the server.

      1 target in TIME: 1 warning. Exit status 1: WARNING.
      exit 1"
    `);
  });

  test('critical', async () => {
    expect(await check(scene.line('mail'))).toMatchInlineSnapshot(`
      "CRITICAL  1 target
        mail  2d left        until 2026-11-26
          expires-soon: The certificate expires in 2d, on 2026-11-26 08:59 UTC (critical from 7d
            before).
          → Renewal has not happened: run it by hand now, read what it says, then reload the server.

      1 target in TIME: 1 critical. Exit status 2: CRITICAL.
      exit 2"
    `);
  });

  test('expired', async () => {
    expect(await check(scene.line('docs'))).toMatchInlineSnapshot(`
      "CRITICAL  1 target
        docs  ended 6h ago
          expired: The certificate expired 6h ago, on 2026-11-24 02:59 UTC.
          → Renew it now, reload the server, and look again:
            \`certwatch check 'docs.shop.example connect-to=127.0.0.1:PORT name=docs ca-file=root.pem'\`

      1 target in TIME: 1 critical. Exit status 2: CRITICAL.
      exit 2"
    `);
  });

  test('-v: the chain, the session, the window', async () => {
    expect(await check(scene.line('www'), '-v')).toMatchInlineSnapshot(`
      "OK  1 target
        www  60d left       until 2027-01-23
          address    127.0.0.1
          protocol   TLSv1.3, TLS_AES_256_GCM_SHA384
          key proof  proven
          took       connect TIME, handshake TIME
          window     renewal opens 2026-12-24 09:00 UTC, overdue 2026-12-27 09:00 UTC, critical 2027-01-16 09:00 UTC (auto)
          #0 leaf
            subject    CN=www.shop.example
            issuer     O=Example Shop,CN=Shop TLS CA
            serial     SERIAL
            valid      2026-10-25 09:00 UTC to 2027-01-23 08:59 UTC (60d left)
            names      dns:www.shop.example
            key        EC P-256
            signature  ecdsa-with-SHA256
            sha256     SHA256
          #1 intermediate
            subject    O=Example Shop,CN=Shop TLS CA
            issuer     O=Example Shop,CN=Shop Root
            serial     SERIAL
            valid      2026-05-25 21:00 UTC to 2031-05-24 20:59 UTC (1642d 12h left)
            key        EC P-256
            signature  ecdsa-with-SHA256
            sha256     SHA256

      1 target in TIME: 1 ok. Exit status 0: OK.
      exit 0"
    `);
  });
});

describe('several', () => {
  test('worst first, what ends first on top', async () => {
    const names = ['www', 'down', 'blog', 'docs', 'stuck', 'api', 'mail'] as const;
    const lines = names.map((name) => scene.line(name, name === 'stuck' ? 'timeout=1s' : ''));
    expect(await check(...lines)).toMatchInlineSnapshot(`
      "CRITICAL  2 targets
        docs  ended 6h ago
          expired: The certificate expired 6h ago, on 2026-11-24 02:59 UTC.
          → Renew it now, reload the server, and look again:
            \`certwatch check 'docs.shop.example connect-to=127.0.0.1:PORT name=docs ca-file=root.pem'\`
        mail  2d left        until 2026-11-26
          expires-soon: The certificate expires in 2d, on 2026-11-26 08:59 UTC (critical from 7d
            before).
          → Renewal has not happened: run it by hand now, read what it says, then reload the server.

      WARNING  1 target
        blog  20d left       until 2026-12-14
          renewal-due: The certificate should have been renewed by now: 20d left, until 2026-12-14 08:59
            UTC (due from 27d before).
          → See why automation has not renewed it (its log, its timer), or renew it by hand and reload
            the server.

      UNKNOWN  2 targets
        down   no certificate seen
          connect-failed: No connection: 127.0.0.1:PORT: connection refused.
          → Nothing listens on 127.0.0.1 port PORT: start the service, or correct the port.
        stuck  no certificate seen
          timeout: No answer in time in the TLS handshake (127.0.0.1 port PORT).
          → See whether the host hangs or a firewall drops packets; look again with more patience:
            \`certwatch check 'stuck.shop.example connect-to=127.0.0.1:PORT name=stuck timeout=1s ca-file=root.pem' -t 30s\`

      OK  2 targets
        api  5d left        until 2026-11-29
        www  60d left       until 2027-01-23

      7 targets in TIME: 2 critical, 1 warning, 2 unknown, 2 ok. Exit status 2: CRITICAL.
      exit 2"
    `);
  });

  test('-q says nothing at all while all is well', async () => {
    expect(await check(scene.line('www'), scene.line('api'), '-q')).toBe('exit 0');
  });

  test('-q says what is not OK', async () => {
    expect(await check(scene.line('www'), scene.line('mail'), '-q')).toMatchInlineSnapshot(`
      "CRITICAL  1 target
        mail  2d left        until 2026-11-26
          expires-soon: The certificate expires in 2d, on 2026-11-26 08:59 UTC (critical from 7d
            before).
          → Renewal has not happened: run it by hand now, read what it says, then reload the server.

      2 targets in TIME: 1 critical, 1 ok. Exit status 2: CRITICAL.
      exit 2"
    `);
  });

  test('-q -v still says nothing while all is well', async () => {
    expect(await check(scene.line('www'), '-q', '-v')).toBe('exit 0');
  });
});

test('the standard output has the report and nothing else, the standard error nothing', async () => {
  const { stdout, stderr } = await scene.run(['check', scene.line('www'), ...NOW_FLAG, '--ca-file', 'root.pem']);
  expect(stderr).toBe('');
  expect(stdout).not.toContain('\x1b');
});
