/**
 * Replies of XMPP (RFC 6120): pieces of an XML stream that never ends before TLS begins. No XML parser: what matters are a few
 * elements whose names RFC 6120 fixes, and a peer that writes them in an odd way is only one that does not offer TLS.
 */
import { ok } from '../../model/result.ts';
import { NONSENSE, type Reply, type ReplyReader } from './row.ts';

/** A stream header and its features take some 500 bytes. */
const MOST_CHARACTERS = 8 * 1024;

/** Ends at the element that answers, or at the first byte that shows that this is no XML. */
function element(end: RegExp, codes: readonly (readonly [RegExp, string])[]): ReplyReader {
  return async (stream) => {
    const piece = await stream.until(new RegExp(`^[^<\\s]|${end.source}`), MOST_CHARACTERS);
    if (!piece.ok) return piece;
    const text = piece.value;
    if (!/^\s*</.test(text)) return ok(asNonsense(text, stream.unread));
    return ok({ code: codes.find(([pattern]) => pattern.test(text))?.[1] ?? NONSENSE, text });
  };
}

function asNonsense(text: string, unread: Buffer): Reply {
  return { code: NONSENSE, text: text + unread.toString('utf8', 0, MOST_CHARACTERS) };
}

/** After the stream header: `features`, or a stream error (RFC 6120 4.3.2, 4.9). */
export const xmppFeatures = element(
  /<\/(?:[\w-]+:)?features>|<(?:[\w-]+:)?features\s*\/>|<\/(?:[\w-]+:)?error>|<\/(?:[\w-]+:)?stream>/,
  [
    [/<(?:[\w-]+:)?error[\s>]/, 'error'],
    [/<(?:[\w-]+:)?features[\s>/]/, 'features'],
    [/<\/(?:[\w-]+:)?stream>$/, 'error'],
  ],
);

/** After `<starttls/>`: `proceed` or `failure` (RFC 6120 5.4.2). */
export const xmppProceed = element(
  /<(?:[\w-]+:)?(?:proceed|failure)\b[^<>]*\/>|<\/(?:[\w-]+:)?(?:proceed|failure|stream|error)>/,
  [
    [/<(?:[\w-]+:)?proceed\b/, 'proceed'],
    [/<(?:[\w-]+:)?failure\b/, 'failure'],
    [/</, 'error'],
  ],
);
