/**
 * What a look-up that found nothing is called and how it reads: the words that a sysadmin would use for it.
 */
import type { Failure } from '../model/observation.ts';
import type { Family } from './name-channel.ts';
import type { NotFound } from './name-lookup.ts';

/** A DNS name is at most 253 characters; an alias comes from a name server and is cut. */
const LONGEST = 255;

export function resolveFailure(reason: string, detail: string): Failure {
  return { code: 'resolve-failed', phase: 'resolve', reason, detail };
}

export function notFoundFailure(answer: NotFound, family: 0 | Family, servers: readonly string[]): Failure {
  return resolveFailure(answer.reason, sentence(answer, family, servers));
}

/** The deadline came while the name was being looked up. */
export function cutOffFailure(name: string, servers: readonly string[]): Failure {
  return {
    code: 'timeout',
    phase: 'resolve',
    reason: 'deadline',
    detail: `no answer for ${cut(name)} from ${asked(servers)}`,
  };
}

function sentence({ reason, name: full, alias }: NotFound, family: 0 | Family, servers: readonly string[]): string {
  const name = cut(full);
  const kind = family === 0 ? 'an address' : `an IPv${family} address`;
  switch (reason) {
    case 'nxdomain':
      return alias === undefined
        ? `there is no name ${name} (NXDOMAIN)`
        : `${name} is an alias of ${cut(alias)}, which does not exist (NXDOMAIN)`;
    case 'no-address':
      return alias === undefined
        ? `${name} exists but does not have ${kind}`
        : `${name} is an alias of ${cut(alias)}, which does not have ${kind}`;
    case 'cname-loop':
      return `the aliases of ${name} go in a circle at ${cut(alias ?? full)}`;
    case 'servfail':
      return `${asked(servers)} failed to look up ${name} (SERVFAIL): its own name servers, or its DNSSEC, are at fault`;
    case 'refused':
      return `${asked(servers)} refuses to look up ${name} (REFUSED)`;
    case 'no-answer':
      return `no answer for ${name} from ${asked(servers)}`;
    case 'server-unreachable':
      return `${asked(servers)} cannot be reached to look up ${name}`;
    case 'bad-answer':
      return `${asked(servers)} gave an answer for ${name} that makes no sense`;
    case 'bad-name':
      return `${JSON.stringify(name)} cannot be a host name`;
    case 'too-many-open-files':
      return 'this process has too many open files to look up a name (raise `ulimit -n` or lower --concurrency)';
    case 'cancelled':
      return `the look-up of ${name} was cancelled`;
  }
}

function asked(servers: readonly string[]): string {
  if (servers.length === 0) return 'the name server';
  return `name server${servers.length > 1 ? 's' : ''} ${servers.slice(0, 3).join(', ')}`;
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
