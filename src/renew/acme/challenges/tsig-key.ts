/**
 * A TSIG key as BIND's tools write it: `key "name" { algorithm hmac-sha256; secret "base64"; };`
 */
import { readFile } from 'node:fs/promises';
import { err, ok, type Result } from '../../../model/result.ts';
import { sayErrno } from '../../say-errno.ts';

export interface TsigKey {
  /** Lower case, without a trailing dot. */
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Buffer;
}

/** RFC 8945 6; the truncated and the MD5 ones are left out: "MUST NOT be used" or nobody's default. */
export const TSIG_HASHES = {
  'hmac-sha1': 'sha1',
  'hmac-sha224': 'sha224',
  'hmac-sha256': 'sha256',
  'hmac-sha384': 'sha384',
  'hmac-sha512': 'sha512',
} as const;
export type TsigAlgorithm = keyof typeof TSIG_HASHES;

/** @returns the error names the file and what is missing, never the secret. */
export async function readTsigKey(path: string): Promise<Result<TsigKey, string>> {
  try {
    const parsed = parseTsigKey(await readFile(path, 'utf8'));
    return parsed.ok ? parsed : err(`${path}: ${parsed.error}`);
  } catch (cause) {
    return err(`${path}: ${sayErrno(cause)}`);
  }
}

export function parseTsigKey(text: string): Result<TsigKey, string> {
  // Base64 may hold `//`, which starts a comment only outside of quotes.
  const bare = text.replace(/("[^"\n]*")|\/\*[\s\S]*?\*\/|(?:\/\/|#).*$/gm, '$1');
  const [, name, body] = /\bkey\s+"?([^"\s{;]+)"?\s*\{([^}]*)\}/.exec(bare) ?? [];
  if (name === undefined || body === undefined) {
    return err('expected key "NAME" { algorithm hmac-sha256; secret "BASE64"; };');
  }
  const algorithm = (/\balgorithm\s+"?([A-Za-z0-9.-]+?)\.?"?\s*;/.exec(body)?.[1] ?? '').toLowerCase();
  if (!Object.hasOwn(TSIG_HASHES, algorithm)) {
    return err(`expected an algorithm among ${Object.keys(TSIG_HASHES).join(', ')}, got ${JSON.stringify(algorithm)}`);
  }
  const secret = /\bsecret\s+"?([A-Za-z0-9+/=]+)"?\s*;/.exec(body)?.[1];
  if (secret === undefined) return err('expected secret "BASE64"; in the key');
  return ok({
    name: name.toLowerCase().replace(/\.$/, ''),
    algorithm: algorithm as TsigAlgorithm,
    secret: Buffer.from(secret, 'base64'),
  });
}
