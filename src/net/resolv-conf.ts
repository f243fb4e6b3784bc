/**
 * resolv.conf(5): what `resolve4` of c-ares does not apply by itself (the search list) or must be told (timeout, attempts).
 * Pure: text in, settings out.
 */
import { ipVersion } from '../x509/ip.ts';

export interface ResolvConf {
  /** As `dns.setServers` takes them. */
  readonly nameservers: readonly string[];
  /** Domains that are tried behind a name, in order, without dots at either end. */
  readonly search: readonly string[];
  /** A name with at least this many dots is first tried as it is. */
  readonly ndots: number;
  /** How long one server is waited for in the first round, in milliseconds; c-ares doubles it each round. */
  readonly timeoutMs: number;
  /** Rounds over all servers. */
  readonly attempts: number;
}

/**
 * Where the file says nothing: glibc would wait 5 s twice. With a target's default 10 s that leaves no time for anything
 * behind a dead first name server, so the first wait is 2 s and there are three.
 */
export const DEFAULT_RESOLV_CONF: ResolvConf = {
  nameservers: [],
  search: [],
  ndots: 1,
  timeoutMs: 2_000,
  attempts: 3,
};

/** resolv.conf(5) caps these silently; so do we. */
const MOST = { ndots: 15, timeout: 30, attempts: 5, search: 32, nameservers: 8 };

/** Unknown lines and options are passed over; of several `search`/`domain` lines the last counts. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  let options: Partial<ResolvConf> = {};
  for (const line of text.split('\n')) {
    if (/^\s*[#;]/.test(line)) continue;
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver') {
      const server = values[0] ?? '';
      if (ipVersion(server) !== 0 && nameservers.length < MOST.nameservers) nameservers.push(server);
    } else if (keyword === 'search' || keyword === 'domain') {
      search = searchList(keyword === 'domain' ? values.slice(0, 1) : values);
    } else if (keyword === 'options') {
      options = { ...options, ...parseOptions(values) };
    }
  }
  return { ...DEFAULT_RESOLV_CONF, nameservers, search, ...options };
}

function searchList(domains: readonly string[]): readonly string[] {
  const bare = domains.map((domain) => domain.toLowerCase().replace(/^\.+|\.+$/g, ''));
  // A lone "." in the list is the root: the name as it is, which is tried anyway.
  return [...new Set(bare.filter((domain) => domain !== ''))].slice(0, MOST.search);
}

function parseOptions(words: readonly string[]): Partial<ResolvConf> {
  let found: Partial<ResolvConf> = {};
  for (const word of words) {
    const [, name, digits] = /^(ndots|timeout|attempts):(\d{1,6})$/.exec(word) ?? [];
    if (name === undefined) continue;
    const value = Number(digits);
    if (name === 'ndots') found = { ...found, ndots: Math.min(value, MOST.ndots) };
    else if (name === 'timeout') found = { ...found, timeoutMs: 1_000 * Math.min(Math.max(value, 1), MOST.timeout) };
    else found = { ...found, attempts: Math.min(Math.max(value, 1), MOST.attempts) };
  }
  return found;
}

/**
 * The names to ask for, in order, as resolv.conf(5) and glibc's res_search have it: a trailing dot means "exactly this";
 * otherwise the search list comes behind the name, or before it where the name has fewer than `ndots` dots.
 * @returns names without a trailing dot.
 */
export function candidateNames(name: string, conf: Pick<ResolvConf, 'search' | 'ndots'>): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const dots = name.split('.').length - 1;
  const searched = conf.search.map((domain) => `${name}.${domain}`).filter((longer) => longer.length <= 253);
  return dots >= conf.ndots ? [name, ...searched] : [...searched, name];
}
