/**
 * The ACME directories that have a name (RFC 8555 7.1.1), and where their rehearsals go.
 */
import { err, ok, type Result } from '../model/result.ts';
import { didYouMean, quote } from '../targets/nearest.ts';
import { ACME_DEFAULTS } from './renewal-defaults.ts';

export interface AcmeDirectory {
  /** As given: a name of the table, or the URL. */
  readonly name: string;
  readonly url: string;
}

/** `X-staging` is the same CA's directory for trials; where there is none, it has none (ZeroSSL). */
export const ACME_DIRECTORIES: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
  zerossl: 'https://acme.zerossl.com/v2/DV90',
  google: 'https://dv.acme-v02.api.pki.goog/directory',
  'google-staging': 'https://dv.acme-v02.test-api.pki.goog/directory',
};

/** Where the config names none. */
export const DEFAULT_DIRECTORY: AcmeDirectory = {
  name: ACME_DEFAULTS.directory,
  url: ACME_DIRECTORIES[ACME_DEFAULTS.directory]!,
};

/** Is it a CA that everybody uses? @param url of its directory. */
export const isKnownDirectory = (url: string): boolean => Object.values(ACME_DIRECTORIES).includes(url);

/**
 * Where a rehearsal of orders at this directory goes.
 * @param url of the directory; one that is for trials already is its own.
 * @returns undefined where the CA is known to have none, or is not known here.
 */
export function stagingOf(url: string): AcmeDirectory | undefined {
  const known = Object.keys(ACME_DIRECTORIES).find((each) => ACME_DIRECTORIES[each] === url);
  if (known === undefined) return undefined;
  const name = known.endsWith('-staging') ? known : `${known}-staging`;
  const staging = ACME_DIRECTORIES[name];
  return staging === undefined ? undefined : { name, url: staging };
}

/** RFC 8555 6.1: ACME goes over HTTPS, always. */
export function parseDirectory(text: string): Result<AcmeDirectory, string> {
  const word = text.trim();
  const names = Object.keys(ACME_DIRECTORIES);
  if (Object.hasOwn(ACME_DIRECTORIES, word)) return ok({ name: word, url: ACME_DIRECTORIES[word]! });
  if (!word.includes(':')) {
    return err(`expected ${names.join(', ')} or an https:// URL, got ${quote(text)}${didYouMean(word, names)}`);
  }
  const url = URL.canParse(word) ? new URL(word) : undefined;
  if (url?.protocol !== 'https:') return err(`expected the https:// URL of an ACME directory, got ${quote(text)}`);
  if (url.username !== '' || url.password !== '')
    return err('the URL of an ACME directory has no user name or password');
  return ok({ name: word, url: url.href });
}
