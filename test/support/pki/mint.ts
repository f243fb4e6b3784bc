/**
 * One certificate: options in, DER out, signed by whoever issues it. Every field can be replaced by raw bytes, so that
 * malformed shapes are minted by the same few lines as good ones.
 */
import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { bitString, context, integer, sequence, TAG, time, tlv } from './der.ts';
import {
  type AuthorityInfoInput,
  authorityInfoAccess,
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  extensions,
  type KeyUsageBit,
  keyUsage,
  mustStaple,
  type NameConstraintsInput,
  nameConstraints,
  subjectAltName,
  subjectKeyIdentifier,
} from './extensions.ts';
import { type KeyKind, type KeyPair, keyIdentifier, makeKey, privateKeyPem } from './keys.ts';
import { type GeneralNameInput, type NameInput, name } from './names.ts';
import { type SignatureHash, signerFor } from './signing.ts';
import { type ValidityOptions, validityOf } from './validity.ts';

export interface CertificateOptions extends ValidityOptions {
  /** Defaults to `CN=` the first dns: name, where there is one that fits. */
  readonly subject?: NameInput;
  /** `null` or an empty list: no subjectAltName at all. */
  readonly sans?: readonly GeneralNameInput[] | null;
  /** A kind (then a key is made, or for RSA taken from the pool) or a pair, to share one. */
  readonly key?: KeyKind | KeyPair;
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** For each: `null` leaves the extension out, undefined means what is usual for a CA or a leaf. */
  readonly basicConstraints?: null;
  readonly keyUsage?: readonly KeyUsageBit[] | null;
  readonly extendedKeyUsage?: readonly string[] | null;
  readonly subjectKeyId?: Uint8Array | null;
  readonly authorityKeyId?: Uint8Array | null;
  readonly nameConstraints?: NameConstraintsInput;
  readonly authorityInfo?: AuthorityInfoInput;
  readonly mustStaple?: boolean;
  /** Whole Extension values, behind the others; also a second one of a kind. */
  readonly extraExtensions?: readonly Uint8Array[];
  /** Whole Extension values instead of all the above; `null`: no extensions field. */
  readonly extensions?: readonly Uint8Array[] | null;
  /** A number, or the content octets as they are. Default: 16 random octets, positive. */
  readonly serial?: bigint | number | Uint8Array;
  /** 1 leaves the field out, as DER wants it; or the whole [0] field. */
  readonly version?: 1 | 2 | 3 | Uint8Array;
  readonly signatureHash?: SignatureHash;
  /** RSASSA-PSS instead of PKCS#1 v1.5. */
  readonly pss?: boolean;
  readonly raw?: RawFields;
}

/** Whole TLVs that take a field's place. */
export interface RawFields {
  readonly issuer?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly validity?: Uint8Array;
  readonly spki?: Uint8Array;
  /** AlgorithmIdentifier inside the TBS and outside it. */
  readonly innerAlgorithm?: Uint8Array;
  readonly outerAlgorithm?: Uint8Array;
  /** The content of the signature's BIT STRING, or a function of the true one. */
  readonly signature?: Uint8Array | ((good: Buffer) => Uint8Array);
  /** Signs with another key than the issuer's. */
  readonly signWith?: KeyPair;
  /** Anything between the SubjectPublicKeyInfo and the extensions (unique identifiers), or behind them. */
  readonly beforeExtensions?: Uint8Array;
  readonly afterExtensions?: Uint8Array;
  /** The last word on the TBSCertificate before it is signed, and on the whole after. */
  readonly tbs?: (der: Buffer) => Uint8Array;
  readonly certificate?: (der: Buffer) => Uint8Array;
}

/** Whoever signs: name, key and key identifier are all that a child takes from it. */
export interface IssuerIdentity {
  readonly name: Buffer;
  readonly key: KeyPair;
  readonly keyId: Buffer | undefined;
}

/** A minted certificate with its private key, and the way up to its root. */
export interface Issued {
  readonly der: Buffer;
  readonly pem: string;
  /** Lower-case hex of SHA-256 over `der`. */
  readonly sha256: string;
  readonly key: KeyPair;
  readonly privateKey: KeyObject;
  /** PKCS#8 PEM. */
  readonly keyPem: string;
  /** The Name in DER. */
  readonly subject: Buffer;
  /** Milliseconds since the epoch; NaN where the dates are raw bytes. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** The issuer's own certificate; undefined for a root. */
  readonly issuer: Issued | undefined;
  /** This one and every issuer above it except the root: what a server should send. */
  readonly chain: readonly Issued[];
  /** The same with the root. */
  readonly chainWithRoot: readonly Issued[];
  /** `chain` as concatenated PEM, for a server's `cert` option. */
  readonly chainPem: string;
}

/** @param issuer undefined: self-signed. */
export function mint(
  options: CertificateOptions,
  issuer: { readonly identity: IssuerIdentity; readonly certificate: Issued } | undefined,
): Issued {
  const key = typeof options.key === 'object' ? options.key : makeKey(options.key);
  const raw = options.raw ?? {};
  const spki = Buffer.from(raw.spki ?? key.spki);
  const subject = Buffer.from(raw.subject ?? name(options.subject ?? defaultSubject(options)));
  const parent = issuer?.identity ?? { name: subject, key, keyId: undefined };
  const signer = signerFor(raw.signWith ?? parent.key, {
    ...(options.signatureHash ? { hash: options.signatureHash } : {}),
    pss: options.pss ?? false,
  });
  const validity = validityOf(options);
  const list =
    options.extensions === undefined ? usualExtensions(options, { key, subject, parent }) : options.extensions;
  const unfinished = sequence(
    versionField(options.version ?? 3),
    serialField(options.serial),
    raw.innerAlgorithm ?? signer.algorithm,
    raw.issuer ?? parent.name,
    raw.validity ?? sequence(dateField(validity.notBefore), dateField(validity.notAfter)),
    subject,
    spki,
    raw.beforeExtensions ?? Buffer.alloc(0),
    list === null ? Buffer.alloc(0) : extensions(list),
    raw.afterExtensions ?? Buffer.alloc(0),
  );
  const tbs = raw.tbs ? raw.tbs(unfinished) : unfinished;
  const good = signer.sign(tbs);
  const signature = typeof raw.signature === 'function' ? raw.signature(good) : (raw.signature ?? good);
  const whole = sequence(tbs, raw.outerAlgorithm ?? signer.algorithm, bitString(signature));
  const der = Buffer.from(raw.certificate ? raw.certificate(whole) : whole);
  return issued({ der, key, subject, validity, issuer: issuer?.certificate });
}

interface IssuedParts {
  readonly der: Buffer;
  readonly key: KeyPair;
  readonly subject: Buffer;
  readonly validity: { readonly notBefore: number | Uint8Array; readonly notAfter: number | Uint8Array };
  readonly issuer: Issued | undefined;
}

function issued({ der, key, subject, validity, issuer }: IssuedParts): Issued {
  const number = (date: number | Uint8Array) => (typeof date === 'number' ? date : Number.NaN);
  const self: Issued = {
    der,
    key,
    subject,
    issuer,
    notBefore: number(validity.notBefore),
    notAfter: number(validity.notAfter),
    privateKey: key.privateKey,
    get pem() {
      return toPem(der);
    },
    get sha256() {
      return createHash('sha256').update(der).digest('hex');
    },
    get keyPem() {
      return privateKeyPem(key);
    },
    get chain() {
      return issuer ? [self, ...issuer.chain.filter((each) => each.issuer)] : [self];
    },
    get chainWithRoot() {
      return issuer ? [self, ...issuer.chainWithRoot] : [self];
    },
    get chainPem() {
      return self.chain.map((each) => each.pem).join('');
    },
  };
  return self;
}

/** @param label `CERTIFICATE` unless told otherwise. */
export function toPem(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function defaultSubject({ sans, ca }: CertificateOptions): string {
  const first = sans?.find((san): san is string => typeof san === 'string' && san.startsWith('dns:'));
  if (first && first.length <= 'dns:'.length + 64 && !first.includes(',')) return `CN=${first.slice('dns:'.length)}`;
  return ca ? 'CN=Test CA' : sans?.length ? '' : 'CN=test leaf';
}

function versionField(version: 1 | 2 | 3 | Uint8Array): Uint8Array {
  if (version instanceof Uint8Array) return version;
  return version === 1 ? Buffer.alloc(0) : context(0, integer(version - 1));
}

function serialField(serial: CertificateOptions['serial']): Buffer {
  if (serial instanceof Uint8Array) return tlv(TAG.integer, serial);
  if (serial !== undefined) return integer(serial);
  const octets = randomBytes(16);
  // Positive, never zero, and without a leading zero octet.
  octets[0] = (octets[0]! & 0x7f) | 0x40;
  return tlv(TAG.integer, octets);
}

const dateField = (date: number | Uint8Array): Uint8Array => (typeof date === 'number' ? time(date) : date);

function usualExtensions(
  options: CertificateOptions,
  { key, subject, parent }: { key: KeyPair; subject: Buffer; parent: IssuerIdentity },
): Buffer[] {
  const ca = options.ca ?? false;
  const ownId = options.subjectKeyId === undefined ? keyIdentifier(key.spki) : options.subjectKeyId;
  const issuerId = options.authorityKeyId === undefined ? parent.keyId : options.authorityKeyId;
  const usage = options.keyUsage === undefined ? usualKeyUsage(ca, key) : options.keyUsage;
  const purposes = options.extendedKeyUsage === undefined && !ca ? ['serverAuth'] : options.extendedKeyUsage;
  const emptySubject = subject.length === 2;
  const list: (Uint8Array | undefined)[] = [
    options.basicConstraints === null ? undefined : basicConstraints(ca, options.pathLength),
    usage ? keyUsage(usage) : undefined,
    purposes ? extendedKeyUsage(purposes) : undefined,
    options.sans?.length ? subjectAltName(options.sans, emptySubject) : undefined,
    ownId ? subjectKeyIdentifier(ownId) : undefined,
    issuerId ? authorityKeyIdentifier(issuerId) : undefined,
    options.nameConstraints ? nameConstraints(options.nameConstraints) : undefined,
    options.authorityInfo ? authorityInfoAccess(options.authorityInfo) : undefined,
    options.mustStaple ? mustStaple() : undefined,
    ...(options.extraExtensions ?? []),
  ];
  return list.filter((each): each is Uint8Array => each !== undefined).map((each) => Buffer.from(each));
}

function usualKeyUsage(ca: boolean, key: KeyPair): readonly KeyUsageBit[] {
  if (ca) return ['keyCertSign', 'cRLSign'];
  return key.kind.startsWith('rsa') ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'];
}
