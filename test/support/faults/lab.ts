/**
 * The lab itself: starts faults, with a server that is well in front of each ten of them, and writes the list that leads
 * certwatch to all of them.
 */
import { networkInterfaces } from 'node:os';
import { createCa } from '../pki/pki.ts';
import { type DnsTable, dnsServer } from '../servers/dns-server.ts';
import { fullBacklogServer } from '../servers/misbehaving.ts';
import { tlsServer } from '../servers/tls-server.ts';
import { CERTIFICATE_FAULTS } from './certificates.ts';
import { ALIVE, BLACKHOLE, BLACKHOLE_V6, DNS_FAULTS } from './dns.ts';
import { type Fault, isWaitedFor, type Lab, type Layer, type Peer } from './fault.ts';
import { STARTTLS_FAULTS } from './starttls.ts';
import { TCP_FAULTS } from './tcp.ts';
import { TLS_FAULTS } from './tls.ts';

export const LAYERS: Readonly<Record<Layer, string>> = {
  dns: 'Names',
  tcp: 'Connections',
  starttls: 'STARTTLS',
  tls: 'TLS',
  certificates: 'Certificates',
};

export const HAS_IPV6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

export const FAULTS: readonly Fault[] = [
  ...DNS_FAULTS,
  ...TCP_FAULTS,
  ...STARTTLS_FAULTS,
  ...TLS_FAULTS,
  ...CERTIFICATE_FAULTS,
];

export interface LabOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What is given to a target that only the deadline ends: a duration of a list line. */
  readonly patience?: string;
  /** One healthy neighbour in front of each so many faults. */
  readonly every?: number;
}

interface Closable {
  readonly open?: number;
  close(): Promise<void>;
}

export interface OpenLab extends AsyncDisposable {
  /** In order: a name and a whole list line each. A name that is no fault's id is a healthy neighbour's. */
  readonly lines: readonly { readonly name: string; readonly line: string }[];
  readonly rootPem: string;
  /** For `--resolver`. */
  readonly resolver: string;
  /** How many connections stand, over all peers. */
  connections(): number;
  close(): Promise<void>;
}

/** Enough for a machine with too much to do. */
const PATIENT = '55s';

export async function openLab(
  faults: readonly Fault[],
  { now, patience = '1500ms', every = 10 }: LabOptions,
): Promise<OpenLab> {
  const root = createCa({ now, subject: 'CN=Lab Root,O=Example' });
  const issuing = root.issueCa({ subject: 'CN=Lab CA,O=Example' });
  const names: Record<string, DnsTable[string]> = {};
  const peers: Closable[] = [];
  const close = async () => void (await Promise.all(peers.map((peer) => peer.close())));
  try {
    const alive = await tlsServer({ leaf: issuing.issue({ sans: ['dns:*.shop.example'] }), host: ALIVE });
    peers.push(alive, await fullBacklogServer({ host: BLACKHOLE, port: alive.port }));
    if (HAS_IPV6) peers.push(await fullBacklogServer({ host: BLACKHOLE_V6, port: alive.port }));
    const dns = await dnsServer(names);
    peers.push(dns);
    const lab: Lab = { now, root, issuing, alive, addNames: (table) => void Object.assign(names, table) };
    const lines: { name: string; line: string }[] = [];
    for (const [i, fault] of faults.entries()) {
      if (i % every === 0) lines.push(neighbour(`well-${i}`, alive.port));
      const peer = await fault.start(lab);
      peers.push(peer);
      lines.push({ name: fault.id, line: lineOf(fault, peer, isWaitedFor(fault) ? patience : PATIENT) });
    }
    lines.push(neighbour('well-last', alive.port));
    const connections = () => peers.reduce((sum, peer) => sum + (peer.open ?? 0), 0);
    return { lines, rootPem: root.pem, resolver: dns.address, connections, close, [Symbol.asyncDispose]: close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

const neighbour = (name: string, port: number) => ({
  name,
  line: `${name}.shop.example connect-to=127.0.0.1:${port} name=${name} timeout=${PATIENT}`,
});

function lineOf({ id, options }: Fault, { host = '127.0.0.1', port, lookUp }: Peer, timeout: string): string {
  const at = lookUp ? `${id}.shop.example` : host;
  const words = [`${id}.shop.example`, `connect-to=${at}:${port}`, `name=${id}`, `timeout=${timeout}`];
  return [...words, ...(options ? [options] : [])].join(' ');
}
