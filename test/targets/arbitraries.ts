/**
 * fast-check arbitraries of the target grammar, shared by the properties of this folder.
 */
import fc from 'fast-check';

const label = fc.stringMatching(/^[a-z0-9_][a-z0-9_-]{0,20}$/).filter((text) => !text.startsWith('xn--'));
const tld = fc.constantFrom('org', 'example', 'internal', 'xn--p1ai', 'co.uk');

export const hostname = fc
  .tuple(fc.array(label, { minLength: 1, maxLength: 3 }), tld)
  .map(([labels, last]) => [...labels, last].join('.'));

export const ipv6 = fc.ipV6().filter((text) => !text.includes('%'));

const port = fc.integer({ min: 1, max: 65_535 });

const authority = fc
  .tuple(
    fc.oneof(
      hostname,
      fc.ipV4(),
      ipv6.map((text) => `[${text}]`),
    ),
    fc.option(port, { nil: undefined }),
  )
  .map(([host, number]) => (number === undefined ? host : `${host}:${number}`));

const scheme = fc.constantFrom(
  'https',
  'tls',
  'smtp',
  'smtps',
  'imap',
  'pop3',
  'submission',
  'dot',
  'xmpps',
  'ntske',
  'lmtp',
);

/** Words that name endpoints, in every form that the grammar knows. */
export const endpointWord = fc.oneof(
  authority,
  fc.tuple(scheme, authority).map(([name, rest]) => `${name}://${rest}`),
  ipv6,
);

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((t) => t.trim() !== '' && !/[\p{Cc}\p{Zl}\p{Zp}\ufffd\ufeff]/u.test(t));
const duration = fc.constantFrom('10s', '1d12h', '250ms', '3w', '0s');
const threshold = fc.oneof(
  fc.constantFrom('auto', '21d', '12h'),
  fc.integer({ min: 1, max: 9_999 }).map((n) => `${n / 100}%`),
);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const word = (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"`;

/** Texts of options, quoted as a list line wants them. */
export const options = fc
  .record(
    {
      warning: threshold,
      critical: threshold,
      grace: duration,
      timeout: fc.constantFrom('1s', '90s', '1m30s'),
      retries: fc.integer({ min: 0, max: 10 }).map(String),
      'all-addresses': fc.constantFrom('yes', 'no', 'true'),
      family: fc.constantFrom('4', '6', 'any'),
      trust: fc.constantFrom('mozilla', 'system', 'none'),
      'ca-file': text.map(word),
      unreachable: fc.constantFrom('ok', 'warning', 'critical', 'unknown'),
      'connect-to': authority,
      servername: hostname,
      'expect-issuer': text.map(word),
      'expect-fingerprint': hash,
      'expect-key': hash,
      'expect-file': text.map(word),
      'password-file': text.map(word),
      label: text.map((value) => `team=${word(value)}`),
      name: text.map(word),
    },
    { requiredKeys: [] },
  )
  .map((record) => Object.entries(record).map(([key, value]) => `${key}=${value}`));
