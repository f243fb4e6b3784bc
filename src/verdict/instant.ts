/**
 * Instants as reports write them: ISO 8601 UTC in whole seconds, always in the 20-character form of RFC 3339.
 */

/** 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: outside them ISO 8601 needs signs and more digits, which few readers take. */
const FIRST = -62_167_219_200_000;
const LAST = 253_402_300_799_000;

/** @param ms since the epoch; what lies outside the years 0000 to 9999 is drawn in to their edge, so this never throws. */
export function formatInstant(ms: number): string {
  const drawnIn = Number.isNaN(ms) ? FIRST : Math.min(LAST, Math.max(FIRST, ms));
  return `${new Date(drawnIn).toISOString().slice(0, 19)}Z`;
}
