/** Prose: what is not as it was in the last run. */
import { unreachable } from '../../model/result.ts';
import { type Messages, quote, showIt, when } from './message.ts';

/** Enough of a fingerprint to tell two apart. */
const short = (sha256: string): string => `${sha256.slice(0, 16)}…`;

export const changeMessages: Messages<'changed'> = {
  changed: {
    describe: (data) => {
      switch (data.what) {
        case 'status':
          return `It was ${data.old.toUpperCase()} in the last run and is ${data.new.toUpperCase()} now.`;
        case 'renewed':
          return `The certificate has been renewed: the one before ended ${when(data.old)}, this one ends ${when(data.new)}.`;
        case 'certificate':
          return `Another certificate is served than in the last run: SHA-256 ${short(data.new)} instead of ${short(data.old)}.`;
        case 'issuer':
          return `The certificate comes from another issuer than in the last run: ${quote(data.new)} instead of ${quote(data.old)}.`;
        case 'names-lost':
          return `The certificate no longer has names that it had in the last run: ${quote(data.old)}.`;
        default:
          return unreachable(data.what);
      }
    },
    advise: ({ what }, { target }) =>
      what === 'renewed' || what === 'status'
        ? 'Nothing to do for this alone.'
        : `If nobody knows of the change, treat it as an incident: ${showIt(target)}`,
  },
};
