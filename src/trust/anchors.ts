/**
 * Where trust begins: Mozilla's roots as Node carries them, the system's bundle, or nothing but the files that were named;
 * named files add to each. Nothing heavy is loaded unless it is needed: see roots-pack.ts.
 */
import { promises as fs } from 'node:fs';
import type { Certificate, DistinguishedName } from '../model/certificate.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { TrustSource } from '../model/target.ts';
import type { Deadline } from '../time/deadline.ts';
import { nameKey } from '../x509/name.ts';
import type { AnchorStore } from './anchor-store.ts';
import { readCaFile } from './ca-file.ts';
import { openRoots, type PackedRoots, packRoots } from './roots-pack.ts';

export type { AnchorStore } from './anchor-store.ts';

/** Debian and Alpine, Red Hat, SUSE, BSD and macOS. The first that exists is the system's. */
export const SYSTEM_BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

export interface LoadAnchorsOptions {
  readonly source: TrustSource;
  /** PEM or DER; added to what `source` gives. */
  readonly caFiles: readonly string[];
  readonly deadline: Deadline;
  /** A file that `packRoots` made; used where its tag is `rootsTag`. */
  readonly rootsFile?: string;
  /** The running Node: `process.version`. */
  readonly rootsTag?: string;
  /** `SSL_CERT_FILE` of the environment: stands in for the system's bundle. */
  readonly systemBundle?: string;
  /** Where a system's bundle may be; for tests. */
  readonly systemBundles?: readonly string[];
}

/** Anchors that are certificates at hand. */
class CertificateIndex {
  readonly #bySubject = new Map<string, Certificate[]>();
  readonly #hashes = new Set<string>();

  constructor(certificates: readonly Certificate[]) {
    for (const certificate of certificates) {
      if (this.#hashes.has(certificate.sha256)) continue;
      this.#hashes.add(certificate.sha256);
      const key = nameKey(certificate.subject);
      const same = this.#bySubject.get(key);
      if (same) same.push(certificate);
      else this.#bySubject.set(key, [certificate]);
    }
  }

  has(sha256: string): boolean {
    return this.#hashes.has(sha256);
  }

  bySubject(key: string): readonly Certificate[] {
    return this.#bySubject.get(key) ?? [];
  }
}

interface StoreParts {
  readonly source: string;
  readonly named: CertificateIndex;
  /** Mozilla's roots: what is public. */
  readonly mozilla?: PackedRoots | undefined;
  /** Are they anchors here, too? */
  readonly trustMozilla: boolean;
}

class Store implements AnchorStore {
  readonly source: string;
  readonly #named: CertificateIndex;
  readonly #mozilla: PackedRoots | undefined;
  readonly #trusted: PackedRoots | undefined;

  constructor({ source, named, mozilla, trustMozilla }: StoreParts) {
    this.source = source;
    this.#named = named;
    this.#mozilla = mozilla;
    this.#trusted = trustMozilla ? mozilla : undefined;
  }

  findBySubject(name: DistinguishedName): readonly Certificate[] {
    const key = nameKey(name);
    const named = this.#named.bySubject(key);
    const roots = this.#trusted?.bySubject(key) ?? [];
    if (named.length === 0) return roots;
    return roots.length === 0 ? named : [...named, ...roots.filter((root) => !this.#named.has(root.sha256))];
  }

  isAnchor(certificate: Certificate): boolean {
    return this.#named.has(certificate.sha256) || (this.#trusted?.has(certificate.sha256) ?? false);
  }

  isPublic(anchor: Certificate): boolean {
    return this.#mozilla?.has(anchor.sha256) ?? false;
  }
}

/** A store of exactly these certificates, none of them public. */
export function anchorsOf(certificates: readonly Certificate[], source = 'given certificates'): AnchorStore {
  return new Store({ source, named: new CertificateIndex(certificates), trustMozilla: false });
}

/**
 * Reads the anchors that `source` and `caFiles` say. A file that cannot be used is an error which names it and what is
 * wrong, never a smaller set of anchors.
 */
export async function loadAnchors(options: LoadAnchorsOptions): Promise<Result<AnchorStore, string>> {
  const named: Certificate[] = [];
  const sources: string[] = [];
  if (options.source === 'mozilla') sources.push("Mozilla's roots");
  if (options.source === 'system') {
    const system = await readSystemBundle(options);
    if (!system.ok) return system;
    named.push(...system.value.certificates);
    sources.push(system.value.path);
  }
  for (const path of options.caFiles) {
    const read = await readCaFile(path, options);
    if (!read.ok) return read;
    named.push(...read.value);
    sources.push(path);
  }
  const trustMozilla = options.source === 'mozilla';
  // What is public is asked of named anchors as well; with no anchor at all, of nobody.
  const mozilla = trustMozilla || named.length > 0 ? await mozillaRoots(options) : undefined;
  if (mozilla && !mozilla.ok) return mozilla;
  const source = sources.length > 0 ? sources.join(', ') : 'no trust anchors';
  return ok(new Store({ source, named: new CertificateIndex(named), mozilla: mozilla?.value, trustMozilla }));
}

async function readSystemBundle(
  options: LoadAnchorsOptions,
): Promise<Result<{ path: string; certificates: Certificate[] }, string>> {
  const { systemBundle, systemBundles = SYSTEM_BUNDLES, deadline } = options;
  const paths = systemBundle ? [systemBundle] : systemBundles;
  let reason = '';
  for (const path of paths) {
    const read = await readCaFile(path, { deadline, lenient: true });
    if (read.ok) return ok({ path, certificates: read.value });
    reason = read.error;
  }
  if (systemBundle) return err(`SSL_CERT_FILE: ${reason}`);
  return err(`no system trust bundle could be read at ${paths.join(', ')}; name one with --ca-file or SSL_CERT_FILE`);
}

/** Per tag: several trust settings of one run share them. */
const opened = new Map<string, Promise<PackedRoots>>();

async function mozillaRoots({
  rootsFile,
  rootsTag = '',
  deadline,
}: LoadAnchorsOptions): Promise<Result<PackedRoots, string>> {
  const key = JSON.stringify([rootsFile, rootsTag]);
  let roots = opened.get(key);
  if (!roots) {
    roots = openMozillaRoots(rootsFile, rootsTag);
    opened.set(key, roots);
  }
  const value = await deadline.race(roots);
  return value ? ok(value) : err("Mozilla's roots could not be read before the deadline");
}

async function openMozillaRoots(rootsFile: string | undefined, tag: string): Promise<PackedRoots> {
  const bytes = rootsFile && tag ? await fs.readFile(rootsFile).catch(() => undefined) : undefined;
  const packed = bytes && openRoots(bytes, tag);
  if (packed) return packed;
  const { rootCertificates } = await import('node:tls');
  return openRoots(packRoots(rootCertificates, tag), tag)!;
}
