/**
 * How much colour a stream gets: none unless it is a terminal, as NO_COLOR (no-color.org) and FORCE_COLOR
 * (force-color.org) say.
 */
type Level = 0 | 1 | 2 | 3;

export function colorLevel(isTTY: boolean, env: Readonly<Record<string, string | undefined>>): Level {
  // NO_COLOR counts when it is there and not empty, and wins over FORCE_COLOR.
  if (env.NO_COLOR) return 0;
  const forced = env.FORCE_COLOR;
  if (forced !== undefined && forced !== '') {
    if (forced === '0' || forced === 'false') return 0;
    return forced === '2' ? 2 : forced === '3' ? 3 : 1;
  }
  if (!isTTY || env.TERM === 'dumb') return 0;
  if (env.COLORTERM === 'truecolor' || env.COLORTERM === '24bit') return 3;
  return env.TERM?.includes('256color') ? 2 : 1;
}
