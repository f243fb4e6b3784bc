/** Certificate policies (RFC 5280 6.1), in the manner of PKITS 4.8 to 4.12 with any initial policy. */
import { describe, expect, it } from 'vitest';
import { type CertificateOptions, createCa, der, ext } from '../support/pki/pki.ts';
import { NOW, verdict } from './chains.ts';

const ANY = '2.5.29.32.0';
const P1 = '1.2.3.1';
const P2 = '1.2.3.2';

const policies = (...oids: string[]) =>
  ext.extension('2.5.29.32', der.sequence(...oids.map((oid) => der.sequence(der.oid(oid)))));
const number = (n: number) => der.integer(n).subarray(2);
const constraints = ({ explicit, mapping }: { explicit?: number; mapping?: number }) =>
  ext.extension(
    '2.5.29.36',
    der.sequence(
      ...(explicit === undefined ? [] : [der.contextPrimitive(0, number(explicit))]),
      ...(mapping === undefined ? [] : [der.contextPrimitive(1, number(mapping))]),
    ),
    true,
  );
const mappings = (...pairs: [string, string][]) =>
  ext.extension('2.5.29.33', der.sequence(...pairs.map(([a, b]) => der.sequence(der.oid(a), der.oid(b)))), true);
const inhibitAny = (n: number) => ext.extension('2.5.29.54', der.integer(n), true);

const root = createCa({ now: NOW, subject: 'CN=Root' });

/** @param levels extensions of each certificate from the CA under the root down to the leaf. */
function path(...levels: (readonly Uint8Array[])[]): string {
  const options = (extraExtensions: readonly Uint8Array[]): CertificateOptions => ({ extraExtensions });
  let ca = root;
  const chain = [];
  for (const [i, level] of levels.slice(0, -1).entries()) {
    ca = ca.issueCa({ subject: `CN=Level ${i}`, ...options(level) });
    chain.unshift(ca);
  }
  return verdict([ca.issue({ sans: ['dns:a.example'], ...options(levels.at(-1)!) }), ...chain], [root])[0]!;
}

describe('policies', () => {
  it.each<[string, (readonly Uint8Array[])[], string]>([
    ['none at all', [[], []], 'trusted'],
    ['different ones that nobody asks for', [[policies(P1)], [policies(P2)]], 'trusted'],
    ['explicit from the start, none there', [[constraints({ explicit: 0 })], []], 'invalid/policy'],
    ['explicit, the same all the way', [[policies(P1), constraints({ explicit: 0 })], [policies(P1)]], 'trusted'],
    ['explicit, different', [[policies(P1), constraints({ explicit: 0 })], [policies(P2)]], 'invalid/policy'],
    ['explicit, any above', [[policies(ANY), constraints({ explicit: 0 })], [policies(P2)]], 'trusted'],
    ['explicit, any below', [[policies(P1), constraints({ explicit: 0 })], [policies(ANY)]], 'trusted'],
    ['explicit only further down than the path goes', [[constraints({ explicit: 5 })], [], []], 'trusted'],
    ['explicit one further down', [[constraints({ explicit: 1 })], [], []], 'invalid/policy'],
    ['explicit in the leaf itself', [[], [constraints({ explicit: 0 })]], 'invalid/policy'],
    [
      'any inhibited',
      [[policies(ANY), constraints({ explicit: 0 }), inhibitAny(0)], [policies(ANY)]],
      'invalid/policy',
    ],
    ['any inhibited later', [[policies(ANY), constraints({ explicit: 0 }), inhibitAny(1)], [policies(ANY)]], 'trusted'],
    ['a mapping', [[policies(P1), constraints({ explicit: 0 }), mappings([P1, P2])], [policies(P2)]], 'trusted'],
    [
      'a mapping away',
      [[policies(P1), constraints({ explicit: 0 }), mappings([P1, P2])], [policies(P1)]],
      'invalid/policy',
    ],
    [
      'a mapping out of any',
      [[policies(ANY), constraints({ explicit: 0 }), mappings([P1, P2])], [policies(P2)]],
      'trusted',
    ],
    [
      'a mapping that is inhibited',
      [[policies(P1), constraints({ explicit: 0, mapping: 0 })], [policies(P1), mappings([P1, P2])], [policies(P2)]],
      'invalid/policy',
    ],
    ['a mapping to any', [[policies(P1), mappings([P1, ANY])], [policies(P1)]], 'invalid/policy'],
    ['a mapping from any', [[policies(P1), mappings([ANY, P1])], [policies(P1)]], 'invalid/policy'],
    [
      'a policy named twice',
      [[policies(P1, P1), constraints({ explicit: 0 })], [policies(P1)]],
      'invalid/malformed-policy',
    ],
    ['constraints without a field', [[constraints({})], []], 'invalid/malformed-policy'],
  ])('%s', (_, levels, expected) => {
    expect(path(...levels)).toBe(expected);
  });

  it('self-issued certificates do not count down, and may say any', () => {
    const ca = root.issueCa({
      subject: 'CN=CA',
      extraExtensions: [policies(P1), constraints({ explicit: 0 }), inhibitAny(0)],
    });
    const rolled = ca.issueCa({ subject: 'CN=CA', extraExtensions: [policies(ANY)] });
    const child = rolled.issue({ sans: ['dns:a.example'], extraExtensions: [policies(P1)] });
    expect(verdict([child, rolled, ca], [root])).toEqual(['trusted']);
  });
});
