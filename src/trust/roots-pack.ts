/**
 * Mozilla's roots in a form that opens in a fraction of a millisecond: what is needed to find one (its name, its hash) in a
 * header, the certificates behind it as they are. Loading node:tls and reading 140 PEM blocks costs a start many times that.
 *
 *     "CWR1" · length of the header, 4 octets big-endian · header, JSON · certificates, DER, one after the other
 *
 * Packed at build time, for one version of Node, whose name is its tag; at run time another version's file is not used.
 */
import type { Certificate } from '../model/certificate.ts';
import { nameKey } from '../x509/name.ts';
import { parseCertificate } from '../x509/parse-certificate.ts';
import { decodePem } from '../x509/pem.ts';

const MAGIC = 0x43_57_52_31;

interface Header {
  readonly tag: string;
  /** Name key of the subject, SHA-256, length. */
  readonly roots: readonly (readonly [subject: string, sha256: string, length: number])[];
}

/**
 * @param pems one or more certificates each, as `tls.rootCertificates` has them; what cannot be read is left out.
 * @param tag what the roots belong to: `process.version` of the Node that carries them.
 */
export function packRoots(pems: readonly string[], tag: string): Uint8Array {
  const ders: Uint8Array[] = [];
  const roots: [string, string, number][] = [];
  for (const pem of pems) {
    const decoded = decodePem(pem);
    for (const der of decoded.ok ? decoded.value : []) {
      const parsed = parseCertificate(der);
      if (!parsed.ok) continue;
      ders.push(der);
      roots.push([nameKey(parsed.value.subject), parsed.value.sha256, der.length]);
    }
  }
  const header = Buffer.from(JSON.stringify({ tag, roots } satisfies Header));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(MAGIC, 0);
  head.writeUInt32BE(header.length, 4);
  return new Uint8Array(Buffer.concat([head, header, ...ders]));
}

/** An opened pack: each root is parsed when it is first asked for. */
export class PackedRoots {
  readonly #der: readonly Uint8Array[];
  readonly #hashes: ReadonlySet<string>;
  readonly #bySubject = new Map<string, number[]>();
  readonly #parsed = new Map<number, Certificate>();

  constructor(header: Header, body: Uint8Array) {
    const ders: Uint8Array[] = [];
    let at = 0;
    header.roots.forEach(([subject, , length], i) => {
      ders.push(body.subarray(at, at + length));
      at += length;
      const same = this.#bySubject.get(subject);
      if (same) same.push(i);
      else this.#bySubject.set(subject, [i]);
    });
    this.#der = ders;
    this.#hashes = new Set(header.roots.map(([, sha256]) => sha256));
  }

  get size(): number {
    return this.#der.length;
  }

  /** SHA-256 of a certificate's DER, lower-case hex. */
  has(sha256: string): boolean {
    return this.#hashes.has(sha256);
  }

  /** @param key see `nameKey` in src/x509/name.ts. */
  bySubject(key: string): readonly Certificate[] {
    const indices = this.#bySubject.get(key);
    return indices ? indices.flatMap((i) => this.#root(i)) : [];
  }

  all(): Certificate[] {
    return this.#der.flatMap((_, i) => this.#root(i));
  }

  #root(i: number): Certificate[] {
    let root = this.#parsed.get(i);
    if (!root) {
      const parsed = parseCertificate(this.#der[i]!);
      if (!parsed.ok) return [];
      root = parsed.value;
      this.#parsed.set(i, root);
    }
    return [root];
  }
}

/** @returns undefined for what is no pack, a damaged one, or one with another tag. */
export function openRoots(bytes: Uint8Array, tag: string): PackedRoots | undefined {
  if (bytes.length < 8) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerEnd = 8 + buffer.readUInt32BE(4);
  if (buffer.readUInt32BE(0) !== MAGIC || headerEnd > buffer.length) return undefined;
  const header = readHeader(buffer.toString('utf8', 8, headerEnd));
  if (header?.tag !== tag) return undefined;
  const total = header.roots.reduce((sum, [, , length]) => sum + length, 0);
  return headerEnd + total === buffer.length ? new PackedRoots(header, bytes.subarray(headerEnd)) : undefined;
}

function readHeader(text: string): Header | undefined {
  try {
    const header = JSON.parse(text) as Partial<Header> | null;
    return typeof header?.tag === 'string' && Array.isArray(header.roots) ? (header as Header) : undefined;
  } catch {
    return undefined;
  }
}
