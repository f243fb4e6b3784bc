/**
 * `config check` beyond the file itself: what it names and is not there, and what `renew` would refuse.
 */
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { checkConfig } from '../../src/config/check-config.ts';
import { lookUp } from '../../src/files/look-up.ts';
import { tempFolder } from '../support/temp-folder.ts';

const WHOLE = `state: ./state
defaults: { ca-file: ./root.pem }
targets:
  - "a.example ca-file=root.pem"
  - { file: ./a.p12, password-file: ./pass }
lists: [ ./hosts.txt ]
acme:
  directory: "https://ca.example/dir"
  ca-file: ./root.pem
  account: { key: ./account.pem }
  staging: { directory: "https://ca.example/trials", ca-file: ./root.pem }
  fallback: { directory: "https://cb.example/dir", ca-file: ./root.pem }
certificates:
  - name: web
    domains: a.example
    challenge: { http-01: { webroot: ./html } }
    live: ./live/web
    reload: [ ./reload ]
    acme: { ca-file: ./root.pem }
  - name: hook
    domains: b.example
    challenge: { dns-01: { present: [ ./dns, add ], cleanup: [ ./dns, remove ] } }
    live: ./live/hook
    reload: { shell: ./no-word-about-this }
    verify: [ "b.example:443 ca-file=root.pem" ]
  - name: update
    domains: c.example
    challenge: { dns-01: { rfc2136: { server: 192.0.2.1, key-file: ./tsig.key } } }
    live: ./live/update
    reload: [ systemctl, reload, nginx ]
`;

const FILES = ['root.pem', 'hosts.txt', 'account.pem', 'tsig.key', 'pass'];
const PROGRAMS = ['reload', 'dns'];

async function scene(text: string, without: readonly string[] = []) {
  const folder = await tempFolder('surroundings');
  for (const name of [...FILES, ...PROGRAMS]) if (!without.includes(name)) await folder.write(name, '#!/bin/sh\n');
  for (const name of PROGRAMS) if (!without.includes(name)) await chmod(folder.at(name), 0o755);
  if (!without.includes('html')) await mkdir(folder.at('html'));
  const path = await folder.write('c.yaml', text);
  const errors = async ({ strict = true } = {}) => {
    const checked = await checkConfig(path, { strict });
    return checked.ok
      ? []
      : checked.error.map(({ origin, message }) => `${origin.replace(/.*c\.yaml:/, '')} ${message}`);
  };
  return { folder, path, errors, [Symbol.asyncDispose]: () => folder.remove() };
}

test('all is there', async () => {
  await using s = await scene(WHOLE);
  expect(await s.errors()).toEqual([]);
});

test.each([
  ['hosts.txt', [/^6:10 lists\[0\]: the list ".*hosts\.txt" is not there/]],
  ['html', [/^16:38 .*http-01\.webroot: the folder ".*html" is not there/]],
  ['account.pem', [/^10:19 acme\.account\.key: the file/]],
  ['tsig.key', [/^28:68 .*rfc2136\.key-file: the file/]],
  ['pass', [/^5:5 .*password-file: the file/]],
  ['reload', [/^18:13 .*reload: the program ".*\/reload" is not there/]],
  ['dns', [/^22:37 .*dns-01\.present: the program/, /^22:62 .*dns-01\.cleanup: the program/]],
  [
    'root.pem',
    [
      /^2:22 defaults\.ca-file/,
      /^4:5 a\.example: ca-file/,
      /^9:12 acme\.ca-file/,
      /^11:63 acme\.staging\.ca-file/,
      /^12:61 acme\.fallback\.ca-file/,
      /^19:22 certificates\[0\]\.acme\.ca-file/,
      /^25:13 b\.example:443: ca-file/,
    ],
  ],
] as const)('without %s', async (name, expected) => {
  await using s = await scene(WHOLE, [name]);
  expect(await s.errors()).toEqual(expected.map((each) => expect.stringMatching(each)));
  // Told in any case; the file may be for another machine.
  const told = await checkConfig(s.path);
  const [first, ...warnings] = told.ok ? told.value.trimEnd().split('\n') : [];
  expect(first).toMatch(/ is right: /);
  expect(warnings).toHaveLength(expected.length);
  for (const warning of warnings) expect(warning).toMatch(/c\.yaml:\d+:\d+: warning: /);
});

test('a file in place of a folder, a folder in place of a file, a program that may not be run', async () => {
  await using s = await scene(WHOLE, ['html', 'hosts.txt']);
  await s.folder.write('html', '');
  await mkdir(s.folder.at('hosts.txt'));
  await chmod(s.folder.at('reload'), 0o644);
  expect(await s.errors()).toEqual([
    expect.stringMatching(/^6:10 .*is something else/),
    expect.stringMatching(/^16:38 .*is something else/),
    expect.stringMatching(/^18:13 .*may not be run/),
  ]);
});

test('without a state folder, and a wildcard that nothing says where it is served', async () => {
  await using s = await scene(`certificates:
  - { name: a, command: [ 'true' ], live: ./live/a }
  - { name: b, command: [ 'true' ], live: ./live/b, domains: "*.b.example" }
  - { name: c, command: [ 'true' ], live: ./live/c, domains: [ "*.c.example", c.example ] }
  - { name: d, command: [ 'true' ], live: ./live/d, domains: "*.d.example", verify: [ d.example ] }
`);
  expect(await s.errors({ strict: false })).toEqual([
    expect.stringMatching(/^1:1 certificates need state/),
    expect.stringMatching(/^2:5 certificates\[0\]: expected verify/),
    expect.stringMatching(/^3:5 certificates\[1\]: expected verify/),
  ]);
});

test('look-ups: in order, links followed, more than one shell takes; one that does not answer is told, and ends it', async () => {
  await using folder = await tempFolder('look-up');
  const file = await folder.write('a file', '');
  await symlink('nowhere', folder.at('link'));
  const asked = [
    { kind: 'file', path: file },
    { kind: 'folder', path: file },
    { kind: 'folder', path: folder.path },
    { kind: 'file', path: folder.at('link') },
    { kind: 'file', path: folder.at('no', 'such', 'folder') },
    { kind: 'file', path: '-e' },
    { kind: 'program', path: file },
  ] as const;
  const many = Array.from({ length: 60 }, () => asked).flat();
  const seen = await lookUp(many, 10_000);
  const words = ['right', 'of-another-kind', 'right', 'absent', 'absent', 'absent', 'not-executable'];
  expect(seen).toEqual(Array.from({ length: 60 }, () => words).flat());
  expect(await lookUp(many.slice(0, 3), 0)).toEqual(['no-answer', 'right', 'right']);
});
