/**
 * `certwatch renew --status`: what the disk shows, and what the journal tells. Changes nothing.
 */
import { readLock } from '../../health/lock.ts';
import { renewStatus } from '../../renew/status.ts';
import { renderRenewalStatusJson } from '../../report/renewal-json.ts';
import { renderRenewalStatus } from '../../report/renewal-status-text.ts';
import { formatDuration } from '../../time/duration.ts';
import type { ExitCode, Io } from '../io.ts';
import type { RenewSettings } from './renew-settings.ts';

/**
 * 0, whatever it shows: how things stand with certwatch is `certwatch status`' to judge, with certificates `check`'s; but 3
 * where entries of the config could not be read.
 */
export async function showRenewalStatus(
  { renewals, errors, run, state, format }: RenewSettings,
  io: Io,
): Promise<ExitCode> {
  const now = io.now();
  const [statuses, running] = await Promise.all([renewStatus(renewals, { state, now }), runningNow(state, io)]);
  const color = run.color ?? io.stdout.colorLevel > 0;
  const options = { verbose: run.verbose, quiet: false, color, columns: io.stdout.columns, now };
  await io.stdout.write(
    format === 'json'
      ? renderRenewalStatusJson(statuses, running)
      : renderRenewalStatus(statuses, running === undefined ? options : { ...options, running }),
  );
  return errors.length > 0 ? 3 : 0;
}

async function runningNow(dir: string, io: Io): Promise<string | undefined> {
  const held = await readLock({ dir, command: 'renew', now: () => io.now(), processes: io.processes });
  if (!held.ok || !held.value) return undefined;
  const { owner, doing, ageMs } = held.value;
  return `process ${owner.pid} is at it since ${formatDuration(ageMs)}: ${doing}`;
}
