/**
 * The ACME directories that have a name (RFC 8555 7.1.1).
 */
import { err, ok, type Result } from '../model/result.ts';
import { didYouMean, quote } from '../targets/nearest.ts';

export interface AcmeDirectory {
  /** As given: a name of the table, or the URL. */
  readonly name: string;
  readonly url: string;
}

export const ACME_DIRECTORIES: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
  zerossl: 'https://acme.zerossl.com/v2/DV90',
  google: 'https://dv.acme-v02.api.pki.goog/directory',
  'google-staging': 'https://dv.acme-v02.test-api.pki.goog/directory',
};

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
