import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configSearchPath, locateConfig } from '../../src/config/locate.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('configSearchPath', () => {
  it.each([
    [{ HOME: '/home/a' }, '/home/a/.config/certwatch/certwatch.yaml'],
    [{ HOME: '/home/a', XDG_CONFIG_HOME: '/x' }, '/x/certwatch/certwatch.yaml'],
    [{ HOME: '/home/a', XDG_CONFIG_HOME: 'relative' }, '/home/a/.config/certwatch/certwatch.yaml'],
    [{ HOME: '/home/a', XDG_CONFIG_HOME: '' }, '/home/a/.config/certwatch/certwatch.yaml'],
  ])('%j', (env, own) => {
    expect(configSearchPath(env)).toEqual(['certwatch.yaml', own, '/etc/certwatch/certwatch.yaml']);
  });

  it('does without a home', () => {
    expect(configSearchPath({})).toEqual(['certwatch.yaml', '/etc/certwatch/certwatch.yaml']);
  });
});

describe('locateConfig', () => {
  it('finds the first that is there', async () => {
    await using folder = await tempFolder('locate');
    const env = { XDG_CONFIG_HOME: folder.at('xdg') };
    await folder.write('xdg/certwatch/certwatch.yaml', '');
    expect(locateConfig({ env, folder: folder.path })).toBe(folder.at('xdg/certwatch/certwatch.yaml'));
    await folder.write('certwatch.yaml', '');
    expect(locateConfig({ env, folder: folder.path })).toBe('certwatch.yaml');
  });

  it('finds nothing, and passes over what cannot be a folder', async () => {
    await using folder = await tempFolder('locate');
    await folder.write('xdg', 'a file');
    const found = locateConfig({ env: { XDG_CONFIG_HOME: folder.at('xdg') }, folder: folder.path });
    // A machine may have a config of its own.
    expect([undefined, '/etc/certwatch/certwatch.yaml']).toContain(found);
  });

  it('does not pass over one that cannot be read: that is an error to report', async () => {
    await using folder = await tempFolder('locate');
    await mkdir(join(folder.path, 'certwatch.yaml'));
    expect(locateConfig({ env: {}, folder: folder.path })).toBe('certwatch.yaml');
  });
});
