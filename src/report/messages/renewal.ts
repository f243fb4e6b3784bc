/** Prose: renewals. All text here is raw; the output that prints it escapes it. */
import type {
  DueReason,
  NoWayBack,
  RenewalAdvice,
  RenewalKind,
  RenewalProblem,
  RenewalStep,
  ServedAt,
} from '../../model/renewal.ts';
import { DAY, formatDuration, SECOND } from '../../time/duration.ts';
import { formatInstant } from '../../verdict/instant.ts';
import { list, quote, when } from './message.ts';

/** `2026-11-21 04:12 UTC` */
export const at = (ms: number): string => when(formatInstant(ms));

/** The day; on the two days around now, the minute too. */
export const day = (ms: number, now: number): string => (Math.abs(ms - now) > 2 * DAY ? at(ms).slice(0, 10) : at(ms));

/** `until 2026-12-14 (19d 23h left)`; `notAfter` is the last second that counts. */
export function until(notAfter: number, now: number): string {
  const left = notAfter + SECOND - now;
  return left > 0 ? `until ${day(notAfter, now)} (${lasts(left)} left)` : `ended ${lasts(-left)} ago`;
}

/** Why it is due, after "because". */
export function dueReason(reason: DueReason): string {
  switch (reason.code) {
    case 'no-certificate':
      return 'there is no certificate yet';
    case 'unreadable':
      return `what is on disk cannot be read: ${reason.detail}`;
    case 'key-mismatch':
      return 'the key on disk belongs to another certificate';
    case 'window':
      return `renewal has been open since ${at(reason.renewAt)}`;
    case 'ari': {
      const why = reason.explanationURL === undefined ? '' : ` (${reason.explanationURL})`;
      return `the CA asks for it since ${at(reason.renewAt)}${why}`;
    }
    case 'names-missing':
      return `it does not cover ${list(reason.names)}`;
    case 'names-extra':
      return `it still covers ${list(reason.names)}`;
    case 'key-type':
      return `its key is ${reason.found}, wanted is ${reason.wanted}`;
    case 'forced':
      return 'it was asked for';
    case 'served-differs':
      return `another certificate than the one on disk is served at ${list(reason.targets)}`;
    case 'not-proven':
      return `what was installed on ${at(reason.since)} was never seen to be served`;
    case 'unfinished':
      return `what was begun on ${at(reason.since)} did not come to its end`;
    case 'partly-served':
      return `what was installed on ${at(reason.since)} was not seen at every address yet`;
  }
}

export const dueReasons = (reasons: readonly DueReason[]): string => reasons.map(dueReason).join('; ');

const STEP_WORDS: Readonly<Record<RenewalStep, string>> = {
  queue: 'waiting for its turn',
  plan: 'planning',
  'pre-hook': 'running the pre-hook',
  order: 'getting the certificate',
  install: 'installing',
  'deploy-hook': 'running the deploy hook',
  reload: 'reloading the server',
  verify: 'seeing it served',
  'put-back': 'putting the old one back',
};

export const stepWords = (step: RenewalStep): string => STEP_WORDS[step];

const NO_WAY_BACK: Readonly<Record<NoWayBack, string>> = {
  'nothing-before': 'the new certificate stays installed: none is known that was there before it',
  'another-client':
    'the new certificate stays installed: only the client knows where (the config names no live folder)',
  'old-one-useless': 'the new certificate stays installed: the old one is no good any more',
  interrupted: 'the new certificate is installed, and the next run goes on from there',
  'no-time':
    'the new certificate stays installed: no time was left to put the old one back; the next run goes on from there',
  'nothing-answers': 'the new certificate stays installed: nothing answers at all, and the next run looks again',
};

export const noWayBack = (why: NoWayBack): string => NO_WAY_BACK[why];

/** `once`, `3 times in a row` */
export const times = (count: number): string => (count === 1 ? 'once' : `${count} times in a row`);

const KIND_WORDS: Readonly<Record<RenewalKind, string>> = {
  'not-due': 'not due',
  planned: 'due',
  'skipped-backoff': 'waiting',
  renewed: 'renewed',
  resumed: 'finished',
  rehearsed: 'rehearsed',
  failed: 'failed',
  'rolled-back': 'rolled back',
  'not-served': 'not served',
  'partly-served': 'not served everywhere',
};

export const kindWords = (kind: RenewalKind): string => KIND_WORDS[kind];

/** What an address serves. */
export function servesWords({ serves, notAfter, failure }: ServedAt): string {
  const ends = notAfter === undefined ? '' : `, until ${at(notAfter)}`;
  switch (serves) {
    case 'new':
      return `the new one${ends}`;
    case 'old':
      return `the old one${ends}`;
    case 'other':
      return `another one${ends}`;
    case 'unknown':
      return `not seen (${failure ?? 'no reason known'})`;
  }
}

const ADVICE: Readonly<Record<RenewalAdvice, string>> = {
  'try-again': 'Nothing to do: the next run tries again.',
  'see-network':
    'See whether the CA can be reached from here: a firewall, the way out (no proxy is used). The next run tries again.',
  'fix-directory': "Correct acme.directory: a name that certwatch knows, or the URL of the CA's ACME directory.",
  'fix-config': 'Correct the configuration; `certwatch config check` reads it.',
  'agree-terms': 'Read the terms, and set agree-tos: true under acme.account.',
  'fix-dns': 'Correct the DNS of the name; `dig` shows what the world sees.',
  'fix-caa': 'Allow this CA in the CAA record of the name, or take another CA.',
  'fix-webroot':
    'Give the folder that the web server serves as the root of the site: challenge: { http-01: { webroot: … } }.',
  'fix-update':
    'See that the name server takes the update: server, zone and key-file in the config, and what the key is allowed to do there.',
  'fix-webserver':
    'See that the web server of the name serves /.well-known/acme-challenge/ from the folder in the config.',
  'fix-firewall': 'See that the CA can reach the name on port 80 (http-01) or 443 (tls-alpn-01) from outside.',
  'fix-hook': 'Correct the command.',
  'free-port': 'Let go of the port, or give the challenge another way to answer.',
  'fix-permissions': 'See that certwatch may write there.',
  'read-as-owner': 'Run certwatch as a user who may read the key and the certificate there (mostly root).',
  'check-disk': 'See that there is room on the disk, and that it may be written to.',
  'fix-clock': 'Set the clock of this machine.',
  'check-account': 'See that the account is in order with the CA; its answer says why.',
  'act-at-ca':
    'A person has to do that with the CA, once: it is mostly new terms to agree to (agree-tos: in the config is for the first ones only). The next run goes on by itself.',
  'check-ca-trust': 'Give the root of the CA with acme.ca-file, where it is a private one.',
  'wait-until': 'The CA limits how often it may be asked: wait, or give another CA as acme.fallback.',
  'wait-or-fallback': 'The CA limits how often it may be asked: wait; acme.fallback has its turn after some failures.',
  'ask-ca-or-fallback': 'The CA behaves oddly: see its status page; acme.fallback has its turn after some failures.',
  'ask-ca': 'The CA behaves oddly: see its status page, or take another one as acme.fallback.',
  'raise-deadline': 'Give the run more time (--deadline), or find out what it waited for.',
  'raise-timeout': 'Give it more time (timeout:), or find out what it waited for.',
  'see-who-killed':
    'Something outside has ended it: mostly the kernel where memory is short (see dmesg), or a person. The next run goes on from here.',
  'report-bug': 'This is a bug in certwatch: please report it, with the text above.',
  'fix-reload':
    'See that the reload command makes the server read the files in the live folder, and what the server logs.',
  'see-to-silent':
    'Bring it up: the next run looks again. What is gone for good should leave the DNS, or verify: in the config.',
  'check-command':
    'Run the command by hand: most clients renew by a threshold of their own, and end well when they do nothing.',
};

/** One line on what to do next; undefined where the problem says all. */
export function adviseProblem({ advice, reason, notBefore, output = '' }: RenewalProblem): string | undefined {
  if (notBefore !== undefined) return `${waitUntil(notBefore)}${(advice && OR_FALLBACK[advice]) ?? '.'}`;
  if (advice === 'fix-hook' || (advice === undefined && COMMAND_REASON.test(reason))) {
    if (reason.endsWith('-not-started')) return ADVICE['fix-hook'];
    return `Correct the command; ${output.trim() === '' ? 'it printed nothing' : 'what it printed is below'}.`;
  }
  return advice === undefined ? undefined : ADVICE[advice];
}

const waitUntil = (notBefore: number): string => `The CA is to be left alone until ${at(notBefore)}`;

const OR_FALLBACK: Readonly<Partial<Record<RenewalAdvice, string>>> = {
  'wait-until': ': wait, or give another CA as acme.fallback.',
  'ask-ca': ': wait, or give another CA as acme.fallback.',
  'wait-or-fallback': '; acme.fallback has its turn after some failures.',
  'ask-ca-or-fallback': '; acme.fallback has its turn after some failures.',
};

const COMMAND_REASON = /^(pre-hook|order|deploy-hook|reload)-(failed|timeout|not-started)$/;

/** `acme-rate-limited: too many certificates …`, the CA's own type and, indented, what it says of single names. */
export function problemLines({ reason, detail, type = '', subproblems = [] }: RenewalProblem): string[] {
  const more = subproblems.map(({ identifier, type: kind, detail: said }) => {
    const name = identifier === undefined ? '' : `${quote(identifier)}: `;
    return `${name}${said}${typeWords(kind)}`;
  });
  return [`${reason}: ${detail}${typeWords(type)}`, ...more];
}

const typeWords = (type: string): string => (type === '' ? '' : ` [${type}]`);

export const lasts = (ms: number): string => formatDuration(Math.max(0, ms));
