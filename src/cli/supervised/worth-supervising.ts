/**
 * Which checks run under a supervisor (`scan/supervised/follow-scan.ts` says why there is one).
 */
import { locateConfig } from '../../config/locate.ts';
import type { Asked } from '../check-settings.ts';
import { CONFIG_KEY, LIST_KEY } from '../check-settings.ts';
import type { Io } from '../io.ts';

/** More hosts than this on a command line are a list. */
const MOST_UNSUPERVISED = 8;

/**
 * A few hosts named on the command line, with nothing to be read from a disk but CA files, are looked at in one process:
 * that starts twice as fast. Whoever names a deadline wants it kept whatever happens.
 */
export function isWorthSupervising({ words, raw }: Asked, io: Io): boolean {
  return (
    words.length > MOST_UNSUPERVISED ||
    words.some((word) => /^file:/i.test(word)) ||
    [LIST_KEY, CONFIG_KEY, 'deadline', 'expect-file', 'state', 'ping'].some((key) => raw.has(key)) ||
    // The thread that guards an unsupervised check has a sentence for people, and no way to end a document.
    (raw.get('format') ?? []).some((text) => text !== 'human') ||
    locateConfig({ env: io.env, folder: io.cwd }) !== undefined
  );
}
