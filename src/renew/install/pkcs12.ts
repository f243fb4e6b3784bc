/**
 * A set as one PKCS#12 file (RFC 7292), for servers that want that. The key is encrypted by PBES2 (PBKDF2 with
 * HMAC-SHA-256, AES-256): an RSA key by node-forge, an EC key by Node's own OpenSSL, since node-forge knows no EC. The
 * certificates are public and lie open, byte for byte as they were issued, and a MAC by HMAC-SHA-256 covers the whole
 * (node-forge would write certificates anew, none that has to do with EC, and knows SHA-1 only for the MAC).
 */
import { createHash, createHmac, createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Secret } from '../../config/secret.ts';
import { loadForge } from '../../files/forge.ts';
import type { RenewalProblem } from '../../model/renewal.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { CertificateSet } from './certificate-set.ts';
import { replaceFile } from './private-file.ts';
import { systemTrouble } from './trouble.ts';

const OTHERS = 0o007;
const ITERATIONS = 10_000;

/** In place of the file, at once: the old one or the new one is there, never a part. Mode and owner are kept. */
export async function writePkcs12(
  { file, password }: { readonly file: string; readonly password: Secret },
  set: CertificateSet,
): Promise<Result<void, RenewalProblem>> {
  try {
    const there = await stat(file).catch(() => undefined);
    const access = there ? { mode: there.mode & 0o777 & ~OTHERS, uid: there.uid, gid: there.gid } : { mode: 0o600 };
    await replaceFile(file, await encodePkcs12(set, password.reveal()), access);
    return ok(undefined);
  } catch (cause) {
    return err({ ...systemTrouble(file, cause), reason: 'pkcs12' });
  }
}

/** @param password any text; the empty one too. */
async function encodePkcs12({ keyPem, chain }: CertificateSet, password: string): Promise<Buffer> {
  const [leaf] = chain;
  const localKeyId = attribute(OID.localKeyId, octets(createHash('sha1').update(leaf.der).digest()));
  const certificates = chain.map(({ der }, i) =>
    bag(OID.certBag, sequence(OID.x509Certificate, explicit0(octets(der))), i === 0 ? [localKeyId] : []),
  );
  const key = bag(OID.shroudedKeyBag, await encryptKey(createPrivateKey(keyPem), password), [localKeyId]);
  const safe = sequence(data(sequence(...certificates)), data(sequence(key)));
  return sequence(integer(3), data(safe), mac(safe, password));
}

/** @returns EncryptedPrivateKeyInfo (RFC 5958 3). */
async function encryptKey(key: KeyObject, password: string): Promise<Buffer> {
  if (key.asymmetricKeyType !== 'rsa') {
    return key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: password });
  }
  const { asn1, pki } = await loadForge();
  const plain = pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(pki.privateKeyFromPem(exportPem(key))));
  // RFC 8018 takes the password as bytes, in UTF-8; node-forge takes a character for a byte.
  const bytes = Buffer.from(password).toString('latin1');
  const by = { algorithm: 'aes256', prfAlgorithm: 'sha256', count: ITERATIONS, saltSize: 16 } as const;
  return Buffer.from(asn1.toDer(pki.encryptPrivateKeyInfo(plain, bytes, by)).getBytes(), 'latin1');
}

const exportPem = (key: KeyObject): string => key.export({ type: 'pkcs1', format: 'pem' }).toString();

/** PFX.macData: RFC 7292 4 and appendix B. */
function mac(safe: Buffer, password: string): Buffer {
  const salt = randomBytes(16);
  const key = macKey(password, salt);
  const digest = createHmac('sha256', key).update(safe).digest();
  const algorithm = sequence(OID.sha256, tlv(0x05));
  return sequence(sequence(algorithm, octets(digest)), octets(salt), integer(ITERATIONS));
}

/**
 * Appendix B.2 with ID 3, for a key as long as the hash: one block, so I is never stepped on.
 */
function macKey(password: string, salt: Buffer): Buffer {
  const block = 64;
  // B.1: BMPString with two zero octets at its end.
  const text = Buffer.from(`${password}\0`, 'utf16le').swap16();
  const fill = (bytes: Buffer) => Buffer.alloc(block * Math.ceil(bytes.length / block), bytes);
  let hash = createHash('sha256').update(Buffer.alloc(block, 3)).update(fill(salt)).update(fill(text)).digest();
  for (let i = 1; i < ITERATIONS; i++) hash = createHash('sha256').update(hash).digest();
  return hash;
}

/** The whole TLV, definite length. */
function tlv(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length: number[] = [];
  for (let left = body.length; left > 0; left >>>= 8) length.unshift(left & 0xff);
  const octetsOfLength = body.length < 0x80 ? [body.length] : [0x80 | length.length, ...length];
  return Buffer.concat([Buffer.of(tag, ...octetsOfLength), body]);
}

const sequence = (...content: readonly Uint8Array[]): Buffer => tlv(0x30, ...content);
const octets = (content: Uint8Array): Buffer => tlv(0x04, content);
const explicit0 = (content: Uint8Array): Buffer => tlv(0xa0, content);
const attribute = (oid: Buffer, value: Buffer): Buffer => sequence(oid, tlv(0x31, value));
const bag = (oid: Buffer, value: Uint8Array, attributes: readonly Buffer[]): Buffer =>
  sequence(oid, explicit0(value), ...(attributes.length > 0 ? [tlv(0x31, ...attributes)] : []));
/** ContentInfo of type data (RFC 5652 4). */
const data = (content: Uint8Array): Buffer => sequence(OID.data, explicit0(octets(content)));
/** Positive, below 2^31. */
const integer = (value: number): Buffer => {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return tlv(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
};

const pkcs = (...last: readonly number[]): Buffer => tlv(0x06, Buffer.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, ...last));

const OID = {
  data: pkcs(1, 7, 1),
  x509Certificate: pkcs(1, 9, 22, 1),
  localKeyId: pkcs(1, 9, 21),
  shroudedKeyBag: pkcs(1, 12, 10, 1, 2),
  certBag: pkcs(1, 12, 10, 1, 3),
  /** 2.16.840.1.101.3.4.2.1 */
  sha256: tlv(0x06, Buffer.of(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01)),
} as const;
