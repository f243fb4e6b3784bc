/**
 * From what each layer says to the settings that a target has.
 */
import { err, ok, type Result } from '../model/result.ts';
import type { Expectations, TargetSettings } from '../model/target.ts';
import { didYouMean, quote } from './nearest.ts';
import type { Place, Setting, SettingKey, SettingPatch, SettingValues } from './setting.ts';
import { isSettingKey, SETTING_KEYS, SETTINGS } from './settings.ts';

/** The settings that may be given in `place`. */
export function settingsFor(place: Place): readonly Setting[] {
  return SETTING_KEYS.map(settingOf).filter((setting) => setting.places.includes(place));
}

/** The row of `key`, its types forgotten: what `parse` gives is what `format` and `combine` take. */
export function settingOf(key: SettingKey): Setting {
  return SETTINGS[key] as unknown as Setting;
}

/**
 * Reads one `key`, `text` into `patch`. A repeatable setting adds to what is there; any other given twice is an error.
 * @returns an error sentence that begins with the key.
 */
export function putSetting(patch: SettingPatch, key: string, text: string): Result<void, string> {
  if (!isSettingKey(key)) {
    return err(`there is no setting ${quote(key)}${didYouMean(key, SETTING_KEYS)}`);
  }
  const setting = settingOf(key);
  const parsed = setting.parse(text);
  if (!parsed.ok) return err(`${key}: ${parsed.error}`);
  const before = patch[key];
  const values = patch as Record<string, unknown>;
  if (before === undefined) values[key] = parsed.value;
  else if (setting.combine) values[key] = setting.combine(before as never, parsed.value as never);
  else return err(`${key} is given twice`);
  return ok(undefined);
}

/** Layers from the farthest to the nearest; labels are merged by key, everything else is replaced. */
export function mergePatches(...layers: readonly SettingPatch[]): SettingPatch {
  const merged: SettingPatch = Object.assign({}, ...layers);
  const labels = layers.map((layer) => layer.label).filter((label) => label !== undefined);
  if (labels.length > 1) merged.label = Object.assign({}, ...labels);
  return merged;
}

/**
 * `patch` over `defaults`. The very same object where the patch says nothing, so that a list of 100,000 plain lines
 * shares one.
 */
export function resolveSettings(patch: SettingPatch, defaults: TargetSettings): TargetSettings {
  if (!SETTING_KEYS.some((key) => patch[key] !== undefined && !OF_THE_ENDPOINT.has(key))) return defaults;
  const connectTo = patch['connect-to'] ?? defaults.connectTo;
  const passwordFile = patch['password-file'] ?? defaults.passwordFile;
  return {
    warning: patch.warning ?? defaults.warning,
    critical: patch.critical ?? defaults.critical,
    graceMs: patch.grace ?? defaults.graceMs,
    timeoutMs: patch.timeout ?? defaults.timeoutMs,
    retries: patch.retries ?? defaults.retries,
    confirm: patch.confirm ?? defaults.confirm,
    allAddresses: patch['all-addresses'] ?? defaults.allAddresses,
    family: patch.family ?? defaults.family,
    trust: patch.trust ?? defaults.trust,
    caFiles: patch['ca-file'] ?? defaults.caFiles,
    revocation: patch.revocation ?? defaults.revocation,
    unreachable: patch.unreachable ?? defaults.unreachable,
    ...(connectTo && { connectTo }),
    expect: resolveExpectations(patch, defaults.expect),
    ...(passwordFile !== undefined && { passwordFile }),
    labels: patch.label ? { ...defaults.labels, ...patch.label } : defaults.labels,
  };
}

/** Not part of `TargetSettings`: they make the target itself. */
const OF_THE_ENDPOINT: ReadonlySet<SettingKey> = new Set<SettingKey>(['name', 'port', 'starttls', 'servername']);

function resolveExpectations(patch: SettingPatch, defaults: Expectations): Expectations {
  const issuer = patch['expect-issuer'] ?? defaults.issuer;
  const fingerprints = patch['expect-fingerprint'] ?? defaults.fingerprints;
  const spkiFingerprints = patch['expect-key'] ?? defaults.spkiFingerprints;
  const file = patch['expect-file'] ?? defaults.file;
  return {
    ...(issuer !== undefined && { issuer }),
    ...(fingerprints && { fingerprints }),
    ...(spkiFingerprints && { spkiFingerprints }),
    ...(file !== undefined && { file }),
  };
}

/** `settings`, spelled out as a patch. */
export function patchOf(settings: TargetSettings): SettingPatch {
  const { connectTo, expect, passwordFile } = settings;
  return {
    warning: settings.warning,
    critical: settings.critical,
    grace: settings.graceMs,
    timeout: settings.timeoutMs,
    retries: settings.retries,
    confirm: settings.confirm,
    'all-addresses': settings.allAddresses,
    family: settings.family,
    trust: settings.trust,
    'ca-file': settings.caFiles,
    revocation: settings.revocation,
    unreachable: settings.unreachable,
    ...(connectTo && { 'connect-to': connectTo }),
    ...(expect.issuer !== undefined && { 'expect-issuer': expect.issuer }),
    ...(expect.fingerprints && { 'expect-fingerprint': expect.fingerprints }),
    ...(expect.spkiFingerprints && { 'expect-key': expect.spkiFingerprints }),
    ...(expect.file !== undefined && { 'expect-file': expect.file }),
    ...(passwordFile !== undefined && { 'password-file': passwordFile }),
    label: settings.labels,
  };
}

/** What `settings` say over `defaults`, as `key=value` texts, unquoted; read back, they give the same settings. */
export function formatDifferences(settings: TargetSettings, defaults: TargetSettings): readonly string[] {
  if (settings === defaults) return [];
  const base = patchOf(defaults);
  return Object.entries(patchOf(settings)).flatMap(([key, value]) => {
    const texts = formatSetting(key as SettingKey, value);
    const before = base[key as SettingKey];
    const known = before === undefined ? [] : formatSetting(key as SettingKey, before);
    if (key === 'label') return texts.filter((text) => !known.includes(text)).map((text) => `label=${text}`);
    return texts.join('\0') === known.join('\0') ? [] : texts.map((text) => `${key}=${text}`);
  });
}

export function formatSetting<K extends SettingKey>(key: K, value: SettingValues[K]): readonly string[] {
  return settingOf(key).format(value as never);
}
