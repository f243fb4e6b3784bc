/**
 * Reads a config file: every error of it, each with file, line and column. Loads `yaml` and `zod`: import it only where a
 * config file is there, or a `config` command runs.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { err, ok, type Result } from '../model/result.ts';
import type { InputError } from '../model/target.ts';
import { quote } from '../targets/nearest.ts';
import { placeIn } from '../targets/parse-target.ts';
import { settingsFor } from '../targets/resolve-settings.ts';
import type { SettingKey } from '../targets/setting.ts';
import type { Config } from './config.ts';
import { type ConfigValues, configSchema } from './config-schema.ts';
import type { SettingsLayer } from './resolve-run.ts';
import { RUN_KEYS, type RunKey } from './run-settings.ts';
import { SECRET_KEYS } from './secret.ts';
import { usablePart } from './usable-part.ts';
import { FileReference, type Path, type Plain, readYaml, type YamlSource } from './yaml-source.ts';

const LARGEST_CONFIG = 16 * 1024 * 1024;
const LARGEST_SECRET = 64 * 1024;

/** Whether the disk under files answers, in the time that there is for it (`files/answering.ts`). */
export type Answers = (paths: readonly string[]) => Promise<boolean>;

/**
 * What is wrong in single entries of `targets:` and `certificates:`, or in `acme:`, comes beside what stands; anything else
 * is an error of the whole file.
 * @param path as given; origins call the file so.
 * @param answers asked before a file is touched, where nobody could end this process from outside.
 */
export async function loadConfig(path: string, answers?: Answers): Promise<Result<Config, readonly InputError[]>> {
  // As `--config "$UNSET"` comes to.
  if (path === '') return err([{ origin: 'config', message: 'expected the path of a config file, got ""' }]);
  const file = await readSmallFile(path, LARGEST_CONFIG, answers);
  if (!file.ok) return err([{ origin: path, message: `the config ${file.error}` }]);
  const folder = dirname(path);
  return readConfig(file.value.text, { name: path, folder, mode: file.value.mode, ...(answers ? { answers } : {}) });
}

export interface ConfigTextOptions {
  readonly name: string;
  readonly folder: string;
  /** The file's permission bits; absent: not known, and no hint is given. */
  readonly mode?: number;
  readonly answers?: Answers;
}

/** As `loadConfig`, from a text. Files that `!file` names are read. */
export async function readConfig(
  text: string,
  { name, folder, mode = 0, answers }: ConfigTextOptions,
): Promise<Result<Config, readonly InputError[]>> {
  const source = readYaml(text, name);
  if (source.errors.length > 0) return err(source.errors);
  const place = placeIn(folder);
  const found = findSecrets(source.value, []);
  const secrets = new Map<string, Result<string, string>>();
  const hints: InputError[] = [];
  for (const { path, value } of found) {
    const origin = source.originOf(path);
    if (value instanceof FileReference) {
      const file = await readSmallFile(place(value.path), LARGEST_SECRET, answers);
      secrets.set(value.path, file.ok ? ok(file.value.text) : err(`the file ${quote(value.path)} ${file.error}`));
      if (file.ok) hints.push(...modeHint(file.value.mode, value.path, origin));
    } else hints.push(...modeHint(mode, name, origin));
  }
  const usable = usablePart(configSchema({ place, secrets }), source);
  if (!usable.ok) return usable;
  const { values, targetPlaces, ...broken } = usable.value;
  const { targets, lists, acme, certificates } = values;
  return ok({
    name,
    folder,
    layer: layerOf(values, source),
    targets: targets.map((line, i) => ({ line, origin: source.originOf(['targets', targetPlaces[i]!]) })),
    lists,
    acme,
    certificates,
    ...broken,
    hints,
    source,
  });
}

function layerOf({ defaults, run }: ConfigValues, source: YamlSource): SettingsLayer {
  const origins = new Map<SettingKey | RunKey, string>();
  for (const { key, configKey } of settingsFor('defaults')) {
    if (defaults[key] !== undefined) origins.set(key, source.originOf(['defaults', configKey ?? key]));
  }
  for (const key of RUN_KEYS) if (run[key] !== undefined) origins.set(key, source.originOf([key]));
  return { defaults, run, origins };
}

interface FoundSecret {
  readonly path: Path;
  readonly value: Plain;
}

function findSecrets(value: Plain, path: Path): FoundSecret[] {
  if (typeof value !== 'object' || value === null || value instanceof FileReference) {
    return SECRET_KEYS.has(String(path.at(-1))) && value !== null ? [{ path, value }] : [];
  }
  const entries: [string | number, Plain][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inner]) => findSecrets(inner, [...path, key]));
}

/** Group and others: a secret is nobody's but its owner's. */
function modeHint(mode: number, path: string, origin: string): InputError[] {
  if ((mode & 0o077) === 0) return [];
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  return [{ origin, message: `${quote(path)} holds a secret that others may read (mode ${shown}): chmod 600 ${path}` }];
}

/** A regular file only: a pipe could keep the run waiting for ever. The error goes on after the file's name. */
async function readSmallFile(
  path: string,
  largest: number,
  answers?: Answers,
): Promise<Result<{ text: string; mode: number }, string>> {
  if (answers && !(await answers([path]))) return err('could not be read in time: its disk does not answer');
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (!stats.isFile()) return err(`is ${stats.isDirectory() ? 'a folder' : 'no regular file'}`);
    if (stats.size > largest) return err(`has more than ${largest} bytes`);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
    return ok({ text, mode: stats.mode & 0o777 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return err('is not there');
    if (code === 'EACCES') return err('may not be read (permission denied)');
    return err(
      code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'is not UTF-8' : `cannot be read (${code ?? 'unknown error'})`,
    );
  } finally {
    await handle?.close();
  }
}
