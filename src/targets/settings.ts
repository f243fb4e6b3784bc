/**
 * The one table of per-target settings. Command-line flags, the options of a list line (`warning=21d`), config keys,
 * defaults, documentation and the JSON Schema are all made from it: a setting that is not a row here does not exist.
 *
 * Precedence: line over config entry over command line over the config's `defaults:` over the defaults below. A
 * repeatable setting (`ca-file`, fingerprints) of a nearer layer replaces the farther ones; labels are merged by key.
 */
import { ok, type Result } from '../model/result.ts';
import type { RevocationCheck, TargetSettings, TrustSource, UnreachableAs } from '../model/target.ts';
import { DAY, SECOND } from '../time/duration.ts';
import { findStartTls, STARTTLS_NAMES } from './schemes.ts';
import type { Place, Setting, SettingKey } from './setting.ts';
import {
  formatDial,
  formatLabels,
  parseChoice,
  parseDial,
  parseDurationBetween,
  parseFamily,
  parseHash,
  parseInteger,
  parseLabel,
  parseName,
  parsePath,
  parseServername,
  parseText,
  parseYesNo,
} from './setting-values.ts';
import { AUTO, exactDuration, formatThreshold, parseThreshold } from './threshold.ts';

const EVERYWHERE: readonly Place[] = ['flag', 'line', 'entry', 'defaults'];
const ONE_TARGET: readonly Place[] = ['line', 'entry'];
const TRUST: readonly TrustSource[] = ['mozilla', 'system', 'none'];
const REVOCATION: readonly RevocationCheck[] = ['none', 'stapled', 'crl'];
const UNREACHABLE: readonly UnreachableAs[] = ['ok', 'warning', 'critical', 'unknown'];
const FAMILIES = { 0: 'any', 4: '4', 6: '6' } as const;

const concat = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set([...a, ...b])];
const one =
  <T>(format: (value: T) => string): ((value: T) => readonly string[]) =>
  (value) => [format(value)];

const listOf =
  <T>(parse: (text: string) => Result<T, string>) =>
  (text: string): Result<readonly T[], string> => {
    const parsed = parse(text);
    return parsed.ok ? ok([parsed.value]) : parsed;
  };

export const SETTINGS: { readonly [K in SettingKey]: Setting<K> } = {
  warning: {
    key: 'warning',
    flags: [{ spec: '-w, --warning <spec>' }],
    doc: 'Warn when less than this is left: a duration (21d), a share of the lifetime (33%) or auto (default).',
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ['auto', '21d', '33%'] },
    parse: parseThreshold,
    format: one(formatThreshold),
  },
  critical: {
    key: 'critical',
    flags: [{ spec: '-c, --critical <spec>' }],
    doc: 'Critical when less than this is left: a duration (7d), a share of the lifetime (10%) or auto (default).',
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ['auto', '7d', '10%'] },
    parse: parseThreshold,
    format: one(formatThreshold),
  },
  grace: {
    key: 'grace',
    flags: [{ spec: '--grace <duration>' }],
    doc: 'Delay the warning by this much after its moment (default 0s).',
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ['0s', '12h', '2d'] },
    parse: parseDurationBetween({ min: 0, max: 3_660 * DAY }),
    format: one(exactDuration),
  },
  timeout: {
    key: 'timeout',
    flags: [{ spec: '-t, --timeout <duration>' }],
    doc: 'Give up on a target after this long, counted from its start, look-up and retries included (default 10s).',
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ['10s', '500ms', '1m'] },
    parse: parseDurationBetween({ min: 1, max: DAY }),
    format: one(exactDuration),
  },
  retries: {
    key: 'retries',
    flags: [{ spec: '--retries <number>' }],
    doc: 'Look again this often after a failure, inside the timeout (default 1: one lost packet wakes nobody).',
    places: EVERYWHERE,
    shape: { kind: 'integer', min: 0, max: 10 },
    endpointOnly: true,
    parse: parseInteger({ min: 0, max: 10 }),
    format: one(String),
  },
  confirm: {
    key: 'confirm',
    flags: [{ spec: '--confirm <looks>' }],
    doc: 'Call a target down only after this many looks, spread over its timeout; even silence is looked at again (default 1).',
    places: EVERYWHERE,
    shape: { kind: 'integer', min: 1, max: 10 },
    endpointOnly: true,
    parse: parseInteger({ min: 1, max: 10 }),
    format: one(String),
  },
  'all-addresses': {
    key: 'all-addresses',
    flags: [{ spec: '--all-addresses' }],
    doc: 'Look at every address of the name, not only the first that answers (default no).',
    places: EVERYWHERE,
    shape: { kind: 'switch' },
    endpointOnly: true,
    parse: parseYesNo,
    format: one((value) => (value ? 'yes' : 'no')),
  },
  family: {
    key: 'family',
    flags: [
      { spec: '-4', doc: 'Use IPv4 addresses only.', implies: '4' },
      { spec: '-6', doc: 'Use IPv6 addresses only.', implies: '6' },
    ],
    doc: 'Use only IPv4 (4) or only IPv6 (6) addresses (default any).',
    places: EVERYWHERE,
    shape: { kind: 'choice', choices: ['4', '6', 'any'] },
    endpointOnly: true,
    parse: parseFamily,
    format: one((value) => FAMILIES[value]),
  },
  trust: {
    key: 'trust',
    flags: [{ spec: '--trust <source>' }],
    doc: "Whom to trust: mozilla (Mozilla's roots as Node carries them, default), system (the machine's), none (only --ca-file; without one, trust is not judged).",
    places: EVERYWHERE,
    shape: { kind: 'choice', choices: TRUST },
    parse: parseChoice(TRUST),
    format: one(String),
  },
  'ca-file': {
    key: 'ca-file',
    flags: [{ spec: '--ca-file <pem>' }],
    doc: 'Trust the certificates in this PEM file too; repeatable.',
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ['/etc/ssl/company-root.pem'] },
    combine: concat,
    parse: listOf(parsePath),
    format: (value) => value,
  },
  revocation: {
    key: 'revocation',
    flags: [{ spec: '--revocation <how>' }],
    doc: "Ask about revocation by the OCSP answer that the server staples (stapled, default), by the CA's lists as well (crl: one more request over HTTP to each CA), or not at all (none).",
    places: EVERYWHERE,
    shape: { kind: 'choice', choices: REVOCATION },
    parse: parseChoice(REVOCATION),
    format: one(String),
  },
  unreachable: {
    key: 'unreachable',
    flags: [{ spec: '--unreachable <status>' }],
    doc: 'What a target that cannot be seen counts as: ok, warning, critical or unknown (default).',
    places: EVERYWHERE,
    shape: { kind: 'choice', choices: UNREACHABLE },
    parse: parseChoice(UNREACHABLE),
    format: one(String),
  },
  'connect-to': {
    key: 'connect-to',
    flags: [{ spec: '--connect-to <host[:port]>' }],
    doc: 'Connect to this host or address, and keep the name for SNI and for matching.',
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ['192.0.2.7', '[2001:db8::7]:8443', 'backend.example.org:443'] },
    endpointOnly: true,
    parse: parseDial,
    format: one(formatDial),
  },
  servername: {
    key: 'servername',
    flags: [{ spec: '--servername <name>' }],
    doc: 'The name to ask for by SNI and to match against the certificate (default: the host).',
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ['www.example.org'] },
    parse: parseServername,
    format: one(String),
  },
  starttls: {
    key: 'starttls',
    flags: [{ spec: '--starttls <protocol>' }],
    doc: `Upgrade to TLS by the STARTTLS dialogue of this protocol: ${STARTTLS_NAMES.join(', ')}; its port is the default one.`,
    places: EVERYWHERE,
    shape: { kind: 'choice', choices: STARTTLS_NAMES },
    endpointOnly: true,
    parse: findStartTls,
    format: one((value) => value.name),
  },
  'expect-issuer': {
    key: 'expect-issuer',
    flags: [{ spec: '--expect-issuer <text>' }],
    doc: "Critical unless the leaf's issuer contains this text, upper or lower case.",
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ["O=Let's Encrypt"] },
    parse: parseText,
    format: one(String),
  },
  'expect-fingerprint': {
    key: 'expect-fingerprint',
    flags: [{ spec: '--expect-fingerprint <sha256>' }],
    doc: 'Critical unless the leaf has this SHA-256 fingerprint (hex, colons allowed); repeatable, any one will do.',
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'] },
    combine: concat,
    parse: listOf(parseHash),
    format: (value) => value,
  },
  'expect-key': {
    key: 'expect-key',
    flags: [{ spec: '--expect-key <sha256>' }],
    doc: "Critical unless the leaf's public key (SubjectPublicKeyInfo) has this SHA-256, hex or base64; repeatable, any one will do.",
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ['n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg='] },
    combine: concat,
    parse: listOf(parseHash),
    format: (value) => value,
  },
  'expect-file': {
    key: 'expect-file',
    flags: [{ spec: '--expect-file <path>' }],
    doc: 'Critical unless the first certificate in this file (of a key store: the one for this name) is the one that is served.',
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ['/etc/letsencrypt/live/www/fullchain.pem'] },
    parse: parsePath,
    format: one(String),
  },
  'password-file': {
    key: 'password-file',
    flags: [{ spec: '--password-file <path>' }],
    doc: 'The password of PKCS#12 files and Java keystores is in this file; without one, what opens without is read.',
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ['/etc/certwatch/keystore.pass'] },
    parse: parsePath,
    format: one(String),
  },
  label: {
    key: 'label',
    flags: [{ spec: '--label <key=value>' }],
    configKey: 'labels',
    doc: 'A label that goes into reports and metrics (team=mail); repeatable.',
    places: EVERYWHERE,
    shape: { kind: 'text', examples: ['team=mail'] },
    combine: (a, b) => ({ ...a, ...b }),
    parse: parseLabel,
    format: formatLabels,
  },
  name: {
    key: 'name',
    doc: 'What reports call the target (default: the target as written).',
    places: ONE_TARGET,
    shape: { kind: 'text', examples: ['mx-1'] },
    parse: parseName,
    format: one(String),
  },
  port: {
    key: 'port',
    doc: 'The port to connect to (default: the one of the scheme).',
    places: ONE_TARGET,
    shape: { kind: 'integer', min: 1, max: 65_535 },
    endpointOnly: true,
    parse: parseInteger({ min: 1, max: 65_535 }),
    format: one(String),
  },
};

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

export const DEFAULT_SETTINGS: TargetSettings = Object.freeze({
  warning: AUTO,
  critical: AUTO,
  graceMs: 0,
  timeoutMs: 10 * SECOND,
  retries: 1,
  confirm: 1,
  allAddresses: false,
  family: 0,
  trust: 'mozilla',
  caFiles: [],
  revocation: 'stapled',
  unreachable: 'unknown',
  expect: {},
  labels: {},
});

export function isSettingKey(word: string): word is SettingKey {
  return Object.hasOwn(SETTINGS, word);
}
