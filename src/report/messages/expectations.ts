/** Prose: what was expected of a target and is not so. */
import type { Messages } from './message.ts';
import { list, quote, reload, shellWord, showIt, when } from './message.ts';

type ExpectationCode =
  | 'issuer-unexpected'
  | 'fingerprint-unexpected'
  | 'key-unexpected'
  | 'addresses-disagree'
  | 'served-differs-from-file';

/** Enough of a fingerprint to tell two apart. */
const short = (sha256: string): string => `${sha256.slice(0, 16)}…`;

const CHANGED =
  'If the change was meant, bring the expectation up to date; if nobody knows of it, treat it as an incident';

export const expectationMessages: Messages<ExpectationCode> = {
  'issuer-unexpected': {
    describe: ({ expected, found }, { subject }) =>
      `${subject} was issued by ${quote(found)}, not by ${quote(expected)}.`,
    advise: (_, { target }) => `${CHANGED}: ${showIt(target)}`,
  },
  'fingerprint-unexpected': {
    describe: ({ expected, found }, { subject }) =>
      `${subject} is not the expected one: SHA-256 ${short(found)} instead of ${list(expected.map(short), 2)}.`,
    advise: (_, { target }) => `${CHANGED}: ${showIt(target)}`,
  },
  'key-unexpected': {
    describe: ({ expected, found }, { subject }) =>
      `${subject} is for another key than expected: SPKI SHA-256 ${short(found)} instead of ${list(expected.map(short), 2)}.`,
    advise: (_, { target }) => `${CHANGED}: ${showIt(target)}`,
  },
  'addresses-disagree': {
    describe: ({ groups }) =>
      `Its addresses serve ${groups.length} different certificates: ${groups
        .map(
          ({ notAfter, addresses }) =>
            `${list(addresses, 4)} ${notAfter === '' ? 'something unreadable' : `until ${when(notAfter)}`}`,
        )
        .join('; ')}.`,
    advise: () => 'Reload (or bring the new certificate to) the machines that still serve the older one.',
  },
  'served-differs-from-file': {
    describe: ({ file, onDiskNotAfter }) =>
      `What is served is not what is in ${quote(file)} (valid until ${when(onDiskNotAfter)}): renewed, most likely, and not reloaded.`,
    advise: ({ file }, { target }) =>
      `${reload(target).replace(/^r/, 'R')}; if that does not help, see whether it reads ${shellWord(file)}.`,
  },
};
