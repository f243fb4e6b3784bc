/**
 * `certwatch check --renew`: what the check has found due is renewed, in the time that is left of the same deadline.
 */
import type { RunSettings } from '../../config/resolve-run.ts';
import { worstExitCode } from '../../verdict/status.ts';
import { CONFIG_KEY } from '../check-settings.ts';
import type { ExitCode, Io } from '../io.ts';
import type { RawFlags } from '../option-parser.ts';
import { renew } from './run-renew.ts';

export interface CheckedAndDue {
  readonly code: ExitCode;
  /** Names of certificates in the config. */
  readonly due: readonly string[];
  readonly raw: RawFlags;
  readonly run: RunSettings;
}

/** Flags of a check that mean the same to a renewal. */
const SHARED = [CONFIG_KEY, 'quiet', 'verbose', 'color', 'resolver', 'state', 'end-stuck'];

/** @returns the worse of the two exit statuses: what the check has found stands as it was found. */
export async function renewAfterCheck({ code, due, raw, run }: CheckedAndDue, io: Io): Promise<ExitCode> {
  const flags: RawFlags = new Map([...raw].filter(([key]) => SHARED.includes(key)));
  // Both count it from the start of the process.
  flags.set('deadline', [`${run.deadline}ms`]);
  // Whoever listens has heard the check's end by now; the end of the whole is the renewal's.
  if (run.ping !== undefined) flags.set('ping', [run.ping]);
  // A report for a machine is alone on the standard output.
  const forPeople = run.format.every(({ format, file }) => file !== undefined || format === 'human');
  if (forPeople && !run.quiet) await io.stdout.write('\n');
  const renewed = await renew(
    { names: due, flags: {}, raw: flags, after: code },
    forPeople ? io : { ...io, stdout: io.stderr },
  );
  return worstExitCode([code, renewed]);
}
