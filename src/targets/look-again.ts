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

/** What decides which certificates are seen. */
const SEEN: readonly SettingKey[] = ['connect-to', 'family', 'all-addresses', 'password-file'];
/** And what they are trusted by; thresholds and labels are left out. */
const JUDGED: readonly SettingKey[] = [...SEEN, 'trust', 'ca-file', 'revocation'];

/**
 * The target's own words, with what the command line, the config or the folder of the list had said besides; where that
 * does not come to the same, another line for the same look.
 * @param to see the same certificates, or judge them by the same trust, too.
 */
export function lookAgain(target: Target, to: 'see' | 'judge'): string {
  const keys = to === 'see' ? SEEN : JUDGED;
  const alone = parseTarget(target.input, READ);
  if (alone.ok) {
    const line = [target.input, ...missingIn(alone.value, target, keys).map(quoteWord)].join(' ');
    const again = parseTarget(line, READ);
    if (again.ok && isSameLook(again.value, target, keys)) return line;
  }
  const named = target.named ? [`name=${target.name}`] : [];
  const plain = target.kind === 'endpoint' && target.servername === withoutZone(target.host);
  const servername = target.servername === undefined || plain ? [] : [`servername=${target.servername}`];
  return [formatWord(target), ...named, ...servername, ...textsOf(target, keys)].map(quoteWord).join(' ');
}

const READ = { origin: '', defaults: DEFAULT_SETTINGS } as const;

function missingIn(alone: Target, target: Target, keys: readonly SettingKey[]): string[] {
  const { servername } = target;
  const starttls =
    target.kind === 'endpoint' && alone.kind === 'endpoint' && alone.protocol !== target.protocol
      ? [`starttls=${target.protocol}`]
      : [];
  const said = textsOf(alone, keys);
  return [
    ...(servername !== undefined && alone.servername !== servername ? [`servername=${servername}`] : []),
    ...starttls,
    ...textsOf(target, keys).filter((text) => !said.includes(text)),
  ];
}

function isSameLook(a: Target, b: Target, keys: readonly SettingKey[]): boolean {
  if (a.servername !== b.servername || textsOf(a, keys).join('\0') !== textsOf(b, keys).join('\0')) return false;
  if (a.kind === 'file') return b.kind === 'file' && a.path === b.path;
  return b.kind === 'endpoint' && a.host === b.host && a.port === b.port && a.protocol === b.protocol;
}

/** `key=value` of each that is not as usual. */
function textsOf({ settings }: Target, keys: readonly SettingKey[]): string[] {
  const [own, usual] = [patchOf(settings), patchOf(DEFAULT_SETTINGS)];
  return keys.flatMap((key) => {
    const texts = valuesOf(key, own[key]);
    return texts.join('\0') === valuesOf(key, usual[key]).join('\0') ? [] : texts.map((text) => `${key}=${text}`);
  });
}

const valuesOf = (key: SettingKey, value: unknown): readonly string[] =>
  value === undefined ? [] : formatSetting(key, value as never);
