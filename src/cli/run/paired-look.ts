/**
 * `check` and the certificates that this installation renews: a target where one of them should be served is compared with
 * the file on disk, and one that is due says what automation has come to. Loaded only where a config has certificates.
 */
import { access, constants } from 'node:fs/promises';
import type { FindingCode } from '../../model/finding.ts';
import type { LastAttempt } from '../../model/renewal.ts';
import type { Target } from '../../model/target.ts';
import type { Verdict } from '../../model/verdict.ts';
import { pairingOf, withAutomation, withPairing } from '../../renew/pairing.ts';
import { renewalsOf } from '../../renew/settings.ts';
import { lastAttempt } from '../../renew/status.ts';
import type { CheckSettings } from '../check-settings.ts';

/** Looks at a target, given how one looks at any. */
export type PairedLook = (target: Target, look: (target: Target) => Promise<Verdict>) => Promise<Verdict>;

/** What says that a certificate is due, or was renewed and is not served. */
const DUE: ReadonlySet<FindingCode> = new Set([
  'renewal-open',
  'renewal-due',
  'expires-soon',
  'expired',
  'served-differs-from-file',
]);

/** @param onDue is told the certificates that a look has found due. */
export async function pairedLook(
  { config, run, defaults }: CheckSettings,
  onDue: (name: string) => void,
): Promise<PairedLook | undefined> {
  if (!config || config.certificates.length === 0) return undefined;
  const { state = '' } = run;
  const renewals = renewalsOf(config, { state, defaults });
  const attempts = new Map<string, LastAttempt | undefined>();
  const readable = new Set<string>();
  for (const { name, targets, live } of renewals) {
    if (state !== '') attempts.set(name, await lastAttempt(state, { name, ...(live === undefined ? {} : { live }) }));
    const file = live && targets[0] ? pairingOf(targets[0], renewals)?.file : undefined;
    // Whoever may not read it is not told UNKNOWN for that: the target is looked at as if nothing was known.
    if (file !== undefined && (await mayRead(file))) readable.add(file);
  }
  return async (target, look) => {
    const pairing = pairingOf(target, renewals);
    if (!pairing) return look(target);
    const verdict = await look(readable.has(pairing.file) ? withPairing(target, renewals) : target);
    if (verdict.findings.some(({ code }) => DUE.has(code))) onDue(pairing.name);
    return withAutomation({ ...verdict, target }, pairing.name, attempts.get(pairing.name));
  };
}

const mayRead = (path: string): Promise<boolean> =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
