/**
 * Resolve a host to addresses under a deadline. Never through getaddrinfo: that runs on four libuv threads, cannot be
 * cancelled and is waited for when the process ends, so four stuck names would stall every other one. Instead: literal
 * addresses, the hosts file, `localhost`, then c-ares with the system's name servers, search list and options.
 */

import type { Failure } from '../model/observation.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Deadline } from '../time/deadline.ts';
import { ipVersion } from '../x509/ip.ts';
import { type HostsTable, isLocalhost, parseHosts } from './hosts-file.ts';
import { ChannelPool, type Family } from './name-channel.ts';
import { NameFlights } from './name-flights.ts';
import { interleave } from './name-lookup.ts';
import { parseResolvConf } from './resolv-conf.ts';
import { cutOffFailure, notFoundFailure, resolveFailure } from './resolve-failure.ts';
import { readSystemFile } from './system-file.ts';

type Addresses = Result<readonly string[], Failure>;

export interface ResolveOptions {
  /** 0: both, IPv6 first and interleaved; 4 or 6: only that one. */
  readonly family: 0 | Family;
  readonly deadline: Deadline;
  /** For a look at every address: the slower family is waited for up to 3 s, not only as shortly as RFC 8305 has it. */
  readonly everyAddress?: boolean;
}

/** One for a run: it holds what look-ups share (the files read once, queries under way, a small cache). */
export interface Resolver {
  resolve(host: string, options: ResolveOptions): Promise<Addresses>;
}

export interface ResolverSettings {
  /** Name servers in place of the system's, each as `parseNameServer` gives it; never empty. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
  /** Another file than the system's; its `nameserver` lines are used as well. */
  readonly resolvConf?: string;
}

/** 253 characters and the trailing dot (RFC 1035 2.3.4, in text). */
const LONGEST_NAME = 254;

/**
 * Addresses of `host`: a literal address (no brackets), a name, or a name with a trailing dot for "exactly this".
 * Without `resolver` the process shares one over the system's own configuration.
 * @returns at least one address; else `resolve-failed` with why (`nxdomain`, `no-address`, `servfail`, `refused`,
 * `no-answer`, `server-unreachable`, `cname-loop`, `bad-name`, `wrong-family`, …), or `timeout` in phase `resolve`.
 */
export async function resolveHost(
  host: string,
  { resolver, ...options }: ResolveOptions & { readonly resolver?: Resolver },
): Promise<Addresses> {
  const literal = ipVersion(host);
  if (literal !== 0) {
    if (options.family === 0 || options.family === literal) return ok([host]);
    return err(resolveFailure('wrong-family', `${host} is not an IPv${options.family} address`));
  }
  systemResolver ??= createResolver();
  return (resolver ?? systemResolver).resolve(host, options);
}

let systemResolver: Resolver | undefined;

/** Reads nothing and opens nothing until the first name is asked for. */
export function createResolver(settings: ResolverSettings = {}): Resolver {
  let system: Promise<System> | undefined;
  return {
    async resolve(host, options) {
      const name = host.toLowerCase();
      if (options.deadline.expired) return err(cutOffFailure(name, settings.servers ?? []));
      if (name.length > LONGEST_NAME || name.split('.', 2)[0] === '') {
        return err(notFoundFailure({ kind: 'not-found', reason: 'bad-name', name }, options.family, []));
      }
      system ??= readSystem(settings);
      const known = await options.deadline.race(system);
      return known ? resolveName(name, known, options) : err(cutOffFailure(name, settings.servers ?? []));
    },
  };
}

interface System {
  readonly hosts: HostsTable;
  readonly channels: ChannelPool;
  readonly flights: NameFlights;
}

async function readSystem(settings: ResolverSettings): Promise<System> {
  const [hosts, text] = await Promise.all([
    readSystemFile(settings.hostsFile ?? '/etc/hosts'),
    readSystemFile(settings.resolvConf ?? '/etc/resolv.conf'),
  ]);
  const conf = parseResolvConf(text);
  // c-ares finds the system's own servers itself, on systems without a resolv.conf too.
  const named = settings.resolvConf === undefined || conf.nameservers.length === 0 ? undefined : conf.nameservers;
  const servers = settings.servers ?? named;
  const channels = new ChannelPool({ ...conf, ...(servers ? { servers } : {}) });
  return { hosts: parseHosts(hosts), channels, flights: new NameFlights(channels, conf) };
}

async function resolveName(name: string, system: System, options: ResolveOptions): Promise<Addresses> {
  const fixed = fixedAddresses(name.replace(/\.$/, ''), options.family, system.hosts);
  if (fixed.length > 0) return ok(fixed);
  const { family, deadline, everyAddress = false } = options;
  const answer = await system.flights.lookUp(name, { family, deadline, everyAddress });
  if (answer.kind === 'found') return ok(answer.addresses);
  const servers = await system.channels.servers();
  return err(answer.kind === 'cut-off' ? cutOffFailure(name, servers) : notFoundFailure(answer, family, servers));
}

/** From the hosts file, or for `localhost` by definition. A name that is there in the other family only is asked for in DNS. */
function fixedAddresses(name: string, family: 0 | Family, hosts: HostsTable): readonly string[] {
  const listed = hosts.get(name) ?? [];
  const of = (version: Family) =>
    family === 0 || family === version ? listed.filter((a) => ipVersion(a) === version) : [];
  const found = interleave(of(6), of(4));
  if (found.length > 0 || !isLocalhost(name)) return found;
  return ['::1', '127.0.0.1'].filter((address) => family === 0 || ipVersion(address) === family);
}
