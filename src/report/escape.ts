/**
 * Escaping of untrusted text (certificates, banners, host lists), one function an output format. Data is carried raw up
 * to here; nothing that a peer says may move a cursor, start a line, end a field or turn the reading direction.
 */

/**
 * What a terminal would act on or not show: controls (ESC, CSI, newlines), format characters (bidirectional overrides, zero
 * width, tags), line and paragraph separators, lone surrogates, ignorables, noncharacters.
 */
function unprintable(): RegExp {
  // Made at its first use: with properties of Unicode it takes most of a millisecond, and nearly no text needs it.
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;
}
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** Nearly all text is this, and the test is a tenth of the price. */
const PLAIN = /^[\x20-\x7e\n]*$/;

const codePoint = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`;

/** For a terminal and any other place where a line is a line: unprintable characters become `\u{202e}`. */
export function escapeTerminal(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : text.replace(unprintable(), codePoint);
}

/** For plug-in output: `|` starts the performance data, and the web interfaces may show `<` as markup. */
export function escapeNagios(text: string): string {
  return escapeTerminal(text).replace(/[|<>]/g, codePoint);
}

/** A performance data label, without its quotes: it can hold neither `=` nor `'` (Monitoring Plugins guidelines). */
export function nagiosLabel(text: string): string {
  return escapeNagios(text).replace(/[='\\{}]/g, '_') || '_';
}

/** Quotes a label of `nagiosLabel` where it holds more than every reader takes without quotes. */
export function quoteNagiosLabel(label: string): string {
  return /^[A-Za-z0-9_.:-]+$/.test(label) ? label : `'${label}'`;
}

/** The inside of a quoted label value of Prometheus' text format: backslash, quote and line feed. */
export function escapeLabelValue(text: string): string {
  return escapeTerminal(text).replace(/[\\"]/g, '\\$&');
}

/**
 * One text field of RFC 4180. What a spreadsheet would run as a formula is led by an apostrophe, which it shows as plain
 * text; figures of our own must not come this way.
 */
export function csvField(text: string): string {
  const printable = escapeTerminal(text);
  const safe = /^\s*[=+\-@＝＋－＠]/.test(printable) ? `'${printable}` : printable;
  return /[",]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** JSON text is ASCII where a terminal would act on a character; inside its strings `\uXXXX` means the same. */
export function escapeJson(json: string): string {
  if (PLAIN.test(json)) return json;
  return json.replace(unprintable(), (character) =>
    character === '\n'
      ? character
      : [...utf16(character)].map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join(''),
  );
}

function* utf16(text: string): Generator<number> {
  for (let i = 0; i < text.length; i++) yield text.charCodeAt(i);
}

/** A text of at most `most` UTF-16 units, cut between characters; what was cut shows as `…`. */
export function capText(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, most - 1);
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}
