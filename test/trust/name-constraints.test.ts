/** Name constraints (RFC 5280 4.2.1.10): which names a confined CA may issue for. */
import { describe, expect, it } from 'vitest';
import { type CertificateOptions, createCa, der, type ext, type GeneralNameInput } from '../support/pki/pki.ts';
import { NOW, verdict } from './chains.ts';

type Constraints = Parameters<typeof ext.nameConstraints>[0];

const root = createCa({ now: NOW, subject: 'CN=Root' });

function confined(constraints: Constraints, sans: readonly GeneralNameInput[] | null, leaf: CertificateOptions = {}) {
  const ca = root.issueCa({ subject: 'CN=Confined', nameConstraints: constraints });
  return verdict([ca.issue({ subject: '', ...leaf, sans }), ca], [root])[0];
}

const REFUSED = 'invalid/name-constraint';
const MALFORMED = 'invalid/malformed-name-constraints';

describe('permitted', () => {
  it.each<[GeneralNameInput, GeneralNameInput, string]>([
    ['dns:example.org', 'dns:example.org', 'trusted'],
    ['dns:example.org', 'dns:a.b.EXAMPLE.org', 'trusted'],
    ['dns:example.org', 'dns:*.example.org', 'trusted'],
    ['dns:example.org', 'dns:notexample.org', REFUSED],
    ['dns:example.org', 'dns:org', REFUSED],
    ['dns:www.example.org', 'dns:*.example.org', REFUSED],
    ['dns:.example.org', 'dns:www.example.org', 'trusted'],
    ['dns:.example.org', 'dns:example.org', REFUSED],
    ['dns:', 'dns:anything.example', 'trusted'],
    ['dns:example.org', 'dns:.example.org', REFUSED],
    ['dns:example.org', 'dns:a..example.org', REFUSED],
    ['dns:example.org', 'dns:w*.example.org', REFUSED],
    ['dns:example.org', 'ip:192.0.2.1', 'trusted'],
    ['ip:192.0.2.0/24', 'ip:192.0.2.255', 'trusted'],
    ['ip:192.0.2.0/24', 'ip:192.0.3.1', REFUSED],
    ['ip:192.0.2.0/24', 'ip:2001:db8::1', REFUSED],
    ['ip:2001:db8::/32', 'ip:2001:db8:1::1', 'trusted'],
    ['ip:192.0.2.0/24', der.contextPrimitive(7, Buffer.of(192, 0, 2, 0, 255, 255, 255, 0)), REFUSED],
    ['ip:192.0.2.0/24', 'dns:example.org', 'trusted'],
    ['email:example.org', 'email:a@example.org', 'trusted'],
    ['email:example.org', 'email:a@EXAMPLE.org', 'trusted'],
    ['email:example.org', 'email:a@mail.example.org', REFUSED],
    ['email:.example.org', 'email:a@mail.example.org', 'trusted'],
    ['email:.example.org', 'email:a@example.org', REFUSED],
    ['email:a@example.org', 'email:a@example.org', 'trusted'],
    ['email:a@example.org', 'email:A@example.org', REFUSED],
    ['email:a@example.org', 'email:b@example.org', REFUSED],
    ['email:*@example.org', 'email:b@example.org', REFUSED],
    ['email:example.org', 'email:a@b@example.org', REFUSED],
    ['email:example.org', 'email:example.org', REFUSED],
    ['email:', 'email:a@example.org', 'trusted'],
    ['uri:', 'uri:https://example.org/', 'trusted'],
    ['uri:example.org', 'uri:https://example.org/a?b', 'trusted'],
    ['uri:example.org', 'uri:https://u:p@example.org:8443', 'trusted'],
    ['uri:example.org', 'uri:https://www.example.org/', REFUSED],
    ['uri:.example.org', 'uri:https://www.example.org/', 'trusted'],
    ['uri:.example.org', 'uri:https://example.org/', REFUSED],
    ['uri:example.org', 'uri:urn:example.org', REFUSED],
    ['uri:example.org', 'uri:https://192.0.2.1/', REFUSED],
    ['uri:example.org', 'uri:https://example.org@evil.example/', REFUSED],
    ['dir:C=DE,O=Example', 'dir:C=DE,O=EXAMPLE,CN=x', 'trusted'],
    ['dir:C=DE,O=Example', 'dir:C=DE,O=Other', REFUSED],
    ['upn:a@b', 'upn:a@b', REFUSED],
    ['upn:a@b', 'dns:example.org', 'trusted'],
    ['rid:1.2.3', 'upn:a@b', 'trusted'],
  ])('%s: %s is %s', (base, name, expected) => {
    expect(confined({ permitted: [base] }, [name])).toBe(expected);
  });

  it('one of several is enough, for every name', () => {
    const constraints = { permitted: ['dns:a.example', 'dns:b.example'] };
    expect(confined(constraints, ['dns:a.example', 'dns:x.b.example'])).toBe('trusted');
    expect(confined(constraints, ['dns:a.example', 'dns:c.example'])).toBe(REFUSED);
  });
});

describe('excluded', () => {
  it.each<[GeneralNameInput, GeneralNameInput, string]>([
    ['dns:example.org', 'dns:example.org', REFUSED],
    ['dns:example.org', 'dns:www.example.org', REFUSED],
    ['dns:example.org', 'dns:example.com', 'trusted'],
    ['dns:www.example.org', 'dns:*.example.org', REFUSED],
    ['dns:a.www.example.org', 'dns:*.example.org', 'trusted'],
    ['dns:www.example.org', 'dns:*.example.com', 'trusted'],
    ['dns:', 'dns:anything.example', REFUSED],
    ['ip:10.0.0.0/8', 'ip:10.1.2.3', REFUSED],
    ['ip:10.0.0.0/8', 'ip:11.1.2.3', 'trusted'],
    ['ip:::1/128', 'ip:::1', REFUSED],
    ['email:example.org', 'email:a@example.org', REFUSED],
    ['email:', 'email:a@example.org', REFUSED],
    ['uri:example.org', 'uri:https://EXAMPLE.org', REFUSED],
    ['dir:O=Example', 'dir:O=Example,CN=x', REFUSED],
    ['upn:a@b', 'upn:c@d', REFUSED],
    ['dns:example.org', 'email:a@example.org', 'trusted'],
  ])('%s: %s is %s', (base, name, expected) => {
    expect(confined({ excluded: [base] }, [name])).toBe(expected);
  });

  it('wins over permitted', () => {
    const constraints = { permitted: ['dns:example.org'], excluded: ['dns:bad.example.org'] };
    expect(confined(constraints, ['dns:good.example.org'])).toBe('trusted');
    expect(confined(constraints, ['dns:bad.example.org'])).toBe(REFUSED);
  });
});

describe('the subject', () => {
  it('is a directory name', () => {
    const constraints = { permitted: ['dir:O=Example'] };
    expect(confined(constraints, ['dns:a.example'], { subject: 'O=Example,CN=a' })).toBe('trusted');
    expect(confined(constraints, ['dns:a.example'], { subject: 'O=Other,CN=a' })).toBe(REFUSED);
    expect(confined(constraints, ['dns:a.example'])).toBe('trusted');
  });
  it('lends its mailbox only where there is no subjectAltName', () => {
    const subject = [{ type: 'emailAddress', value: 'a@other.example' }];
    expect(confined({ permitted: ['email:example.org'] }, null, { subject })).toBe(REFUSED);
    expect(confined({ permitted: ['email:example.org'] }, ['dns:a.example'], { subject })).toBe('trusted');
  });
  it('has a common name that is no DNS name', () => {
    expect(confined({ permitted: ['dns:example.org'] }, null, { subject: 'CN=other.example' })).toBe('trusted');
  });
});

describe('malformed constraints refuse, whatever the names', () => {
  it.each<[GeneralNameInput]>([
    ['dns:*.example.org'],
    ['dns:exa mple.org'],
    ['ip:192.0.2.1'],
    ['ip:2001:db8::1'],
    [der.contextPrimitive(7, Buffer.of(192, 0, 2, 0, 255, 0, 255, 0))],
    ['email:a@b@example.org'],
    ['uri:https://example.org/'],
  ])('%s', (base) => {
    expect(confined({ permitted: [base] }, ['upn:a@b'])).toBe(MALFORMED);
    expect(confined({ excluded: [base] }, ['upn:a@b'])).toBe(MALFORMED);
  });
});

describe('along the path', () => {
  const outer = root.issueCa({ subject: 'CN=Outer', nameConstraints: { permitted: ['dns:example.org'] } });
  it('each CA confines all below it', () => {
    const inner = outer.issueCa({ subject: 'CN=Inner', nameConstraints: { permitted: ['dns:example.com'] } });
    for (const name of ['dns:a.example.org', 'dns:a.example.com']) {
      expect(verdict([inner.issue({ sans: [name] }), inner, outer], [root])[0]).toBe(REFUSED);
    }
  });
  it('names of a CA count, unless it is self-issued', () => {
    const named = outer.issueCa({ subject: 'CN=Named', sans: ['dns:other.example'] });
    expect(verdict([named.issue({ sans: ['dns:a.example.org'] }), named, outer], [root])).toEqual([REFUSED]);
    const rolled = outer.issueCa({ subject: 'CN=Outer', sans: ['dns:other.example'] });
    expect(verdict([rolled.issue({ sans: ['dns:a.example.org'] }), rolled, outer], [root])).toEqual(['trusted']);
  });
  it('a self-issued leaf counts', () => {
    const self = outer.issue({ subject: 'CN=Outer', sans: ['dns:other.example'] });
    expect(verdict([self, outer], [root])).toEqual([REFUSED]);
  });
  it('anchors confine, too', () => {
    const anchor = createCa({ now: NOW, subject: 'CN=A', nameConstraints: { permitted: ['dns:example.org'] } });
    expect(verdict([anchor.issue({ sans: ['dns:a.example.org'] })], [anchor])).toEqual(['trusted']);
    expect(verdict([anchor.issue({ sans: ['dns:a.example.com'] })], [anchor])).toEqual([REFUSED]);
  });
  it('another path without the constraint is found', () => {
    const free = root.crossSign(outer, { serial: 5 });
    expect(verdict([outer.issue({ sans: ['dns:other.example'] }), outer, free], [root])).toEqual(['trusted']);
  });
});

it('names times constraints are bounded', () => {
  const many = (count: number, suffix: string) => Array.from({ length: count }, (_, i) => `dns:n${i}.${suffix}`);
  const sans = many(1100, 'example.org');
  expect(confined({ permitted: ['dns:example.org'], excluded: many(900, 'example.com') }, sans)).toBe('trusted');
  expect(confined({ permitted: ['dns:example.org'], excluded: many(1100, 'example.com') }, sans)).toBe(
    'invalid/too-many-names',
  );
});
