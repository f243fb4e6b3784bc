/**
 * Key stores for tests: real ones by openssl and keytool, and, written by hand from their documents, those that neither
 * makes: odd, hostile and cut ones.
 */
import { execFileSync } from 'node:child_process';
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { context, contextPrimitive, integer, nullValue, octetString, oid, sequence, set, TAG, tlv } from './pki/der.ts';
import type { Issued } from './pki/mint.ts';
import { type TempFolder, tempFolder } from './temp-folder.ts';

/** Is this program here? A developer may be without it. */
export function hasProgram(name: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(name, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Where tests are meant to run in full, openssl has to be there. */
export const hasOpenssl = hasProgram('openssl', 'version') || process.env.CI !== undefined;
export const hasKeytool = hasProgram('keytool', '-help');

/** A folder with `key.pem`, `cert.pem`, `chain.pem` (what stands above the leaf) and `all.pem`, and programs run in it. */
export interface Bench {
  readonly folder: TempFolder;
  /** Runs it with these arguments, parted by blanks, `-out` and a new path; @returns the path. */
  openssl(command: string): string;
  keytool(...args: readonly string[]): void;
}

let count = 0;

export async function bench(leaf: Issued): Promise<Bench> {
  const folder = await tempFolder('stores');
  await folder.write('key.pem', leaf.keyPem);
  await folder.write('cert.pem', leaf.pem);
  await folder.write('all.pem', leaf.chainWithRoot.map(({ pem }) => pem).join(''));
  await folder.write(
    'chain.pem',
    leaf.chainWithRoot
      .slice(1)
      .map(({ pem }) => pem)
      .join(''),
  );
  const run = (program: string, args: readonly string[]): void =>
    void execFileSync(program, args, { cwd: folder.path, stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } });
  return {
    folder,
    openssl(command) {
      const out = folder.at(`made-${++count}`);
      run('openssl', [...command.split(' '), '-out', out]);
      return out;
    },
    keytool: (...args) => run('keytool', [...args, '-storepass', 'changeit', '-noprompt']),
  };
}

const OID = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  encryptedData: '1.2.840.113549.1.7.6',
  certBag: '1.2.840.113549.1.12.10.1.3',
  x509: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  pbmac1: '1.2.840.113549.1.5.14',
  hmacSha256: '1.2.840.113549.2.9',
  aes256: '2.16.840.1.101.3.4.1.42',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;

/** ContentInfo of type data. */
export const data = (content: Uint8Array): Buffer => sequence(oid(OID.data), context(0, octetString(content)));

export function certBag(der: Uint8Array, name?: string): Buffer {
  const value = sequence(oid(OID.x509), context(0, octetString(der)));
  if (name === undefined) return sequence(oid(OID.certBag), context(0, value));
  const text = tlv(TAG.bmpString, Buffer.from(name, 'utf16le').swap16());
  return sequence(oid(OID.certBag), context(0, value), set(sequence(oid(OID.friendlyName), set(text))));
}

const pbkdf2 = (salt: Uint8Array, iterations: number, length?: number): Buffer =>
  sequence(
    oid(OID.pbkdf2),
    sequence(
      octetString(salt),
      integer(iterations),
      ...(length === undefined ? [] : [integer(length)]),
      sequence(oid(OID.hmacSha256), nullValue()),
    ),
  );

/** EncryptedData by PBES2, whose content is nonsense: for what is decided before it is decrypted. */
export function encrypted({
  iterations = 1,
  scheme = OID.aes256 as string,
  kdf = undefined as Buffer | undefined,
} = {}): Buffer {
  const parameters = sequence(
    kdf ?? pbkdf2(randomBytes(8), iterations),
    sequence(oid(scheme), octetString(randomBytes(16))),
  );
  return encryptedData(sequence(oid(OID.pbes2), parameters), contextPrimitive(0, randomBytes(64)));
}

/** @param content the implicit [0]. */
export const encryptedData = (algorithm: Uint8Array, content: Uint8Array): Buffer =>
  sequence(oid(OID.encryptedData), context(0, sequence(integer(0), sequence(oid(OID.data), algorithm, content))));

/** Certs-only SignedData. */
export function pkcs7(certificates: readonly Uint8Array[]): Buffer {
  const signed = sequence(integer(1), set(), sequence(oid(OID.data)), context(0, ...certificates), set());
  return sequence(oid(OID.signedData), context(0, signed));
}

/** PFX around an AuthenticatedSafe of these ContentInfos. */
export const pfx = (parts: readonly Uint8Array[], ...mac: readonly Uint8Array[]): Buffer =>
  sequence(integer(3), data(sequence(...parts)), ...mac);

/** MacData of the usual kind, whose digest is nonsense. */
export const someMac = (iterations: number): Buffer =>
  sequence(
    sequence(sequence(oid(OID.sha256), nullValue()), octetString(randomBytes(32))),
    octetString(randomBytes(8)),
    integer(iterations),
  );

/** MacData by PBMAC1 (RFC 9579), right for `password`. */
export function pbmac1(parts: readonly Uint8Array[], password: string): Buffer {
  const salt = randomBytes(8);
  const key = pbkdf2Sync(password, salt, 1_000, 32, 'sha256');
  const digest = createHmac('sha256', key)
    .update(sequence(...parts))
    .digest();
  const parameters = sequence(pbkdf2(salt, 1_000, 32), sequence(oid(OID.hmacSha256), nullValue()));
  const info = sequence(sequence(oid(OID.pbmac1), parameters), octetString(digest));
  return sequence(info, octetString(Buffer.from('NOT USED')), integer(1));
}

/** `30 80 … 00 00` around content: the same element with an indefinite length (X.690 8.1.3.6). */
export const indefinite = (tag: number, ...content: readonly Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.of(tag, 0x80), ...content, Buffer.of(0, 0)]);

/** An OCTET STRING in pieces, with an indefinite length. */
export function octetsInPieces(content: Uint8Array, size: number): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += size) pieces.push(octetString(content.subarray(at, at + size)));
  return indefinite(TAG.octetString | 0x20, ...pieces);
}

export type JavaEntry =
  | { readonly alias: string; readonly trusted: Uint8Array }
  | { readonly alias: string; readonly chain: readonly Uint8Array[] }
  /** JCEKS only. */
  | { readonly alias: string; readonly secret: Uint8Array };

export interface JavaOptions {
  readonly magic?: 'feedfeed' | 'cececece';
  readonly version?: number;
  readonly password?: string;
}

const u16 = (n: number): Buffer => Buffer.of(n >> 8, n & 0xff);
const u32 = (n: number): Buffer => Buffer.concat([u16(n >>> 16), u16(n & 0xffff)]);
const utf = (text: string): Buffer => Buffer.concat([u16(Buffer.byteLength(text)), Buffer.from(text)]);
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** A SealedObjectForKeyProtector as ObjectOutputStream writes it, its length nowhere. */
function sealedKey(content: Uint8Array): Buffer {
  const classOf = (name: string, ...fields: readonly Buffer[]): Buffer =>
    Buffer.concat([
      bytes('72'),
      utf(name),
      Buffer.alloc(8, 7),
      bytes('02'),
      u16(fields.length),
      ...fields,
      bytes('78'),
    ]);
  const field = (type: string, name: string, of: Buffer): Buffer => Buffer.concat([Buffer.from(type), utf(name), of]);
  const text = (value: string): Buffer => Buffer.concat([bytes('74'), utf(value)]);
  const above = classOf(
    'javax.crypto.SealedObject',
    field('[', 'encodedParams', text('[B')),
    field('[', 'encryptedContent', bytes('71007e0002')),
    field('L', 'paramsAlg', text('Ljava/lang/String;')),
    field('L', 'sealAlg', bytes('71007e0003')),
  );
  const described = Buffer.concat([classOf('com.sun.crypto.provider.SealedObjectForKeyProtector'), above, bytes('70')]);
  const parameters = Buffer.concat([bytes('75'), classOf('[B'), bytes('70'), u32(4), bytes('30020500')]);
  const sealed = Buffer.concat([bytes('7571007e0005'), u32(content.length), content]);
  const algorithm = text('PBEWithMD5AndTripleDES');
  return Buffer.concat([bytes('aced000573'), described, parameters, sealed, algorithm, algorithm]);
}

/** As sun.security.provider.JavaKeyStore writes it; the private keys are nonsense. */
export function javaKeystore(
  entries: readonly JavaEntry[],
  { magic = 'feedfeed', version = 2, password = 'changeit' }: JavaOptions = {},
): Buffer {
  const certificate = (der: Uint8Array): Buffer =>
    Buffer.concat([...(version > 1 ? [utf('X.509')] : []), u32(der.length), der]);
  const parts = entries.map((entry) => {
    const head = [utf(entry.alias), Buffer.alloc(8, 1)];
    if ('secret' in entry) return Buffer.concat([u32(3), ...head, sealedKey(entry.secret)]);
    if ('trusted' in entry) return Buffer.concat([u32(2), ...head, certificate(entry.trusted)]);
    const key = randomBytes(40);
    return Buffer.concat([
      u32(1),
      ...head,
      u32(key.length),
      key,
      u32(entry.chain.length),
      ...entry.chain.map(certificate),
    ]);
  });
  const body = Buffer.concat([Buffer.from(magic, 'hex'), u32(version), u32(entries.length), ...parts]);
  const bmp = Buffer.from(password, 'utf16le').swap16();
  const digest = createHash('sha1').update(bmp).update('Mighty Aphrodite').update(body).digest();
  return Buffer.concat([body, digest]);
}
