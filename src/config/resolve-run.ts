/**
 * From the command line and the config file to the settings of a run, with where each came from.
 *
 * Precedence: command line over the config's `defaults:` and run settings over the built-in defaults. What a list line
 * or a config entry says beats all of these for its own target (`targets/settings.ts`).
 */
import { err, ok, type Result } from '../model/result.ts';
import type { InputError, TargetSettings } from '../model/target.ts';
import type { EndpointDefaults } from '../targets/parse-target.ts';
import {
  formatSetting,
  mergePatches,
  patchOf,
  putSetting,
  resolveSettings,
  settingOf,
  settingsFor,
} from '../targets/resolve-settings.ts';
import type { SettingKey, SettingPatch } from '../targets/setting.ts';
import { DEFAULT_SETTINGS, isSettingKey } from '../targets/settings.ts';
import {
  DEFAULT_RUN,
  isRunKey,
  RUN_KEYS,
  type RunKey,
  type RunPatch,
  type RunValues,
  refuseFormats,
  runSettingOf,
} from './run-settings.ts';

/** What one source says about all targets and about the run. */
export interface SettingsLayer {
  readonly defaults: SettingPatch;
  readonly run: RunPatch;
  /** Where each key stands: `certwatch.yaml:3:5`. */
  readonly origins: ReadonlyMap<SettingKey | RunKey, string>;
}

/** Those that have a default are always there. */
export type RunSettings = RunPatch & Pick<RunValues, 'deadline' | 'concurrency' | 'format' | 'quiet' | 'verbose'>;

export interface ResolvedRun {
  readonly defaults: TargetSettings;
  readonly endpoint: EndpointDefaults;
  readonly run: RunSettings;
  /** Every setting that has a value, in the order of the tables. */
  readonly effective: readonly EffectiveSetting[];
}

export interface EffectiveSetting {
  readonly scope: 'defaults' | 'run';
  readonly key: SettingKey | RunKey;
  /** As a person would write it; several where it is repeatable. */
  readonly texts: readonly string[];
  /** `default`, `command line`, `certwatch.yaml:3:5`; several, joined, for labels. */
  readonly origin: string;
}

export const COMMAND_LINE = 'command line';

/** Texts by setting key, in the order given; `yes` and `no` for switches. */
export type FlagTexts = ReadonlyMap<string, readonly string[]>;

/** Reads flags by the tables. Given twice, the last one counts, except where values add up. */
export function parseFlags(flags: FlagTexts): Result<SettingsLayer, readonly InputError[]> {
  const defaults: SettingPatch = {};
  const run: RunPatch = {};
  const origins = new Map<SettingKey | RunKey, string>();
  const errors: InputError[] = [];
  const refuse = (key: string, message: string) => {
    errors.push({ origin: COMMAND_LINE, message: `${flagName(key)}: ${message}` });
  };
  for (const [key, texts] of flags) {
    if (isSettingKey(key)) {
      if (key === 'family' && new Set(texts).size > 1) refuse(key, 'they exclude each other');
      for (const text of settingOf(key).combine ? texts : texts.slice(-1)) {
        const put = putSetting(defaults, key, text);
        if (!put.ok) refuse(key, put.error.replace(`${key}: `, ''));
      }
      origins.set(key, COMMAND_LINE);
    } else if (isRunKey(key)) {
      for (const text of runSettingOf(key).combine ? texts : texts.slice(-1)) {
        const put = putRunSetting(run, key, text);
        if (!put.ok) refuse(key, put.error);
      }
      origins.set(key, COMMAND_LINE);
    } else throw new Error(`no table has the flag ${key}`);
  }
  const clash = run.format && refuseFormats(run.format);
  if (clash !== undefined) refuse('format', clash);
  return errors.length > 0 ? err(errors) : ok({ defaults, run, origins });
}

/** Reads `text` into `patch`. @returns an error without the key. */
export function putRunSetting(patch: RunPatch, key: RunKey, text: string): Result<void, string> {
  const setting = runSettingOf(key);
  const parsed = setting.parse(text);
  if (!parsed.ok) return parsed;
  const before = patch[key];
  const value = before === undefined || !setting.combine ? parsed.value : setting.combine(before, parsed.value);
  (patch as Record<string, unknown>)[key] = value;
  return ok(undefined);
}

/** How a person gives it: `--warning`, `-4`. */
function flagName(key: string): string {
  const specs = isSettingKey(key) ? settingOf(key).flags : isRunKey(key) ? runSettingOf(key).flags : undefined;
  const spec = specs?.[0]?.spec ?? `--${key}`;
  return /--[a-z-]+/.exec(spec)?.[0] ?? (key === 'family' ? '-4, -6' : spec);
}

/** The settings of a run: `flags` over `config` over the built-in defaults. */
export function resolveRun({
  flags,
  config,
}: {
  flags?: SettingsLayer;
  config?: SettingsLayer | undefined;
}): ResolvedRun {
  const layers = [config, flags].filter((layer) => layer !== undefined);
  const patch = mergePatches(...layers.map((layer) => layer.defaults));
  const run = Object.assign({}, DEFAULT_RUN, ...layers.map((layer) => layer.run)) as RunSettings;
  const defaults = resolveSettings(patch, DEFAULT_SETTINGS);
  const { servername, starttls } = patch;
  const endpoint = { ...(servername !== undefined && { servername }), ...(starttls && { starttls }) };
  const originOf = (key: SettingKey | RunKey) =>
    layers.findLast((layer) => layer.origins.has(key))?.origins.get(key) ?? 'default';
  return { defaults, endpoint, run, effective: effectiveOf({ ...patchOf(defaults), ...endpoint }, run, originOf) };
}

/** As `resolveRun`, from unread flags: the cli's one call. */
export function resolveRunSettings(options: {
  flags: FlagTexts;
  config?: SettingsLayer | undefined;
}): Result<ResolvedRun, readonly InputError[]> {
  const flags = parseFlags(options.flags);
  return flags.ok ? ok(resolveRun({ flags: flags.value, config: options.config })) : flags;
}

function effectiveOf(
  defaults: SettingPatch,
  run: RunSettings,
  originOf: (key: SettingKey | RunKey) => string,
): EffectiveSetting[] {
  const effective: EffectiveSetting[] = [];
  for (const { key } of settingsFor('defaults')) {
    const value = defaults[key];
    const texts = value === undefined ? [] : formatSetting(key, value);
    if (texts.length > 0) effective.push({ scope: 'defaults', key, texts, origin: originOf(key) });
  }
  for (const key of RUN_KEYS) {
    const value = run[key];
    if (value === undefined) continue;
    effective.push({ scope: 'run', key, texts: runSettingOf(key).format(value as never), origin: originOf(key) });
  }
  return effective;
}
