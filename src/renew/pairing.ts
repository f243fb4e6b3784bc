/**
 * Which file an endpoint should serve: a place that a certificate's `verify` names, or its domains on 443, is paired with
 * the certificate in its live folder. `check` then sees that a certificate was renewed and not reloaded. Pure.
 */
import { join } from 'node:path';
import type { AutomationData, Finding } from '../model/finding.ts';
import type { LastAttempt } from '../model/renewal.ts';
import type { EndpointTarget, Target } from '../model/target.ts';
import type { Verdict } from '../model/verdict.ts';
import { formatInstant } from '../verdict/instant.ts';
import { FILE_NAMES } from './install/certificate-set.ts';
import type { Renewal } from './renewal.ts';

export interface Pairing {
  /** The certificate's name in the config. */
  readonly name: string;
  /** The file whose first certificate is the one that should be served. */
  readonly file: string;
}

/**
 * @returns the pairing of a target; undefined where no certificate is said to be served there, or several are (an RSA and
 * an EC one): then none of the files is the one.
 */
export function pairingOf(
  target: Target,
  renewals: readonly Pick<Renewal, 'name' | 'live' | 'targets'>[],
): Pairing | undefined {
  const [only, ...others] = renewalsAt(target, renewals);
  if (only?.live === undefined || others.length > 0) return undefined;
  return { name: only.name, file: join(only.live, FILE_NAMES.fullchain) };
}

/** Those that are served where this target looks. */
export function renewalsAt<R extends Pick<Renewal, 'targets'>>(target: Target, renewals: readonly R[]): R[] {
  if (target.kind !== 'endpoint') return [];
  const place = placeOf(target);
  return renewals.filter(({ targets }) => targets.some((each) => each.kind === 'endpoint' && placeOf(each) === place));
}

/** The target with what it should serve; a file that it names itself stands. */
export function withPairing(target: Target, renewals: readonly Pick<Renewal, 'name' | 'live' | 'targets'>[]): Target {
  if (target.settings.expect.file !== undefined) return target;
  const pairing = pairingOf(target, renewals);
  if (!pairing) return target;
  const { settings } = target;
  return { ...target, settings: { ...settings, expect: { ...settings.expect, file: pairing.file } } };
}

export interface Automation {
  /** The certificate's name in the config. */
  readonly name: string;
  readonly last: LastAttempt | undefined;
  /** It is at it right now. */
  readonly running?: boolean;
}

/** What automation knows of a certificate that is due: into the findings that say so. */
export function withAutomation(verdict: Verdict, { name, last, running = false }: Automation): Verdict {
  if (!last) return verdict;
  const automation = { ...automationData(name, last), ...(running ? { running } : {}) };
  const findings = verdict.findings.map((finding): Finding => {
    switch (finding.code) {
      case 'renewal-due':
        return { ...finding, data: { ...finding.data, automation } };
      case 'expires-soon':
        return { ...finding, data: { ...finding.data, automation } };
      default:
        return finding;
    }
  });
  return { ...verdict, findings };
}

function automationData(certificate: string, last: LastAttempt): AutomationData {
  const { startedAt, outcome, step, problem, failures, notBefore } = last;
  return {
    certificate,
    lastTriedAt: formatInstant(startedAt),
    failures,
    ...(outcome === undefined ? {} : { outcome }),
    ...(step === undefined ? {} : { step }),
    ...(problem ? { reason: problem.reason, detail: problem.detail } : {}),
    ...(notBefore === undefined ? {} : { nextTryAt: formatInstant(notBefore) }),
  };
}

const placeOf = ({ host, port, servername, protocol }: EndpointTarget): string =>
  JSON.stringify([host.toLowerCase(), port, servername.toLowerCase(), protocol]);
