/**
 * Java keystores, JKS and JCEKS, as the JDK writes them. Certificates lie open in them, so that no password is needed; the
 * digest at the end, which is keyed with one, is checked where one was given.
 *
 *     magic version count { 1 alias date key chain | 2 alias date certificate | 3 alias date sealed-key }* sha1
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ContainerEntry } from '../model/observation.ts';
import { ok, type Result } from '../model/result.ts';
import { ByteReader } from './byte-reader.ts';
import {
  capAlias,
  damaged,
  MOST_CERTIFICATES,
  type OpenOptions,
  type Stored,
  type Trouble,
  tooMany,
  trouble,
} from './container.ts';
import { skipJavaObject } from './java-object.ts';
import type { Password } from './password.ts';

/** 1: certificates without their type in front. */
const VERSIONS = [1, 2];
const PRIVATE_KEY = 1;
const CERTIFICATE = 2;
/** In JCEKS only. */
const SECRET_KEY = 3;
const DATE_OCTETS = 8;
const DIGEST_OCTETS = 20;
const STORE = 'a Java keystore';
/** Said by the JDK's source to be here "to deter attacks". */
const SALT = 'Mighty Aphrodite';

/** @returns at least one certificate, in the order of the store; those of a key's chain all under its alias. */
export function readJavaKeystore(bytes: Uint8Array, { password }: OpenOptions): Result<readonly Stored[], Trouble> {
  const body = bytes.subarray(0, Math.max(0, bytes.length - DIGEST_OCTETS));
  const reader = new ByteReader(body);
  reader.skip(4);
  const version = reader.u32();
  if (!reader.broken && !VERSIONS.includes(version)) {
    return trouble('unsupported-format', `is a Java keystore of version ${version}; certwatch knows 1 and 2`);
  }
  const found: Stored[] = [];
  for (let left = reader.u32(); left > 0 && !reader.broken; left--) readEntry(reader, version, found);
  if (found.length > MOST_CERTIFICATES) return tooMany();
  if (reader.broken || !reader.done) return damaged(STORE);
  if (password && !isDigestOf(bytes, body, password)) {
    return trouble('wrong-password', 'does not open with the password given, or has been changed without it');
  }
  return found.length > 0 ? ok(found) : trouble('no-certificate', 'is a Java keystore, but holds no certificate');
}

function readEntry(reader: ByteReader, version: number, found: Stored[]): void {
  const kind = reader.u32();
  const alias = capAlias(Buffer.from(reader.take(reader.u16())).toString('utf8'));
  reader.skip(DATE_OCTETS);
  const readCertificate = (entry: ContainerEntry): void => {
    if (version > 1) reader.skip(reader.u16());
    const der = reader.take(reader.u32());
    if (!reader.broken) found.push({ der, entry });
    if (found.length > MOST_CERTIFICATES) reader.break();
  };
  if (kind === CERTIFICATE) readCertificate({ ...alias, trusted: true });
  else if (kind === PRIVATE_KEY) {
    reader.skip(reader.u32());
    for (let left = reader.u32(); left > 0 && !reader.broken; left--) readCertificate(alias);
  } else if (kind === SECRET_KEY) skipJavaObject(reader);
  else reader.break();
}

/** SHA-1 over the password as UTF-16, big endian, a salt and all that stands before it. */
function isDigestOf(bytes: Uint8Array, body: Uint8Array, { bmp }: Password): boolean {
  const digest = createHash('sha1').update(bmp.subarray(0, -2)).update(SALT).update(body).digest();
  return timingSafeEqual(digest, bytes.subarray(-DIGEST_OCTETS));
}
