/**
 * `config init`: a commented file to start from, right as it is.
 */
import { formatSetting, patchOf, settingOf, settingsFor } from '../targets/resolve-settings.ts';
import type { Shape } from '../targets/setting.ts';
import { DEFAULT_SETTINGS } from '../targets/settings.ts';
import { DEFAULT_RUN, RUN_KEYS, runSettingOf } from './run-settings.ts';

/** @returns YAML with a newline at its end. Every setting is in it, those that need not be said as comments. */
export function starterConfig(): string {
  return [
    '# certwatch.yaml: what to watch, and how. Check it with: certwatch config check',
    '# Durations: 30d, 12h, 90m, 10s, 1d12h. Thresholds: a duration, a share of the lifetime (33%), or auto.',
    '',
    '# Settings of every target that says nothing else. What a list line or a target below says beats them,',
    '# and so does the command line.',
    'defaults:',
    '  timeout: 10s',
    ...defaultLines(),
    '',
    '# What to watch: list lines, or maps with the same settings.',
    'targets:',
    '  - example.org',
    '  # - mail.example.org:25 starttls=smtp warning=21d',
    '  # - { host: mail.example.org, port: 25, starttls: smtp, warning: 21d, labels: { team: mail } }',
    '  # - file:/etc/ssl/certs/*.pem        # PEM, DER, PKCS#7, PKCS#12, Java keystores, told apart by content',
    '  # - { file: /etc/tomcat/keystore.p12, password-file: /etc/certwatch/keystore.pass }',
    '',
    '# Files with one target a line. Paths in this file are relative to this file.',
    '# lists: [ ./hosts.txt ]',
    '',
    '# The run.',
    ...runLines(),
    '',
    '# Renewal: certwatch renew.',
    '# acme:',
    '#   directory: letsencrypt-staging   # letsencrypt, zerossl, google, google-staging, or a URL',
    '#   account: { contact: [ admin@example.org ], agree-tos: true }',
    '#   staging: https://ca.example/trials   # where --rehearse goes, if not to the staging of the name',
    '# certificates:',
    '#   - name: www',
    '#     domains: [ example.org, www.example.org ]',
    '#     challenge: { http-01: { webroot: /var/www/html } }',
    '#     live: /etc/certwatch/live/www',
    '#     deploy-hook: [ ./copy-to-the-other-hosts ]',
    '#     # Or by DNS; the name of the record and its value come behind the words: ./dns add _acme-challenge.example.org VALUE',
    '#     # challenge: { dns-01: { present: [ ./dns, add ], cleanup: [ ./dns, remove ] } }',
    '#     # Commands run in the folder of this file, with CERTWATCH_NAME, CERTWATCH_DOMAINS, CERTWATCH_LIVE and more.',
    '#     environment: { SITE: shop }      # on top of that',
    '#     rehearse: [ deploy-hook ]   # runs in certwatch renew --rehearse, too, with CERTWATCH_REHEARSAL=1',
    '#     reload: [ systemctl, reload, nginx ]',
    '#   - name: legacy   # an existing client; a rehearsal runs its dry run',
    '#     command: [ certbot, renew, --cert-name, legacy ]',
    '#     rehearse-command: [ certbot, renew, --cert-name, legacy, --dry-run ]',
    '#     live: /etc/letsencrypt/live/legacy',
    '#     verify: [ legacy.example.org ]',
    '',
  ].join('\n');
}

function defaultLines(): string[] {
  const defaults = patchOf(DEFAULT_SETTINGS);
  return settingsFor('defaults').flatMap(({ key, configKey, doc, shape }) => {
    if (key === 'timeout') return [];
    const value = defaults[key];
    const texts = value === undefined ? [] : formatSetting(key, value);
    const [text = exampleOf(shape)] = texts;
    const shown = key === 'label' ? '{ team: mail }' : settingOf(key).combine ? `[ ${text} ]` : text;
    return [`  # ${doc}`, `  # ${configKey ?? key}: ${quoteYaml(shown)}`];
  });
}

function runLines(): string[] {
  return RUN_KEYS.map(runSettingOf).flatMap(({ key, inConfig, doc, shape, combine, format }) => {
    if (!inConfig) return [];
    const value = DEFAULT_RUN[key];
    const [example = exampleOf(shape)] = value === undefined ? [] : format(value as never);
    return [`# ${doc}`, `# ${key}: ${combine ? `[ ${example} ]` : example}`];
  });
}

function exampleOf(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return shape.examples[0] ?? '';
    case 'choice':
      return shape.choices[0] ?? '';
    case 'integer':
      return String(shape.min);
    case 'switch':
      return 'no';
  }
}

function quoteYaml(text: string): string {
  return /['"]|: /.test(text) && !/^[[{]/.test(text) ? JSON.stringify(text) : text;
}
