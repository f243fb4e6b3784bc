import { chmod, mkdir } from 'node:fs/promises';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../src/config/check-config.ts';
import { type Config, configTargets } from '../../src/config/config.ts';
import { loadConfig, readConfig } from '../../src/config/load-config.ts';
import { resolveRun } from '../../src/config/resolve-run.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { DESIGN } from './samples.ts';

async function errorsOf(text: string): Promise<string[]> {
  const config = await readConfig(text, { name: 'c.yaml', folder: '/etc/certwatch' });
  const errors = config.ok ? [...config.value.targetErrors, ...config.value.certificateErrors] : config.error;
  return errors.map(({ origin, message }) => `${origin.replace('c.yaml:', '')} ${message}`);
}

const targetsOf = (config: Config, resolved = resolveRun({})) =>
  configTargets(config, resolved).map((target) => {
    if (!target.ok) throw new Error(target.error.message);
    return target.value;
  });

async function read(text: string): Promise<Config> {
  const config = await readConfig(text, { name: 'c.yaml', folder: '/etc/certwatch' });
  if (!config.ok) throw new Error(config.error.map(({ origin, message }) => `${origin}: ${message}`).join('\n'));
  return config.value;
}

describe('a config that is right', () => {
  it('gives targets, lists and settings, with their places', async () => {
    const config = await read(DESIGN);
    const targets = targetsOf(config, resolveRun({ config: config.layer }));
    expect(targets).toMatchObject([
      { kind: 'endpoint', host: 'example.org', port: 443, origin: 'c.yaml:4:5', settings: { timeoutMs: 8_000 } },
      {
        host: 'mail.example.org',
        port: 25,
        protocol: 'smtp',
        name: 'mail.example.org:25',
        origin: 'c.yaml:5:5',
        settings: {
          timeoutMs: 8_000,
          warning: { kind: 'duration', ms: 21 * 86_400_000 },
          labels: { env: 'prod', team: 'mail', version: '1.10' },
        },
      },
      { kind: 'file', path: '/etc/certwatch/certs/*.pem', name: 'certs/*.pem' },
    ]);
    expect(config.lists).toEqual(['/etc/certwatch/hosts.txt']);
    expect(config.layer.run).toEqual({
      state: '/var/lib/certwatch',
      format: [{ format: 'human' }, { format: 'json', file: '/etc/certwatch/out.json' }],
    });
    expect(Object.fromEntries(config.layer.origins)).toEqual({
      timeout: 'c.yaml:2:22',
      warning: 'c.yaml:2:35',
      'ca-file': 'c.yaml:2:50',
      label: 'c.yaml:2:70',
      format: 'c.yaml:9:9',
      state: 'c.yaml:8:8',
    });
  });

  it('gives what renewal needs, paths placed', async () => {
    const { acme, certificates } = await read(DESIGN);
    expect(acme).toMatchObject({
      directory: { name: 'letsencrypt', url: 'https://acme-v02.api.letsencrypt.org/directory' },
      'ca-file': '/etc/certwatch/private-root.pem',
      account: { contact: ['mailto:admin@example.org'], 'agree-tos': true },
    });
    expect(certificates).toMatchObject([
      {
        name: 'www',
        domains: ['example.org', 'www.example.org'],
        key: 'ec256',
        challenge: { 'http-01': { webroot: '/var/www/html' } },
        live: '/etc/certwatch/live/www',
        reload: { words: ['systemctl', 'reload', 'nginx'], shell: false },
        verify: [{ word: 'www.example.org:443' }],
        timeout: 300_000,
        acme: { profile: 'shortlived' },
      },
      {
        name: 'wild',
        domains: ['*.example.org'],
        challenge: { 'dns-01': { present: { words: ['/etc/certwatch/dns', 'add'], shell: false } } },
      },
      {
        name: 'upd',
        challenge: {
          'dns-01': { rfc2136: { server: { host: '192.0.2.53', port: 53 }, 'key-file': '/etc/certwatch/tsig.key' } },
        },
      },
      { name: 'alpn', challenge: { 'tls-alpn-01': { listen: { host: '0.0.0.0', port: 443 } } } },
      {
        name: 'legacy',
        command: { words: ['certbot', 'renew', '--cert-name', 'legacy'], shell: false },
        reload: { words: ['a | b'], shell: true },
      },
    ]);
  });

  it.each(['', '# nothing\n', '---\n', '{}'])('%j says nothing', async (text) => {
    const config = await read(text);
    expect(config).toMatchObject({ targets: [], lists: [], certificates: [], layer: { defaults: {}, run: {} } });
  });

  it('takes every spelling of a target', async () => {
    const config = await read(
      'targets: [smtp://mx.example, "x.example warning=3d", {host: "[2001:db8::1]:8443"}, {host: "2001:db8::1", port: 8443}, {file: a.pem, servername: x.example}]',
    );
    const targets = targetsOf(config);
    expect(targets.map(({ name, input }) => [name, input])).toEqual([
      ['smtp://mx.example', 'smtp://mx.example'],
      ['x.example', 'x.example warning=3d'],
      ['[2001:db8::1]:8443', '[2001:db8::1]:8443'],
      ['[2001:db8::1]:8443', '2001:db8::1 port=8443'],
      ['a.pem', 'file:a.pem servername=x.example'],
    ]);
  });

  it('is good for the other targets where single ones are none', async () => {
    const config = await read(
      'targets:\n  - a.example\n  - b.example:99999\n  - { host: c.example, timout: 1s }\n  - d.example\n',
    );
    expect(config.targets.map(({ line, origin }) => [line.word, origin])).toEqual([
      ['a.example', 'c.yaml:2:5'],
      ['d.example', 'c.yaml:5:5'],
    ]);
    expect(config.targetErrors).toEqual([
      { origin: 'c.yaml:3:5', message: expect.stringContaining('targets[1]') },
      { origin: 'c.yaml:4:24', message: expect.stringContaining('timeout') },
    ]);
    const made = configTargets(config, resolveRun({}));
    expect(made.map((target) => target.ok)).toEqual([false, false, true, true]);
  });

  it('is good for the other certificates where single ones are none, and for the targets in any case', async () => {
    const config = await read(`targets: [a.example]
acme: { account: { contact: a@shop.example } }
certificates:
  - { name: one, domains: one.example, challenge: { http-01: { webroot: /srv } }, live: /live/one }
  - name: two
    domains: "*.two.example"
    challenge: { http-01: { webroot: /srv } }
    live: /live/two
    acme: { account: { agree-tos: true } }
  - { name: three, command: [ "true" ], live: /live/three }
  - { name: three, command: [ "true" ], live: /live/four }
  - name: five
    domains: five.example
    challenge: { http-01: { webroot: /srv } }
    live: /live/five
    acme: { directory: "https://ca.example/dir" }
  - nonsense
`);
    expect(config.targets).toHaveLength(1);
    expect(config.certificates.map(({ name }) => name)).toEqual(['three', 'five']);
    expect(config.brokenCertificates.map(({ name, place, errors }) => [place, name, errors[0]?.origin])).toEqual([
      [0, 'one', 'c.yaml:4:5'],
      [1, 'two', 'c.yaml:6:14'],
      [3, 'three', 'c.yaml:11:13'],
      [5, 'certificates[5]', 'c.yaml:17:5'],
    ]);
    expect(config.certificateErrors.map(({ message }) => message)).toEqual([
      expect.stringContaining('agree-tos to be true: letsencrypt'),
      expect.stringContaining('dns-01'),
      expect.stringContaining('another certificate is named "three"'),
      expect.stringContaining('expected a map'),
    ]);
    const made = configTargets(config, resolveRun({}));
    expect(made.map((target) => target.ok)).toEqual([false, false, false, false, true]);
  });

  it('loses with a slip in acme: what the built-in client renews', async () => {
    const config = await read(`targets: [a.example]
acme: { directory: "http://ca.example/dir" }
certificates:
  - { name: one, domains: one.example, challenge: { http-01: { webroot: /srv } }, live: /live/one }
  - { name: two, command: [ "true" ], live: /live/two }
`);
    expect(config.certificates.map(({ name }) => name)).toEqual(['two']);
    expect(config.certificateErrors).toMatchObject([{ origin: 'c.yaml:2:20' }]);
    expect(config.brokenCertificates).toEqual([{ name: 'one', place: 0, errors: config.certificateErrors }]);
  });

  it.each([
    ['directory: zerossl', 1],
    ['directory: "https://dv.acme-v02.api.pki.goog/directory"', 1],
    ['directory: "https://ca.example/dir"', 0],
    ['directory: "https://ca.example/dir", fallback: { directory: zerossl }', 1],
    ['directory: "https://ca.example/dir", fallback: { account: { agree-tos: true } }', 0],
    ['directory: "https://ca.example/dir", fallback: { directory: "https://b.example/dir" }', 0],
    ['account: { agree-tos: true }, fallback: { directory: zerossl }', 0],
  ])('wants the terms of those CAs agreed to whose terms are known: acme: { %s }', async (acme, errors) => {
    const config = await read(
      `acme: { ${acme} }\ncertificates: [{ name: a, domains: a.example, challenge: { http-01: { webroot: /s } }, live: /l }]`,
    );
    expect(config.certificateErrors).toHaveLength(errors);
  });

  it('is refused as a whole for any other error, with those of its targets', async () => {
    expect(await errorsOf('defaults: { timout: 1s }\ntargets: [a.example, "b.example:99999"]\n')).toEqual([
      expect.stringContaining('1:13'),
      expect.stringContaining('2:22 targets[1]'),
    ]);
    const config = await readConfig('concurrency: 0\ntargets: ["b.example:99999"]\n', { name: 'c', folder: '/' });
    expect(config.ok).toBe(false);
  });

  it('takes aliases, whose values have the place of the alias', async () => {
    const config = await read(
      'targets:\n  - { host: a.example, labels: &l { team: mail } }\n  - { host: b.example, labels: *l }\n',
    );
    expect(config.targets.map(({ line, origin }) => [line.patch.label, origin])).toEqual([
      [{ team: 'mail' }, 'c.yaml:2:5'],
      [{ team: 'mail' }, 'c.yaml:3:5'],
    ]);
  });

  it('lets the command line beat the defaults, and an entry beat the command line', async () => {
    const config = await read(
      'defaults: { timeout: 1s, retries: 2 }\ntargets: [a.example, {host: b.example, timeout: 3s}]',
    );
    const resolved = resolveRun({
      config: config.layer,
      flags: { defaults: { timeout: 2_000 }, run: {}, origins: new Map() },
    });
    expect(targetsOf(config, resolved).map(({ settings }) => [settings.timeoutMs, settings.retries])).toEqual([
      [2_000, 2],
      [3_000, 2],
    ]);
  });
});

describe('a config that is wrong', () => {
  const faults: [what: string, text: string, errors: (string | RegExp)[]][] = [
    [
      'an unknown key',
      'concurency: 3',
      ['1:1 there is no key "concurency" in the config (did you mean "concurrency"?)'],
    ],
    [
      'a setting of targets at the top',
      'timeout: 3s',
      ['1:1 there is no key "timeout" in the config (it belongs under "defaults")'],
    ],
    [
      'an unknown key inside',
      'targets:\n  - { hots: a }',
      [/^2:7 there is no key "hots" in targets\[0\] \(did you mean "host"\?\)/],
    ],
    ['a wrong value', 'defaults:\n  timeout: soon', [/^2:12 defaults\.timeout: expected a duration.*got "soon"$/]],
    ['a number without a unit', 'defaults: { timeout: 10 }', [/^1:22 .*got "10" \(a bare number has no unit/]],
    ['a list for a text', 'defaults: { trust: [a] }', ['1:20 defaults.trust: expected a text, got a list']],
    ['a map for a text', 'state: { a: 1 }', ['1:8 state: expected a text, got a map']],
    ['a text for a map', 'defaults: auto', ['1:11 defaults: expected a map, got "auto"']],
    ['a text for a list', 'targets: a.example', ['1:10 targets: expected a list, got "a.example"']],
    ['nothing', 'targets:\n', ['1:9 targets: expected a list, got nothing']],
    ['a list at the top', '- a', ['1:1 the config: expected a map, got a list']],
    ['a text at the top', 'a.example', ['1:1 the config: expected a map, got "a.example"']],
    ['a target of neither kind', 'targets: [[a]]', ['1:11 targets[0]: expected a text or a map, got a list']],
    [
      'a target line with a slip',
      'targets: [a.example warnin=1d]',
      ['1:11 targets[0]: there is no option "warnin=" (did you mean "warning"?)'],
    ],
    ['a target that is none', 'targets: [{host: a b}]', [/^1:11 targets\[0\]: a host name has only/]],
    [
      'both host and file',
      'targets: [{host: a, file: b}]',
      ['1:11 targets[0]: expected either host or file, got both'],
    ],
    [
      'an endpoint setting of a file',
      'targets: [{file: b, port: 3}]',
      ['1:11 targets[0]: port makes no sense for a file'],
    ],
    ['a wrong label', 'defaults: { labels: { 1a: x } }', [/^1:27 defaults\.labels\.1a: expected a label key/]],
    ['a label that is no text', 'defaults: { labels: { a: [x] } }', [/^1:26 defaults\.labels\.a: expected a text/]],
    [
      'one of a list',
      'defaults: { ca-file: [a, ""] }',
      ['1:26 defaults.ca-file[1]: expected the path of a file, got ""'],
    ],
    ['an empty list', 'lists: []', ['1:8 lists: expected at least one, got an empty list']],
    ['the standard input as a list', 'lists: "-"', [/^1:8 lists: .*-f -/]],
    ['two formats on one output', 'format: [json, csv]', [/^1:9 format: two formats want the standard output/]],
    ['a key given twice', 'state: a\nlists: b\nstate: c', ['3:1 this key was given before in the same map']],
    ['a key given twice inside', 'targets: [{host: a, host: b}]', ['1:21 this key was given before in the same map']],
    ['a syntax error', 'targets: [a', [/^1:12 this is no YAML: /]],
    ['a tab', '\tstate: a', [/^1:1 this is no YAML: tabs/]],
    ['two documents', 'state: a\n---\nstate: b', [/^2:1 a config is one YAML document/]],
    ['an unknown tag', 'state: !env X', ['1:8 there is no tag "!env", only !file']],
    ['!file where no secret is', 'state: !file x', [/!file is for secrets \(hmac-key, password\), not for "state"/]],
    ['an alias of nothing', 'state: *a', [/^1:8 .*(anchor|alias)/i]],
    ['a key that is no word', '? [a]\n: b', [/expected a word as the key/]],
    ['a merge key', 'defaults: { <<: { timeout: 1s } }', [/^1:13 there is no key "<<"/]],
    [
      'a wrong value by an alias, at the alias too',
      'targets:\n  - { host: a, labels: &l { 1a: x } }\n  - { host: b, labels: *l }',
      [/^2:33 targets\[0\]\.labels\.1a/, /^3:24 targets\[1\]\.labels\.1a/],
    ],
    ['an alias in itself', 'targets: &a [*a]', [/levels deep/]],
    [
      'a key of every object',
      '__proto__: { state: a }\nconstructor: 1',
      [/^1:1 there is no key "__proto__"/, /^2:1 there is no key "constructor"/],
    ],
    ['too deep', '['.repeat(50_000), ['c.yaml the file is nested too deeply']],
    [
      'every error, in the order of the file',
      'state: ""\ndefaults: { retries: 99, trst: none }\nlists: {}',
      [/^1:8 state/, /^2:22 defaults\.retries/, /^2:26 .*"trst".*"trust"/, /^3:8 lists/],
    ],
    ['an unknown CA', 'acme: { directory: letsencript }', [/^1:20 acme\.directory: .*did you mean "letsencrypt"/]],
    ['a CA without TLS', 'acme: { directory: "http://ca.example/d" }', [/^1:20 acme\.directory: expected the https/]],
    [
      'a contact that is no address',
      'acme: { account: { contact: [a@b.example, a] } }',
      [/^1:43 acme\.account\.contact\[1\]: expected an e-mail address, got "a"/],
    ],
    [
      'a secret that is not there',
      'acme: { account: { eab: { kid: k, hmac-key: !file ./none } } }',
      [/^1:\d+ acme\.account\.eab\.hmac-key: the file ".\/none" is not there/],
    ],
    ['half a secret', 'acme: { account: { eab: { kid: k } } }', [/acme\.account\.eab\.hmac-key is missing/]],
    ['a certificate without a name', 'certificates: [{}]', ['1:16 certificates[0].name is missing']],
    [
      'a certificate of nothing',
      'certificates: [{name: a}]',
      [/expected domains, or the command/, /expected a challenge/, /expected live/, /agree-tos/],
    ],
    ['terms not agreed to', certificate(''), [/^2:5 certificates\[0\]: expected acme\.account\.agree-tos to be true/]],
    [
      'a command that is a text',
      agreed('reload: systemctl reload nginx'),
      [
        /expected a list of words \(\[ systemctl, reload, nginx \]\) or \{ shell: "systemctl reload nginx" \}, got a text/,
      ],
    ],
    ['a command of nothing', agreed('reload: []'), [/reload: expected at least one, got an empty list/]],
    [
      'a wildcard by http-01',
      agreed('domains: ["*.a.example"]'),
      [/domains\[0\]: the wildcard "\*\.a\.example" needs the challenge dns-01/],
    ],
    [
      'an address by dns-01',
      agreed('domains: [192.0.2.1]\n    challenge: { dns-01: { present: [./x] } }'),
      [/domains\[0\]: the address "192\.0\.2\.1" cannot be shown by dns-01/],
    ],
    ['a domain given twice', agreed('domains: [a.example, A.example]'), [/domains\[1\]: "a\.example" is given twice/]],
    [
      'two challenges',
      agreed('challenge: { http-01: { webroot: a }, dns-01: { present: [./x] } }'),
      [/challenge: expected one of .*got http-01 and dns-01/],
    ],
    [
      'half a challenge',
      agreed('challenge: { http-01: {} }'),
      [/challenge\.http-01: expected either webroot or listen, got none/],
    ],
    [
      'a listener without a port',
      agreed('challenge: { http-01: { listen: 0.0.0.0 } }'),
      [/challenge\.http-01\.listen: expected ADDRESS:PORT/],
    ],
    [
      'a clean-up without a beginning',
      agreed('challenge: { dns-01: { rfc2136: { server: a }, cleanup: [x] } }'),
      [/cleanup has nothing to clean/],
    ],
    [
      'a verify line with a slip',
      agreed('verify: ["a.example warnin=1d"]'),
      [/verify\[0\]: there is no option "warnin="/],
    ],
    [
      'a key of its own client',
      'certificates:\n  - { name: a, command: [x], live: l, key: ec256 }',
      [/^2:\d+ certificates\[0\]\.key: belongs to the built-in client/],
    ],
    [
      'a rehearsal of a hook that is not there',
      agreed('rehearse: [pre-hook, deploy-hook]\n    pre-hook: [x]'),
      [/rehearse\[1\]: there is no deploy-hook here for a rehearsal to run/],
    ],
    [
      'a rehearsal of the reload',
      agreed('rehearse: reload\n    reload: [x]'),
      [/rehearse: expected one of pre-hook, deploy-hook, got "reload"/],
    ],
    [
      'a dry run of the built-in client',
      agreed('rehearse-command: [x]'),
      [/rehearse-command: goes with a command; the built-in client rehearses its own orders/],
    ],
    [
      'a command that shows nothing',
      'certificates:\n  - { name: a, command: [x] }',
      [/expected live, verify or domains/],
    ],
    [
      'a name given twice',
      'certificates:\n  - { name: a, command: [x], live: l }\n  - { name: a, command: [x], live: m }',
      [/^3:\d+ certificates\[1\]\.name: another certificate is named "a" too/],
    ],
    [
      'one folder for two',
      'certificates:\n  - { name: a, command: [x], live: l }\n  - { name: b, command: [x], live: ./l }',
      [/^3:\d+ certificates\[1\]\.live: another certificate lives there too/],
    ],
  ];

  function certificate(lines: string): string {
    const given = new Set(lines.split('\n').map((line) => line.trim().split(':')[0]));
    const rest = ['domains: [a.example]', 'challenge: { http-01: { webroot: w } }', 'live: l'].filter(
      (line) => !given.has(line.split(':')[0]),
    );
    return `certificates:\n  - name: a\n${[...rest, ...(lines ? lines.split(/\n */) : [])].map((line) => `    ${line}\n`).join('')}`;
  }

  function agreed(lines: string): string {
    return `acme: { account: { agree-tos: yes } }\n${certificate(lines)}`;
  }

  it.each(faults)('%s', async (_what, text, errors) => {
    const found = await errorsOf(text);
    expect(found).toHaveLength(errors.length);
    for (const [i, expected] of errors.entries()) {
      if (typeof expected === 'string') expect(found[i]).toBe(expected);
      else expect(found[i]).toMatch(expected);
    }
  });

  it('does not unfold aliases without end', async () => {
    const doubled = Array.from({ length: 40 }, (_, i) => `x${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join('\n');
    expect(await errorsOf(`x0: &a0 [x, x]\n${doubled}\n`)).toEqual([
      expect.stringMatching(/aliases unfold to more than 10000 values/),
    ]);
  });

  it('gives a value for any text, never a throw', async () => {
    const piece = fc.constantFrom(
      'targets',
      'defaults',
      'acme',
      'certificates',
      ': ',
      '- ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '*a',
      '&a ',
      '!file ',
      '!x ',
      '"',
      "'",
      '|',
      '>',
      '#',
      '?',
      '\t',
      'host',
      'name',
      'timeout',
      '10s',
      '---',
      '...',
      '%',
      '\u0000',
      'é',
      '0x1',
      '1.10',
      'null',
      'true',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        const config = await readConfig(given, { name: 'c.yaml', folder: '/nowhere' });
        if (config.ok) return;
        expect(config.error.length).toBeGreaterThan(0);
        for (const { origin, message } of config.error) {
          expect(origin).toMatch(/^c\.yaml(:\d+:\d+)?$/);
          expect(message).not.toMatch(/[\u0000-\u001f\u007f]/);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('secrets', () => {
  const text = (key: string) => `acme:\n  account: { eab: { kid: k, hmac-key: ${key} } }\n`;

  it('come from the file or from one of their own, and show themselves to nobody', async () => {
    await using folder = await tempFolder('config');
    await folder.write('eab.key', 'c2VjcmV0\n');
    const path = await folder.write('certwatch.yaml', text('!file ./eab.key'));
    for (const config of [await loadConfig(path), await readConfig(text('c2VjcmV0'), { name: 'c', folder: '.' })]) {
      const secret = config.ok ? config.value.acme?.account?.eab?.['hmac-key'] : undefined;
      expect(secret?.reveal()).toBe('c2VjcmV0');
      expect(`${secret} ${JSON.stringify({ secret })} ${inspect(secret)}`).not.toContain('c2VjcmV0');
    }
  });

  it('that others may read get a hint', async () => {
    await using folder = await tempFolder('config');
    const key = await folder.write('eab.key', 'c2VjcmV0\n');
    const path = await folder.write('certwatch.yaml', text('!file ./eab.key'));
    expect(await loadConfig(path)).toMatchObject({ ok: true, value: { hints: [] } });
    await chmod(key, 0o640);
    await chmod(path, 0o644);
    expect(await checkConfig(path)).toEqual({
      ok: true,
      value: `${path} is right: 0 targets, 0 lists, 0 certificates.\n${path}:2:45: hint: "./eab.key" holds a secret that others may read (mode 0640): chmod 600 ./eab.key\n`,
    });
    await folder.write('certwatch.yaml', text('inline'));
    expect(await loadConfig(path)).toMatchObject({
      ok: true,
      value: { hints: [{ message: expect.stringContaining('(mode 0644)') }] },
    });
  });

  it('that are empty are none', async () => {
    await using folder = await tempFolder('config');
    await folder.write('eab.key', '\n');
    const path = await folder.write('certwatch.yaml', text('!file eab.key'));
    expect(await loadConfig(path)).toMatchObject({
      ok: true,
      value: { acme: undefined, certificateErrors: [{ message: expect.stringContaining('is empty') }] },
    });
  });
});

describe('a file that cannot be read', () => {
  it('is said in a sentence', async () => {
    await using folder = await tempFolder('config');
    await mkdir(folder.at('folder.yaml'));
    const binary = await folder.write('binary.yaml', Buffer.of(0xff, 0xfe, 0x00));
    const big = await folder.write('big.yaml', Buffer.alloc(16 * 1024 * 1024 + 1, '#'));
    const message = async (path: string) => {
      const config = await loadConfig(path);
      return config.ok ? 'right' : config.error.map((error) => `${error.origin === path} ${error.message}`).join();
    };
    expect(await message(folder.at('none.yaml'))).toBe('true the config is not there');
    expect(await message(folder.at('folder.yaml'))).toBe('true the config is a folder');
    expect(await message(binary)).toBe('true the config is not UTF-8');
    expect(await message(big)).toBe('true the config has more than 16777216 bytes');
  });

  it('with a byte order mark is read', async () => {
    expect(await errorsOf('\ufeffstate: a')).toEqual([]);
  });
});
