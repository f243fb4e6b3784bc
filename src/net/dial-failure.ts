/**
 * What a failed dial is called: of what several addresses said, the most telling, with each one's own word as detail.
 */
import type { Failure } from '../model/observation.ts';

export interface AttemptError {
  readonly address: string;
  /** `ECONNREFUSED`, …; `DEADLINE` where the attempt was still under way when the time was up. */
  readonly errno: string;
}

interface Meaning {
  readonly reason: string;
  readonly words: string;
}

/**
 * From the most to the least telling. Our own limits come first, since then nothing was learnt about the peer; then that
 * time ran out, which leaves the outcome open; then what a living host said; then what the network said.
 */
const MEANINGS: readonly (readonly [readonly string[], Meaning])[] = [
  [
    ['EMFILE', 'ENFILE'],
    {
      reason: 'too-many-open-files',
      words: 'this process has too many open files (raise `ulimit -n` or lower --concurrency)',
    },
  ],
  [['ENOBUFS', 'ENOMEM'], { reason: 'no-resources', words: 'this machine is out of memory for sockets' }],
  [['DEADLINE'], { reason: 'deadline', words: 'no answer' }],
  [['ETIMEDOUT'], { reason: 'no-answer', words: 'no answer (the system gave up)' }],
  [['ECONNREFUSED'], { reason: 'refused', words: 'connection refused' }],
  [['ECONNRESET', 'ECONNABORTED', 'EPIPE'], { reason: 'reset', words: 'connection reset' }],
  [['EACCES', 'EPERM'], { reason: 'no-permission', words: 'not permitted (a local firewall rule?)' }],
  [
    ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'ENONET', 'EPROTO'],
    { reason: 'unreachable', words: 'no route to host' },
  ],
  [
    ['EADDRNOTAVAIL'],
    { reason: 'no-local-address', words: 'this machine has no address or free port to connect from' },
  ],
  [
    ['EAFNOSUPPORT', 'EINVAL', 'EPROTONOSUPPORT'],
    { reason: 'unreachable', words: 'this machine cannot speak to such an address' },
  ],
];

/** @returns what a person is told of an errno; undefined where there are no words for it. */
export const wordsOf = (errno: string): string | undefined =>
  MEANINGS.find(([errnos]) => errnos.includes(errno))?.[1].words;

/** Addresses that a detail spells out; the rest are counted. */
const MOST_TOLD = 4;

/** @param errors one for each address tried, at least one unless the deadline had come before the first. */
export function dialFailure(errors: readonly AttemptError[], port: number): Failure {
  const ranks = errors.map(({ errno }) => MEANINGS.findIndex(([errnos]) => errnos.includes(errno)));
  const best = Math.min(...ranks.map((rank) => (rank < 0 ? MEANINGS.length : rank)));
  const reason = MEANINGS[best]?.[1].reason ?? (errors.length === 0 ? 'deadline' : 'failed');
  const told = errors.slice(0, MOST_TOLD).map(({ address, errno }, i) => {
    return `${endpoint(address, port)}: ${MEANINGS[ranks[i] as number]?.[1].words ?? errno}`;
  });
  if (errors.length > MOST_TOLD) told.push(`and ${errors.length - MOST_TOLD} more`);
  const detail = told.length > 0 ? { detail: told.join('; ') } : {};
  return {
    code: reason === 'deadline' || reason === 'no-answer' ? 'timeout' : 'connect-failed',
    phase: 'connect',
    reason,
    ...detail,
  };
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
