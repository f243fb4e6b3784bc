/**
 * What a check was asked to do: command line and config read and joined, or what is wrong with them.
 */
import { type Config, configTargets } from '../config/config.ts';
import { locateConfig } from '../config/locate.ts';
import { parseFlags, type ResolvedRun, resolveRun } from '../config/resolve-run.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { InputError, Target } from '../model/target.ts';
import { answersFor } from './files-answer.ts';
import type { Io } from './io.ts';
import type { RawFlags } from './option-parser.ts';

/** `--config FILE` and `-f LIST` are no settings: they say where to read on. */
export const CONFIG_KEY = 'config';
export const LIST_KEY = 'file';
/** `--renew`: what follows the check. */
export const RENEW_KEY = 'renew';

export interface CheckSettings extends ResolvedRun {
  readonly config: Config | undefined;
  /** Targets that the config names, and what is wrong in its entries. */
  readonly targets: readonly Result<Target, InputError>[];
}

/** A check as it was asked for on the command line. */
export interface Asked {
  readonly words: readonly string[];
  readonly raw: RawFlags;
}

export function settingFlags(raw: RawFlags): RawFlags {
  return new Map([...raw].filter(([key]) => ![CONFIG_KEY, LIST_KEY, RENEW_KEY].includes(key)));
}

/** @param withinMs how long a config may take to be read, where nobody supervises this process. */
export async function readSettings(
  raw: RawFlags,
  io: Io,
  withinMs?: number,
): Promise<Result<CheckSettings, readonly InputError[]>> {
  const flags = parseFlags(settingFlags(raw));
  const path = raw.get(CONFIG_KEY)?.at(-1) ?? locateConfig({ env: io.env, folder: io.cwd });
  const config = path === undefined ? undefined : await readConfigFile(path, io, withinMs);
  const errors = [...(flags.ok ? [] : flags.error), ...(config && !config.ok ? config.error : [])];
  if (!flags.ok || (config && !config.ok) || errors.length > 0) return err(errors);
  const resolved = resolveRun({ flags: flags.value, config: config?.value.layer });
  const targets = config ? configTargets(config.value, resolved) : [];
  return ok({ ...resolved, config: config?.value, targets });
}

/** Loaded only where there is a file: its parsers cost more than all the rest of a small check. */
async function readConfigFile(
  path: string,
  io: Io,
  withinMs: number | undefined,
): Promise<Result<Config, readonly InputError[]>> {
  const { loadConfig } = await import('../config/load-config.ts');
  return loadConfig(path, answersFor(io, withinMs));
}
