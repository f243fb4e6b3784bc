/**
 * Where the config file is looked for, when `--config` names none. Light: nothing that reads a config is loaded here.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';

export const CONFIG_NAME = 'certwatch.yaml';

interface Environment {
  readonly [name: string]: string | undefined;
}

/** The paths that are tried, first match wins. An XDG folder that is not absolute is ignored, as its specification says. */
export function configSearchPath(env: Environment): readonly string[] {
  const xdg = env.XDG_CONFIG_HOME?.startsWith('/') ? env.XDG_CONFIG_HOME : undefined;
  const home = xdg ?? (env.HOME ? join(env.HOME, '.config') : undefined);
  return [CONFIG_NAME, ...(home ? [join(home, 'certwatch', CONFIG_NAME)] : []), `/etc/certwatch/${CONFIG_NAME}`];
}

/**
 * @param folder relative paths are tried in it: the working directory.
 * @returns the path of the first file that is there, readable or not (one that cannot be read is an error to report, not
 * one to pass over); `undefined` where there is none.
 */
export function locateConfig({ env, folder }: { env: Environment; folder: string }): string | undefined {
  return configSearchPath(env).find((path) => isThere(path.startsWith('/') ? path : join(folder, path)));
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOTDIR';
  }
}
