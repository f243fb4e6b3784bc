/**
 * What a renewal was asked to do: command line and config joined, or what is wrong with them.
 */
import { resolve } from 'node:path';
import type { BrokenCertificate } from '../../config/config.ts';
import type { RunSettings } from '../../config/resolve-run.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { InputError } from '../../model/target.ts';
import { canRehearse } from '../../renew/rehearse.ts';
import type { Renewal } from '../../renew/renewal.ts';
import { renewalsOf } from '../../renew/settings.ts';
import { didYouMean, quote } from '../../targets/nearest.ts';
import { parseInteger } from '../../targets/setting-values.ts';
import { readSettings } from '../check-settings.ts';
import type { ExitCode, Io } from '../io.ts';
import type { RawFlags } from '../option-parser.ts';

export interface RenewFlags {
  readonly force?: true;
  readonly dryRun?: true;
  readonly rehearse?: true;
  readonly status?: true;
  readonly format?: string;
  readonly concurrency?: string;
}

/** A renewal as it was asked for on the command line. */
export interface RenewAsked {
  readonly names: readonly string[];
  readonly flags: RenewFlags;
  readonly raw: RawFlags;
  /** What a check that goes before came to: the heartbeat tells the worse of the two. */
  readonly after?: ExitCode;
}

export interface RenewSettings {
  readonly run: RunSettings;
  /** Those that were asked for, in the config's order. */
  readonly renewals: readonly Renewal[];
  /** Entries among them that are none: what came of them, and where they stand. */
  readonly broken: readonly BrokenCertificate[];
  /** What is wrong in these and in `acme:`. */
  readonly errors: readonly InputError[];
  /** The state directory. */
  readonly state: string;
  readonly concurrency: number;
  readonly format: 'human' | 'json';
  readonly force: boolean;
  readonly rehearsal: boolean;
  /** The URL of the heartbeat. */
  readonly ping: string | undefined;
}

/** Each is a process with a client of its own, and waits for others most of the time. */
const DEFAULT_CONCURRENCY = 4;

export async function readRenewSettings(
  { names, flags, raw }: RenewAsked,
  io: Io,
): Promise<Result<RenewSettings, readonly InputError[]>> {
  const settings = await readSettings(raw, io);
  if (!settings.ok) return settings;
  const { config, run, defaults } = settings.value;
  const { certificates = [], brokenCertificates = [], certificateErrors = [] } = config ?? {};
  if (!config || certificates.length + brokenCertificates.length === 0) {
    if (certificateErrors.length > 0) return err(certificateErrors);
    const where = config ? `${config.name} names no certificates` : 'there is no config file';
    return refused(`${where}: what is renewed, and how, has to stand under certificates: in the config`);
  }
  if (run.state === undefined) {
    return refused(
      `${config.name} names no state folder, and a renewal keeps its lock, journal and accounts there: set state: in it`,
    );
  }
  // Hooks run elsewhere, and are told paths in it.
  const state = resolve(io.cwd, run.state);
  const flagged = readFlags(flags);
  if (!flagged.ok) return refused(flagged.error);
  const all = renewalsOf(config, { state, defaults });
  const chosen = choose({ all, broken: brokenCertificates, names }, flagged.value);
  if (!chosen.ok) return refused(chosen.error);
  const { renewals, broken } = chosen.value;
  const errors = names.length > 0 ? broken.flatMap((each) => each.errors) : certificateErrors;
  return ok({ run, state, renewals, broken, errors, ping: pingOf(run, raw, flagged.value), ...flagged.value });
}

/** The config's `ping` is a check's. A rehearsal is no renewal: that it went well must not be taken for one. */
function pingOf(run: RunSettings, raw: RawFlags, { rehearsal }: ReadFlags): string | undefined {
  if (rehearsal) return undefined;
  return raw.has('ping') ? run.ping : run['renew-ping'];
}

type ReadFlags = Pick<RenewSettings, 'concurrency' | 'format' | 'force' | 'rehearsal'>;

function readFlags({
  concurrency,
  format = 'human',
  force,
  rehearse,
  dryRun,
  status,
}: RenewFlags): Result<ReadFlags, string> {
  if ([rehearse, dryRun, status].filter(Boolean).length > 1) {
    return err('--dry-run, --rehearse and --status exclude each other');
  }
  const number = concurrency === undefined ? ok(DEFAULT_CONCURRENCY) : parseInteger({ min: 1, max: 64 })(concurrency);
  if (!number.ok) return err(`--concurrency: ${number.error}`);
  if (format !== 'human' && format !== 'json') return err(`--format: expected human or json, got ${quote(format)}`);
  return ok({ concurrency: number.value, format, force: force === true, rehearsal: rehearse === true });
}

interface Choice {
  readonly all: readonly Renewal[];
  readonly broken: readonly BrokenCertificate[];
  readonly names: readonly string[];
}

function choose(
  { all, broken, names }: Choice,
  { rehearsal }: ReadFlags,
): Result<Pick<RenewSettings, 'renewals' | 'broken'>, string> {
  const known = [...all, ...broken].map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    return err(
      `there is no certificate ${quote(unknown)} in the config, expected ${known.join(', ')}${didYouMean(unknown, known)}`,
    );
  }
  if (names.length > 0) {
    const isNamed = ({ name }: { readonly name: string }) => names.includes(name);
    return ok({ renewals: all.filter(isNamed), broken: broken.filter(isNamed) });
  }
  // One that has no dry run is passed over: only where it is named is that an error.
  const fit = rehearsal ? all.filter(canRehearse) : all;
  return fit.length + broken.length > 0
    ? ok({ renewals: fit, broken })
    : err('every certificate is renewed by a command, which cannot be rehearsed without a rehearse-command');
}

const refused = (message: string): Result<never, readonly InputError[]> => err([{ origin: 'renew', message }]);
