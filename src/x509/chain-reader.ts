/**
 * ChainReader: presented chains from bytes to certificates, each distinct certificate parsed once per run. Intermediates
 * recur with every host of a list; sharing the object also lets path validation remember its key and its signature.
 */
import { hash } from 'node:crypto';
import type { ChainElement } from '../model/certificate.ts';
import { parseCertificate } from './parse-certificate.ts';
import { RecentMap } from './recent.ts';

/** With leaves of 2 kB, two generations are about 4 MB. */
const GENERATION = 512;

/** Longer ones are not kept, so that a few hostile hosts cannot fill the memory. */
const LONGEST_KEPT = 16_384;

export class ChainReader {
  readonly #known: RecentMap<string, ChainElement>;

  constructor(generation: number = GENERATION) {
    this.#known = new RecentMap(generation);
  }

  /** One element for each of `ders`, in their order; what is no certificate is `malformed` with the reason. */
  read(ders: readonly Uint8Array[]): ChainElement[] {
    return ders.map((der) => this.#element(der));
  }

  #element(der: Uint8Array): ChainElement {
    const sha256 = hash('sha256', der, 'hex');
    const known = this.#known.get(sha256);
    if (known) return known;
    // A copy: what is kept must not hold on to the whole flight that it came in, nor change with a reused buffer.
    const own = new Uint8Array(der);
    const parsed = parseCertificate(own, { sha256 });
    const element: ChainElement = parsed.ok
      ? { kind: 'certificate', der: own, certificate: parsed.value }
      : { kind: 'malformed', der: own, reason: parsed.error };
    if (own.length <= LONGEST_KEPT) this.#known.set(sha256, element);
    return element;
  }
}
