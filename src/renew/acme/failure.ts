/**
 * How a renewal fails: every way has a stable word, and every word says what to do next. Pure.
 */
import type { RenewalAdvice } from '../../model/renewal.ts';
import { err } from '../../model/result.ts';
import type { AcmeFailure, AcmeProblem, AcmeStep, AcmeSubproblem } from './job.ts';

/** Each reason of certwatch's own and its advice. The CA's problem types come as `acme-…` (`adviceFor`). */
const ADVICE = {
  // the job itself
  'bad-job': 'fix-config',
  'wildcard-needs-dns': 'fix-config',
  'ip-needs-http-or-alpn': 'fix-config',
  'unknown-profile': 'fix-config',
  'out-dir': 'fix-permissions',
  'key-file': 'fix-config',
  'account-folder': 'fix-permissions',
  'account-busy': 'try-again',
  'ca-file': 'fix-config',
  'no-contact': 'fix-config',
  'terms-not-agreed': 'agree-terms',
  'eab-required': 'check-account',
  // talking to the CA
  'connect-failed': 'see-network',
  'ca-not-found': 'fix-directory',
  'connection-lost': 'try-again',
  'tls-failed': 'check-ca-trust',
  'request-timeout': 'try-again',
  'body-too-large': 'ask-ca',
  'bad-json': 'ask-ca',
  'bad-answer': 'ask-ca',
  'not-a-directory': 'fix-directory',
  redirected: 'fix-directory',
  'server-error': 'try-again',
  'http-error': 'ask-ca',
  'bad-nonce': 'ask-ca',
  // preflight
  'name-not-found': 'fix-dns',
  'caa-forbids': 'fix-caa',
  'cname-loop': 'fix-dns',
  'webroot-not-served': 'fix-webserver',
  'other-answer': 'fix-webserver',
  // challenges
  'no-such-challenge': 'fix-config',
  'port-taken': 'free-port',
  'port-not-permitted': 'fix-permissions',
  'address-not-here': 'fix-config',
  'listen-failed': 'free-port',
  'webroot-missing': 'fix-webroot',
  'webroot-not-writable': 'fix-permissions',
  'hook-failed': 'fix-hook',
  'hook-timeout': 'fix-hook',
  'hook-not-started': 'fix-hook',
  'tsig-key': 'fix-config',
  'update-refused': 'fix-update',
  'update-failed': 'fix-update',
  'zone-not-found': 'fix-update',
  'not-propagated': 'fix-dns',
  'challenge-failed': 'fix-webserver',
  'authorization-stuck': 'try-again',
  'authorization-invalid': 'try-again',
  'order-invalid': 'try-again',
  'order-stuck': 'try-again',
  // what came back
  'bad-chain': 'ask-ca',
  'other-key': 'ask-ca',
  'other-names': 'ask-ca',
  'not-valid-now': 'fix-clock',
  'cannot-write': 'check-disk',
  // the process
  timeout: 'raise-timeout',
  cancelled: 'try-again',
  'child-died': 'report-bug',
  'child-killed': 'see-who-killed',
  'internal-error': 'report-bug',
} as const satisfies Record<string, RenewalAdvice>;

export type AcmeReason = keyof typeof ADVICE;

/** RFC 8555 6.7, RFC 9773 7.4 and acme-profiles: what each problem type asks for. */
const PROBLEM_ADVICE: Readonly<Record<string, RenewalAdvice>> = {
  accountDoesNotExist: 'check-account',
  alreadyReplaced: 'try-again',
  badCSR: 'fix-config',
  badNonce: 'ask-ca',
  badPublicKey: 'fix-config',
  badSignatureAlgorithm: 'fix-config',
  caa: 'fix-caa',
  connection: 'fix-firewall',
  dns: 'fix-dns',
  externalAccountRequired: 'check-account',
  incorrectResponse: 'fix-webserver',
  invalidContact: 'fix-config',
  invalidProfile: 'fix-config',
  malformed: 'ask-ca',
  orderNotReady: 'try-again',
  rateLimited: 'wait-until',
  rejectedIdentifier: 'fix-config',
  serverInternal: 'try-again',
  tls: 'fix-webserver',
  unauthorized: 'check-account',
  unsupportedContact: 'fix-config',
  unsupportedIdentifier: 'fix-config',
  userActionRequired: 'act-at-ca',
};

const ACME_ERROR = 'urn:ietf:params:acme:error:';

/** What the other side says is kept up to this many characters. */
const LONGEST_TEXT = 1_000;
const MOST_SUBPROBLEMS = 20;

/** A failure before it is known which step it happened in. */
export type Trouble = Omit<AcmeFailure, 'step'>;

export function trouble(reason: AcmeReason, detail: string, more: Partial<Trouble> = {}): Trouble {
  return { reason, detail: cap(detail), advice: ADVICE[reason], ...more };
}

export const fail = (reason: AcmeReason, detail: string, more: Partial<Trouble> = {}) =>
  err(trouble(reason, detail, more));

export const atStep = (step: AcmeStep, { ...what }: Trouble): AcmeFailure => ({ step, ...what });

/**
 * The CA's own verdict as a failure: reason `acme-…` in kebab case for the types of RFC 8555.
 * @param more.context what was asked for, put in front of the CA's words.
 */
export function problemTrouble(
  problem: AcmeProblem,
  more: Partial<Trouble> & { readonly context?: string } = {},
): Trouble {
  const { context, ...rest } = more;
  const word = problem.type.startsWith(ACME_ERROR) ? problem.type.slice(ACME_ERROR.length) : '';
  const known = /^[A-Za-z]{1,40}$/.test(word);
  const reason = known ? `acme-${word.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase()}` : 'http-error';
  const advice = PROBLEM_ADVICE[word] ?? (problem.status >= 500 ? 'try-again' : 'ask-ca');
  const said = problem.detail || problem.type || `HTTP status ${problem.status}`;
  return { reason, advice, detail: cap(context ? `${context}: ${said}` : said), problem, ...rest };
}

/** A problem document out of whatever JSON came; undefined where it is none. */
export function readProblem(value: unknown, status: number): AcmeProblem | undefined {
  if (!isObject(value) || (typeof value.type !== 'string' && typeof value.detail !== 'string')) return undefined;
  const subproblems = Array.isArray(value.subproblems) ? value.subproblems.slice(0, MOST_SUBPROBLEMS) : [];
  const instance = text(value.instance);
  return {
    type: text(value.type),
    detail: text(value.detail),
    status,
    subproblems: subproblems.filter(isObject).map(readSubproblem),
    ...(/^https?:/i.test(instance) ? { instance } : {}),
  };
}

function readSubproblem(value: Record<string, unknown>): AcmeSubproblem {
  const identifier = isObject(value.identifier) ? text(value.identifier.value) : '';
  return { type: text(value.type), detail: text(value.detail), ...(identifier ? { identifier } : {}) };
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: unknown): string => (typeof value === 'string' ? cap(value) : '');

export const cap = (value: string, longest = LONGEST_TEXT): string =>
  value.length <= longest ? value : `${value.slice(0, longest)}…`;
