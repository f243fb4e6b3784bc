/** Prose: the certificate's time. */
import type { AutomationData } from '../../model/finding.ts';
import { capText } from '../escape.ts';
import type { Message, Messages } from './message.ts';
import { type About, checkAgain, command, isLeaf, reload, shellWord, span, when } from './message.ts';

type TimeCode = 'expired' | 'not-yet-valid' | 'expires-soon' | 'renewal-due' | 'renewal-open' | 'lifetime-too-long';

const NOT_NEEDED = 'No client needs it: take it out of the chain that is sent.';

/** Which certificate has to be replaced decides what there is to do. */
function replaceIt(about: About, leaf: string): string {
  const { role, target, severity } = about;
  if (severity === 'info') return NOT_NEEDED;
  if (isLeaf(about)) return leaf;
  if (target.kind === 'file') return 'Take it out of the file, or put its successor there.';
  if (role === 'root')
    return "Get the CA's new root and distribute it to every client; then reissue what hangs on the old one.";
  return `Get the CA's current intermediate, put it into the chain in place of this one and ${reload(target)}.`;
}

/** What automation has come to, as a sentence of its own, led by a space. */
function lastTry(automation: AutomationData | undefined): string {
  if (!automation) return '';
  const { lastTriedAt, outcome, step, reason, detail, failures, running } = automation;
  if (running)
    return ` Automation is at it right now, since ${when(lastTriedAt)}${step === undefined ? '' : ` (at ${step})`}.`;
  const tried = ` Automation last tried on ${when(lastTriedAt)}`;
  if (outcome === undefined) return `${tried} and never came to its end${step === undefined ? '' : ` (at ${step})`}.`;
  if (reason === undefined) return `${tried}: ${outcome}.`;
  const often = failures > 1 ? ` (${failures} times in a row)` : '';
  return `${tried} and failed${often}${step === undefined ? '' : ` at ${step}`}: ${reason}: ${capText(detail ?? '', 300)}.`;
}

const renewIt = ({ certificate, running }: AutomationData): string =>
  running
    ? `Nothing to do yet; see how it ends: ${command('certwatch renew --status')}`
    : `See what stopped it, and try it by hand: ${command(`certwatch renew ${shellWord(certificate)} --force`)}`;

const expired: Message<'expired'> = {
  describe: ({ notAfter, secondsAgo }, { subject }) =>
    secondsAgo < 1
      ? `${subject} expired this very second (${when(notAfter)}).`
      : `${subject} expired ${span(secondsAgo)} ago, on ${when(notAfter)}.`,
  advise: (_, about) =>
    replaceIt(about, `Renew it now, ${reload(about.target)}, and look again: ${checkAgain(about.target)}`),
};

const notYetValid: Message<'not-yet-valid'> = {
  describe: ({ notBefore, secondsUntil }, { subject }) =>
    `${subject} is not valid yet: it begins in ${span(secondsUntil)}, on ${when(notBefore)}.`,
  advise: (_, { severity }) =>
    severity === 'info'
      ? NOT_NEEDED
      : 'Serve the certificate before it until then; if it should be valid already, compare the clocks here and at the CA.',
};

export const timeMessages: Messages<TimeCode> = {
  expired,
  'not-yet-valid': notYetValid,
  'expires-soon': {
    describe: ({ notAfter, remainingSeconds, threshold, automation }, { subject }) =>
      `${subject} expires in ${span(remainingSeconds)}, on ${when(notAfter)} (critical from ${threshold} before).${lastTry(automation)}`,
    advise: ({ automation }, about) =>
      replaceIt(
        about,
        automation
          ? renewIt(automation)
          : `Renewal has not happened: run it by hand now, read what it says, then ${reload(about.target)}.`,
      ),
  },
  'renewal-due': {
    describe: ({ notAfter, remainingSeconds, threshold, automation }, { subject }) =>
      `${subject} should have been renewed by now: ${span(remainingSeconds)} left, until ${when(notAfter)} (due from ${threshold} before).${lastTry(automation)}`,
    advise: ({ automation }, about) =>
      replaceIt(
        about,
        automation
          ? renewIt(automation)
          : `See why automation has not renewed it (its log, its timer), or renew it by hand and ${reload(about.target)}.`,
      ),
  },
  'renewal-open': {
    describe: ({ notAfter, remainingSeconds, renewAt }, { subject }) =>
      `${subject} may be renewed since ${when(renewAt)}: ${span(remainingSeconds)} left, until ${when(notAfter)}.`,
    advise: () => 'Nothing to do where automation renews it; else plan the renewal now.',
  },
  'lifetime-too-long': {
    describe: ({ lifetimeDays, maximumDays }, { subject }) =>
      `${subject} lives ${lifetimeDays} days; publicly trusted ones issued on its day may live ${maximumDays}: browsers refuse it.`,
    advise: ({ maximumDays }) => `Have it reissued for at most ${maximumDays} days.`,
  },
};
