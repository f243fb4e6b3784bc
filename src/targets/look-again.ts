/**
 * The words that lead to the same look at a target: for a command that somebody copies out of a report.
 */
import type { Target } from '../model/target.ts';
import { withoutZone } from './host.ts';
import { quoteWord } from './list-line.ts';
import { formatWord, parseTarget } from './parse-target.ts';
import { formatSetting, patchOf } from './resolve-settings.ts';
import type { SettingKey } from './setting.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

/** What decides which certificates are seen, and what they are trusted by; thresholds and labels are left out. */
const OF_THE_LOOK: readonly SettingKey[] = [
  'connect-to',
  'family',
  'all-addresses',
  'trust',
  'ca-file',
  'revocation',
  'password-file',
];

/**
 * The target's own words, with what the command line, the config or the folder of the list had said besides; where that
 * does not come to the same, another line for the same look.
 */
export function lookAgain(target: Target): string {
  const alone = parseTarget(target.input, READ);
  if (alone.ok) {
    const line = [target.input, ...missingIn(alone.value, target).map(quoteWord)].join(' ');
    const again = parseTarget(line, READ);
    if (again.ok && isSameLook(again.value, target)) return line;
  }
  const named = target.named ? [`name=${target.name}`] : [];
  const plain = target.kind === 'endpoint' && target.servername === withoutZone(target.host);
  const servername = target.servername === undefined || plain ? [] : [`servername=${target.servername}`];
  return [formatWord(target), ...named, ...servername, ...settingsOfLook(target)].map(quoteWord).join(' ');
}

const READ = { origin: '', defaults: DEFAULT_SETTINGS } as const;

function missingIn(alone: Target, target: Target): string[] {
  const said = settingsOfLook(alone);
  return [
    ...(target.servername !== undefined && alone.servername !== target.servername
      ? [`servername=${target.servername}`]
      : []),
    ...(target.kind === 'endpoint' && alone.kind === 'endpoint' && alone.protocol !== target.protocol
      ? [`starttls=${target.protocol}`]
      : []),
    ...settingsOfLook(target).filter((text) => !said.includes(text)),
  ];
}

function isSameLook(a: Target, b: Target): boolean {
  if (a.servername !== b.servername || settingsOfLook(a).join('\0') !== settingsOfLook(b).join('\0')) return false;
  if (a.kind === 'file') return b.kind === 'file' && a.path === b.path;
  return b.kind === 'endpoint' && a.host === b.host && a.port === b.port && a.protocol === b.protocol;
}

function settingsOfLook({ settings }: Target): string[] {
  const [own, usual] = [patchOf(settings), patchOf(DEFAULT_SETTINGS)];
  return OF_THE_LOOK.flatMap((key) => {
    const texts = textsOf(key, own[key]);
    return texts.join('\0') === textsOf(key, usual[key]).join('\0') ? [] : texts.map((text) => `${key}=${text}`);
  });
}

const textsOf = (key: SettingKey, value: unknown): readonly string[] =>
  value === undefined ? [] : formatSetting(key, value as never);
