/**
 * `certwatch show`: one chain in full, and its bytes as PEM.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderPem, renderShow } from '../../src/report/show.ts';
import { decodePem } from '../../src/x509/pem.ts';
import { verdict } from './arbitrary.ts';
import { FLEET, options } from './fleet.ts';

const steady = (text: string): string =>
  text.replace(/[0-9a-f]{64}/g, '<sha256>').replace(/\b[0-9A-F]{32}\b/g, '<serial>');

test('a chain, the path that it is trusted by, and what there is to say', () => {
  expect(steady(renderShow(FLEET.misordered, options()))).toMatchInlineSnapshot(`
    "misordered.shop.example:443  WARNING  89d left  until 2027-02-21

    address   192.0.2.1
    protocol  TLSv1.3
    took      resolve 1.0 ms, connect 2.0 ms, handshake 3.3 ms

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

    window  renewal opens 2027-01-22 08:00 UTC, overdue 2027-01-25 08:00 UTC, critical 2027-02-14 08:00 UTC (auto)

    Trusted by this path
      #0 CN=misordered.shop.example
      └─ #2 CN=Second CA
         └─ #1 O=certwatch tests,CN=Test Root (trust anchor, sent along)

    chain-misordered: The chain is sent in the wrong order; right would be #0, #2, #1.
      → Put the chain file in order, the leaf first and each issuer behind what it issued, and reload
        the server.
    root-sent: The root "O=certwatch tests,CN=Test Root" is sent: a client has its own or does not
      trust it.
      → Take it out of the chain file when you next touch it.
    "
  `);
});

test('bytes that are no certificate', () => {
  expect(steady(renderShow(FLEET.malformed, options()))).toMatchInlineSnapshot(`
    "broken.shop.example:443  CRITICAL  no readable certificate

    address   192.0.2.1
    protocol  TLSv1.3
    took      resolve 1.0 ms, connect 2.0 ms, handshake 3.3 ms

    #0 malformed
      unreadable  not der at offset 0
      bytes       14
      sha256      <sha256>

    Not trusted; the best path
      no trust anchor

    chain-invalid: Certificate #0 breaks the chain: it is no readable certificate (not der at offset
      0).
      → Install the chain again from the CA's files; the bytes as sent:
        \`certwatch show broken.shop.example --pem\`
    "
  `);
});

test('nothing seen', () => {
  expect(renderShow(FLEET.stuck, options())).toMatchInlineSnapshot(`
    "stuck.shop.example:443  UNKNOWN  no certificate seen

    address  192.0.2.8
    took     resolve 1.0 ms, connect 2.0 ms, handshake 3.3 ms

    timeout: No answer in time in the TLS handshake (stuck.shop.example port 443).
      → See whether the host hangs or a firewall drops packets; look again with more patience:
        \`certwatch check stuck.shop.example -t 30s\`
    "
  `);
});

test('PEM is every element as presented, in order, certificate or not', () => {
  for (const each of [FLEET.misordered, FLEET.malformed, FLEET.disagreeing]) {
    const chain = each.observations.flatMap((observation) => observation.chain ?? []);
    const decoded = decodePem(renderPem(each));
    if (!decoded.ok) throw new Error(decoded.error);
    expect(decoded.value.map((der) => Buffer.from(der))).toEqual(chain.map(({ der }) => Buffer.from(der)));
  }
  expect(renderPem(FLEET.stuck)).toBe('');
});

test('property: whatever comes, it is plain to a terminal', () => {
  fc.assert(
    fc.property(verdict, (each) => {
      expect(renderShow(each, options())).not.toMatch(/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
    }),
    { numRuns: 100 },
  );
});
