/**
 * How a process knows that it works for a supervisor, and as what.
 */

/** Says that this process is a scanner, and when its supervisor started (nanoseconds of the monotonic clock). */
export const SCANNER_VARIABLE = 'CERTWATCH_SCANNER';
export const SCANNER_PIPE_FD = 3;

/** Says that this process is not to scan, but to name the targets that a scanner which was lost had not told. */
export const READ_AGAIN_VARIABLE = 'CERTWATCH_READ_AGAIN';

/** How much of its lists a scanner has told: so many targets, and so many errors in them. */
export interface Told {
  readonly targets: number;
  readonly errors: number;
}

export const formatTold = ({ targets, errors }: Told): string => `${targets},${errors}`;

export function parseTold(text: string): Told {
  const [targets = 0, errors = 0] = text.split(',').map(Number);
  return { targets, errors };
}
