/**
 * Key pairs: made for an account or a certificate, or taken from a file. PKCS#8 PEM inside.
 */
import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { KeyType } from '../../config/acme-schema.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { sayErrno } from '../say-errno.ts';

const generate = promisify(generateKeyPair);

/** @returns PKCS#8 PEM. An RSA key of 4096 bits may take seconds; it is made off the main thread. */
export async function makeKeyPem(type: KeyType): Promise<string> {
  const { privateKey } = type.startsWith('ec')
    ? await generate('ec', { namedCurve: type === 'ec384' ? 'P-384' : 'P-256' })
    : await generate('rsa', { modulusLength: Number(type.slice('rsa'.length)) });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * A private key that ACME can use: EC on P-256 or P-384, RSA of 2048 bits or more.
 * @returns the key as PKCS#8 PEM; the error names the file and what is wrong, never what is in it.
 */
export async function readKeyFile(path: string): Promise<Result<string, string>> {
  let pem: string;
  try {
    pem = await readFile(path, 'utf8');
  } catch (cause) {
    return err(`${path}: ${sayErrno(cause)}`);
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return err(`${path}: expected a private key in PEM, without a passphrase`);
  }
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const usable =
    key.asymmetricKeyType === 'ec'
      ? namedCurve === 'prime256v1' || namedCurve === 'secp384r1'
      : key.asymmetricKeyType === 'rsa' && modulusLength >= 2048 && modulusLength <= 4096;
  if (!usable) {
    const seen = namedCurve ?? (modulusLength > 0 ? `${modulusLength} bits` : '');
    return err(
      `${path}: expected a key on P-256 or P-384, or RSA of 2048 to 4096 bits, got ${key.asymmetricKeyType} ${seen}`.trimEnd(),
    );
  }
  return ok(key.export({ type: 'pkcs8', format: 'pem' }).toString());
}
