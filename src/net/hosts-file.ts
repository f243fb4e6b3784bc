/**
 * /etc/hosts (hosts(5)): names that the machine's owner has fixed, which come before any name server.
 */
import { ipVersion } from '../x509/ip.ts';

/** Lower-case names without a trailing dot → addresses in the file's order, IPv4 and IPv6 mixed. */
export type HostsTable = ReadonlyMap<string, readonly string[]>;

/** Nothing that one name needs; it keeps a hostile or broken file from growing one entry without end. */
const MOST_ADDRESSES = 64;

/** Lines whose first word is no IP address are passed over, as the system's own resolver does. */
export function parseHosts(text: string): HostsTable {
  const table = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const hash = line.indexOf('#');
    const [address, ...names] = (hash < 0 ? line : line.slice(0, hash)).trim().split(/\s+/);
    if (!address || ipVersion(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase().replace(/\.$/, '');
      const known = table.get(key);
      if (!known) table.set(key, [address]);
      else if (known.length < MOST_ADDRESSES && !known.includes(address)) known.push(address);
    }
  }
  return table;
}

/** `localhost` and all names below it are loopback, whatever any name server says (RFC 6761 6.3). */
export function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}
