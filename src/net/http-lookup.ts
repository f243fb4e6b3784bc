/**
 * The `lookup` of Node's own clients (node:http, node:https), over a resolver that keeps a deadline. Never getaddrinfo: it
 * cannot be cancelled, and a stuck one keeps the process from ending.
 */
import type { LookupFunction } from 'node:net';
import type { Result } from '../model/result.ts';

/** Finds the addresses of a name; the error is what the request fails with. */
export type FindAddresses = (host: string) => Promise<Result<readonly string[], Error>>;

/** As `net.connect` calls it: with `all` (happy eyeballs) it wants a list, else one address. */
export function lookupWith(find: FindAddresses): LookupFunction {
  return (host, options, callback) => {
    find(host).then(
      (found) => {
        const addresses = found.ok ? found.value.map((address) => ({ address, family: familyOf(address) })) : [];
        const first = addresses[0];
        if (!first) callback(found.ok ? new Error(`${host} has no address`) : found.error, '', 0);
        else if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (bug) => callback(bug, '', 0),
    );
  };
}

const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);
