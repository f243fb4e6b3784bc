/**
 * Verdicts on their way from the scanning process to the one that reports: everything as it is, but certificates as
 * their DER, and those that come again and again (intermediates) only once.
 */
import type { ChainElement } from '../../model/certificate.ts';
import type { Observation } from '../../model/observation.ts';
import type { Target } from '../../model/target.ts';
import type { Verdict } from '../../model/verdict.ts';
import type { ChainReader } from '../../x509/chain-reader.ts';

/** A certificate's DER, with the number it is known by from now on, or the number of one that came before. */
type WireCertificate = { readonly der: Uint8Array; readonly keep?: number } | { readonly kept: number };

type WireObservation = Omit<Observation, 'chain'> & { readonly chain?: readonly WireCertificate[] };

/** The target itself went ahead, when its turn came. */
export interface WireVerdict extends Omit<Verdict, 'target' | 'observations'> {
  readonly observations: readonly WireObservation[];
}

/** Intermediates in use in the whole Web are some two thousand; past this many, certificates are sent in full. */
const MOST_KEPT = 4_096;

export class VerdictEncoder {
  readonly #kept = new Map<string, number>();

  encode({ target: _, observations, ...rest }: Verdict): WireVerdict {
    return { ...rest, observations: observations.map((seen) => this.#observation(seen)) };
  }

  #observation(seen: Observation): WireObservation {
    const { chain, ...rest } = seen;
    return chain ? { ...rest, chain: chain.map((element, i) => this.#certificate(element, i > 0)) } : rest;
  }

  /** @param shared a leaf is seldom met twice: keeping it would only fill the memory of both sides. */
  #certificate({ der, ...element }: ChainElement, shared: boolean): WireCertificate {
    if (!shared || element.kind !== 'certificate') return { der };
    const { sha256 } = element.certificate;
    const kept = this.#kept.get(sha256);
    if (kept !== undefined) return { kept };
    if (this.#kept.size >= MOST_KEPT) return { der };
    const keep = this.#kept.size;
    this.#kept.set(sha256, keep);
    return { der, keep };
  }
}

export class VerdictDecoder {
  readonly #kept: Uint8Array[] = [];
  readonly #chainReader: ChainReader;

  constructor(chainReader: ChainReader) {
    this.#chainReader = chainReader;
  }

  decode(target: Target, { observations, ...rest }: WireVerdict): Verdict {
    const [first, ...others] = observations.map((seen) => this.#observation(seen));
    return { ...rest, target, observations: [first as Observation, ...others] };
  }

  #observation({ chain, ...rest }: WireObservation): Observation {
    const seen = chain ? { ...rest, chain: this.#chainReader.read(chain.map((c) => this.#der(c))) } : rest;
    return seen as Observation;
  }

  #der(certificate: WireCertificate): Uint8Array {
    if ('kept' in certificate) return this.#kept[certificate.kept] as Uint8Array;
    if (certificate.keep !== undefined) this.#kept[certificate.keep] = certificate.der;
    return certificate.der;
  }
}
