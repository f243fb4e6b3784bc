/**
 * Text from files and lock holders on its way to a terminal or into a plugin's one line: whoever can write to the state
 * directory must not be able to write to the screen.
 */

/** Control characters, line separators, direction overrides, lone surrogates and Nagios's `|` become `?`; cut at `longest`. */
export function printable(text: string, longest = 200): string {
  const plain = text.slice(0, longest).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}|]/gu, '?');
  return text.length > longest ? `${plain}…` : plain;
}
