/**
 * The grammar of a target word: `host`, `host:port`, `[2001:db8::1]:443`, a bare IPv6 address, `https://host/path`,
 * `SCHEME://host[:port]`, `file:PATH`. Options behind it are `list-line.ts`'s.
 */
import { err, ok, type Result } from '../model/result.ts';
import { parseHost } from './host.ts';
import { quote } from './nearest.ts';
import { findScheme, type Scheme } from './schemes.ts';
import { splitPort } from './setting-values.ts';

/** A target word, taken apart. */
export type TargetWord =
  | {
      readonly kind: 'endpoint';
      /** Canonical: see `parseHost`. */
      readonly host: string;
      readonly port?: number;
      /** Absent where the word names none: `host` and `host:port`. */
      readonly scheme?: Scheme;
      /** The word as written, without a path behind the host. */
      readonly shown: string;
    }
  | { readonly kind: 'file'; readonly path: string; readonly shown: string };

export interface WordOptions {
  /**
   * Is there a regular file of this name? Given for the command line only, where `hosts.txt` may be a slip for
   * `-f hosts.txt`; in a list a bare word is always a host.
   */
  readonly fileExists?: (path: string) => boolean;
}

const LONGEST_WORD = 4_096;
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;
/** Endings that are files in practice and no top-level domains that anyone serves from. */
const FILE_ENDING =
  /\.(?:txt|te?xt|lst|list|csv|ya?ml|json|conf|cfg|pem|crt|cer|cert|der|key|p7b|p7c|p12|pfx|jks|bak)$/i;

/** @returns the parts; the error is a sentence that says what was found and what is expected. */
export function parseTargetWord(word: string, { fileExists }: WordOptions = {}): Result<TargetWord, string> {
  if (word === '') return err('expected a target such as example.org or https://example.org, got ""');
  if (word.length > LONGEST_WORD) return err(`a target has at most ${LONGEST_WORD} characters, got ${word.length}`);
  if (/[\x00-\x1f\x7f]/.test(word)) return err(`a target has no control characters, got ${quote(word)}`);
  if (/^file:/i.test(word)) return parseFile(word);
  const scheme = SCHEME.exec(word);
  if (scheme) return parseUrl(word, scheme[1]!);
  const slip = refuseUserinfo(word) ?? refuseHalfUrl(word) ?? refuseFile(word, fileExists);
  if (slip !== undefined) return err(slip);
  return parseAuthority(word, undefined, word);
}

function parseFile(word: string): Result<TargetWord, string> {
  let path = word.slice('file:'.length);
  if (path.startsWith('//')) {
    // RFC 8089: an empty authority or localhost.
    const url = /^\/\/(?:localhost)?(\/.*)$/i.exec(path);
    if (!url) return err(`expected file:PATH or file:///PATH, got ${quote(word)}`);
    try {
      path = decodeURIComponent(url[1]!);
    } catch {
      return err(`${quote(word)} has a "%" that is no escape of UTF-8; file:PATH takes a path as it is`);
    }
  }
  if (path === '' || path.includes('\0')) return err(`expected a path after file:, got ${quote(word)}`);
  return ok({ kind: 'file', path, shown: path });
}

function parseUrl(word: string, schemeName: string): Result<TargetWord, string> {
  const scheme = findScheme(schemeName);
  if (!scheme.ok) return scheme;
  const rest = word.slice(schemeName.length + 3);
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const userinfo = refuseUserinfo(authority);
  if (userinfo !== undefined) return err(userinfo);
  if (authority === '') return err(`expected a host after ${schemeName}://, got ${quote(word)}`);
  return parseAuthority(authority, scheme.value, `${schemeName}://${authority}`);
}

function parseAuthority(text: string, scheme: Scheme | undefined, shown: string): Result<TargetWord, string> {
  const split = splitPort(text);
  if (!split.ok) return split;
  const host = parseHost(split.value.host);
  if (!host.ok) return host;
  const { port } = split.value;
  return ok({
    kind: 'endpoint',
    host: host.value,
    shown,
    ...(port !== undefined && { port }),
    ...(scheme && { scheme }),
  });
}

/** A path, or the name of a file that lies here and looks more like a file than like a host. */
function refuseFile(word: string, fileExists: ((path: string) => boolean) | undefined): string | undefined {
  const ways = `-f ${shellWord(word)} checks the targets in it, file:${shellWord(word)} the certificates in it`;
  if (/^(?:[/~]|\.{1,2}(?:\/|$))/.test(word)) return `${quote(word)} is a path, not a host: ${ways}`;
  if (fileExists === undefined || word.includes(':') || !fileExists(word)) {
    if (!word.includes('/')) return undefined;
    return `expected a host, got ${quote(word)}: to name a page write https://${word}, to name a file file:${shellWord(word)}`;
  }
  if (word.includes('/') || FILE_ENDING.test(word)) return `${quote(word)} is a file, not a host: ${ways}`;
  if (!word.includes('.')) return `${quote(word)} is a file here: ${ways}, https://${word} the host`;
  return undefined;
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Not quoted in the message: it may hold a password. */
function refuseUserinfo(text: string): string | undefined {
  const at = text.lastIndexOf('@');
  if (at < 0) return undefined;
  return `a target has no user name or password before the host: write ${quote(text.slice(at + 1))} alone`;
}

/** `https:/example.org`, `https:example.org`, `smtp:example.org`; `example.org:https`. */
function refuseHalfUrl(word: string): string | undefined {
  const colon = word.indexOf(':');
  if (colon < 1 || word.startsWith('[') || word.includes(':', colon + 1)) return undefined;
  const [before, after] = [word.slice(0, colon), word.slice(colon + 1)];
  if (after !== '' && !/^\d+$/.test(after) && findScheme(before).ok) {
    const meant = `${before}://${after.replace(/^\/+/, '')}`;
    return `expected "//" after ${quote(`${before}:`)}, got ${quote(word)} (did you mean ${quote(meant)}?)`;
  }
  if (/^[a-z]/i.test(after) && findScheme(after).ok) {
    return `expected a port number after the host, got ${quote(word)} (did you mean ${quote(`${after}://${before}`)}?)`;
  }
  return undefined;
}
