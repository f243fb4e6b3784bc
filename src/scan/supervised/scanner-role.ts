/**
 * How a process knows that it is the scanner of a supervisor.
 */

/** Says that this process is a scanner, and when its supervisor started (nanoseconds of the monotonic clock). */
export const SCANNER_VARIABLE = 'CERTWATCH_SCANNER';
export const SCANNER_PIPE_FD = 3;
