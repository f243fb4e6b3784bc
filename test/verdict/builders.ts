/**
 * Targets, observations and anchors for tests of judging and reporting, each in a word, and everything overridable.
 */
import type { Certificate, ChainElement } from '../../src/model/certificate.ts';
import type { Failed, Observation, Presented } from '../../src/model/observation.ts';
import type { EndpointTarget, FileTarget, TargetSettings } from '../../src/model/target.ts';
import type { AnchorStore } from '../../src/trust/anchor-store.ts';
import { judge } from '../../src/verdict/judge.ts';
import { namesMatch } from '../../src/x509/name.ts';
import { parseCertificate } from '../../src/x509/parse-certificate.ts';

/** 2026-11-24 08:00:00 UTC: what "now" is in these tests. */
export const NOW = Date.UTC(2026, 10, 24, 8, 0, 0);

const TIMINGS = { resolve: 1, connect: 2, starttls: 0, handshake: 3.25 };

export const settings = (over: Partial<TargetSettings> = {}): TargetSettings => ({
  warning: { kind: 'auto' },
  critical: { kind: 'auto' },
  graceMs: 0,
  timeoutMs: 10_000,
  retries: 0,
  confirm: 1,
  allAddresses: false,
  family: 0,
  trust: 'mozilla',
  caFiles: [],
  revocation: 'stapled',
  unreachable: 'unknown',
  expect: {},
  labels: {},
  ...over,
});

export function endpoint(
  host = 'www.shop.example',
  over: Partial<TargetSettings> = {},
  fields: Partial<EndpointTarget> = {},
): EndpointTarget {
  return {
    kind: 'endpoint',
    input: host,
    name: host,
    origin: 'command line',
    host,
    port: 443,
    protocol: 'tls',
    servername: host,
    settings: settings(over),
    ...fields,
  };
}

export function file(
  path = '/etc/tls/site.pem',
  over: Partial<TargetSettings> = {},
  fields: Partial<FileTarget> = {},
): FileTarget {
  const input = `file:${path}`;
  return { kind: 'file', input, name: input, origin: 'command line', path, settings: settings(over), ...fields };
}

/** As the chain reader does: bytes that are no certificate stay, as such. */
export function element(der: Uint8Array): ChainElement {
  const parsed = parseCertificate(der);
  return parsed.ok
    ? { kind: 'certificate', der, certificate: parsed.value }
    : { kind: 'malformed', der, reason: parsed.error };
}

type Der = Uint8Array | { readonly der: Uint8Array };

export const bytesOf = (certificate: Der): Uint8Array =>
  certificate instanceof Uint8Array ? certificate : certificate.der;

export function parsed(certificate: Der): Certificate {
  const result = parseCertificate(bytesOf(certificate));
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

export function presented(chain: readonly Der[], over: Partial<Presented> = {}): Presented {
  return {
    kind: 'presented',
    address: '192.0.2.1',
    tlsVersion: 'TLSv1.3',
    timings: TIMINGS,
    chain: chain.map((certificate) => element(bytesOf(certificate))),
    ...over,
  };
}

export function failed(over: Partial<Failed> = {}): Failed {
  return { kind: 'failed', code: 'connect-failed', phase: 'connect', reason: 'refused', timings: TIMINGS, ...over };
}

/** @param publicOnes bound to the CA/B Forum's rules. */
export function anchors(roots: readonly Der[], { publicOnes = false }: { publicOnes?: boolean } = {}): AnchorStore {
  const certificates = roots.map(parsed);
  return {
    source: 'the test',
    findBySubject: (name) => certificates.filter((root) => namesMatch(root.subject, name)),
    isAnchor: (certificate) => certificates.some((root) => root.sha256 === certificate.sha256),
    isPublic: () => publicOnes,
  };
}

/** What one observation of the shop comes to. */
export function judged(
  observation: Observation | readonly [Observation, ...Observation[]],
  over: Partial<Parameters<typeof judge>[0]> = {},
) {
  const observations = 'kind' in observation ? ([observation] as const) : observation;
  return judge({ target: endpoint(), observations, now: NOW, ...over });
}
