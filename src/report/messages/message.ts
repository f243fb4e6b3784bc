/**
 * What the sentences are made of: who a finding is about, and the small words that all groups share. All text here is raw:
 * the output that prints it escapes it.
 */
import type { FindingCode, FindingData, Severity } from '../../model/finding.ts';
import type { Target } from '../../model/target.ts';
import type { CertificateRole } from '../../model/verdict.ts';
import { lookAgain } from '../../targets/look-again.ts';
import { formatDuration } from '../../time/duration.ts';
import { capText } from '../escape.ts';

export interface About {
  readonly target: Target;
  readonly severity: Severity;
  /** How a sentence begins: `The certificate`, `The intermediate "CN=…"`. */
  readonly subject: string;
  /** Of several addresses, the one that it was found at. */
  readonly address?: string;
  /** Absent where the finding is about no certificate of the chain. */
  readonly role?: CertificateRole;
}

/** The prose for one code: what is wrong, and what to do next (one line, concrete). */
export interface Message<C extends FindingCode> {
  describe(data: FindingData[C], about: About): string;
  advise(data: FindingData[C], about: About): string;
}

export type Messages<C extends FindingCode> = { readonly [K in C]: Message<K> };

const LONGEST_NAME = 120;

/** A name in quotation marks, of bearable length. */
export const quote = (name: string): string => `"${capText(name, LONGEST_NAME)}"`;

/** `3d 4h` */
export const span = (seconds: number): string => formatDuration(Math.abs(seconds) * 1_000);

/** `2026-11-21 04:12:00Z` → `2026-11-21 04:12 UTC` */
export const when = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

/** `a, b and 3 more` */
export function list(items: readonly string[], most = 3): string {
  if (items.length <= most) return items.join(', ');
  return `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
}

/** A word of a shell command line, quoted where a shell would do more with it than read it. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** A command to copy, marked as one. */
export const command = (text: string): string => `\`${text}\``;

/** The command that looks at this target again. @param more options, led by a space. */
export const checkAgain = (target: Target, more = ''): string =>
  command(`certwatch check ${shellWord(lookAgain(target, 'judge'))}${more}`);
export const showIt = (target: Target, more = ''): string =>
  command(`certwatch show ${shellWord(lookAgain(target, 'see'))}${more}`);

/** What has to take up a new certificate. */
export const reload = (target: Target): string => (target.kind === 'file' ? 'replace the file' : 'reload the server');

export const isLeaf = ({ role }: About): boolean => role === 'leaf' || role === undefined;
