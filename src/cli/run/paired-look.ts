/**
 * `check` and the certificates that this installation renews: a target where one of them should be served is compared with
 * the file on disk, and one that is due says what automation has come to. Loaded only where a config has certificates.
 *
 * A renewal may be on at this very moment: what it has installed and has not reloaded yet is its affair, since it proves it
 * or puts the old one back; nobody is to be woken by the seconds between.
 */
import { access, constants } from 'node:fs/promises';
import type { FindingCode } from '../../model/finding.ts';
import type { LastAttempt } from '../../model/renewal.ts';
import type { Target } from '../../model/target.ts';
import type { Verdict } from '../../model/verdict.ts';
import { pairingOf, renewalsAt, withAutomation, withPairing } from '../../renew/pairing.ts';
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

/** Where the config's certificates have to be served, with the patience of a check. */
export function placesToCheck({ config, run, defaults }: CheckSettings): Target[] {
  if (!config) return [];
  return renewalsOf(config, { state: run.state ?? '', defaults }).flatMap(({ targets }) =>
    targets.map((target) => {
      const { settings } = target;
      return { ...target, settings: { ...settings, retries: Math.max(settings.retries, defaults.retries) } };
    }),
  );
}

export interface PairedLookOptions {
  /** Is told the certificates that a look has found due. */
  readonly onDue: (name: string) => void;
  /** Is a run of renewals on, within its time? */
  readonly isRenewing: () => Promise<boolean>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export async function pairedLook(
  { config, run, defaults }: CheckSettings,
  { onDue, isRenewing, now }: PairedLookOptions,
): Promise<PairedLook | undefined> {
  if (!config || config.certificates.length === 0) return undefined;
  const { state = '' } = run;
  const renewals = renewalsOf(config, { state, defaults });
  const lastOf = async (name: string): Promise<LastAttempt | undefined> => {
    const live = renewals.find((each) => each.name === name)?.live;
    return state === '' ? undefined : lastAttempt(state, { name, ...(live === undefined ? {} : { live }) }, now());
  };
  const attempts = new Map<string, LastAttempt | undefined>();
  const files = new Map<string, Found>();
  for (const { name, targets, live } of renewals) {
    attempts.set(name, await lastOf(name));
    const file = live && targets[0] ? pairingOf(targets[0], renewals)?.file : undefined;
    if (file !== undefined) files.set(file, await findOut(file));
  }
  return async (target, look) => {
    const pairing = pairingOf(target, renewals);
    if (!pairing) {
      const seen = await look(target);
      // Which of several it is nobody knows: `renew` renews those that are due.
      if (isDue(seen)) for (const { name } of renewalsAt(target, renewals)) onDue(name);
      return seen;
    }
    const { name, file } = pairing;
    const found = files.get(file);
    // Whoever may not read it is not told UNKNOWN for that: the target is looked at as if nothing was known.
    const verdict = await look(found === 'readable' ? withPairing(target, renewals) : target);
    const due = isDue(verdict);
    // No certificate yet is as good as due, whatever is served or not.
    if (due || found === 'missing') onDue(name);
    const last = due && (await isRenewing()) ? await lastOf(name) : undefined;
    if (!last || last.outcome !== undefined) {
      return withAutomation({ ...verdict, target }, { name, last: attempts.get(name) });
    }
    const seen = differs(verdict) ? await look(target) : verdict;
    return withAutomation({ ...seen, target }, { name, last, running: true });
  };
}

const isDue = ({ findings }: Verdict): boolean => findings.some(({ code }) => DUE.has(code));

const differs = ({ findings }: Verdict): boolean => findings.some(({ code }) => code === 'served-differs-from-file');

type Found = 'readable' | 'missing' | 'closed';

const findOut = (path: string): Promise<Found> =>
  access(path, constants.R_OK).then(
    () => 'readable',
    ({ code }: NodeJS.ErrnoException) => (code === 'ENOENT' ? 'missing' : 'closed'),
  );
