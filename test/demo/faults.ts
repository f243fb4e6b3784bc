/**
 * The demo's second fleet: servers that misbehave, one a layer, beside one that is well. None of them holds up another.
 */
import { type KeyPair, makeKey } from '../support/pki/pki.ts';
import {
  drippingServer,
  floodingServer,
  foreignServer,
  fullBacklogServer,
  resetServer,
  silentServer,
} from '../support/servers/misbehaving.ts';
import { scriptedTlsServer } from '../support/servers/scripted-tls.ts';
import { type StartTlsMood, startTlsServer } from '../support/servers/starttls-server.ts';
import type { TlsMood } from '../support/servers/tls-moods.ts';
import { FLEET, type FleetMember, type Pki } from './fleet.ts';

const DAY = 86_400_000;

const leafFor = ({ issuing }: Pki, host: string) =>
  issuing.issue({ sans: [`dns:${host}`], lifetimeMs: 90 * DAY, remainingMs: 60 * DAY });

const member = (name: string, rest: Omit<FleetMember, 'name' | 'host'>): FleetMember => ({
  name,
  host: `${name}.shop.example`,
  ...rest,
});

const timedOut: FleetMember['expect'] = { status: 'unknown', codes: ['timeout'] };
const noHandshake: FleetMember['expect'] = { status: 'unknown', codes: ['handshake-failed'] };
const noStartTls: FleetMember['expect'] = { status: 'unknown', codes: ['starttls-failed'] };

interface Scripted {
  readonly mood: TlsMood;
  readonly story: string;
  readonly expect: FleetMember['expect'];
  readonly key?: () => KeyPair;
}

const scripted = (name: string, { mood, story, expect, key }: Scripted): FleetMember =>
  member(name, {
    story,
    expect,
    start(pki) {
      const leaf = leafFor(pki, `${name}.shop.example`);
      return scriptedTlsServer({ certificates: leaf.chain, key: key?.() ?? leaf.key, mood });
    },
  });

const mail = (name: string, mood: StartTlsMood, rest: Pick<FleetMember, 'story' | 'expect'>): FleetMember =>
  member(name, {
    ...rest,
    options: 'starttls=smtp',
    start: (pki) => startTlsServer({ protocol: 'smtp', mood, leaf: leafFor(pki, `${name}.shop.example`) }),
  });

export const FAULTS: readonly FleetMember[] = [
  FLEET[0]!,
  member('dropped', {
    story: 'the connection is never taken: a full backlog drops it, as a firewall would',
    start: () => fullBacklogServer(),
    expect: timedOut,
  }),
  member('reset', {
    story: 'resets the connection as soon as it hears something',
    start: () => resetServer('data'),
    expect: noHandshake,
  }),
  member('silent', { story: 'accepts and never answers', start: () => silentServer(), expect: timedOut }),
  member('drip', {
    story: 'answers a byte at a time, for ever',
    start: () => drippingServer(),
    expect: timedOut,
  }),
  member('flood', {
    story: 'sends TLS warnings as fast as it can, without end',
    start: () => floodingServer(Buffer.from('1503030002015a', 'hex')),
    expect: noHandshake,
  }),
  member('plain', { story: 'answers in HTTP', start: () => foreignServer('http'), expect: noHandshake }),
  mail('banner', 'endless-banner', { story: 'a mail server whose greeting never ends', expect: noStartTls }),
  mail('injector', 'injects', { story: 'plain text behind the answer to STARTTLS', expect: noStartTls }),
  mail('quiet', 'no-banner', { story: 'a mail server that does not greet', expect: timedOut }),
  scripted('alert', { mood: { alert: 80 }, story: 'answers with a TLS alert', expect: noHandshake }),
  scripted('huge', { mood: 'huge-certificate', story: 'a Certificate message of 16 MB', expect: noHandshake }),
  scripted('thief', {
    mood: 'proper',
    key: () => makeKey(),
    story: 'a certificate whose key it does not have',
    expect: noHandshake,
  }),
  member('garbage', {
    story: 'a certificate that is none',
    start: () => scriptedTlsServer({ certificates: [Buffer.from('This is no certificate.')], key: makeKey() }),
    expect: { status: 'critical', codes: ['chain-invalid'] },
  }),
];
