/**
 * Parsers of single setting values that are no thresholds. Each error says what was expected and what was found.
 */
import { err, ok, type Result } from '../model/result.ts';
import type { DialOverride } from '../model/target.ts';
import { parseDuration } from '../time/duration.ts';
import { parseHost } from './host.ts';
import { didYouMean, quote } from './nearest.ts';
import { exactDuration } from './threshold.ts';

const LONGEST_NAME = 128;
const LONGEST_TEXT = 256;
const LONGEST_PATH = 4_096;
const LABEL_KEY = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;
/** C0, C1, DEL, and the two line separators: they would break a report's lines. */
const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;

/** One of a few words, in any case. */
export function parseChoice<T extends string>(choices: readonly T[]): (text: string) => Result<T, string> {
  return (text) => {
    const word = text.trim().toLowerCase();
    const found = choices.find((choice) => choice === word);
    if (found !== undefined) return ok(found);
    return err(`expected one of ${choices.join(', ')}, got ${quote(text)}${didYouMean(word, choices)}`);
  };
}

/** Bounds in milliseconds, both allowed. @returns milliseconds. */
export function parseDurationBetween(bounds: {
  readonly min: number;
  readonly max: number;
}): (text: string) => Result<number, string> {
  return (text) => {
    const parsed = parseDuration(text);
    if (!parsed.ok || (parsed.value >= bounds.min && parsed.value <= bounds.max)) return parsed;
    const range = `from ${exactDuration(bounds.min)} to ${exactDuration(bounds.max)}`;
    return err(`expected a duration ${range}, got ${quote(text)}`);
  };
}

export function parseInteger({ min, max }: { min: number; max: number }): (text: string) => Result<number, string> {
  return (text) => {
    const word = text.trim();
    const value = /^\d{1,9}$/.test(word) ? Number(word) : Number.NaN;
    if (value >= min && value <= max) return ok(value);
    return err(`expected a whole number from ${min} to ${max}, got ${quote(text)}`);
  };
}

export function parseYesNo(text: string): Result<boolean, string> {
  const word = text.trim().toLowerCase();
  if (['yes', 'true', 'on', '1'].includes(word)) return ok(true);
  if (['no', 'false', 'off', '0'].includes(word)) return ok(false);
  return err(`expected yes or no, got ${quote(text)}`);
}

export function parseFamily(text: string): Result<0 | 4 | 6, string> {
  const word = text.trim().toLowerCase();
  if (word === 'any') return ok(0);
  if (word === '4' || word === 'ipv4') return ok(4);
  if (word === '6' || word === 'ipv6') return ok(6);
  return err(`expected 4, 6 or any, got ${quote(text)}`);
}

/** Text for a person, without control characters. */
export function parseText(text: string): Result<string, string> {
  return bounded(text, LONGEST_TEXT, 'a text');
}

export function parseName(text: string): Result<string, string> {
  return bounded(text, LONGEST_NAME, 'a name');
}

export function parsePath(text: string): Result<string, string> {
  if (text === '') return err('expected the path of a file, got ""');
  if (text.includes('\0')) return err(`a path has no NUL, got ${quote(text)}`);
  if (text.length > LONGEST_PATH)
    return err(`expected a path of at most ${LONGEST_PATH} characters, got ${text.length}`);
  return ok(text);
}

function bounded(text: string, longest: number, what: string): Result<string, string> {
  const trimmed = text.trim();
  if (trimmed === '') return err(`expected ${what}, got ${quote(text)}`);
  if (CONTROL.test(trimmed)) return err(`expected ${what} without control characters, got ${quote(text)}`);
  if (trimmed.length > longest) return err(`expected ${what} of at most ${longest} characters, got ${trimmed.length}`);
  return ok(trimmed);
}

/** `key=value`. Keys have letters, digits, `_`, `-` and dots. */
export function parseLabel(text: string): Result<Readonly<Record<string, string>>, string> {
  const at = text.indexOf('=');
  if (at < 0) return err(`expected a label such as team=mail, got ${quote(text)}`);
  const key = text.slice(0, at).trim();
  if (!LABEL_KEY.test(key)) {
    return err(
      `expected a label key of at most 64 letters, digits, "_", "-" and dots that begins with a letter, got ${quote(key)}`,
    );
  }
  const value = text.slice(at + 1).trim();
  if (value.length > LONGEST_TEXT || CONTROL.test(value)) {
    return err(
      `expected a label value of at most ${LONGEST_TEXT} characters without control characters, got ${quote(value)}`,
    );
  }
  return ok({ [key]: value });
}

/** Sorted: the order in which labels were given says nothing. */
export function formatLabels(labels: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort();
}

/** A DNS name or an IP address without a zone: what a certificate can name. */
export function parseServername(text: string): Result<string, string> {
  const host = parseHost(text.trim());
  if (host.ok && host.value.includes('%')) return err(`a server name has no zone, got ${quote(text)}`);
  return host;
}

/**
 * A SHA-256: 64 hex digits (colons and case as they come), or base64 as pins are written, with or without a `sha256:`,
 * `sha256/`, curl's `sha256//` or OpenSSL's `sha256 Fingerprint=` before it.
 * @returns lower-case hex.
 */
export function parseHash(text: string): Result<string, string> {
  const word = text.trim().replace(/^sha-?256(?: fingerprint=|\/\/|[:/ ])/i, '');
  const hex = word.replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return ok(hex);
  if (/^[A-Za-z0-9+/]{43}=$/.test(word)) return ok(Buffer.from(word, 'base64').toString('hex'));
  if (/^[0-9a-f]{40}$/.test(hex)) return err(`expected a SHA-256 (64 hex digits), got a SHA-1: ${quote(text)}`);
  return err(`expected a SHA-256 as 64 hex digits or base64, got ${quote(text)}`);
}

/** `host`, `host:port`, `[v6]:port` or a bare IPv6 address. */
export function parseDial(text: string): Result<DialOverride, string> {
  const split = splitPort(text.trim());
  if (!split.ok) return split;
  const host = parseHost(split.value.host);
  if (!host.ok) return host;
  return ok({ host: host.value, ...(split.value.port !== undefined && { port: split.value.port }) });
}

export function formatDial({ host, port }: DialOverride): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? shown : `${shown}:${port}`;
}

/** Parts a host from the port behind it. An address of many colons without brackets is all host. */
export function splitPort(text: string): Result<{ host: string; port?: number }, string> {
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    if (close < 0) return err(`expected "]" after the IPv6 address, got ${quote(text)}`);
    const rest = text.slice(close + 1);
    if (rest === '') return ok({ host: text });
    if (!rest.startsWith(':')) return err(`expected ":" and a port after "]", got ${quote(text)}`);
    return withPort(text.slice(0, close + 1), rest.slice(1), text);
  }
  const colon = text.indexOf(':');
  if (colon < 0 || text.includes(':', colon + 1)) return ok({ host: text });
  return withPort(text.slice(0, colon), text.slice(colon + 1), text);
}

function withPort(host: string, digits: string, text: string): Result<{ host: string; port?: number }, string> {
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port >= 1 && port <= 65_535) return ok({ host, port });
  return err(`expected a port from 1 to 65535 after the host, got ${quote(digits)} in ${quote(text)}`);
}
