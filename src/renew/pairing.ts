/**
 * Which file an endpoint should serve: a place that a certificate's `verify` names, or its domains on 443, is paired with
 * the certificate in its live folder. `check` then sees that a certificate was renewed and not reloaded. Pure.
 */
import { join } from 'node:path';
import type { EndpointTarget, Target } from '../model/target.ts';
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
  if (target.kind !== 'endpoint') return undefined;
  const place = placeOf(target);
  const served = renewals.filter(({ targets }) =>
    targets.some((each) => each.kind === 'endpoint' && placeOf(each) === place),
  );
  const [only, ...others] = served;
  if (only?.live === undefined || others.length > 0) return undefined;
  return { name: only.name, file: join(only.live, FILE_NAMES.fullchain) };
}

/** The target with what it should serve; a file that it names itself stands. */
export function withPairing(target: Target, renewals: readonly Pick<Renewal, 'name' | 'live' | 'targets'>[]): Target {
  if (target.settings.expect.file !== undefined) return target;
  const pairing = pairingOf(target, renewals);
  if (!pairing) return target;
  const { settings } = target;
  return { ...target, settings: { ...settings, expect: { ...settings.expect, file: pairing.file } } };
}

const placeOf = ({ host, port, servername, protocol }: EndpointTarget): string =>
  JSON.stringify([host.toLowerCase(), port, servername.toLowerCase(), protocol]);
