/**
 * How replies end and what their code is, for the line-based protocols.
 */
import { err, ok } from '../../model/result.ts';
import { NONSENSE, type ReplyReader } from './row.ts';

/** Real servers send a few dozen capability lines at most. */
const MOST_LINES = 200;

/**
 * What one line means for a reply: its last line with this code, or `undefined` for "there is more".
 * @param first the reply's first line. @param previous the one before this, `undefined` for the first.
 */
type LineMeaning = (line: string, first: string, previous: string | undefined) => string | undefined;

function lines(meaning: LineMeaning): ReplyReader {
  return async (stream) => {
    const read: string[] = [];
    while (read.length < MOST_LINES) {
      const line = await stream.line();
      if (!line.ok) return line;
      const previous = read.at(-1);
      read.push(line.value);
      const code = meaning(line.value, read[0] as string, previous);
      if (code !== undefined) return ok({ code, text: read.join('\n') });
    }
    return err('too-many-lines');
  };
}

/** SMTP and LMTP (RFC 5321 4.2): `250-…` lines, then `250 …`. */
export const smtpReply = lines((line) => {
  const [, code, mark] = /^([2-5]\d\d)(?:([ -])|$)/.exec(line) ?? [];
  if (code === undefined) return NONSENSE;
  return mark === '-' ? undefined : code;
});

/** FTP (RFC 959 4.2): `220-…`, any lines, then `220 …` with the code of the first. */
export const ftpReply = lines((line, first) => {
  const [, code, mark] = /^([1-5]\d\d)(?:([ -])|$)/.exec(first) ?? [];
  if (code === undefined) return NONSENSE;
  if (line === first && mark === '-') return undefined;
  return line === code || line.startsWith(`${code} `) ? code : undefined;
});

/** One line with a three-digit code: NNTP (RFC 3977 3.2). */
export const codeLine = lines((line) => /^([1-5]\d\d)(?: |$)/.exec(line)?.[1] ?? NONSENSE);

/** NNTP's `101` with a block that ends in a lone dot; other codes stand alone (RFC 3977 3.1.1). */
export const nntpBlock = lines((line, first) => {
  const code = /^([1-5]\d\d)(?: |$)/.exec(first)?.[1];
  if (code !== '101') return code ?? NONSENSE;
  return line === '.' ? code : undefined;
});

const popCode = (line: string) => /^(\+OK|-ERR)(?: |$)/i.exec(line)?.[1]?.toUpperCase();

/** POP3 (RFC 1939 3): `+OK …` or `-ERR …`. */
export const popLine = lines((line) => popCode(line) ?? NONSENSE);

/** POP3's `+OK` with a block that ends in a lone dot (RFC 2449 5). */
export const popBlock = lines((line, first) => {
  const code = popCode(first);
  if (code !== '+OK') return code ?? NONSENSE;
  return line === '.' ? code : undefined;
});

/** IMAP's greeting (RFC 9051 7.1): `* OK`, `* PREAUTH` or `* BYE`. */
export const imapGreeting = lines((line) => {
  return /^\* (OK|PREAUTH|BYE)(?: |$)/i.exec(line)?.[1]?.toUpperCase() ?? NONSENSE;
});

/** IMAP: untagged responses, then the tagged one. `* BYE` ends everything. */
export function imapTagged(tag: string): ReplyReader {
  return lines((line, _first, previous) => {
    const [, leading, word] = /^(\S+) (OK|NO|BAD|BYE)(?: |$)/i.exec(line) ?? [];
    const code = word?.toUpperCase();
    if (leading === tag || (leading === '*' && code === 'BYE')) return code;
    // What stands behind a literal's length may be anything (RFC 9051 4.3).
    const may = line.startsWith('* ') || line.startsWith('+ ') || /\{\d+\}$/.test(previous ?? '');
    return may ? undefined : NONSENSE;
  });
}

/** ManageSieve (RFC 5804 1.2): lines until `OK`, `NO` or `BYE`. */
export const sieveReply = lines((line, first) => {
  const code = /^(OK|NO|BYE)(?:[ (]|$)/i.exec(line)?.[1]?.toUpperCase();
  return code ?? (/^["{]/.test(first) ? undefined : NONSENSE);
});

/** IRC: numerics and commands; what is no answer to STARTTLS (notices, pings) is passed over. */
export const ircReply = lines((line) => {
  const [, command] = /^(?:@\S+ +)?(?::\S+ +)?([A-Za-z]+|\d{3})(?: |$)/.exec(line) ?? [];
  if (command === undefined) return NONSENSE;
  const code = command.toUpperCase();
  return ['670', '691', '421', '451', '461', 'ERROR'].includes(code) ? code : undefined;
});
