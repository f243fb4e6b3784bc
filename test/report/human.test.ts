/**
 * `human`: what a person sees, at a fixed time.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/model/verdict.ts';
import { human } from '../../src/report/formats/human.ts';
import { displayWidth } from '../../src/report/layout.ts';
import { endpoint } from '../verdict/builders.ts';
import { inputErrors, verdicts } from './arbitrary.ts';
import { FLEET, HOSTILE, render } from './fleet.ts';

const all: readonly Verdict[] = Object.values(FLEET);
const renamed = (verdict: Verdict, name: string): Verdict => ({
  ...verdict,
  target: endpoint('x.example', {}, { name }),
});
const many = (verdict: Verdict, count: number): Verdict[] =>
  Array.from({ length: count }, (_, i) => renamed(verdict, `host${i}.shop.example:443`));

/** What differs from run to run. */
const steady = (text: string): string =>
  text.replace(/[0-9a-f]{64}/g, '<sha256>').replace(/\b[0-9A-F]{32}\b/g, '<serial>');

test('a fleet with everything that can be wrong', () => {
  const errors = [{ origin: 'hosts.txt:3', message: 'expected a port from 1 to 65535, got "99999"' }];
  expect(render(human, all, { run: { errors } })).toMatchInlineSnapshot(`
    "CRITICAL  7 targets
      expired.shop.example:443  ended 3d 4h ago
        expired: The certificate expired 3d 4h ago, on 2026-11-21 03:59 UTC.
        → Renew it now, reload the server, and look again: \`certwatch check expired.shop.example\`
      lastday.shop.example:443  5h 10m left    until 2026-11-24
        expires-soon: The certificate expires in 5h 10m, on 2026-11-24 13:09 UTC (critical from 7d
          before).
        → Renewal has not happened: run it by hand now, read what it says, then reload the server.
      ending.shop.example:443   2d 4h left     until 2026-11-26
        expires-soon: The certificate expires in 2d 4h, on 2026-11-26 11:59 UTC (critical from 7d
          before).
        → Renewal has not happened: run it by hand now, read what it says, then reload the server.
      wrong.shop.example:443    89d left       until 2027-02-21
        hostname-mismatch: The certificate is not for "wrong.shop.example", but for
          "other.shop.example", "www.other.example".
        → Install the certificate for "wrong.shop.example" where this name is served, or have it
          reissued with that name; reload the server.
      missing.shop.example:443  89d left       until 2027-02-21
        chain-incomplete: The certificate was issued by "O=certwatch tests,CN=Test Issuing CA", and
          that certificate was not sent.
        → Append the issuer's certificate to the chain file
          (\`curl -s http://ca.shop.example/issuing.der | openssl x509 -inform der\`) and reload the
          server.
      printer.shop.example:443  89d left       until 2027-02-21
        self-signed: The certificate is self-signed ("CN=printer"): no client trusts it by itself.
        → Install one from a CA. If this one is meant:
          \`certwatch show printer.shop.example --pem > own.pem\`, compare it, then \`--ca-file own.pem\`.
        weak-key: The certificate has a weak key: RSA 1024, where 2048 bits are the least.
        → Make a new key (EC P-256, or RSA 2048 and up) and have the certificate reissued for it.
      broken.shop.example:443   no readable certificate
        chain-invalid: Certificate #0 breaks the chain: it is no readable certificate (not der at
          offset 0).
        → Install the chain again from the CA's files; the bytes as sent:
          \`certwatch show broken.shop.example --pem\`

    WARNING  3 targets
      multi.shop.example           10d left       until 2026-12-04
        addresses-disagree: Its addresses serve 2 different certificates: 192.0.2.11 until 2027-02-21
          07:59 UTC; 192.0.2.12 until 2026-12-04 07:59 UTC.
        → Reload (or bring the new certificate to) the machines that still serve the older one.
        renewal-due: [192.0.2.12] The certificate should have been renewed by now: 10d left, until
          2026-12-04 07:59 UTC (due from 27d before).
        → See why automation has not renewed it (its log, its timer), or renew it by hand and reload
          the server.
      due.shop.example:443         20d 1h left    until 2026-12-14
        renewal-due: The certificate should have been renewed by now: 20d 1h left, until 2026-12-14
          09:29 UTC (due from 27d before).
        → See why automation has not renewed it (its log, its timer), or renew it by hand and reload
          the server.
      misordered.shop.example:443  89d left       until 2027-02-21
        chain-misordered: The chain is sent in the wrong order; right would be #0, #2, #1.
        → Put the chain file in order, the leaf first and each issuer behind what it issued, and
          reload the server.

    UNKNOWN  3 targets
      refused.shop.example:443  no certificate seen
        connect-failed: No connection: connection refused.
        → Nothing listens on refused.shop.example port 443: start the service, or correct the port.
      stuck.shop.example:443    no certificate seen
        timeout: No answer in time in the TLS handshake (stuck.shop.example port 443).
        → See whether the host hangs or a firewall drops packets; look again with more patience:
          \`certwatch check stuck.shop.example -t 30s\`
      bug.shop.example          no certificate seen
        internal-error: certwatch itself failed while reading: TypeError: x is not a function.
        → This is a bug: please report what this prints: \`certwatch check bug.shop.example -v\`

    OK  4 targets
      short.shop.example:443    5d left        until 2026-11-29
      open.shop.example:443     28d left       until 2026-12-22  renewal-open
      healthy.shop.example:443  61d 3h left    until 2027-01-24
      file:/etc/tls/site.pem    89d left       until 2027-02-21

    NOT UNDERSTOOD  1
      hosts.txt:3: expected a port from 1 to 65535, got "99999"

    17 targets in 3s: 7 critical, 3 warning, 3 unknown, 4 ok. 1 not understood. Exit status 2: CRITICAL.
    "
  `);
});

test('a fleet that is well', () => {
  expect(render(human, [FLEET.healthy, FLEET.open])).toMatchInlineSnapshot(`
    "OK  2 targets
      open.shop.example:443     28d left       until 2026-12-22  renewal-open
      healthy.shop.example:443  61d 3h left    until 2027-01-24

    2 targets in 3s: 2 ok. Exit status 0: OK.
    "
  `);
});

test('-v shows the chain', () => {
  expect(steady(render(human, [FLEET.misordered], { verbose: true }))).toMatchInlineSnapshot(`
    "WARNING  1 target
      misordered.shop.example:443  89d left       until 2027-02-21
        chain-misordered: The chain is sent in the wrong order; right would be #0, #2, #1.
        → Put the chain file in order, the leaf first and each issuer behind what it issued, and
          reload the server.
        root-sent: The root "O=certwatch tests,CN=Test Root" is sent: a client has its own or does not
          trust it.
        → Take it out of the chain file when you next touch it.
        address   192.0.2.1
        protocol  TLSv1.3
        took      resolve 1.0 ms, connect 2.0 ms, handshake 3.3 ms
        window    renewal opens 2027-01-22 08:00 UTC, overdue 2027-01-25 08:00 UTC, critical 2027-02-14 08:00 UTC (auto)
        #0 leaf
          subject    CN=misordered.shop.example
          issuer     CN=Second CA
          serial     <serial>
          valid      2026-11-23 08:00 UTC to 2027-02-21 07:59 UTC (89d left)
          names      dns:misordered.shop.example
          key        EC P-256
          signature  ecdsa-with-SHA256
          sha256     <sha256>
        #1 root
          subject    O=certwatch tests,CN=Test Root
          issuer     O=certwatch tests,CN=Test Root
          serial     <serial>
          valid      2025-11-24 08:00 UTC to 2035-11-22 07:59 UTC (3285d left)
          key        EC P-256
          signature  ecdsa-with-SHA256
          sha256     <sha256>
        #2 intermediate
          subject    CN=Second CA
          issuer     O=certwatch tests,CN=Test Root
          serial     <serial>
          valid      2025-11-24 08:00 UTC to 2035-11-22 07:59 UTC (3285d left)
          key        EC P-256
          signature  ecdsa-with-SHA256
          sha256     <sha256>

    1 target in 3s: 1 warning. Exit status 1: WARNING.
    "
  `);
});

test('nothing to look at', () => {
  expect(render(human, [])).toMatchInlineSnapshot(`
    "Nothing was checked. Exit status 3: UNKNOWN.
    "
  `);
});

test('cut short', () => {
  expect(render(human, [FLEET.healthy], { run: { interrupted: true } })).toMatchInlineSnapshot(`
    "OK  1 target
      healthy.shop.example:443  61d 3h left    until 2027-01-24

    1 target in 3s: 1 ok. Interrupted: what was not looked at may be worse. Exit status 3: UNKNOWN.
    "
  `);
  expect(render(human, [FLEET.stuck], { run: { deadlineReached: true } })).toContain(
    'The deadline came before all was done.',
  );
});

describe('-q', () => {
  test('is silent when all is well', () => {
    expect(render(human, [FLEET.healthy, FLEET.open], { quiet: true })).toBe('');
  });

  test('tells only what is not OK', () => {
    const text = render(human, [FLEET.healthy, FLEET.due], { quiet: true });
    expect(text).toContain('due.shop.example');
    expect(text).not.toContain('healthy.shop.example');
    expect(text).toContain('1 warning, 1 ok');
  });

  test('is not silent about input that was not understood, or about nothing to look at', () => {
    const errors = [{ origin: 'hosts.txt:3', message: 'expected a host' }];
    expect(render(human, [FLEET.healthy], { quiet: true, run: { errors } })).toContain('hosts.txt:3: expected a host');
    expect(render(human, [], { quiet: true })).toContain('Nothing was checked.');
  });
});

describe('long lists stay readable', () => {
  test('OK targets become a count and the first to end', () => {
    const listed = render(human, many(FLEET.healthy, 50));
    expect(listed.match(/host\d+/g)).toHaveLength(50);
    const collapsed = render(human, [...many(FLEET.healthy, 10_000), FLEET.short]);
    expect(collapsed).toMatchInlineSnapshot(`
      "OK  10,001 targets
        The first to end: short.shop.example:443, 5d left. -v lists them all.

      10,001 targets in 3s: 10,001 ok. Exit status 0: OK.
      "
    `);
    expect(render(human, many(FLEET.healthy, 60), { verbose: true }).match(/host\d+\.shop\.example:443/g)).toHaveLength(
      60,
    );
  });

  test('many of one kind have a line each, and the advice once', () => {
    const text = render(human, [...many(FLEET.stuck, 300), ...many(FLEET.selfSigned, 2)]);
    expect(text.split('\n').length).toBeLessThan(2 * 300 + 40);
    expect(text.match(/→ timeout \(300\)/g)).toHaveLength(1);
  });
});

test('colour only where it was asked for, and only around our own words', () => {
  expect(render(human, all)).not.toContain('\u001b');
  const colored = render(human, all, { color: true });
  expect(colored).toContain('\u001b[31m');
  expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(render(human, all));
});

test('lines keep to the width of the terminal', () => {
  for (const columns of [60, 80, 120]) {
    for (const line of render(human, all, { columns }).split('\n')) {
      // What is there to be copied is not broken.
      if (!line.includes('`')) expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
    }
  }
});

test.each(HOSTILE)('a target named %j has its line', (name) => {
  const text = render(human, [renamed(FLEET.due, name), renamed(FLEET.healthy, name)]);
  expect(text).not.toMatch(/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
  expect(text.split('\n')).toHaveLength(
    render(human, [renamed(FLEET.due, 'x'), renamed(FLEET.healthy, 'x')]).split('\n').length,
  );
});

test('property: whatever comes, there is a report that is plain to a terminal, and it ends with the status', () => {
  fc.assert(
    fc.property(verdicts, inputErrors, fc.boolean(), (some, errors, verbose) => {
      const text = render(human, some, { verbose, run: { errors } });
      expect(text).not.toMatch(/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
      expect(text.replaceAll('\n', ' ')).toMatch(/ Exit status [0-3]: (OK|WARNING|CRITICAL|UNKNOWN)\. $/);
    }),
    { numRuns: 100 },
  );
});
