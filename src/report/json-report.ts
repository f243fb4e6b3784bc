/**
 * The report as data: the shape that users may rely on, in a fixed key order. Fields may be added, never removed or retyped.
 */
import { createHash } from 'node:crypto';
import type { Certificate, ChainElement, PublicKey } from '../model/certificate.ts';
import type { Finding } from '../model/finding.ts';
import type { Json } from '../model/json.ts';
import type { ContainerEntry, Observation } from '../model/observation.ts';
import type { Target } from '../model/target.ts';
import type { CertificateRole, Outcome, Run, Verdict, Window } from '../model/verdict.ts';
import { formatInstant } from '../verdict/instant.ts';
import { formatGeneralName, formatName } from '../x509/name.ts';
import { spkiSha256 } from '../x509/spki.ts';
import { containerOf, entryNameOf } from './entries.ts';
import { describe } from './messages.ts';

export const REPORT_SCHEMA = 'certwatch/report@1';

type JsonObject = { readonly [key: string]: Json };

/** One element of `results`. @param verbose with the stack of an internal error. */
export function resultJson(verdict: Verdict, { verbose }: { verbose: boolean }): JsonObject {
  const { target, status, findings, observations, trust, window, roles } = verdict;
  const seen = observations.map((observation, i) => observationJson(observation, roles?.[i] ?? [], verbose));
  const all = target.settings.allAddresses;
  return {
    target: targetJson(target),
    status,
    findings: findings.map((finding) => findingJson(finding, verdict)),
    ...(all ? {} : { observation: seen[0]! }),
    ...(all || seen.length > 1 ? { observations: seen } : {}),
    ...(trust ? { trust: { ...trust } } : {}),
    ...(window ? { window: windowJson(window) } : {}),
  };
}

export function runJson(run: Run): JsonObject {
  return {
    startedAt: formatInstant(run.startedAt),
    finishedAt: formatInstant(run.finishedAt),
    judgedAt: formatInstant(run.judgedAt),
    deadlineReached: run.deadlineReached,
    interrupted: run.interrupted,
    errors: run.errors.map(({ origin, message, code, severity, data }) => ({
      ...(code ? { code } : {}),
      ...(severity ? { severity } : {}),
      origin,
      message,
      ...(data ? { data: { ...data } } : {}),
    })),
    version: run.version,
  };
}

/** What stands around the results. */
export function outcomeJson({ status, exitCode, run, summary }: Outcome): JsonObject {
  return { schema: REPORT_SCHEMA, status, exitCode, run: runJson(run), summary: { ...summary } };
}

function targetJson(target: Target): JsonObject {
  const { input, name, origin } = target;
  const labels = Object.keys(target.settings.labels).length > 0 ? { labels: target.settings.labels } : {};
  if (target.kind === 'file') {
    const servername = target.servername === undefined ? {} : { servername: target.servername };
    return { input, name, path: target.path, ...servername, origin, ...labels };
  }
  const { host, port, protocol, servername } = target;
  return { input, name, host, port, protocol, servername, origin, ...labels };
}

function findingJson(finding: Finding, verdict: Verdict): JsonObject {
  const { code, severity, certificate, address, data } = finding;
  const entry = entryNameOf(finding, verdict);
  return {
    code,
    severity,
    ...(certificate === undefined ? {} : { certificate }),
    ...(entry === undefined ? {} : { entry }),
    ...(address === undefined ? {} : { address }),
    data: data as unknown as JsonObject,
    message: describe(finding, verdict),
  };
}

function observationJson(observation: Observation, roles: readonly CertificateRole[], verbose: boolean): JsonObject {
  const { kind, address, tlsVersion, chain } = observation;
  const { resolve, connect, starttls, handshake } = observation.timings;
  const entries = containerOf(observation)?.entries;
  return {
    kind,
    ...(kind === 'failed' ? failureJson(observation, verbose) : {}),
    ...(address === undefined ? {} : { address }),
    ...(tlsVersion === undefined ? {} : { tlsVersion }),
    ...(kind === 'presented' ? sessionJson(observation) : {}),
    timingsMs: {
      resolve: milliseconds(resolve),
      connect: milliseconds(connect),
      starttls: milliseconds(starttls),
      handshake: milliseconds(handshake),
    },
    ...(chain ? { chain: chain.map((element, i) => elementJson(element, roles[i], entries?.[i])) } : {}),
  };
}

function failureJson(observation: Observation & { kind: 'failed' }, verbose: boolean): JsonObject {
  const { code, phase, reason, detail } = observation;
  if (detail === undefined) return { code, phase, reason };
  const stackless = code === 'internal-error' && !verbose ? detail.split('\n', 1)[0]! : detail;
  return { code, phase, reason, detail: stackless };
}

function sessionJson(observation: Observation & { kind: 'presented' }): JsonObject {
  const { cipherSuite, alpn, possession, engine, container } = observation;
  return {
    ...(container === undefined ? {} : { container: container.format }),
    ...(cipherSuite === undefined ? {} : { cipherSuite }),
    ...(alpn === undefined ? {} : { alpn }),
    ...(possession === undefined ? {} : { possession: possession.kind }),
    ...(engine === undefined ? {} : { engine }),
  };
}

function elementJson(element: ChainElement, role: CertificateRole | undefined, entry?: ContainerEntry): JsonObject {
  const about = {
    ...(entry?.alias === undefined ? {} : { entry: entry.alias }),
    ...(entry?.trusted ? { trustedEntry: true } : {}),
  };
  if (element.kind === 'certificate') return { ...certificateJson(element.certificate, role ?? 'extra'), ...about };
  const sha256 = createHash('sha256').update(element.der).digest('hex');
  return { error: element.reason, bytes: element.der.length, sha256, role: role ?? 'malformed', ...about };
}

function certificateJson(certificate: Certificate, role: CertificateRole): JsonObject {
  return {
    subject: formatName(certificate.subject),
    issuer: formatName(certificate.issuer),
    serial: certificate.serial,
    notBefore: formatInstant(certificate.notBefore),
    notAfter: formatInstant(certificate.notAfter),
    sans: (certificate.subjectAltName ?? []).map(formatGeneralName),
    key: keyJson(certificate.publicKey),
    signature: certificate.signatureAlgorithm.name,
    sha256: certificate.sha256,
    spkiSha256: spkiSha256(certificate),
    role,
  };
}

function keyJson({ type, bits, curve, exponent }: PublicKey): JsonObject {
  return {
    type,
    bits,
    ...(curve === undefined ? {} : { curve }),
    ...(exponent === undefined ? {} : { exponent }),
  };
}

function windowJson(window: Window): JsonObject {
  return {
    lifetimeSeconds: window.lifetimeSeconds,
    remainingSeconds: window.remainingSeconds,
    renewAt: formatInstant(window.renewAt),
    warnAt: formatInstant(window.warnAt),
    criticalAt: formatInstant(window.criticalAt),
    source: window.source,
    expiresAt: formatInstant(window.expiresAt),
  };
}

/** Three decimals are enough, and spare the reader 1.2999999523162842. */
function milliseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
