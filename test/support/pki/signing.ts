/**
 * Signatures on minted certificates: the AlgorithmIdentifier and the bytes, by any key and with any hash, old ones included.
 */
import { constants, sign } from 'node:crypto';
import { context, integer, nullValue, oid, sequence } from './der.ts';
import type { KeyPair } from './keys.ts';

export type SignatureHash = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

const RSA_OIDS: Readonly<Record<SignatureHash, string>> = {
  md5: '1.2.840.113549.1.1.4',
  sha1: '1.2.840.113549.1.1.5',
  sha224: '1.2.840.113549.1.1.14',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
};
const EC_OIDS: Readonly<Partial<Record<SignatureHash, string>>> = {
  sha1: '1.2.840.10045.4.1',
  sha224: '1.2.840.10045.4.3.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
};
const HASH_OIDS: Readonly<Record<SignatureHash, string>> = {
  md5: '1.2.840.113549.2.5',
  sha1: '1.3.14.3.2.26',
  sha224: '2.16.840.1.101.3.4.2.4',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};
const HASH_BYTES: Readonly<Record<SignatureHash, number>> = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

export interface Signer {
  /** AlgorithmIdentifier DER. */
  readonly algorithm: Buffer;
  sign(message: Uint8Array): Buffer;
}

export interface SignerOptions {
  /** Defaults to what the key's kind mostly comes with: SHA-384 for P-384, SHA-512 for P-521, else SHA-256. */
  readonly hash?: SignatureHash;
  /** RSASSA-PSS (RFC 4055) instead of PKCS#1 v1.5. Keys of the RSA-PSS kind always use it. */
  readonly pss?: boolean;
}

/** @throws where the key cannot sign (X25519), or the kind has no such hash. */
export function signerFor(key: KeyPair, { hash, pss = false }: SignerOptions = {}): Signer {
  const { kind, privateKey } = key;
  if (kind === 'ed25519' || kind === 'ed448') {
    const algorithm = sequence(oid(kind === 'ed25519' ? '1.3.101.112' : '1.3.101.113'));
    return { algorithm, sign: (message) => sign(null, message, privateKey) };
  }
  const digest = hash ?? (kind === 'ec384' ? 'sha384' : kind === 'ec521' ? 'sha512' : 'sha256');
  if (kind.startsWith('dsa')) {
    const algorithm = sequence(oid(digest === 'sha1' ? '1.2.840.10040.4.3' : '2.16.840.1.101.3.4.3.2'));
    return { algorithm, sign: (message) => sign(digest, message, privateKey) };
  }
  if (!kind.startsWith('rsa')) {
    const id = EC_OIDS[digest];
    if (!id || kind === 'x25519') throw new Error(`a ${kind} key does not sign with ${digest}`);
    return { algorithm: sequence(oid(id)), sign: (message) => sign(digest, message, privateKey) };
  }
  if (!pss && kind !== 'rsa-pss2048') {
    const algorithm = sequence(oid(RSA_OIDS[digest]), nullValue());
    return { algorithm, sign: (message) => sign(digest, message, privateKey) };
  }
  return pssSigner(key, digest);
}

function pssSigner({ privateKey }: KeyPair, digest: SignatureHash): Signer {
  const saltLength = HASH_BYTES[digest];
  const hashAlgorithm = sequence(oid(HASH_OIDS[digest]), nullValue());
  const parameters = sequence(
    context(0, hashAlgorithm),
    context(1, sequence(oid('1.2.840.113549.1.1.8'), hashAlgorithm)),
    context(2, integer(saltLength)),
  );
  return {
    algorithm: sequence(oid('1.2.840.113549.1.1.10'), parameters),
    sign: (message) => sign(digest, message, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
  };
}
