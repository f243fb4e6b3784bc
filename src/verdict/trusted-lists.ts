/**
 * Which revocation lists a verdict asks for.
 */
import type { Verdict } from '../model/verdict.ts';
import { listAddresses } from '../x509/list-scope.ts';

/**
 * The addresses that the certificates of a trusted path name; none are asked for on the word of anybody else, who could
 * have this machine send requests to wherever he likes.
 * @returns undefined where no path is trusted; empty where its certificates name no list.
 */
export function trustedListAddresses({ trust, observations, roles }: Verdict): string[] | undefined {
  if (!trust?.trusted) return undefined;
  const addresses = observations.flatMap(({ chain = [] }, i) =>
    chain.flatMap((element, index) => {
      const role = roles?.[i]?.[index];
      if (element.kind !== 'certificate' || (role !== 'leaf' && role !== 'intermediate')) return [];
      return listAddresses(element.certificate);
    }),
  );
  return [...new Set(addresses)];
}
