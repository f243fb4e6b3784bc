/**
 * Schemes: the word before `://`. Each picks the default port, and direct TLS or the STARTTLS dialogue of a protocol.
 *
 * A new row of the STARTTLS table (`src/net/starttls`) needs nothing here but its name in `SPOKEN`: the compiler asks
 * for it as soon as the model's `StartTlsProtocol` knows it.
 */
import { err, ok, type Result } from '../model/result.ts';
import type { Protocol, StartTlsProtocol } from '../model/target.ts';
import { didYouMean, quote } from './nearest.ts';

export interface Scheme {
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** Offered by ALPN, first wish first; only where the protocol's own standard asks for it. */
  readonly alpn?: readonly string[];
}

/** The STARTTLS dialogues that `src/net/starttls` can hold. */
const SPOKEN: Readonly<Record<StartTlsProtocol, true>> = {
  smtp: true,
  imap: true,
  pop3: true,
  lmtp: true,
  ftp: true,
  nntp: true,
  sieve: true,
  irc: true,
  ldap: true,
  postgres: true,
  mysql: true,
  xmpp: true,
  'xmpp-server': true,
};

/** Direct TLS: the handshake is the first thing on the wire. Ports are IANA's, else the protocol's custom. */
const DIRECT: Readonly<Record<string, number>> = {
  tls: 443,
  ssl: 443,
  https: 443,
  wss: 443,
  grpcs: 443,
  smtps: 465,
  submissions: 465,
  imaps: 993,
  pop3s: 995,
  ldaps: 636,
  'ldaps-gc': 3269,
  ftps: 990,
  nntps: 563,
  nntpss: 563,
  telnets: 992,
  ircs: 6697,
  sips: 5061,
  turns: 5349,
  stuns: 5349,
  rtsps: 322,
  ipps: 631,
  epp: 700,
  dot: 853,
  mqtts: 8883,
  amqps: 5671,
  rediss: 6379,
  xmpps: 5223,
  'xmpps-client': 5223,
  'xmpps-server': 5270,
  ntske: 4460,
  gemini: 1965,
  kmip: 5696,
  radsec: 2083,
  'syslog-tls': 6514,
  docker: 2376,
  kubernetes: 6443,
  etcd: 2379,
  winrms: 5986,
  mongodbs: 27017,
};

/**
 * https offers none: a server picks its certificate by SNI, and a list of protocols can only make one refuse.
 * dot: RFC 7858 and the IANA registry; xmpps: XEP-0368 2; ntske: RFC 8915 4 (MUST); grpcs: HTTP/2 only.
 */
const ALPN: Readonly<Record<string, readonly string[]>> = {
  dot: ['dot'],
  grpcs: ['h2'],
  xmpps: ['xmpp-client'],
  'xmpps-client': ['xmpp-client'],
  'xmpps-server': ['xmpp-server'],
  ntske: ['ntske/1'],
};

/** STARTTLS: a dialogue in the clear comes first. Scheme → port and the dialogue's name. */
const UPGRADED: Readonly<Record<string, readonly [port: number, dialogue: string]>> = {
  smtp: [25, 'smtp'],
  submission: [587, 'smtp'],
  lmtp: [24, 'lmtp'],
  imap: [143, 'imap'],
  pop3: [110, 'pop3'],
  ldap: [389, 'ldap'],
  ftp: [21, 'ftp'],
  xmpp: [5222, 'xmpp'],
  'xmpp-client': [5222, 'xmpp'],
  'xmpp-server': [5269, 'xmpp-server'],
  postgres: [5432, 'postgres'],
  postgresql: [5432, 'postgres'],
  mysql: [3306, 'mysql'],
  mariadb: [3306, 'mysql'],
  nntp: [119, 'nntp'],
  sieve: [4190, 'sieve'],
  irc: [6667, 'irc'],
};

/** Known, but nothing to look at: what to write instead. */
const WITHOUT_TLS: Readonly<Record<string, string>> = {
  http: 'https',
  ws: 'wss',
  redis: 'rediss',
  mqtt: 'mqtts',
  amqp: 'amqps',
  sip: 'sips',
  telnet: 'telnets',
  mongodb: 'mongodbs',
  dns: 'dot',
};

/** What a bare host means. */
export const DEFAULT_SCHEME: Scheme = Object.freeze({ name: 'tls', port: 443, protocol: 'tls' });

/** Every word that may stand before `://`, for hints and documentation. */
export const SCHEME_NAMES: readonly string[] = [...Object.keys(DIRECT), ...Object.keys(UPGRADED)];

/** Every word that `starttls=` takes today. */
export const STARTTLS_NAMES: readonly string[] = Object.keys(UPGRADED).filter((name) => isSpoken(UPGRADED[name]![1]));

function isSpoken(dialogue: string): dialogue is StartTlsProtocol {
  return Object.hasOwn(SPOKEN, dialogue);
}

/** The scheme named `word` (any case), or a sentence with the nearest one. */
export function findScheme(word: string): Result<Scheme, string> {
  const name = word.toLowerCase();
  if (Object.hasOwn(DIRECT, name)) {
    const alpn = ALPN[name];
    return ok({ name, port: DIRECT[name]!, protocol: 'tls', ...(alpn && { alpn }) });
  }
  if (Object.hasOwn(UPGRADED, name)) return upgraded(name);
  if (Object.hasOwn(WITHOUT_TLS, name)) {
    return err(`${name}:// has no TLS to look at; expected ${WITHOUT_TLS[name]}:// or another scheme that has`);
  }
  return err(
    `expected a known scheme such as https, smtp or imaps, got ${quote(word)}${didYouMean(name, SCHEME_NAMES)}`,
  );
}

/** The dialogue that `starttls=word` names and the port where it lives when none is given. */
export function findStartTls(word: string): Result<Scheme, string> {
  const name = word.trim().toLowerCase();
  if (Object.hasOwn(UPGRADED, name)) return upgraded(name);
  if (Object.hasOwn(DIRECT, name)) {
    return err(
      `${name} is TLS from the first byte, without STARTTLS: write ${name}://HOST instead of starttls=${name}`,
    );
  }
  const hint = didYouMean(name, STARTTLS_NAMES);
  return err(`expected a protocol with STARTTLS (${STARTTLS_NAMES.join(', ')}), got ${quote(word)}${hint}`);
}

function upgraded(name: string): Result<Scheme, string> {
  const [port, dialogue] = UPGRADED[name]!;
  if (isSpoken(dialogue)) return ok({ name, port, protocol: dialogue });
  const known = Object.keys(SPOKEN).join(', ');
  return err(
    `the STARTTLS dialogue of ${name} is not spoken yet (${known} are); direct TLS on its port: tls://HOST:PORT`,
  );
}

/** The first scheme that offers just this by ALPN. */
export function schemeWithAlpn(alpn: readonly string[]): string | undefined {
  return Object.keys(ALPN).find((name) => ALPN[name]!.join() === alpn.join());
}
