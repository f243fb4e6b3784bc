/**
 * All prose about findings, by code (the groups lie in messages/). A sentence says what is wrong and since or until when;
 * the advice says what to do next, in one line. The reader is on call, tired, and has a minute.
 */
import type { ChainElement } from '../model/certificate.ts';
import type { Finding, FindingCode, FindingData } from '../model/finding.ts';
import type { CertificateRole, Verdict } from '../model/verdict.ts';
import { formatName } from '../x509/name.ts';
import { entryNameOf, placeOf } from './entries.ts';
import { chainMessages } from './messages/chain.ts';
import { changeMessages } from './messages/changed.ts';
import { expectationMessages } from './messages/expectations.ts';
import { type About, type Message, type Messages, quote } from './messages/message.ts';
import { notSeenMessages } from './messages/not-seen.ts';
import { revocationMessages } from './messages/revocation.ts';
import { timeMessages } from './messages/time.ts';
import { trustMessages } from './messages/trust.ts';

/** Exhaustive: a code without prose does not compile. */
const MESSAGES: Messages<FindingCode> = {
  ...timeMessages,
  ...trustMessages,
  ...revocationMessages,
  ...chainMessages,
  ...expectationMessages,
  ...notSeenMessages,
  ...changeMessages,
};

/** What is wrong: one sentence of raw text, which the output that prints it escapes. */
export function describe(finding: Finding, verdict: Verdict): string {
  const { describe } = messageFor(finding.code);
  return describe(finding.data, aboutOf(finding, verdict));
}

/** What to do next: one line of raw text. */
export function advise(finding: Finding, verdict: Verdict): string {
  const { advise } = messageFor(finding.code);
  return advise(finding.data, aboutOf(finding, verdict));
}

interface AnyMessage {
  describe(data: FindingData[FindingCode], about: About): string;
  advise(data: FindingData[FindingCode], about: About): string;
}

/** A finding's code and data belong together by its type; across a lookup the compiler cannot see that. */
const messageFor = (code: FindingCode): AnyMessage => MESSAGES[code] as Message<never> as AnyMessage;

function aboutOf(finding: Finding, verdict: Verdict): About {
  const { target } = verdict;
  const { severity, certificate, address } = finding;
  const place = address === undefined ? {} : { address };
  const unseen = 'subject' in finding.data && certificate === undefined ? finding.data.subject : undefined;
  if (unseen !== undefined) return { target, severity, role: 'root', subject: `The trust anchor ${quote(unseen)}` };
  if (certificate === undefined) return { target, severity, subject: 'The certificate', ...place };
  const at = placeOf(finding, verdict);
  const roles = verdict.roles?.[at] ?? [];
  const role = roles[certificate];
  const name = nameOf(verdict.observations[at]?.chain?.[certificate], certificate, roles);
  const entry = entryNameOf(finding, verdict);
  const subject = entry === undefined ? name : `${name} (entry ${quote(entry)})`;
  return { target, severity, subject, ...place, ...(role ? { role } : {}) };
}

function nameOf(element: ChainElement | undefined, index: number, roles: readonly CertificateRole[]): string {
  if (element?.kind !== 'certificate') return `Certificate #${index}`;
  const role = roles[index] ?? 'extra';
  // A file of many certificates has no one leaf that goes without saying.
  if (role === 'leaf' && roles.indexOf('leaf') === roles.lastIndexOf('leaf')) return WORDS.leaf;
  const name = formatName(element.certificate.subject);
  return `${WORDS[role]} ${name === '' ? `#${index}` : quote(name)}`;
}

const WORDS: Readonly<Record<CertificateRole, string>> = {
  leaf: 'The certificate',
  intermediate: 'The intermediate',
  root: 'The root',
  extra: 'The extra certificate',
  duplicate: 'The certificate',
  malformed: 'Certificate',
};
