/**
 * When a minted certificate is valid, said in the way that suits the test: by dates, by lifetime, or by what is left.
 */
const DAY = 86_400_000;
const SECOND = 1_000;

export interface ValidityOptions {
  /** Milliseconds since the epoch: what "now" is for this certificate. Children take it from their issuer. */
  readonly now?: number;
  /** Milliseconds since the epoch, or the whole time TLV. */
  readonly notBefore?: number | Uint8Array;
  /** Inclusive, as in RFC 5280: the certificate expires one second after it. */
  readonly notAfter?: number | Uint8Array;
  /** From notBefore until one second after notAfter; a certificate of 90 days lasts 90 days to the second. */
  readonly lifetimeMs?: number;
  /** From `now` until one second after notAfter; negative: it expired so long ago. */
  readonly remainingMs?: number;
  readonly ca?: boolean;
}

export interface Validity {
  readonly notBefore: number | Uint8Array;
  readonly notAfter: number | Uint8Array;
}

/**
 * Given dates win, then `remainingMs` sets the end, then `lifetimeMs` the other end. Without any: a leaf of 90 days issued a
 * day ago, a CA of 10 years issued a year ago.
 * @throws where a date depends on `now` and there is none: no certificate takes its dates from the wall clock unasked.
 */
export function validityOf(options: ValidityOptions): Validity {
  const lifetimeMs = options.lifetimeMs ?? (options.ca ? 3650 * DAY : 90 * DAY);
  const age = options.ca ? 365 * DAY : DAY;
  const { notBefore, notAfter, remainingMs } = options;
  const end = notAfter ?? (remainingMs === undefined ? undefined : nowOf(options) + remainingMs - SECOND);
  if (end !== undefined) {
    const start = notBefore ?? (typeof end === 'number' ? end + SECOND - lifetimeMs : nowOf(options) - age);
    return { notBefore: start, notAfter: end };
  }
  const start = notBefore ?? nowOf(options) - Math.min(age, lifetimeMs / 10);
  return { notBefore: start, notAfter: (typeof start === 'number' ? start : nowOf(options)) + lifetimeMs - SECOND };
}

function nowOf({ now }: ValidityOptions): number {
  if (now === undefined) throw new Error('expected `now`, on the certificate or on its CA, or both dates');
  // Certificates know whole seconds only.
  return Math.floor(now / SECOND) * SECOND;
}
