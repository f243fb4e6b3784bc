/**
 * The demo's fleet: real servers on loopback, each with what is wrong about it and what certwatch has to find.
 */

import type { FindingCode, Status } from '../../src/model/finding.ts';
import { type Authority, createCa, type Issued, selfSigned } from '../support/pki/pki.ts';
import { closedPort } from '../support/ports.ts';
import { silentServer } from '../support/servers/misbehaving.ts';
import { tlsServer } from '../support/servers/tls-server.ts';

export interface Listening {
  /** 127.0.0.1 unless told otherwise. */
  readonly host?: string;
  readonly port: number;
  close(): Promise<void>;
}

/** A PKI made on the spot: nothing of it is kept. */
export interface Pki {
  readonly root: Authority;
  readonly policy: Authority;
  readonly issuing: Authority;
}

export interface FleetMember {
  /** What the report calls it. */
  readonly name: string;
  /** The host that the list names; the server is found by `connect-to=`. */
  readonly host: string;
  /** What is special about it, in a few words. */
  readonly story: string;
  readonly start: (pki: Pki) => Promise<Listening>;
  readonly expect: { readonly status: Status; readonly codes: readonly FindingCode[] };
  /** More options of its line: `starttls=smtp`. */
  readonly options?: string;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export function createPki(now: number): Pki {
  const root = createCa({ now, subject: 'CN=Shop Root,O=Example Shop', key: 'ec384' });
  const policy = root.issueCa({ subject: 'CN=Shop Policy CA,O=Example Shop', lifetimeMs: 1825 * DAY });
  return { root, policy, issuing: root.issueCa({ subject: 'CN=Shop TLS CA,O=Example Shop', lifetimeMs: 1825 * DAY }) };
}

/** Serves the certificate and its chain. */
const serving = (issue: (pki: Pki) => Issued) => (pki: Pki) => tlsServer({ leaf: issue(pki) });

const dns = (host: string): string[] => [`dns:${host}`];

/** One of each that a sysadmin meets. */
export const FLEET: readonly FleetMember[] = [
  {
    name: 'www',
    host: 'www.shop.example',
    story: 'healthy: 90 days, 60 of them left',
    start: serving(({ issuing }) =>
      issuing.issue({ sans: dns('www.shop.example'), lifetimeMs: 90 * DAY, remainingMs: 60 * DAY }),
    ),
    expect: { status: 'ok', codes: [] },
  },
  {
    name: 'api',
    host: 'api.shop.example',
    story: 'healthy: 6 days, 5 of them left',
    start: serving(({ issuing }) =>
      issuing.issue({ sans: dns('api.shop.example'), lifetimeMs: 160 * HOUR, remainingMs: 120 * HOUR }),
    ),
    expect: { status: 'ok', codes: [] },
  },
  {
    name: 'blog',
    host: 'blog.shop.example',
    story: 'inside its window: automation should have renewed it by now',
    start: serving(({ issuing }) =>
      issuing.issue({ sans: dns('blog.shop.example'), lifetimeMs: 90 * DAY, remainingMs: 20 * DAY }),
    ),
    expect: { status: 'warning', codes: ['renewal-due'] },
  },
  {
    name: 'mail',
    host: 'mail.shop.example',
    story: 'two days from the end',
    start: serving(({ issuing }) =>
      issuing.issue({ sans: dns('mail.shop.example'), lifetimeMs: 90 * DAY, remainingMs: 2 * DAY }),
    ),
    expect: { status: 'critical', codes: ['expires-soon'] },
  },
  {
    name: 'docs',
    host: 'docs.shop.example',
    story: 'expired six hours ago',
    start: serving(({ issuing }) =>
      issuing.issue({ sans: dns('docs.shop.example'), lifetimeMs: 90 * DAY, remainingMs: -6 * HOUR }),
    ),
    expect: { status: 'critical', codes: ['expired'] },
  },
  {
    name: 'wiki',
    host: 'wiki.shop.example',
    story: 'its chain is sent in the wrong order',
    start({ policy }) {
      const area = policy.issueCa({ subject: 'CN=Shop Wiki CA,O=Example Shop', lifetimeMs: 1000 * DAY });
      const leaf = area.issue({ sans: dns('wiki.shop.example') });
      return tlsServer({ leaf, chain: [leaf, policy.certificate, area.certificate] });
    },
    expect: { status: 'warning', codes: ['chain-misordered'] },
  },
  {
    name: 'git',
    host: 'git.shop.example',
    story: 'its intermediate certificate is missing',
    start({ issuing }) {
      const leaf = issuing.issue({ sans: dns('git.shop.example') });
      return tlsServer({ leaf, chain: [leaf] });
    },
    expect: { status: 'critical', codes: ['chain-incomplete'] },
  },
  {
    name: 'chat',
    host: 'chat.shop.example',
    story: 'it serves the certificate of another name',
    start: serving(({ issuing }) => issuing.issue({ sans: dns('old-chat.shop.example') })),
    expect: { status: 'critical', codes: ['hostname-mismatch'] },
  },
  {
    name: 'nas',
    host: 'nas.shop.example',
    story: 'self-signed',
    start: () =>
      tlsServer({
        leaf: selfSigned({ now: Date.now(), subject: 'CN=nas.shop.example', sans: dns('nas.shop.example') }),
      }),
    expect: { status: 'critical', codes: ['self-signed'] },
  },
  {
    name: 'printer',
    host: 'printer.shop.example',
    story: 'an old device: TLS 1.0 and nothing newer, a 1024-bit RSA key',
    start({ issuing }) {
      const leaf = issuing.issue({ sans: dns('printer.shop.example'), key: 'rsa1024' });
      return tlsServer({ leaf, version: 'TLSv1', legacy: true });
    },
    expect: { status: 'warning', codes: ['weak-key'] },
  },
  {
    name: 'stuck',
    host: 'stuck.shop.example',
    story: 'accepts connections and never answers',
    start: () => silentServer(),
    expect: { status: 'unknown', codes: ['timeout'] },
  },
  {
    name: 'down',
    host: 'down.shop.example',
    story: 'nobody listens',
    start: async () => ({ host: '127.0.0.3', port: await closedPort('127.0.0.3'), close: async () => {} }),
    expect: { status: 'unknown', codes: ['connect-failed'] },
  },
];
