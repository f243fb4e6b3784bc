/**
 * Renewal information (RFC 9773): when the CA would like a certificate to be renewed. It is advice: whatever goes wrong
 * here is a value, and blocks nothing.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseDirectory } from '../../config/acme-directories.ts';
import type { Certificate } from '../../model/certificate.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Deadline } from '../../time/deadline.ts';
import { sayErrno } from '../say-errno.ts';
import { type Answer, exchange, type Line, openLine } from './ca/exchange.ts';
import { readDirectory } from './ca/objects.ts';
import { parseRetryAfter } from './ca/retrying.ts';
import { fail, isObject, type Trouble } from './failure.ts';

export interface RenewalWindow {
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly end: number;
}

export interface RenewalInfo {
  readonly certId: string;
  readonly suggestedWindow: RenewalWindow;
  /** A page about why, for a person. Untrusted text; an http or https URL. */
  readonly explanationURL?: string;
  /** When to ask again, in milliseconds: within a minute and a day (RFC 9773 4.3.2), 6 hours where the CA says nothing. */
  readonly retryAfterMs: number;
}

/** `none`: the directory offers no renewal information; otherwise why it could not be had. */
export type NoRenewalInfo = { readonly kind: 'none' } | { readonly kind: 'failed'; readonly trouble: Trouble };

export interface RenewalInfoQuestion {
  /** As in a job. */
  readonly directory: string;
  readonly caFile?: string;
  readonly certificate: Certificate;
  readonly deadline: Deadline;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly requestTimeoutMs?: number;
  readonly nameServers?: readonly string[];
}

const DEFAULT_RETRY_MS = 6 * 3_600_000;
/** How soon, and how late, the CA is asked again, whatever it says. */
export const RETRY_MS = { least: 60_000, most: 24 * 3_600_000 } as const;
const ASK_MS = 10_000;
const LONGEST_URL = 2_000;

/**
 * RFC 9773 4.1: base64url of the authority key identifier's keyIdentifier, a dot, base64url of the serial's DER content.
 * @returns undefined for a certificate that names no key of its issuer: it has no certID.
 */
export function certIdOf({ authorityKeyId, serial }: Certificate): string | undefined {
  const keyId = authorityKeyId?.keyId;
  if (!keyId || keyId.length === 0 || !/^[0-9A-F]+$/.test(serial)) return undefined;
  const octets = Buffer.from(serial, 'hex');
  // DER: a positive number whose first bit is set goes with a zero octet in front, and that octet belongs to it here.
  const content = (octets[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), octets]) : octets;
  return `${Buffer.from(keyId).toString('base64url')}.${content.toString('base64url')}`;
}

export async function fetchRenewalInfo(question: RenewalInfoQuestion): Promise<Result<RenewalInfo, NoRenewalInfo>> {
  const certId = certIdOf(question.certificate);
  if (!certId) return err({ kind: 'none' });
  const line = await lineFor(question);
  if (!line.ok) return failed(line);
  try {
    return await ask(line.value, certId, question);
  } finally {
    line.value.agent.destroy();
  }
}

async function lineFor(question: RenewalInfoQuestion): Promise<Result<Line, Trouble>> {
  let ca: string | undefined;
  if (question.caFile) {
    try {
      ca = await readFile(question.caFile, 'utf8');
    } catch (cause) {
      return fail('ca-file', `${question.caFile}: ${sayErrno(cause)}`);
    }
  }
  const { deadline, requestTimeoutMs: timeoutMs = ASK_MS, nameServers } = question;
  return ok(await openLine({ deadline, timeoutMs, ca, nameServers }));
}

async function ask(
  line: Line,
  certId: string,
  question: RenewalInfoQuestion,
): Promise<Result<RenewalInfo, NoRenewalInfo>> {
  const parsed = parseDirectory(question.directory);
  if (!parsed.ok) return failed(fail('bad-job', parsed.error));
  const { url } = parsed.value;
  const directory = await getJson(line, url);
  if (!directory.ok) return failed(directory);
  const read = readDirectory(directory.value.json, url);
  if (!read.ok) return failed(read);
  const { renewalInfo } = read.value;
  if (!renewalInfo) return err({ kind: 'none' });
  const got = await getJson(line, `${renewalInfo.replace(/\/$/, '')}/${certId}`);
  if (!got.ok) return failed(got);
  const suggestedWindow = readWindow(got.value.json);
  if (!suggestedWindow) return failed(fail('bad-answer', 'the renewal information has no window that is one'));
  const asked = parseRetryAfter(got.value.answer.headers['retry-after'], question.now());
  const explanationURL = readUrl(got.value.json);
  return ok({
    certId,
    suggestedWindow,
    retryAfterMs: Math.min(Math.max(asked ?? DEFAULT_RETRY_MS, RETRY_MS.least), RETRY_MS.most),
    ...(explanationURL ? { explanationURL } : {}),
  });
}

const failed = (result: { readonly ok: false; readonly error: Trouble }): Result<never, NoRenewalInfo> =>
  err({ kind: 'failed', trouble: result.error });

async function getJson(line: Line, url: string): Promise<Result<{ json: unknown; answer: Answer }, Trouble>> {
  const got = await exchange(line, url, { method: 'GET' });
  if (!got.ok) return got;
  const { status, body } = got.value;
  if (status !== 200) return fail('http-error', `${url} answered with HTTP status ${status}`);
  try {
    return ok({ json: JSON.parse(body.toString('utf8')) as unknown, answer: got.value });
  } catch (cause) {
    return fail('bad-json', `${url} answered with JSON that is none: ${(cause as Error).message}`);
  }
}

/** RFC 9773 4.2: an end that is not after the start is to be taken for no answer at all. */
function readWindow(value: unknown): RenewalWindow | undefined {
  const suggested = isObject(value) && isObject(value.suggestedWindow) ? value.suggestedWindow : {};
  const [start, end] = [readInstant(suggested.start), readInstant(suggested.end)];
  return start === undefined || end === undefined || end <= start ? undefined : { start, end };
}

/** RFC 3339. */
function readInstant(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(value)) {
    return undefined;
  }
  const at = Date.parse(value.replace(' ', 'T').toUpperCase());
  return Number.isNaN(at) ? undefined : at;
}

function readUrl(value: unknown): string | undefined {
  const url = isObject(value) ? value.explanationURL : undefined;
  if (typeof url !== 'string' || url.length > LONGEST_URL || !URL.canParse(url)) return undefined;
  return /^https?:$/.test(new URL(url).protocol) ? new URL(url).href : undefined;
}

/**
 * RFC 9773 4.2: a moment in the window, uniformly random over all certificates, so that not everybody comes at once, and
 * always the same for this certificate and installation, so that asking again does not throw the dice again.
 * @param seed what tells this installation from others; any text.
 * @returns milliseconds since the epoch, within [start, end).
 */
export function pickRenewalTime({ start, end }: RenewalWindow, certId: string, seed: string): number {
  const hash = createHash('sha256')
    .update(JSON.stringify([seed, certId]))
    .digest();
  const fraction = hash.readUIntBE(0, 6) / 2 ** 48;
  return Math.floor(start + fraction * (end - start));
}
