/**
 * Transcripts: help, bad usage, the config commands, colour.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NOW_FLAG, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('www', 'docs');
});
afterAll(() => scene[Symbol.asyncDispose]());

describe('bad usage: a sentence, exit 3, nothing on the standard output', () => {
  test.each([
    [['check']],
    [['chekc', 'example.org']],
    [['example.org']],
    [['check', '--timout', '3s', 'example.org']],
    [['check', '-t', '10', 'example.org']],
    [['check', '-w', '133%', 'example.org']],
    [['check', '-j', '0', 'example.org']],
    [['check', '--trust', 'mozila', 'example.org']],
    [['check', '--starttls', 'smpt', 'example.org']],
    [['check', '--now', 'yesterday', 'example.org']],
    [['check', '--resolver', 'dns.example', 'example.org']],
    [['check', '-4', '-6', 'example.org']],
    [['check', '-w']],
    [['check', '--config', 'missing.yaml']],
    [['config', 'check', 'missing.yaml']],
    [['config', 'chekc']],
  ])('%j', async (args) => {
    // Commands may be added.
    const text = (await scene.show(args)).replace(/expected one of check(, [a-z]+)+/, 'expected one of COMMANDS');
    expect(text).toMatch(/^! certwatch: [\s\S]*exit 3$/);
    expect(text).toMatchSnapshot();
  });
});

test('a target that cannot be parsed: the others are looked at', async () => {
  const flags = [...NOW_FLAG, '--ca-file', 'root.pem'];
  const targets = ['www.shop.example:99999', 'htps://x.example', '-f', '-'];
  expect(await scene.show(['check', ...targets, ...flags], { stdin: scene.line('www') })).toMatchInlineSnapshot(`
    "OK  1 target
      www  60d left       until 2027-01-23

    NOT UNDERSTOOD  2
      command line: expected a port from 1 to 65535 after the host, got "99999" in
        "www.shop.example:99999"
      command line: expected a known scheme such as https, smtp or imaps, got "htps" (did you mean
        "https"?)

    1 target in TIME: 1 ok. 2 not understood. Exit status 3: UNKNOWN.
    ! certwatch: command line: expected a port from 1 to 65535 after the host, got "99999" in "www.shop.example:99999"
    ! certwatch: command line: expected a known scheme such as https, smtp or imaps, got "htps" (did you mean "https"?)
    exit 3"
  `);
});

describe('help', () => {
  test.each([['--help'], ['check', '--help'], ['show', '-h'], ['config', '--help'], ['help', 'check']])(
    '%s %s',
    async (...args) => {
      const { stdout, stderr, status } = await scene.run(args.filter(Boolean));
      expect(stdout).toMatch(/^Usage: certwatch /);
      expect([stderr, status]).toEqual(['', 0]);
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    },
  );

  test('nothing at all shows the help, as an error', async () => {
    const { stdout, stderr, status } = await scene.run([]);
    expect([stdout, status]).toEqual(['', 3]);
    expect(stderr).toMatch(/^Usage: certwatch /);
  });

  test('--version', async () => {
    expect(await scene.show(['--version'])).toMatch(/^certwatch \d+\.\d+\.\d+\nexit 0$/);
  });
});

describe('config', () => {
  test('init prints a file that is right, and that a check takes', async () => {
    const { stdout } = await scene.run(['config', 'init']);
    await scene.folder.write('init/certwatch.yaml', stdout);
    expect(await scene.show(['config', 'check'], { cwd: scene.folder.at('init') })).toMatch(
      / is right: [\s\S]*exit 0$/,
    );
  });

  test('check names every error with its place', async () => {
    await scene.folder.write(
      'bad.yaml',
      'defaults:\n  timeout: 10\n  warnign: 3d\nlists: hosts.txt\nconcurrency: many\n',
    );
    expect(await scene.show(['config', 'check', 'bad.yaml'])).toMatchInlineSnapshot(`
      "! certwatch: bad.yaml:2:12: defaults.timeout: expected a duration such as 30d, 12h, 90m, 10s or 1d12h, got "10" (a bare number has no unit: "10d" or "10s"?)
      ! certwatch: bad.yaml:3:3: there is no key "warnign" in defaults (did you mean "warning"?)
      ! certwatch: bad.yaml:5:14: concurrency: expected a whole number from 1 to 4096, got "many"
      exit 3"
    `);
    expect(await scene.show(['check', '--config', 'bad.yaml', scene.line('www')])).toMatch(/^! [\s\S]*exit 3$/);
  });

  test('show says what is in force and where it came from, and is a config itself', async () => {
    await scene.folder.write('good.yaml', 'defaults: { timeout: 3s }\ntargets: [ example.org ]\nconcurrency: 8\n');
    const { stdout } = await scene.run(['config', 'show', '--config', 'good.yaml', '-w', '20d']);
    expect(stdout.split('\n').filter((line) => !line.endsWith('# default'))).toMatchInlineSnapshot(`
      [
        "# effective settings, from good.yaml",
        "",
        "defaults:",
        "  warning: 20d # command line",
        "  timeout: 3s # good.yaml:1:22",
        "concurrency: 8 # good.yaml:3:14",
        "format:",
        "targets:",
        "  - example.org # good.yaml:2:12",
        "",
      ]
    `);
    await scene.folder.write('shown.yaml', stdout);
    expect(await scene.show(['config', 'check', 'shown.yaml'])).toMatch(/exit 0$/);
  });

  test('schema', async () => {
    const { stdout } = await scene.run(['config', 'schema']);
    expect(Object.keys(JSON.parse(stdout).properties)).toContain('targets');
  });

  test('the config of the folder is used where nothing is named', async () => {
    const text = `defaults: { ca-file: ../root.pem }\ntargets: [ "${scene.line('www')}" ]\nlists: [ docs.txt ]\nquiet: yes\n`;
    await scene.folder.write('own/certwatch.yaml', text);
    await scene.folder.write('own/docs.txt', scene.line('docs'));
    const run = (...args: string[]) => scene.show(['check', ...NOW_FLAG, ...args], { cwd: scene.folder.at('own') });
    expect(await run()).toMatch(/^CRITICAL {2}1 target\n {2}docs [\s\S]*2 targets in TIME[\s\S]*exit 2$/);
    expect(await run(scene.line('www'))).toBe('exit 0');
  });
});

test.each([
  ['CERTWATCH_SCANNER', '1'],
  ['CERTWATCH_SCANNER', '1:3'],
  ['CERTWATCH_WRITER', 'yes'],
])('%s=%s set by hand: a sentence', async (name, value) => {
  const ended = await scene.run(['check', scene.line('docs')], { env: { [name]: value } });
  expect(ended).toMatchObject({ status: 3, stdout: '' });
  expect(ended.stderr).toMatch(/^certwatch: the environment has CERTWATCH_SCANNER or CERTWATCH_WRITER, .* unset it\n$/);
});

describe('colour', () => {
  const escapes = async (env: Record<string, string>, ...args: string[]) => {
    const { stdout } = await scene.run(['check', scene.line('docs'), ...NOW_FLAG, '--ca-file', 'root.pem', ...args], {
      env,
    });
    return stdout.includes('\x1b[');
  };

  test.each([
    ['no terminal', {}, [], false],
    ['FORCE_COLOR', { FORCE_COLOR: '1' }, [], true],
    ['FORCE_COLOR=0', { FORCE_COLOR: '0' }, [], false],
    ['NO_COLOR beats FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, [], false],
    ['--no-color beats FORCE_COLOR', { FORCE_COLOR: '1' }, ['--no-color'], false],
    ['a format for programs', { FORCE_COLOR: '1' }, ['--format', 'nagios'], false],
  ])('%s', async (_, env, args, colour) => {
    expect(await escapes(env as Record<string, string>, ...args)).toBe(colour);
  });
});
