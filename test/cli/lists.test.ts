/**
 * Transcripts: lists of targets, and what is wrong in them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NOW_FLAG, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('www', 'api', 'blog', 'mail');
});
afterAll(() => scene[Symbol.asyncDispose]());

const FLAGS = [...NOW_FLAG, '--ca-file', 'root.pem'];
const check = (args: readonly string[], stdin?: string) =>
  scene.show(['check', ...args, ...FLAGS], stdin === undefined ? {} : { stdin });

/** Names and statuses in input order, errors of input, exit status. */
async function results(args: readonly string[], stdin?: string) {
  const options = stdin === undefined ? {} : { stdin };
  const { report, status } = await scene.report(['check', ...args, ...FLAGS], options);
  return {
    names: report.results.map((result: { target: { name: string } }) => result.target.name),
    errors: (report.run.errors ?? []).map(({ origin }: { origin: string }) => origin),
    status,
  };
}

test('a typo: list and line are named, the others scanned, UNKNOWN at best', async () => {
  await scene.folder.write(
    'typo.txt',
    `# the shop\n${scene.line('www')}\nwww.shop.example prot=443\n${scene.line('api')}\n`,
  );
  expect(await check(['-f', 'typo.txt'])).toMatchInlineSnapshot(`
    "OK  2 targets
      api  5d left        until 2026-11-29
      www  60d left       until 2027-01-23

    NOT UNDERSTOOD  1
      typo.txt:3: there is no option "prot=" (did you mean "port"?)

    2 targets in TIME: 2 ok. 1 not understood. Exit status 3: UNKNOWN.
    ! certwatch: typo.txt:3: there is no option "prot=" (did you mean "port"?)
    exit 3"
  `);
});

test('a typo beside something critical: CRITICAL', async () => {
  await scene.folder.write('typo2.txt', `${scene.line('mail')}\nwww.shop.example:99999\n`);
  expect(await results(['-f', 'typo2.txt'])).toEqual({ names: ['mail'], errors: ['typo2.txt:2'], status: 2 });
});

test.each([
  ['', 'empty'],
  ['# nothing yet\n\n   # nor here\n', 'comments'],
])('an empty list (%j)', async (text, name) => {
  await scene.folder.write(`${name}.txt`, text);
  expect(await check(['-f', `${name}.txt`])).toMatchSnapshot();
});

test('an empty list beside one that is not: UNKNOWN at best', async () => {
  await scene.folder.write('empty.txt', '');
  await scene.folder.write('one.txt', scene.line('www'));
  expect(await results(['-f', 'empty.txt', '-f', 'one.txt'])).toEqual({
    names: ['www'],
    errors: ['empty.txt'],
    status: 3,
  });
});

test('a list that is not there', async () => {
  expect(await check(['-f', 'no-such-list.txt', scene.line('www')])).toMatchInlineSnapshot(`
    "OK  1 target
      www  60d left       until 2027-01-23

    NOT UNDERSTOOD  1
      no-such-list.txt: cannot be read as a list of targets (there is no such file)

    1 target in TIME: 1 ok. 1 not understood. Exit status 3: UNKNOWN.
    ! certwatch: no-such-list.txt: cannot be read as a list of targets (there is no such file)
    exit 3"
  `);
});

test('what is no list at all gets one sentence', async () => {
  expect(await check(['-f', 'root.pem'])).toMatchInlineSnapshot(`
    "NOT UNDERSTOOD  1
      root.pem:1: this is a PEM file, not a list of targets: name it as file:PATH

    Nothing was checked. 1 not understood. Exit status 3: UNKNOWN.
    ! certwatch: root.pem:1: this is a PEM file, not a list of targets: name it as file:PATH
    exit 3"
  `);
});

test('several lists, the standard input, words of the command line', async () => {
  await scene.folder.write('a.txt', `${scene.line('www')}\r\n`);
  await scene.folder.write('b.txt', `\ufeff${scene.line('api')} # on its own machine`);
  const { names, errors, status } = await results(
    ['-f', 'a.txt', '-f', '-', '-f', 'b.txt', '-f', '-', scene.line('blog')],
    scene.line('mail'),
  );
  expect([names, errors, status]).toEqual([['blog', 'www', 'mail', 'api'], [], 2]);
});

test('an empty standard input', async () => {
  expect(await check(['-f', '-'], '')).toMatchInlineSnapshot(`
    "NOT UNDERSTOOD  1
      standard input: there is no target in this list

    Nothing was checked. 1 not understood. Exit status 3: UNKNOWN.
    ! certwatch: standard input: there is no target in this list
    exit 3"
  `);
});

test('what is the same in every respect comes once; under another name, or with another option, it is another', async () => {
  const www = scene.line('www');
  const list = [www, www, `${www}  # again`, www.replace('name=www', 'name=web'), `${www} warning=80d`].join('\n');
  await scene.folder.write('twice.txt', list);
  expect(await results(['-f', 'twice.txt', www])).toMatchObject({ names: ['www', 'web', 'www'], status: 1 });
});

describe('options of a line', () => {
  test('warning=, critical=: its own thresholds', async () => {
    const list = [
      scene.line('www', 'warning=70d'),
      scene.line('api', 'critical=5d'),
      scene.line('blog', 'warning=19d'),
    ];
    await scene.folder.write('thresholds.txt', list.join('\n'));
    expect(await check(['-f', 'thresholds.txt'])).toMatchInlineSnapshot(`
      "CRITICAL  1 target
        api  5d left        until 2026-11-29
          expires-soon: The certificate expires in 5d, on 2026-11-29 08:59 UTC (critical from 5d
            before).
          → Renewal has not happened: run it by hand now, read what it says, then reload the server.

      WARNING  1 target
        www  60d left       until 2027-01-23
          renewal-due: The certificate should have been renewed by now: 60d left, until 2027-01-23 08:59
            UTC (due from 70d before).
          → See why automation has not renewed it (its log, its timer), or renew it by hand and reload
            the server.

      OK  1 target
        blog  20d left       until 2026-12-14  renewal-open

      3 targets in TIME: 1 critical, 1 warning, 1 ok. Exit status 2: CRITICAL.
      exit 2"
    `);
  });

  test('servername=: asked for and matched', async () => {
    const at = `connect-to=127.0.0.1:${scene.port('www')}`;
    const list = [`front.shop.example ${at} servername=www.shop.example`, `front.shop.example ${at} name=bare`];
    await scene.folder.write('names.txt', list.join('\n'));
    expect(await check(['-f', 'names.txt'])).toMatchInlineSnapshot(`
      "CRITICAL  1 target
        bare  60d left       until 2027-01-23
          hostname-mismatch: The certificate is not for "front.shop.example", but for
            "www.shop.example".
          → Install the certificate for "front.shop.example" where this name is served, or have it
            reissued with that name; reload the server.

      OK  1 target
        front.shop.example  60d left       until 2027-01-23

      2 targets in TIME: 1 critical, 1 ok. Exit status 2: CRITICAL.
      exit 2"
    `);
  });

  test('a line beats the command line', async () => {
    await scene.folder.write('beats.txt', `${scene.line('www', 'warning=1d')}\n${scene.line('api')}\n`);
    expect(await results(['-f', 'beats.txt', '-w', '80d'])).toMatchObject({ names: ['www', 'api'], status: 1 });
    await scene.folder.write('beats-all.txt', `${scene.line('www', 'warning=1d')}\n`);
    expect(await results(['-f', 'beats-all.txt', '-w', '80d'])).toMatchObject({ status: 0 });
  });
});

test('--shard: each target in one part, the same one every time', async () => {
  const list = ['www', 'api', 'blog', 'mail'] as const;
  await scene.folder.write('shard.txt', list.map((name) => scene.line(name)).join('\n'));
  const parts = await Promise.all([1, 2].map((part) => results(['-f', 'shard.txt', '--shard', `${part}/2`])));
  const again = await results(['-f', 'shard.txt', '--shard', '2/2']);
  expect(parts.flatMap(({ names }) => names).sort()).toEqual([...list].sort());
  expect(again.names).toEqual(parts[1]!.names);
  const one = await Promise.all([1, 2].map((part) => check([scene.line('www'), '--shard', `${part}/2`])));
  expect(
    one.filter((text) => /--shard \d\/2: this part is empty: the only target is in others[\s\S]*exit 3$/.test(text)),
  ).toHaveLength(1);
  expect(await check(['-f', 'shard.txt', '--shard', '3/2'])).toMatchInlineSnapshot(`
    "! certwatch: command line: --shard: expected a shard I/N such as 1/3, with I from 1 to N and N up to 10000, got "3/2"
    exit 3"
  `);
});

test('a config with a slip in one target: the others are watched', async () => {
  await scene.folder.write(
    'slip.yaml',
    `defaults: { ca-file: root.pem }\ntargets:\n  - ${scene.line('www')}\n  - { host: x.shop.example, timout: 1s }\n`,
  );
  expect(await scene.show(['check', '--config', 'slip.yaml', ...NOW_FLAG])).toMatchInlineSnapshot(`
    "OK  1 target
      www  60d left       until 2027-01-23

    NOT UNDERSTOOD  1
      slip.yaml:4:29: there is no key "timout" in targets[1] (did you mean "timeout"?)

    1 target in TIME: 1 ok. 1 not understood. Exit status 3: UNKNOWN.
    ! certwatch: slip.yaml:4:29: there is no key "timout" in targets[1] (did you mean "timeout"?)
    exit 3"
  `);
  expect(await scene.show(['config', 'check', 'slip.yaml'])).toMatchInlineSnapshot(`
    "! certwatch: slip.yaml:4:29: there is no key "timout" in targets[1] (did you mean "timeout"?)
    exit 3"
  `);
});

test('a path that is empty, as of a variable that is not set, is named as such', async () => {
  const { stderr, status } = await scene.run(['check', '-f', '', scene.line('www'), ...FLAGS]);
  expect([stderr, status]).toEqual(['certwatch: command line: --file: expected the path of a list, got ""\n', 3]);
  const config = await scene.run(['check', '--config', '', scene.line('www'), ...FLAGS]);
  expect([config.stderr, config.status]).toEqual([
    'certwatch: config: expected the path of a config file, got ""\n',
    3,
  ]);
});
