/**
 * Faults of name servers, and names with a dead address beside a living one.
 */
import type { DnsTable } from '../servers/dns-server.ts';
import { type Expected, type Fault, HARMLESS, type Lab, noAddress, noConnection, timeoutIn } from './fault.ts';

/** The lab's server that is well. */
export const ALIVE = '127.0.0.1';
/** On the port of that server, packets to these are dropped. */
export const BLACKHOLE = '127.0.0.2';
export const BLACKHOLE_V6 = '::1';
/** Nobody listens here. */
const REFUSING = '127.0.0.3';

type Row = readonly [id: string, story: string, entry: DnsTable[string] | undefined, expect: Expected];

const ROWS: readonly Row[] = [
  ['dns-silent', 'The name server never answers.', 'silent', timeoutIn('resolve')],
  ['dns-slow', 'The name server takes its time.', { addresses: [ALIVE], delayMs: 300 }, HARMLESS],
  [
    'dns-too-late',
    'The name server answers a minute late.',
    { addresses: [ALIVE], delayMs: 60_000 },
    timeoutIn('resolve'),
  ],
  ['dns-unknown', 'There is no such name (NXDOMAIN).', 'nxdomain', noAddress('nxdomain')],
  ['dns-servfail', 'The name server fails (SERVFAIL).', 'servfail', noAddress('servfail')],
  ['dns-refused', 'The name server refuses to answer (REFUSED).', 'refused', noAddress('refused')],
  ['dns-no-address', 'The name exists and has no address.', { addresses: [] }, noAddress('no-address')],
  ['dns-truncated', 'The answer is truncated, and whole over TCP.', { addresses: [ALIVE], truncated: true }, HARMLESS],
  ['dns-tcp-silent', 'The answer is truncated, and over TCP there is silence.', 'tcp-silent', timeoutIn('resolve')],
  [
    'dns-tcp-closes',
    'The answer is truncated, and over TCP it hangs up.',
    'tcp-closes',
    // On a busy machine the first try is given up before the connection is refused to the second.
    noAddress('server-unreachable', noAddress('no-answer')),
  ],
  [
    'dns-loop',
    'The name is an alias that leads back to itself (CNAME loop).',
    { cname: 'dns-loop-2.shop.example' },
    noAddress('cname-loop'),
  ],
  ['dns-pointer-loop', 'The answer holds a name that points at itself.', 'pointer-loop', noAddress('bad-answer')],
  ['dns-garbage', 'The answer is no DNS message.', 'garbage', noAddress('bad-answer')],
  ['dns-short-record', 'The answer ends in the middle of a record.', 'short-record', noAddress('bad-answer')],
  ['dns-forged-id', 'A forger answers under another id.', 'wrong-id', timeoutIn('resolve')],
  ['dns-forged-name', 'A forger answers another question.', 'wrong-question', timeoutIn('resolve')],
  [
    'dns-half-silent',
    'The name server is silent for IPv6 and answers for IPv4.',
    { addresses: [ALIVE], mood: 'silent', moodFor: 'AAAA' },
    HARMLESS,
  ],
  ['dead-and-alive', 'One address refuses, another one works.', [REFUSING, ALIVE], HARMLESS],
  ['dropped-and-alive', 'One address drops packets, another one works.', [BLACKHOLE, ALIVE], HARMLESS],
  ['v6-dropped', 'IPv6 drops packets beside an IPv4 that works.', [BLACKHOLE_V6, ALIVE], HARMLESS],
  ['all-dropped', 'Every address drops packets.', [BLACKHOLE], timeoutIn('connect')],
  ['all-dead', 'Every address refuses.', [REFUSING], noConnection('refused')],
];

export const DNS_FAULTS: readonly Fault[] = ROWS.map(([id, story, entry, expect]) => ({
  id,
  layer: 'dns',
  story,
  async start(lab: Lab) {
    if (entry !== undefined) lab.addNames({ [`${id}.shop.example`]: entry });
    if (id === 'dns-loop') lab.addNames({ 'dns-loop-2.shop.example': { cname: 'dns-loop.shop.example' } });
    return { port: lab.alive.port, lookUp: true, close: async () => {} };
  },
  expect,
}));
