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
  // Block lists have the same address in 100,000 lines: it is looked at once, and stored once.
  let last = '';
  let lastIsAddress = false;
  for (const line of text.split('\n')) {
    const words = wordsOf(line);
    const address = words[0];
    if (address === undefined) continue;
    if (address !== last) {
      last = address;
      lastIsAddress = ipVersion(address) !== 0;
    }
    if (!lastIsAddress) continue;
    for (let i = 1; i < words.length; i++) add(table, words[i] as string, last);
  }
  return table;
}

function add(table: Map<string, string[]>, name: string, address: string): void {
  const lower = name.toLowerCase();
  const key = lower.endsWith('.') ? lower.slice(0, -1) : lower;
  const known = table.get(key);
  if (!known) table.set(key, [address]);
  else if (known.length < MOST_ADDRESSES && !known.includes(address)) known.push(address);
}

function wordsOf(line: string): readonly string[] {
  const hash = line.indexOf('#');
  const text = (hash < 0 ? line : line.slice(0, hash)).trim();
  return text === '' ? [] : text.split(/\s+/);
}

/** `localhost` and all names below it are loopback, whatever any name server says (RFC 6761 6.3). */
export function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}
