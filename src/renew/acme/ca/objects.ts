/**
 * The objects of RFC 8555 7.1 as they are used here, read from JSON that nobody vouches for. Pure.
 */
import { err, ok, type Result } from '../../../model/result.ts';
import { isObject, readProblem, type Trouble, trouble } from '../failure.ts';
import type { AcmeProblem } from '../job.ts';

export interface Directory {
  readonly url: string;
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  /** RFC 9773 4.1 */
  readonly renewalInfo?: string;
  readonly termsOfService?: string;
  readonly caaIdentities: readonly string[];
  readonly externalAccountRequired: boolean;
  /** acme-profiles: name → description; undefined where the CA has none. */
  readonly profiles?: Readonly<Record<string, string>>;
}

export interface Identifier {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

export interface Order {
  readonly url: string;
  readonly status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';
  readonly identifiers: readonly Identifier[];
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate?: string;
  readonly error?: AcmeProblem;
}

export interface Challenge {
  readonly type: string;
  readonly url: string;
  readonly token: string;
  readonly status: string;
  readonly error?: AcmeProblem;
}

export interface Authorization {
  readonly url: string;
  readonly status: 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked';
  /** Without `*.`: `wildcard` says that it was there. */
  readonly identifier: Identifier;
  readonly wildcard: boolean;
  readonly challenges: readonly Challenge[];
}

export function readDirectory(value: unknown, url: string): Result<Directory, Trouble> {
  if (!isObject(value)) return err(trouble('not-a-directory', `${url} does not answer with an ACME directory`));
  const { newNonce, newAccount, newOrder } = value;
  if (typeof newNonce !== 'string' || typeof newAccount !== 'string' || typeof newOrder !== 'string') {
    return err(trouble('not-a-directory', `${url} names no newNonce, newAccount and newOrder: not an ACME directory`));
  }
  const meta = isObject(value.meta) ? value.meta : {};
  const profiles = isObject(meta.profiles) ? meta.profiles : undefined;
  return ok({
    url,
    newNonce,
    newAccount,
    newOrder,
    ...(typeof value.renewalInfo === 'string' ? { renewalInfo: value.renewalInfo } : {}),
    ...(typeof meta.termsOfService === 'string' ? { termsOfService: meta.termsOfService } : {}),
    caaIdentities: strings(meta.caaIdentities),
    externalAccountRequired: meta.externalAccountRequired === true,
    ...(profiles
      ? { profiles: Object.fromEntries(Object.entries(profiles).map(([name, about]) => [name, String(about)])) }
      : {}),
  });
}

const ORDER_STATUS = ['pending', 'ready', 'processing', 'valid', 'invalid'] as const;

export function readOrder(value: unknown, url: string): Result<Order, Trouble> {
  if (!isObject(value)) return bad(`the order ${url}`, value);
  const status = ORDER_STATUS.find((each) => each === value.status);
  const identifiers = Array.isArray(value.identifiers) ? value.identifiers.map(readIdentifier) : [];
  const authorizations = strings(value.authorizations);
  const known = identifiers.filter((each) => each !== undefined);
  if (!status || typeof value.finalize !== 'string' || known.length !== identifiers.length) {
    return bad(`the order ${url}`, value);
  }
  const error = readProblem(value.error, 0);
  return ok({
    url,
    status,
    identifiers: known,
    authorizations,
    finalize: value.finalize,
    ...(typeof value.certificate === 'string' ? { certificate: value.certificate } : {}),
    ...(error ? { error } : {}),
  });
}

const AUTHORIZATION_STATUS = ['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked'] as const;

export function readAuthorization(value: unknown, url: string): Result<Authorization, Trouble> {
  if (!isObject(value)) return bad(`the authorization ${url}`, value);
  const status = AUTHORIZATION_STATUS.find((each) => each === value.status);
  const identifier = readIdentifier(value.identifier);
  if (!status || !identifier || !Array.isArray(value.challenges)) return bad(`the authorization ${url}`, value);
  return ok({
    url,
    status,
    identifier,
    wildcard: value.wildcard === true,
    challenges: value.challenges.filter(isObject).flatMap(readChallenge),
  });
}

/** RFC 8555 8.3: base64url characters only. A token becomes a file name and a path: nothing else may pass. */
const TOKEN = /^[A-Za-z0-9_-]{16,256}$/;

function readChallenge(value: Record<string, unknown>): Challenge[] {
  const { type, url, token, status } = value;
  if (typeof type !== 'string' || typeof url !== 'string' || typeof token !== 'string') return [];
  if (!TOKEN.test(token)) return [];
  const error = readProblem(value.error, 0);
  return [{ type, url, token, status: typeof status === 'string' ? status : '', ...(error ? { error } : {}) }];
}

function readIdentifier(value: unknown): Identifier | undefined {
  if (!isObject(value) || typeof value.value !== 'string') return undefined;
  return value.type === 'dns' || value.type === 'ip' ? { type: value.type, value: value.value } : undefined;
}

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];

function bad(what: string, value: unknown): Result<never, Trouble> {
  const seen = JSON.stringify(value)?.slice(0, 200) ?? 'nothing';
  return err(trouble('bad-answer', `${what} is not as RFC 8555 has it: ${seen}`));
}
