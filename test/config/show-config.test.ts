import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Config } from '../../src/config/config.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { readConfig } from '../../src/config/load-config.ts';
import { parseFlags } from '../../src/config/resolve-run.ts';
import { RUN_KEYS, runSettingOf } from '../../src/config/run-settings.ts';
import { showConfig } from '../../src/config/show-config.ts';
import { starterConfig } from '../../src/config/starter-config.ts';
import { readYaml } from '../../src/config/yaml-source.ts';
import { settingsFor } from '../../src/targets/resolve-settings.ts';
import { DESIGN } from './samples.ts';

async function read(text: string, name = 'certwatch.yaml'): Promise<Config> {
  const config = await readConfig(text, { name, folder: '.' });
  if (!config.ok) throw new Error(config.error.map(({ origin, message }) => `${origin}: ${message}`).join('\n'));
  return config.value;
}

describe('config show', () => {
  it('says every effective value and where it came from', async () => {
    const flags = parseFlags(
      new Map([
        ['timeout', ['3s']],
        ['format', ['csv']],
      ]),
    );
    const text = showConfig({ config: await read(DESIGN), ...(flags.ok && { flags: flags.value }) });
    expect(text).toMatchInlineSnapshot(`
      "# effective settings, from certwatch.yaml

      defaults:
        warning: auto # certwatch.yaml:2:35
        critical: auto # default
        grace: 0s # default
        timeout: 3s # command line
        retries: 1 # default
        confirm: 1 # default
        all-addresses: false # default
        family: any # default
        trust: mozilla # default
        ca-file:
          - root.pem # certwatch.yaml:2:50
        revocation: stapled # default
        unreachable: unknown # default
        labels:
          env: prod # certwatch.yaml:2:70
          version: "1.10"
      deadline: 1h # default
      concurrency: 64 # default
      format:
        - csv # command line
      quiet: false # default
      verbose: false # default
      state: /var/lib/certwatch # certwatch.yaml:8:8
      targets:
        - example.org # certwatch.yaml:4:5
        - mail.example.org warning=21d starttls=smtp label=team=mail port=25 # certwatch.yaml:5:5
        - file:certs/*.pem # certwatch.yaml:6:5
      lists:
        - ./hosts.txt # certwatch.yaml:7:10
      acme:
        directory: letsencrypt # certwatch.yaml:11:14
        ca-file: ./private-root.pem # certwatch.yaml:12:12
        account:
          contact:
            - admin@example.org # certwatch.yaml:13:25
          agree-tos: true # certwatch.yaml:13:57
          eab:
            kid: k # certwatch.yaml:13:75
            hmac-key: (hidden) # certwatch.yaml:13:88
        ari: true # default
        request-timeout: 30s # default
      certificates:
        - name: www # certwatch.yaml:15:11
          domains:
            - example.org # certwatch.yaml:16:16
            - www.example.org # certwatch.yaml:16:29
          key: ec256 # certwatch.yaml:17:10
          challenge:
            http-01:
              webroot: /var/www/html # certwatch.yaml:18:38
          live: live/www # certwatch.yaml:19:11
          reload:
            - systemctl # certwatch.yaml:20:15
            - reload # certwatch.yaml:20:26
            - nginx # certwatch.yaml:20:34
          verify:
            - www.example.org:443 # certwatch.yaml:21:15
          timeout: 5m # certwatch.yaml:22:14
          acme:
            profile: shortlived # certwatch.yaml:23:22
          reuse-key: false # default
          renew-at: auto # default
          reload-timeout: 1m # default
        - name: wild # certwatch.yaml:24:11
          domains:
            - "*.example.org" # certwatch.yaml:25:16
          challenge:
            dns-01:
              present:
                - ./dns # certwatch.yaml:26:39
                - add # certwatch.yaml:26:46
              cleanup:
                - ./dns # certwatch.yaml:26:64
                - remove # certwatch.yaml:26:71
          live: live/wild # certwatch.yaml:27:11
          environment:
            API_TOKEN: (hidden) # certwatch.yaml:28:31
          key: ec256 # default
          reuse-key: false # default
          renew-at: auto # default
          reload-timeout: 1m # default
          timeout: 5m # default
        - name: upd # certwatch.yaml:29:11
          domains: upd.example.org # certwatch.yaml:30:14
          challenge:
            dns-01:
              rfc2136:
                server: 192.0.2.53:53 # certwatch.yaml:31:47
                key-file: tsig.key # certwatch.yaml:31:74
          live: live/upd # certwatch.yaml:32:11
          key: ec256 # default
          reuse-key: false # default
          renew-at: auto # default
          reload-timeout: 1m # default
          timeout: 5m # default
        - name: alpn # certwatch.yaml:33:11
          domains:
            - alpn.example.org # certwatch.yaml:34:16
          challenge:
            tls-alpn-01:
              listen: 0.0.0.0:443 # certwatch.yaml:35:41
          live: live/alpn # certwatch.yaml:36:11
          key: ec256 # default
          reuse-key: false # default
          renew-at: auto # default
          reload-timeout: 1m # default
          timeout: 5m # default
        - name: legacy # certwatch.yaml:37:11
          command:
            - certbot # certwatch.yaml:38:16
            - renew # certwatch.yaml:38:25
            - --cert-name # certwatch.yaml:38:32
            - legacy # certwatch.yaml:38:45
          live: /etc/letsencrypt/live/legacy # certwatch.yaml:39:11
          reload:
            shell: a | b # certwatch.yaml:40:22
          verify:
            - legacy.example.org # certwatch.yaml:41:15
          timeout: 10m # certwatch.yaml:42:14
          renew-at: auto # default
          reload-timeout: 1m # default
      "
    `);
  });

  it('works without a config', () => {
    expect(showConfig({})).toMatch(
      /^# effective settings; there is no config file\n\ndefaults:\n {2}warning: auto # default\n/,
    );
  });

  it('gives no secret away', async () => {
    const text = showConfig({ config: await read(DESIGN) });
    expect(text).not.toMatch(/c2VjcmV0|hush/);
    expect(text.match(/\(hidden\)/g)).toHaveLength(2);
  });

  it('is a config that says the same', async () => {
    const once = showConfig({ config: await read(DESIGN) });
    const twice = showConfig({ config: await read(once) });
    const bare = (text: string) => text.replace(/ # .*$/gm, '');
    expect(bare(twice)).toBe(bare(once));
  });
});

describe('config init', () => {
  it('is right as it is', async () => {
    expect((await read(starterConfig())).targets).toHaveLength(1);
  });

  it('is right with everything said, all of it a known key', async () => {
    const all = starterConfig()
      .split('\n')
      // A comment that is YAML says a key (or goes on with a list); sentences stay comments.
      .map((line) =>
        /^ *# +(?:[a-z-]+:( [^A-Z]|$)|- )|^ *# [a-z0-9-]+: \S+$/.test(line) && !/^#? *# certwatch/.test(line)
          ? line.replace('# ', '')
          : line,
      )
      .join('\n');
    const config = await read(all);
    expect([...config.layer.origins.keys()].sort()).toEqual(
      [
        ...settingsFor('defaults').map(({ key }) => key),
        ...RUN_KEYS.filter((key) => runSettingOf(key).inConfig),
      ].sort(),
    );
    expect(config.certificates).toHaveLength(2);
    expect(config.targets.length).toBeGreaterThan(3);
    expect(config.lists).toEqual(['hosts.txt']);
  });
});

describe('config schema', () => {
  const schema = JSON.parse(configJsonSchema());
  const validator = z.fromJSONSchema(schema);
  const plain = (text: string) => readYaml(text, 'c').value;

  it('takes what the config takes', () => {
    for (const text of [DESIGN, starterConfig(), '{}']) expect(validator.safeParse(plain(text)).error).toBeUndefined();
  });

  it('is compiled by a validator that was told nothing, without a complaint', () => {
    const said: unknown[] = [];
    const logger = { log() {}, warn: (text: unknown) => said.push(text), error: (text: unknown) => said.push(text) };
    const validate = new Ajv({ logger, strictTypes: true }).compile(schema);
    expect(said).toEqual([]);
    expect(validate(plain(DESIGN)), JSON.stringify(validate.errors)).toBe(true);
    expect(validate(plain('acme: { directory: "https://ca.example/dir" }'))).toBe(true);
    expect(validate(plain('acme: { directory: "http://ca.example/dir" }'))).toBe(false);
  });

  it.each([
    'timeout: 3s',
    'defaults: { retries: 99 }',
    'defaults: { trust: mozila }',
    'targets: [{ hots: a }]',
    'targets: a',
    'certificates: [{}]',
    'certificates: [{ name: a, reload: systemctl }]',
  ])('refuses %s', (text) => {
    expect(validator.safeParse(plain(text)).success).toBe(false);
  });

  it('has every setting with its sentence, and lets no unknown key in anywhere', () => {
    const { defaults, targets } = schema.properties;
    const entry = targets.items.anyOf.find((branch: { type: string }) => branch.type === 'object');
    for (const { key, configKey, doc } of settingsFor('defaults'))
      expect(defaults.properties[configKey ?? key]).toMatchObject({ description: doc });
    for (const { key, configKey, doc } of settingsFor('entry'))
      expect(entry.properties[configKey ?? key]).toMatchObject({ description: doc });
    for (const key of RUN_KEYS.filter((key) => runSettingOf(key).inConfig))
      expect(schema.properties[key]).toMatchObject({ description: runSettingOf(key).doc });
    const open: string[] = [];
    const walk = (node: unknown, path: string) => {
      if (typeof node !== 'object' || node === null) return;
      if ('properties' in node && (node as { additionalProperties?: unknown }).additionalProperties !== false)
        open.push(path);
      for (const [key, value] of Object.entries(node)) walk(value, `${path}/${key}`);
    };
    walk(schema, '');
    expect(open).toEqual([]);
  });

  it('carries examples that its own settings take', () => {
    const rows = settingsFor('entry').filter(({ shape }) => shape.kind === 'text');
    for (const { key, shape, parse } of rows) {
      for (const example of shape.kind === 'text' ? shape.examples : [])
        expect([key, parse(example).ok]).toEqual([key, true]);
    }
    expect(schema.properties.defaults.properties.warning.examples).toEqual(['auto', '21d', '33%']);
  });
});

describe('readYaml', () => {
  it('keeps numbers as they were written', () => {
    expect(
      readYaml('[1, 1.10, 0x1F, 1e3, 007, 12345678901234567890, .5, true, yes, null, ~, 2026-11-24]', 'c').value,
    ).toEqual([1, '1.10', '0x1F', '1e3', '007', '12345678901234567890', '.5', true, 'yes', null, null, '2026-11-24']);
  });

  it('knows the place of every value of what it wrote itself', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 8 }), (words) => {
        const source = readYaml(`list:\n${words.map((word) => `  - ${word}\n`).join('')}`, 'c');
        for (const i of words.keys()) expect(source.originOf(['list', i])).toBe(`c:${i + 2}:5`);
        expect(source.originOf(['list', words.length, 'none'])).toBe('c:2:3');
      }),
    );
  });
});
