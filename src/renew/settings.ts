/**
 * From the config to what is renewed: every default applied, what a certificate says of the CA laid over what all say,
 * and the places where it has to be served made into targets.
 */
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { DEFAULT_DIRECTORY, stagingOf } from '../config/acme-directories.ts';
import type { AcmeConfig } from '../config/acme-schema.ts';
import type { CertificateConfig } from '../config/certificate-schema.ts';
import type { Config } from '../config/config.ts';
import { ACME_DEFAULTS, CERTIFICATE_DEFAULTS, OWN_CERTIFICATE_DEFAULTS } from '../config/renewal-defaults.ts';
import type { Command } from '../config/schema-values.ts';
import type { Result } from '../model/result.ts';
import type { Target, TargetSettings } from '../model/target.ts';
import { makeTarget } from '../targets/parse-target.ts';
import { formatDial } from '../targets/setting-values.ts';
import { parseThreshold } from '../targets/threshold.ts';
import { parseDuration, SECOND } from '../time/duration.ts';
import type { AcmeAccountSettings, ChallengeConfig, DnsHook, Rfc2136 } from './acme/job.ts';
import { wordsOf } from './commands/command.ts';
import type { Authority, ByAcme, ByCommand, Fallback, Renewal } from './renewal.ts';

export interface RenewalContext {
  /** The state directory. */
  readonly state: string;
  readonly acme: AcmeConfig | undefined;
  /** Of targets that say nothing else. */
  readonly defaults: TargetSettings;
  /** Of the config file. */
  readonly folder: string;
}

export function renewalsOf(
  { certificates, acme, folder }: Pick<Config, 'certificates' | 'acme' | 'folder'>,
  { state, defaults }: Pick<RenewalContext, 'state' | 'defaults'>,
): Renewal[] {
  return withSharedContacts(certificates.map((entry) => renewalOf(entry, { state, acme, defaults, folder })));
}

/** Certificates of one account have one list of contacts, or each order would take the other's away. */
function withSharedContacts(renewals: readonly Renewal[]): Renewal[] {
  const all = new Map<string, Set<string>>();
  const contactsOf = ({ url, account: { keyFile, eab } }: Authority): Set<string> => {
    const key = JSON.stringify([url, keyFile, eab?.kid]);
    const known = all.get(key) ?? new Set();
    all.set(key, known);
    return known;
  };
  const authorities = ({ by }: Renewal) => (by.kind === 'acme' ? [by.authority, by.staging, by.fallback] : []);
  for (const authority of renewals.flatMap(authorities)) {
    for (const each of authority?.account.contact ?? []) contactsOf(authority!).add(each);
  }
  const shared = <A extends Authority>(authority: A): A => ({
    ...authority,
    account: { ...authority.account, contact: [...contactsOf(authority)] },
  });
  return renewals.map((renewal) => {
    const { by } = renewal;
    if (by.kind !== 'acme') return renewal;
    const { authority, staging, fallback } = by;
    const others = { ...(staging && { staging: shared(staging) }), ...(fallback && { fallback: shared(fallback) }) };
    return { ...renewal, by: { ...by, authority: shared(authority), ...others } };
  });
}

export function renewalOf(entry: CertificateConfig, context: RenewalContext): Renewal {
  const { 'pre-hook': preHook, 'deploy-hook': deployHook, reload, live, pkcs12 } = entry;
  return {
    name: entry.name,
    domains: entry.domains ?? [],
    by: byCommand(entry) ?? byAcme(entry, context),
    folder: resolve(context.folder),
    environment: entry.environment ?? {},
    rehearse: entry.rehearse ?? [],
    reloadTimeoutMs: entry['reload-timeout'] ?? must(parseDuration(CERTIFICATE_DEFAULTS['reload-timeout'])),
    targets: targetsOf(entry, context),
    renewAt: entry['renew-at'] ?? must(parseThreshold(CERTIFICATE_DEFAULTS['renew-at'])),
    timeoutMs: entry.timeout ?? must(parseDuration(CERTIFICATE_DEFAULTS.timeout)),
    ...(live === undefined ? {} : { live }),
    ...(pkcs12 ? { pkcs12 } : {}),
    ...(preHook ? { preHook } : {}),
    ...(deployHook ? { deployHook } : {}),
    ...(reload ? { reload } : {}),
  };
}

/** A default of our own is right, or it is a bug. */
function must<T>(parsed: Result<T, string>): T {
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/**
 * `verify`, or each domain on 443. At every address, unless an entry says otherwise. A wildcard is no place: what covers
 * wildcards only has to name where it is served.
 */
function targetsOf({ name, domains = [], verify }: CertificateConfig, { defaults, folder }: RenewalContext): Target[] {
  const everywhere = { ...defaults, allAddresses: true, retries: 0 };
  const options = { origin: `certificate ${name}`, defaults: everywhere, folder };
  if (verify) return verify.map((line) => must(makeTarget(line, options)));
  const plain = domains.filter((domain) => !domain.startsWith('*.'));
  return plain.map((domain) => {
    const word = isIP(domain) === 6 ? `[${domain}]:443` : `${domain}:443`;
    return must(makeTarget({ word, text: word, patch: {} }, options));
  });
}

function byCommand({ command, 'rehearse-command': rehearsal }: CertificateConfig): ByCommand | undefined {
  return command && { kind: 'command', command, ...(rehearsal ? { rehearsal } : {}) };
}

type AuthorityConfig = Partial<Omit<AcmeConfig, 'staging' | 'fallback' | 'ari' | 'request-timeout'>>;

function byAcme(entry: CertificateConfig, { acme: all, state, folder }: RenewalContext): ByAcme {
  const merged = overlay(all ?? {}, entry.acme ?? {});
  const timeout = merged['request-timeout'] ?? must(parseDuration(ACME_DEFAULTS['request-timeout']));
  const { challenge } = entry;
  if (!challenge) throw new Error(`certificate ${entry.name} has no challenge, and the schema let it pass`);
  const authority = authorityOf(merged, state, timeout);
  const staging = stagingFor(authority, merged, state);
  return {
    kind: 'acme',
    keyType: entry.key ?? OWN_CERTIFICATE_DEFAULTS.key,
    keyTypeGiven: entry.key !== undefined,
    reuseKey: entry['reuse-key'] ?? OWN_CERTIFICATE_DEFAULTS['reuse-key'],
    challenge: challengeOf(challenge, resolve(folder)),
    ari: merged.ari ?? ACME_DEFAULTS.ari,
    authority,
    ...(staging ? { staging } : {}),
    ...(merged.fallback ? { fallback: fallbackOf(merged, state, timeout) } : {}),
  };
}

/** The nearer one wins, key by key; `account` too is joined by its keys. */
function overlay<T extends AuthorityConfig>(far: T, near: T): T {
  const account = far.account || near.account ? { account: { ...far.account, ...near.account } } : {};
  return { ...far, ...defined(near), ...account };
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function authorityOf(config: AuthorityConfig, state: string, requestTimeoutMs: number): Authority {
  const { directory = DEFAULT_DIRECTORY, 'ca-file': caFile, profile, 'preferred-chain': preferredChain } = config;
  return {
    ...directory,
    account: accountOf(config.account ?? {}, state),
    requestTimeoutMs,
    ...(caFile === undefined ? {} : { caFile }),
    ...(profile === undefined ? {} : { profile }),
    ...(preferredChain === undefined ? {} : { preferredChain }),
  };
}

function accountOf(account: NonNullable<AuthorityConfig['account']>, state: string): AcmeAccountSettings {
  const { contact = [], eab, key } = account;
  return {
    folder: join(state, 'accounts'),
    contact,
    agreeTos: account['agree-tos'] ?? false,
    ...(key === undefined ? {} : { keyFile: key }),
    ...(eab ? { eab: { kid: eab.kid, hmacKey: eab['hmac-key'].reveal() } } : {}),
  };
}

/**
 * The directory for rehearsals is taken for one of the same CA: roots and profile are shared, who we are too, but for the
 * binding, which belongs to one directory. A chain that is preferred has another name there.
 */
function stagingFor(real: Authority, { staging, ...config }: AcmeConfig, state: string): Authority | undefined {
  const directory = staging?.directory ?? stagingOf(real.url);
  if (!directory) return undefined;
  const { eab: _eab, ...who } = config.account ?? {};
  const account = { ...(directory.url === real.url ? config.account : who), ...staging?.account };
  const { 'preferred-chain': _chain, ...shared } = config;
  return authorityOf({ ...shared, ...defined(staging ?? {}), directory, account }, state, real.requestTimeoutMs);
}

/**
 * Another CA: its roots, profile and chain are its own and nothing of the first one's; only who we are is shared, its
 * binding aside, which no two CAs have in common.
 */
function fallbackOf(config: AcmeConfig, state: string, requestTimeoutMs: number): Fallback {
  const { fallback } = config;
  const { eab: _eab, ...shared } = config.account ?? {};
  const own = { ...fallback, account: { ...shared, ...fallback?.account } };
  return {
    ...authorityOf(own, state, requestTimeoutMs),
    after: fallback?.after ?? FALLBACK_AFTER,
    remaining: fallback?.remaining ?? { kind: 'auto' },
  };
}

const FALLBACK_AFTER = 3;

function challengeOf(challenge: NonNullable<CertificateConfig['challenge']>, folder: string): ChallengeConfig {
  const { 'http-01': http, 'tls-alpn-01': alpn, 'dns-01': dns } = challenge;
  if (http?.webroot !== undefined) return { type: 'http-01', webroot: http.webroot };
  if (http?.listen) return { type: 'http-01', listen: formatDial(http.listen) };
  if (alpn) return { type: 'tls-alpn-01', listen: formatDial(alpn.listen) };
  if (!dns) throw new Error('a challenge of no kind, and the schema let it pass');
  const settings = {
    ...(dns.propagation === undefined
      ? {}
      : { propagation: dns.propagation < SECOND ? { check: false } : { timeoutMs: dns.propagation } }),
    ...(dns['follow-cname'] === undefined ? {} : { followCname: dns['follow-cname'] }),
  };
  if (dns.rfc2136) return { type: 'dns-01', rfc2136: rfc2136Of(dns.rfc2136), ...settings };
  return { type: 'dns-01', hook: hookOf(dns, folder), ...settings };
}

/** Record and value come behind the words; in a shell's text they are `$1` and `$2`. */
function hookOf({ present, cleanup }: DnsConfig, cwd: string): DnsHook {
  const argvOf = (command: Command): [string, ...string[]] =>
    command.shell ? [...wordsOf(command), 'dns-hook'] : wordsOf(command);
  if (!present) throw new Error('dns-01 of no kind, and the schema let it pass');
  return { present: argvOf(present), ...(cleanup ? { cleanup: argvOf(cleanup) } : {}), cwd };
}

type DnsConfig = NonNullable<NonNullable<CertificateConfig['challenge']>['dns-01']>;
type Rfc2136Config = NonNullable<DnsConfig['rfc2136']>;

function rfc2136Of({ server, 'key-file': keyFile, zone, ttl }: Rfc2136Config): Rfc2136 {
  return {
    server: formatDial(server),
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(zone === undefined ? {} : { zone }),
    ...(ttl === undefined ? {} : { ttl }),
  };
}
