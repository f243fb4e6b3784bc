/**
 * A certificate set: a private key and the chain that goes with it, as four files hold them, and whether they may be
 * installed: one key, one leaf of that key, every name, valid now, each certificate issued by the next.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate } from '../../model/certificate.ts';
import type { CertificateFacts } from '../../model/renewal.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { bytesEqual } from '../../x509/der.ts';
import { matchesHostname } from '../../x509/hostname.ts';
import { formatGeneralName, formatName, namesMatch } from '../../x509/name.ts';
import { parseCertificate } from '../../x509/parse-certificate.ts';
import { decodePem, encodePem } from '../../x509/pem.ts';
import { sayErrno } from '../say-errno.ts';
import { type InstallProblem, trouble } from './trouble.ts';

export const FILE_NAMES = {
  key: 'privkey.pem',
  cert: 'cert.pem',
  chain: 'chain.pem',
  fullchain: 'fullchain.pem',
} as const;
export type SetFile = keyof typeof FILE_NAMES;
export const SET_FILES = Object.keys(FILE_NAMES) as readonly SetFile[];

export interface CertificateSet {
  /** PEM without a passphrase. */
  readonly keyPem: string;
  /** Leaf first. Never empty. */
  readonly chain: readonly [Certificate, ...Certificate[]];
}

/** What each of the four files holds. */
export function contentsOf({ keyPem, chain }: CertificateSet): Readonly<Record<SetFile, string>> {
  const [cert = '', ...above] = chain.map(({ der }) => encodePem(der));
  return { key: keyPem, cert, chain: above.join(''), fullchain: cert + above.join('') };
}

/** Keys and chains are some kilobytes. */
const LARGEST = 1024 * 1024;

/** A CA may date a certificate back, and clocks differ: this much of a future notBefore is let pass. */
const CLOCK_SKEW_MS = 5 * 60_000;

export function factsOf(leaf: Certificate): CertificateFacts {
  const { sha256, notBefore, notAfter, publicKey } = leaf;
  const names = (leaf.subjectAltName ?? []).map(formatGeneralName);
  return { sha256, notBefore, notAfter, names, keyType: publicKey.type };
}

/**
 * The set of a folder: its key, and the chain of fullchain.pem (or of cert.pem and chain.pem, where that is all there is).
 * @returns undefined where there is neither key nor certificate.
 */
export async function readSet(folder: string): Promise<Result<CertificateSet | undefined, InstallProblem>> {
  const texts: Partial<Record<SetFile, string>> = {};
  for (const file of SET_FILES) {
    const read = await readSmall(join(folder, FILE_NAMES[file]));
    if (!read.ok) return read;
    if (read.value !== undefined) texts[file] = read.value;
  }
  const { key, cert, chain = '', fullchain } = texts;
  const certificates = fullchain ?? (cert === undefined ? undefined : cert + chain);
  if (key === undefined && certificates === undefined) return ok(undefined);
  if (key === undefined || certificates === undefined) {
    const missing = key === undefined ? FILE_NAMES.key : FILE_NAMES.fullchain;
    return err(trouble('incomplete', `${folder} has no ${missing}`));
  }
  return parseSet(key, certificates, folder);
}

/** @param where names the set in messages. */
export function parseSet(keyPem: string, chainPem: string, where: string): Result<CertificateSet, InstallProblem> {
  const ders = decodePem(chainPem);
  if (!ders.ok) return err(trouble('unreadable', `${where}: ${ders.error}`));
  const chain: Certificate[] = [];
  for (const der of ders.value) {
    const parsed = parseCertificate(der);
    if (!parsed.ok) return err(trouble('unreadable', `${where}: certificate ${chain.length}: ${parsed.error}`));
    chain.push(parsed.value);
  }
  const [leaf, ...above] = chain;
  if (!leaf) return err(trouble('unreadable', `${where} holds no certificate`));
  return ok({ keyPem, chain: [leaf, ...above] });
}

export interface Expected {
  /** May be empty: then no name is asked for. */
  readonly domains: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Everything that has to be so before a single file is touched. */
export function checkSet({ keyPem, chain }: CertificateSet, { domains, now }: Expected): Result<void, InstallProblem> {
  const [leaf] = chain;
  const fits = keyFits(keyPem, leaf);
  if (!fits.ok) return fits;
  if (!fits.value) return err(trouble('key-mismatch', 'the private key does not belong to the certificate'));
  const missing = missingNames(leaf, domains);
  if (missing.length > 0) {
    const names = factsOf(leaf).names.join(', ') || 'no name at all';
    return err(trouble('names-missing', `the certificate is for ${names}, which leaves out ${missing.join(', ')}`));
  }
  const { notBefore, notAfter } = leaf;
  if (notBefore > now + CLOCK_SKEW_MS || notAfter < now) {
    const span = `${new Date(notBefore).toISOString()} to ${new Date(notAfter).toISOString()}`;
    return err(trouble('not-valid-now', `the certificate is valid from ${span}, which is not now`));
  }
  for (const [i, below] of chain.entries()) {
    const above = chain[i + 1];
    if (above && !issued(above, below)) {
      const [lower, upper] = [formatName(below.subject), formatName(above.subject)];
      return err(trouble('chain-broken', `certificate ${i + 1} of the chain (${upper}) did not issue ${i} (${lower})`));
    }
  }
  return ok(undefined);
}

export function keyFits(keyPem: string, leaf: Certificate): Result<boolean, InstallProblem> {
  let key: KeyObject;
  try {
    key = createPublicKey(createPrivateKey(keyPem));
  } catch {
    return err(trouble('key-unreadable', 'the private key is no PEM key without a passphrase'));
  }
  const own = key.export({ type: 'spki', format: 'der' });
  if (bytesEqual(own, leaf.publicKey.spki)) return ok(true);
  // Parameters may be written in more ways than one: OpenSSL has the last word.
  try {
    return ok(new X509Certificate(leaf.der).checkPrivateKey(createPrivateKey(keyPem)));
  } catch {
    return ok(false);
  }
}

/** A wildcard that is asked for has to be there as such; a plain name may be covered by one. */
export function missingNames(leaf: Certificate, domains: readonly string[]): string[] {
  const literal = (leaf.subjectAltName ?? []).flatMap((san) => (san.kind === 'dns' ? [san.value.toLowerCase()] : []));
  return domains.filter((name) =>
    name.startsWith('*.') ? !literal.includes(name.toLowerCase()) : !matchesHostname(leaf, name),
  );
}

function issued(above: Certificate, below: Certificate): boolean {
  if (!namesMatch(below.issuer, above.subject)) return false;
  try {
    return new X509Certificate(below.der).verify(new X509Certificate(above.der).publicKey);
  } catch {
    // An algorithm that is not known here is no reason to refuse.
    return true;
  }
}

/** @returns undefined where there is no such file. */
async function readSmall(path: string): Promise<Result<string | undefined, InstallProblem>> {
  try {
    // O_NONBLOCK: a FIFO in its place must not be waited for.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return err(trouble('unreadable', `${path} is no regular file`));
      if (stats.size > LARGEST) return err(trouble('unreadable', `${path} is larger than any certificate`));
      return ok(await file.readFile('latin1'));
    } finally {
      await file.close();
    }
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR'].includes(code)) return ok(undefined);
    return err(
      trouble(['EACCES', 'EPERM'].includes(code) ? 'no-permission' : 'unreadable', `${path}: ${sayErrno(cause)}`),
    );
  }
}
