/**
 * Arbitrary verdicts: every code, hostile text wherever text can be, chains of good, bad and odd certificates. They need make
 * no sense; the outputs must hold whatever comes.
 */
import fc from 'fast-check';
import type { Certificate, ChainElement, DistinguishedName } from '../../src/model/certificate.ts';
import type { Finding, FindingCode, FindingData, Severity, Status } from '../../src/model/finding.ts';
import type { Observation, Phase } from '../../src/model/observation.ts';
import type { Target } from '../../src/model/target.ts';
import type { CertificateRole, Verdict } from '../../src/model/verdict.ts';
import { formatInstant } from '../../src/verdict/instant.ts';
import { createCa } from '../support/pki/pki.ts';
import { endpoint, file, NOW, parsed } from '../verdict/builders.ts';
import { HOSTILE } from './fleet.ts';

const model = parsed(createCa({ now: NOW }).issue({ sans: ['dns:www.shop.example'] }));

export const hostileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 6 }), fc.string({ maxLength: 6 })),
    {
      maxLength: 3,
    },
  )
  .map((parts) => parts.join(''));

const name: fc.Arbitrary<DistinguishedName> = fc
  .array(fc.record({ oid: fc.constantFrom('2.5.4.3', '2.5.4.10', '1.2.3.4'), value: hostileText }), { maxLength: 3 })
  .map((attributes) => ({ der: new Uint8Array(), rdns: attributes.map((attribute) => [attribute]) }));

const seconds = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 });
const time = seconds.map((s) => s * 1_000);
const instant = time.map(formatInstant);
const count = fc.nat({ max: 10_000_000 });
const hash = fc.constantFrom(model.sha256, '0'.repeat(64), 'f'.repeat(64));

const certificate: fc.Arbitrary<Certificate> = fc
  .record({
    subject: name,
    issuer: name,
    notBefore: time,
    notAfter: time,
    sans: fc.array(hostileText, { maxLength: 3 }),
  })
  .map(({ sans, ...fields }) => ({
    ...model,
    ...fields,
    subjectAltName: sans.map((value) => ({ kind: 'dns', value }) as const),
  }));

const element: fc.Arbitrary<ChainElement> = fc.oneof(
  {
    weight: 4,
    arbitrary: certificate.map((each) => ({ kind: 'certificate', der: each.der, certificate: each }) as const),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('malformed' as const), der: fc.uint8Array(), reason: hostileText }),
  },
);

const phase = fc.constantFrom<Phase>('queue', 'resolve', 'connect', 'starttls', 'handshake', 'read');
const failure = fc.record({ phase, reason: hostileText, detail: hostileText }, { requiredKeys: ['phase', 'reason'] });
const withSubject = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record({ ...fields, subject: hostileText }, { requiredKeys: Object.keys(fields) as never }) as fc.Arbitrary<never>;

const DATA: { readonly [C in FindingCode]: fc.Arbitrary<FindingData[C]> } = {
  expired: withSubject({ notAfter: instant, secondsAgo: count }),
  'not-yet-valid': withSubject({ notBefore: instant, secondsUntil: count }),
  'expires-soon': withSubject({ notAfter: instant, remainingSeconds: count, threshold: fc.constant('7d') }),
  'renewal-due': withSubject({ notAfter: instant, remainingSeconds: count, threshold: fc.constant('30d') }),
  'renewal-open': withSubject({ notAfter: instant, remainingSeconds: count, renewAt: instant }),
  'lifetime-too-long': fc.record({ lifetimeDays: count, maximumDays: count }),
  'hostname-mismatch': fc.record({ servername: hostileText, names: fc.array(hostileText, { maxLength: 5 }) }),
  'no-san': fc.constant({}),
  'self-signed': fc.record({ subject: hostileText }),
  'untrusted-root': fc.record({ root: hostileText, presented: fc.boolean() }),
  'chain-incomplete': fc.record({ issuer: hostileText, caIssuers: fc.array(hostileText, { maxLength: 2 }) }),
  'chain-invalid': fc.record({ reason: hostileText, detail: hostileText }, { requiredKeys: ['reason'] }),
  revoked: fc.record({ at: instant, reason: hostileText }, { requiredKeys: ['at'] }),
  'revocation-unknown': fc.record({ reason: hostileText, detail: hostileText }, { requiredKeys: ['reason'] }),
  'chain-misordered': fc.record({ order: fc.array(count, { maxLength: 5 }) }),
  'chain-extra': fc.record({ subject: hostileText }),
  'chain-duplicate': fc.record({ of: count }),
  'root-sent': fc.record({ subject: hostileText }),
  'weak-key': fc.record(
    { type: fc.constantFrom('rsa', 'ec', 'dsa'), bits: count, curve: hostileText, minimumBits: count, exponent: count },
    { requiredKeys: ['type', 'bits'] },
  ),
  'weak-signature': fc.record({ algorithm: hostileText }),
  'issuer-unexpected': fc.record({ expected: hostileText, found: hostileText }),
  'fingerprint-unexpected': fc.record({ expected: fc.array(hash), found: hash }),
  'key-unexpected': fc.record({ expected: fc.array(hash), found: hash }),
  'addresses-disagree': fc.record({
    groups: fc.array(
      fc.record({ sha256: hash, notAfter: fc.oneof(instant, fc.constant('')), addresses: fc.array(hostileText) }),
      {
        maxLength: 3,
      },
    ),
  }),
  'served-differs-from-file': fc.record({ file: hostileText, served: hash, onDisk: hash, onDiskNotAfter: instant }),
  changed: fc.oneof(
    fc.record({ what: fc.constant('renewed' as const), old: instant, new: instant }),
    fc.record({
      what: fc.constantFrom('status' as const, 'certificate' as const, 'issuer' as const, 'names-lost' as const),
      old: hostileText,
      new: hostileText,
    }),
  ),
  'resolve-failed': failure,
  'connect-failed': failure,
  'starttls-failed': failure,
  'handshake-failed': failure,
  'read-failed': failure,
  timeout: failure,
  'internal-error': failure,
};

export const CODES = Object.keys(DATA) as FindingCode[];

/** Findings of one code. */
export function findingOf(code: FindingCode): fc.Arbitrary<Finding> {
  return fc.record(
    {
      code: fc.constant(code),
      severity: fc.constantFrom<Severity>('critical', 'warning', 'unknown', 'info'),
      certificate: fc.nat({ max: 3 }),
      address: fc.constantFrom('192.0.2.1', '2001:db8::1'),
      data: DATA[code] as fc.Arbitrary<never>,
    },
    { requiredKeys: ['code', 'severity', 'data'] },
  ) as fc.Arbitrary<Finding>;
}

const timings = fc.record({
  resolve: fc.double({ min: 0, max: 1e4, noNaN: true }),
  connect: fc.double({ min: 0, max: 1e4, noNaN: true }),
  starttls: fc.constant(0),
  handshake: fc.double({ min: 0, max: 1e4, noNaN: true }),
});

const seen = { address: fc.constantFrom('192.0.2.1', '2001:db8::1'), tlsVersion: fc.constantFrom('TLSv1.3', 'TLSv1') };

const observation: fc.Arbitrary<Observation> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('presented' as const),
      timings,
      chain: fc.array(element, { minLength: 1, maxLength: 4 }),
      alpn: hostileText,
      container: fc.record({
        format: fc.constantFrom('pkcs7', 'pkcs12', 'jks', 'jceks'),
        entries: fc.array(fc.record({ alias: hostileText, trusted: fc.constant(true) }, { requiredKeys: [] })),
      }),
      ...seen,
    },
    { requiredKeys: ['kind', 'timings', 'chain'] },
  ) as fc.Arbitrary<Observation>,
  fc.record(
    {
      kind: fc.constant('failed' as const),
      code: fc.constantFrom('connect-failed', 'timeout', 'internal-error', 'handshake-failed'),
      phase,
      reason: hostileText,
      detail: hostileText,
      timings,
      chain: fc.array(element, { maxLength: 2 }),
      ...seen,
    },
    { requiredKeys: ['kind', 'code', 'phase', 'reason', 'timings'] },
  ) as fc.Arbitrary<Observation>,
);

const target: fc.Arbitrary<Target> = fc
  .record({
    name: hostileText,
    input: hostileText,
    host: hostileText,
    path: hostileText,
    team: hostileText,
    key: hostileText,
    isFile: fc.boolean(),
    all: fc.boolean(),
  })
  .map(({ name, input, host, path, team, key, isFile, all }) => {
    const over = { labels: { [key]: team, team }, allAddresses: all };
    return isFile ? file(path, over, { name, input }) : endpoint(host, over, { name, input });
  });

const role = fc.constantFrom<CertificateRole>('leaf', 'intermediate', 'root', 'extra', 'duplicate');

export const verdict: fc.Arbitrary<Verdict> = fc
  .record({
    target,
    status: fc.constantFrom<Status>('ok', 'warning', 'critical', 'unknown'),
    findings: fc.array(fc.constantFrom(...CODES).chain(findingOf), { maxLength: 4 }),
    observations: fc.array(observation, { minLength: 1, maxLength: 3 }),
    trust: fc.option(
      fc.record({ trusted: fc.boolean(), path: fc.array(fc.nat({ max: 3 }), { maxLength: 3 }), anchor: hostileText }),
      { nil: undefined },
    ),
    window: fc.option(
      fc.record({
        lifetimeSeconds: count,
        remainingSeconds: fc.integer({ min: -1e11, max: 1e11 }),
        renewAt: time,
        warnAt: time,
        criticalAt: time,
        expiresAt: time,
        source: fc.constantFrom('auto', 'custom', 'ari'),
      }),
      { nil: undefined },
    ),
    roles: fc.array(role, { minLength: 4, maxLength: 4 }),
  })
  .map(({ trust, window, roles, observations, ...rest }) => ({
    ...rest,
    observations: observations as unknown as Verdict['observations'],
    roles: observations.map(({ chain = [] }) =>
      chain.map((each, i) => (each.kind === 'malformed' ? 'malformed' : roles[i]!)),
    ),
    ...(trust ? { trust } : {}),
    ...(window ? { window } : {}),
  }));

export const verdicts = fc.array(verdict, { maxLength: 5 });

/** Input errors with hostile words, as a list of another format would bring them. */
export const inputErrors = fc.array(fc.record({ origin: hostileText, message: hostileText }), { maxLength: 2 });
