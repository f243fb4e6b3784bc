/**
 * CAA record sets (RFC 8659 4) against one CA.
 */
import type { CaaRecord } from 'node:dns';
import { expect, test } from 'vitest';
import { judgeCaaSet } from '../../../src/renew/acme/preflight/caa.ts';

const CA = ['ca.example', 'ca.example.net'];
const issue = (value: string, critical = 0): CaaRecord => ({ critical, issue: value });
const issuewild = (value: string): CaaRecord => ({ critical: 0, issuewild: value });

test.each<readonly [string, CaaRecord[], boolean, 'allowed' | 'forbidden']>([
  ['only an address for reports', [{ critical: 0, iodef: 'mailto:a@b.example' }], false, 'allowed'],
  ['this CA', [issue('ca.example')], false, 'allowed'],
  [
    'this CA by another of its names, in capitals, with parameters',
    [issue(' CA.Example.Net. ; account=1')],
    false,
    'allowed',
  ],
  ['another CA', [issue('other.example')], false, 'forbidden'],
  ['a name that only ends like it', [issue('not-ca.example')], false, 'forbidden'],
  ['nobody', [issue(';')], false, 'forbidden'],
  ['nobody, and then this CA', [issue(';'), issue('ca.example')], false, 'allowed'],
  ['critical, but known', [issue('ca.example', 128)], false, 'allowed'],
  ['critical and not known', [issue('ca.example'), { critical: 128, future: 'x' } as CaaRecord], false, 'forbidden'],
  ['not known, not critical', [issue('ca.example'), { critical: 0, future: 'x' } as CaaRecord], false, 'allowed'],
  ['wildcards for another CA, no wildcard asked', [issue('ca.example'), issuewild('other.example')], false, 'allowed'],
  ['wildcards for another CA', [issue('ca.example'), issuewild('other.example')], true, 'forbidden'],
  ['wildcards for this CA only', [issue('other.example'), issuewild('ca.example')], true, 'allowed'],
  ['no word on wildcards: as for names', [issue('other.example')], true, 'forbidden'],
  ['wildcards only, no wildcard asked', [issuewild(';')], false, 'allowed'],
])('%s', (_name, records, wildcard, kind) => {
  expect(judgeCaaSet(records, { name: 'www.shop.example', at: 'shop.example', wildcard, identities: CA }).kind).toBe(
    kind,
  );
});
