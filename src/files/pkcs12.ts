/**
 * PKCS#12 (RFC 7292): the certificates of a store, byte for byte, in its order. They lie open or encrypted by a password;
 * private keys are passed over and never decrypted, so that a store is read as far as watching it needs and no further.
 *
 * The walk is certwatch's own, since node-forge's costs memory and time as the file pleases: it makes an object of each
 * element, derives keys in JavaScript (PBKDF2 with 600,000 rounds holds the event loop for seconds), decrypts the keys as
 * well, cannot read EC certificates, and refuses a store for one entry of a kind that it does not know.
 */
import type { ContainerEntry } from '../model/observation.ts';
import { ok, type Result } from '../model/result.ts';
import { contextConstructed, TAG } from '../x509/der.ts';
import { readOid } from '../x509/oid.ts';
import { BerCursor } from './ber.ts';
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
import { NO_PASSWORDS, type Password } from './password.ts';
import { type Algorithm, decrypt, takeAlgorithm } from './password-based.ts';
import { checkMac, type Mac, readMac } from './pkcs12-mac.ts';

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const CERT_BAG = '1.2.840.113549.1.12.10.1.3';
const SAFE_CONTENTS_BAG = '1.2.840.113549.1.12.10.1.6';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const FRIENDLY_NAME = '1.2.840.113549.1.9.20';
const TRUSTED_KEY_USAGE = '2.16.840.1.113894.746875.1.1';
/** SafeContents in SafeContents: nobody writes them. */
const DEEPEST = 8;

/** Octets that are read of a name. */
const LONGEST_NAME = 2_048;

const STORE = 'PKCS#12';

/** One SafeContents, open or encrypted. */
type Part = { readonly open: Uint8Array } | { readonly algorithm: Algorithm; readonly encrypted: Uint8Array };

interface Pfx {
  /** What the MAC is over. */
  readonly safe: Uint8Array;
  readonly parts: readonly Part[];
  readonly mac?: Mac;
}

/**
 * Without a password, both spellings of none are tried; certificates that lie open are read whatever the MAC says. With
 * one, it must be the store's: the MAC is checked.
 * @returns at least one certificate.
 */
export async function readPkcs12(bytes: Uint8Array, options: OpenOptions): Promise<Result<readonly Stored[], Trouble>> {
  const pfx = readPfx(bytes);
  if (!pfx.ok) return pfx;
  const { parts } = pfx.value;
  const locked = parts.some((part) => 'encrypted' in part);
  const passwords = locked || options.password ? await rightPasswords(pfx.value, options) : ok([]);
  if (!passwords.ok) return passwords;
  const found: Stored[] = [];
  for (const part of parts) {
    const stored = 'open' in part ? readSafeContents(part.open) : await unlock(part, passwords.value, options);
    if (!stored.ok) return stored;
    if (stored.value === undefined) return damaged(STORE);
    if (found.length + stored.value.length > MOST_CERTIFICATES) return tooMany();
    found.push(...stored.value);
  }
  return found.length > 0 ? ok(found) : trouble('no-certificate', 'is PKCS#12, but holds no certificate');
}

/** PFX: version, authSafe, macData. */
function readPfx(bytes: Uint8Array): Result<Pfx, Trouble> {
  const pfx = BerCursor.into(bytes, TAG.sequence);
  if (pfx?.takeInteger() !== 3) return damaged(STORE);
  const safe = takeContentInfo(pfx);
  if (!safe) return damaged(STORE);
  if (safe.oid !== DATA)
    return trouble(
      'unsupported-format',
      'is PKCS#12 that is signed with a key, not protected by a password, which certwatch does not read',
    );
  const content = safe.content.takeOctets();
  const list = content && BerCursor.into(content, TAG.sequence);
  if (!list) return damaged(STORE);
  const parts: Part[] = [];
  while (!list.done) {
    if (parts.length === MOST_CERTIFICATES) return tooMany();
    const part = readPart(list);
    if (!part.ok) return part;
    parts.push(part.value);
  }
  if (pfx.done) return ok({ safe: content, parts });
  const mac = readMac(pfx);
  return mac ? ok({ safe: content, parts, mac }) : damaged(STORE);
}

/** ContentInfo (RFC 5652 3): the cursor stands in its explicit [0]. */
function takeContentInfo(cursor: BerCursor): { oid: string; content: BerCursor } | null {
  const info = cursor.enter(TAG.sequence);
  const type = info?.take(TAG.oid);
  const oid = info && type && readOid(info.bytes, type.body, type.bodyEnd);
  const content = info?.enter(contextConstructed(0));
  return oid && content ? { oid, content } : null;
}

function readPart(list: BerCursor): Result<Part, Trouble> {
  const info = takeContentInfo(list);
  if (!info) return damaged(STORE);
  if (info.oid === DATA) {
    const open = info.content.takeOctets();
    return open ? ok({ open }) : damaged(STORE);
  }
  if (info.oid !== ENCRYPTED_DATA)
    return trouble(
      'unsupported-format',
      'is PKCS#12 that is encrypted for a key, not by a password, which certwatch does not read',
    );
  // EncryptedData (RFC 5652 8): version, EncryptedContentInfo { contentType, algorithm, [0] IMPLICIT OCTET STRING }
  const data = info.content.enter(TAG.sequence);
  data?.take(TAG.integer);
  const within = data?.enter(TAG.sequence);
  const hasType = within?.take(TAG.oid);
  const algorithm = within && hasType && takeAlgorithm(within);
  const encrypted = algorithm && within.takeOctets(0x80);
  return encrypted ? ok({ algorithm, encrypted }) : damaged(STORE);
}

/** Those that the store may be opened with: the one that its MAC knows, or all where it has none that can be checked. */
async function rightPasswords({ mac, safe }: Pfx, options: OpenOptions): Promise<Result<readonly Password[], Trouble>> {
  const passwords = options.password ? [options.password] : NO_PASSWORDS;
  if (!mac) return ok(passwords);
  for (const password of passwords) {
    const right = await checkMac(mac, safe, password, options.deadline);
    if (!right.ok) return right;
    if (right.value === 'unknown') return ok(passwords);
    if (right.value === 'right') return ok([password]);
  }
  return notOpened(options);
}

function notOpened({ password }: OpenOptions): Result<never, Trouble> {
  return password
    ? trouble('wrong-password', 'does not open with the password given')
    : trouble('password-needed', 'is protected by a password: name the file that holds it with --password-file');
}

async function unlock(
  { algorithm, encrypted }: { readonly algorithm: Algorithm; readonly encrypted: Uint8Array },
  passwords: readonly Password[],
  options: OpenOptions,
): Promise<Result<readonly Stored[] | undefined, Trouble>> {
  for (const password of passwords) {
    const plain = await decrypt(algorithm, encrypted, password, options.deadline);
    if (!plain.ok) return plain;
    // What a wrong key gives is no SafeContents, even where its padding happens to be right.
    const contents = plain.value && readSafeContents(plain.value);
    if (contents?.ok && contents.value) return contents;
  }
  return notOpened(options);
}

/** SafeContents: SEQUENCE OF SafeBag { bagId, [0] bagValue, attributes }. `undefined` where the bytes are none. */
function readSafeContents(bytes: Uint8Array, depth = 0): Result<readonly Stored[] | undefined, Trouble> {
  const bags = BerCursor.into(bytes, TAG.sequence);
  if (!bags || !BerCursor.isOne(bytes)) return ok(undefined);
  const found: Stored[] = [];
  while (!bags.done) {
    if (found.length > MOST_CERTIFICATES) return tooMany();
    const bag = bags.enter(TAG.sequence);
    const type = bag?.take(TAG.oid);
    const oid = bag && type && readOid(bag.bytes, type.body, type.bodyEnd);
    const value = oid ? bag.enter(contextConstructed(0)) : null;
    if (!bag || !value) return ok(undefined);
    if (oid === CERT_BAG) {
      const der = takeCertificate(value);
      if (der === null) return ok(undefined);
      if (der !== undefined) found.push({ der, entry: readAttributes(bag) });
    } else if (oid === SAFE_CONTENTS_BAG) {
      if (depth === DEEPEST) return damaged(STORE);
      const within = readSafeContents(value.bytes.subarray(value.at, value.end), depth + 1);
      if (!within.ok || within.value === undefined) return within;
      found.push(...within.value);
    }
  }
  return ok(found);
}

/** CertBag { certId, [0] certValue }. @returns undefined for one of another kind than X.509. */
function takeCertificate(value: BerCursor): Uint8Array | null | undefined {
  const bag = value.enter(TAG.sequence);
  const type = bag?.take(TAG.oid);
  const oid = bag && type && readOid(bag.bytes, type.body, type.bodyEnd);
  if (!oid) return null;
  return oid === X509_CERTIFICATE ? (bag.enter(contextConstructed(0))?.takeOctets() ?? null) : undefined;
}

/** friendlyName (RFC 2985 5.5.1: a BMPString), and Java's mark of what is there to be trusted. */
function readAttributes(bag: BerCursor): ContainerEntry {
  const attributes = bag.enter(TAG.set);
  let entry: ContainerEntry = {};
  while (attributes && !attributes.done) {
    const attribute = attributes.enter(TAG.sequence);
    const type = attribute?.take(TAG.oid);
    if (!attribute || !type) break;
    const oid = readOid(attribute.bytes, type.body, type.bodyEnd);
    if (oid === FRIENDLY_NAME) entry = { ...entry, ...readAlias(attribute) };
    else if (oid === TRUSTED_KEY_USAGE) entry = { ...entry, trusted: true };
  }
  return entry;
}

function readAlias(attribute: BerCursor): ContainerEntry {
  const name = attribute.enter(TAG.set)?.take(TAG.bmpString);
  if (!name) return {};
  const length = Math.min(name.bodyEnd - name.body, LONGEST_NAME) & ~1;
  return capAlias(Buffer.from(attribute.content(name).subarray(0, length)).swap16().toString('utf16le'));
}
