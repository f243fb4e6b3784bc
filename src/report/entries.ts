/**
 * The entries of containers, as reports name them: an alias says more than the number of a certificate.
 */
import type { Finding } from '../model/finding.ts';
import type { Container, ContainerFormat, Observation } from '../model/observation.ts';
import type { Verdict } from '../model/verdict.ts';

export const FORMAT_NAMES: Readonly<Record<ContainerFormat, string>> = {
  pkcs7: 'PKCS#7',
  pkcs12: 'PKCS#12',
  jks: 'Java keystore (JKS)',
  jceks: 'Java keystore (JCEKS)',
};

export const containerOf = (observation: Observation | undefined): Container | undefined =>
  observation?.kind === 'presented' ? observation.container : undefined;

/** Which observation a finding with an index is about: the one at its address, else the first that has such an element. */
export function placeOf({ address, certificate }: Finding, { observations }: Verdict): number {
  return observations.findIndex(
    (seen) => (address === undefined || seen.address === address) && seen.chain?.[certificate ?? 0] !== undefined,
  );
}

/** The alias of the entry that the finding's certificate is in. Untrusted text. */
export function entryNameOf(finding: Finding, verdict: Verdict): string | undefined {
  const { certificate } = finding;
  if (certificate === undefined) return undefined;
  return containerOf(verdict.observations[placeOf(finding, verdict)])?.entries[certificate]?.alias;
}
