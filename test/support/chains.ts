/**
 * Makes the chains of fixtures/chains.json: mints the certificates relative to a given now, and serves them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FindingCode, Severity, Status } from '../../src/model/finding.ts';
import { parseDuration } from '../../src/time/duration.ts';
import {
  type Authority,
  authorityOf,
  type CertificateOptions,
  createCa,
  type Issued,
  type KeyKind,
  type KeyPair,
  makeKey,
  type SignatureHash,
  selfSigned,
} from './pki/pki.ts';
import { REPOSITORY } from './repository.ts';
import { scriptedTlsServer } from './servers/scripted-tls.ts';
import type { TestServer } from './servers/server.ts';
import { tlsServer } from './servers/tls-server.ts';

/** How one certificate is made. Times are durations as people write them, relative to now; `-3d` is three days ago. */
export interface Recipe {
  /** The label of its issuer; none: signed by itself. */
  readonly by?: string;
  /** Shares the name and key of this one: a cross-sign. */
  readonly keyOf?: string;
  readonly ca?: boolean;
  readonly subject?: string;
  readonly sans?: readonly string[];
  readonly lifetime?: string;
  readonly remaining?: string;
  /** When it begins to be valid, from now. */
  readonly starts?: string;
  readonly key?: KeyKind;
  readonly signatureHash?: SignatureHash;
  readonly pathLength?: number;
  readonly extendedKeyUsage?: readonly string[];
  readonly nameConstraints?: { readonly permitted?: readonly string[]; readonly excluded?: readonly string[] };
  readonly wrongSignature?: boolean;
  /** No certificate at all: a text, or another one (`of`) without its end. */
  readonly malformed?: 'text' | 'truncated';
  readonly of?: string;
}

export interface ExpectedFinding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Index in what was sent. */
  readonly certificate?: number;
  /** The `reason` in the finding's data. */
  readonly reason?: string;
}

export interface ChainScenario {
  readonly name: string;
  readonly about: string;
  /** The name that is asked for and matched. */
  readonly servername: string;
  /** Labels of the trust anchors, as for `--ca-file`. */
  readonly trust: readonly string[];
  readonly certificates: Readonly<Record<string, Recipe>>;
  /** Labels, in the order in which the server sends them. */
  readonly send: readonly string[];
  readonly expect: { readonly status: Status; readonly findings: readonly ExpectedFinding[] };
}

interface ChainFile {
  readonly servername: string;
  readonly trust: readonly string[];
  readonly cast: Readonly<Record<string, Recipe>>;
  readonly scenarios: readonly (Pick<ChainScenario, 'name' | 'about' | 'send' | 'expect'> & Partial<ChainScenario>)[];
}

/** All scenarios, each with the defaults of the file filled in. */
export function chainScenarios(): readonly ChainScenario[] {
  const file = JSON.parse(readFileSync(join(REPOSITORY, 'fixtures', 'chains.json'), 'utf8')) as ChainFile;
  return file.scenarios.map((scenario) => ({
    servername: file.servername,
    trust: file.trust,
    ...scenario,
    certificates: { ...file.cast, ...scenario.certificates },
  }));
}

/** @throws where there is none of this name. */
export function chainScenario(name: string): ChainScenario {
  const found = chainScenarios().find((scenario) => scenario.name === name);
  if (!found) throw new Error(`there is no chain scenario ${JSON.stringify(name)}`);
  return found;
}

export interface MintedChain {
  readonly scenario: ChainScenario;
  /** What the server sends, byte for byte. */
  readonly ders: readonly Buffer[];
  /** The key that the server proves possession of: the leaf's, whether or not the leaf is what it sends first. */
  readonly key: KeyPair;
  readonly anchors: readonly Issued[];
  /** The anchors as PEM, for a CA file. */
  readonly anchorsPem: string;
  readonly issued: ReadonlyMap<string, Issued>;
}

/** @param now milliseconds since the epoch: what the scenario's times are relative to. */
export function mintChain(scenario: ChainScenario, now: number): MintedChain {
  const minter = new Minter(scenario.certificates, now);
  const anchors = scenario.trust.map((label) => minter.issued(label));
  const ders = scenario.send.map((label) => minter.bytes(label));
  const leaf = scenario.certificates.leaf ? minter.issued('leaf') : undefined;
  return {
    scenario,
    ders,
    key: leaf?.key ?? makeKey(),
    anchors,
    anchorsPem: anchors.map((anchor) => anchor.pem).join(''),
    issued: minter.made,
  };
}

/** Serves a chain as it is. What OpenSSL loads is served by node:tls, the rest by the scripted server. */
export function serveChain({ scenario, ders, key, issued }: MintedChain): Promise<TestServer> {
  const leaf = issued.get(scenario.send[0]!);
  const loadable = scenario.send.every((label) => !scenario.certificates[label]?.malformed);
  if (!leaf || !loadable || leaf.key !== key) return scriptedTlsServer({ certificates: ders, key });
  return tlsServer({ leaf, chain: ders, legacy: true });
}

class Minter {
  readonly made = new Map<string, Issued>();
  #authorities = new Map<string, Authority>();
  #recipes: Readonly<Record<string, Recipe>>;
  #now: number;

  constructor(recipes: Readonly<Record<string, Recipe>>, now: number) {
    this.#recipes = recipes;
    this.#now = now;
  }

  bytes(label: string): Buffer {
    const { malformed, of } = this.#recipe(label);
    if (malformed === 'text') return Buffer.from('This is no certificate.');
    if (malformed === 'truncated') return this.bytes(of!).subarray(0, -10);
    return this.issued(label).der;
  }

  issued(label: string): Issued {
    const made = this.made.get(label);
    if (made) return made;
    const recipe = this.#recipe(label);
    const options = this.#options(recipe);
    const issuer = recipe.by === undefined ? undefined : this.#authority(recipe.by);
    const issued = issuer ? issuer.issue(options) : recipe.ca ? createCa(options).certificate : selfSigned(options);
    this.made.set(label, issued);
    return issued;
  }

  #authority(label: string): Authority {
    const known = this.#authorities.get(label);
    if (known) return known;
    const authority = authorityOf(this.issued(label), { now: this.#now });
    this.#authorities.set(label, authority);
    return authority;
  }

  #recipe(label: string): Recipe {
    const recipe = this.#recipes[label];
    if (!recipe) throw new Error(`there is no certificate ${JSON.stringify(label)}`);
    return recipe;
  }

  #options({
    by: _by,
    keyOf,
    lifetime,
    remaining,
    starts,
    wrongSignature,
    malformed: _malformed,
    of: _of,
    ...same
  }: Recipe): CertificateOptions {
    const twin = keyOf === undefined ? undefined : this.issued(keyOf);
    const flip = (good: Buffer) => good.map((byte, index) => (index === good.length - 1 ? byte ^ 1 : byte));
    return {
      now: this.#now,
      ...same,
      ...(twin ? { subject: twin.subject, key: twin.key } : {}),
      ...(lifetime === undefined ? {} : { lifetimeMs: ms(lifetime) }),
      ...(remaining === undefined ? {} : { remainingMs: ms(remaining) }),
      ...(starts === undefined ? {} : { notBefore: Math.floor(this.#now / 1000) * 1000 + ms(starts) }),
      ...(wrongSignature ? { raw: { signature: flip } } : {}),
    };
  }
}

function ms(text: string): number {
  const parsed = parseDuration(text.replace(/^-/, ''));
  if (!parsed.ok) throw new Error(parsed.error);
  return text.startsWith('-') ? -parsed.value : parsed.value;
}
