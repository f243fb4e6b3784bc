/**
 * Where orders go: the directories that have a name stand in `config/acme-directories.ts`; here is where a rehearsal goes.
 */
import { ACME_DIRECTORIES, parseDirectory } from '../../config/acme-directories.ts';
import type { Result } from '../../model/result.ts';

/** Where `--rehearse` goes: each CA's own staging directory; ZeroSSL and a URL of one's own have none. */
export const STAGING: Readonly<Record<string, string>> = {
  letsencrypt: ACME_DIRECTORIES['letsencrypt-staging']!,
  'letsencrypt-staging': ACME_DIRECTORIES['letsencrypt-staging']!,
  google: ACME_DIRECTORIES['google-staging']!,
  'google-staging': ACME_DIRECTORIES['google-staging']!,
};

/** @returns the directory's URL for a known name or a URL; the error as one sentence. */
export function directoryUrl(directory: string): Result<string, string> {
  const parsed = parseDirectory(directory);
  return parsed.ok ? { ok: true, value: parsed.value.url } : parsed;
}
