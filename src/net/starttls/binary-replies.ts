/**
 * Replies of the binary protocols: LDAP (BER), PostgreSQL and MySQL. Each is read exactly, never a byte beyond its end.
 */
import { ok, type Result } from '../../model/result.ts';
import type { StreamEnd } from './peer-stream.ts';
import { NONSENSE, type Reply, type ReplyReader } from './row.ts';
import { looksLikeAnother } from './wrong-protocol.ts';

/** An answer to STARTTLS holds a code and at most a sentence. */
const MOST_BYTES = 4 * 1024;

const nonsense = (bytes: Buffer): Result<Reply, StreamEnd> => ok({ code: NONSENSE, text: bytes.toString('utf8') });

/** PostgreSQL's answer to SSLRequest: one byte, `S` or `N`; servers before 7.0, and full ones, send an `E` message. */
export const postgresAnswer: ReplyReader = async (stream) => {
  const byte = await stream.bytes(1);
  if (!byte.ok) return byte;
  const code = byte.value.toString('latin1');
  const all = Buffer.concat([byte.value, stream.unread]);
  // SSH greets with an S, too.
  if ((code === 'S' || code === 'N') && looksLikeAnother(all, 'PostgreSQL') === undefined)
    return ok({ code, text: code });
  if (code !== 'E') return nonsense(all);
  return ok({ code, text: `E${stream.unread.toString('utf8', 0, MOST_BYTES)}` });
};

/** MySQL capability bits in the greeting and in SSLRequest. */
const CLIENT_SSL = 0x0800;

/**
 * MySQL's greeting (protocol version 10). Codes: `ssl` and `plain` by its capability bits, `error` for an error packet
 * (too many connections, this host is not allowed). The text is the server's version, or the error's.
 */
export const mysqlGreeting: ReplyReader = async (stream) => {
  const header = await stream.bytes(4);
  if (!header.ok) return header;
  const length = header.value.readUIntLE(0, 3);
  // The first packet has number 0; a text protocol's first letters make a length far beyond any greeting.
  if (length === 0 || length > MOST_BYTES || header.value[3] !== 0) {
    return nonsense(Buffer.concat([header.value, stream.unread]));
  }
  const packet = await stream.bytes(length);
  if (!packet.ok) return packet;
  const payload = packet.value;
  if (payload[0] === 0xff) return ok({ code: 'error', text: payload.toString('utf8', 3) });
  const versionEnd = payload.indexOf(0, 1);
  // Thread id (4), first part of the scramble (8), a filler (1), then the lower capability bits.
  const at = versionEnd + 1 + 13;
  if (payload[0] !== 10 || versionEnd < 0 || payload.length < at + 2) return nonsense(payload);
  const offered = (payload.readUInt16LE(at) & CLIENT_SSL) !== 0;
  return ok({ code: offered ? 'ssl' : 'plain', text: payload.toString('utf8', 1, versionEnd) });
};

/** SSLRequest: capabilities (LONG_PASSWORD, PROTOCOL_41, SSL, SECURE_CONNECTION), largest packet, utf8mb4, 23 zeros. */
export const MYSQL_SSL_REQUEST: Uint8Array = Buffer.concat([
  Buffer.of(32, 0, 0, 1),
  Buffer.of(0x01, 0x8a, 0x00, 0x00),
  Buffer.of(0, 0, 0, 1),
  Buffer.of(45),
  Buffer.alloc(23),
]);

/** Length 8, request code 80877103. */
export const POSTGRES_SSL_REQUEST: Uint8Array = Buffer.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f);

/** LDAPMessage 1: ExtendedRequest with requestName 1.3.6.1.4.1.1466.20037 (RFC 4511 4.14.1). */
export const LDAP_STARTTLS: Uint8Array = Buffer.concat([
  Buffer.of(0x30, 29, 0x02, 1, 1, 0x77, 24, 0x80, 22),
  Buffer.from('1.3.6.1.4.1.1466.20037', 'latin1'),
]);

/** ExtendedResponse's tag, and the ones of what it begins with. */
const EXTENDED_RESPONSE = 0x78;
const SEQUENCE = 0x30;
const INTEGER = 0x02;
const ENUMERATED = 0x0a;
const OCTET_STRING = 0x04;

/** LDAP's ExtendedResponse (RFC 4511 4.12). The code is the resultCode in decimal, the text the diagnosticMessage. */
export const ldapResponse: ReplyReader = async (stream) => {
  const head = await stream.bytes(2);
  if (!head.ok) return head;
  let header = head.value;
  const first = header[1]!;
  if (header[0] === SEQUENCE && first > 0x80 && first <= 0x84) {
    const length = await stream.bytes(first & 0x7f);
    if (!length.ok) return length;
    header = Buffer.concat([header, length.value]);
  }
  const whole = berHeader(header, 0);
  if (!whole || whole.tag !== SEQUENCE || whole.length > MOST_BYTES) {
    return nonsense(Buffer.concat([header, stream.unread]));
  }
  const body = await stream.bytes(whole.length);
  if (!body.ok) return body;
  return parseLdapResponse(body.value) ?? nonsense(Buffer.concat([header, body.value]));
};

function parseLdapResponse(body: Buffer): Result<Reply, StreamEnd> | undefined {
  const id = berElement(body, 0, INTEGER);
  const response = id && berElement(body, id.end, EXTENDED_RESPONSE);
  if (!response) return undefined;
  const code = berElement(body, response.start, ENUMERATED);
  const matchedDn = code && berElement(body, code.end, OCTET_STRING);
  const message = matchedDn && berElement(body, matchedDn.end, OCTET_STRING);
  if (!message || message.end > response.end || code.end - code.start !== 1) return undefined;
  const number = body[code.start] as number;
  const words = body.toString('utf8', message.start, message.end);
  return ok({ code: String(number), text: `result code ${number}${words === '' ? '' : `: ${words}`}` });
}

/** BER, not DER: Active Directory writes every length in four octets. */
function berHeader(bytes: Buffer, at: number): { tag: number; start: number; length: number } | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  if (first < 0x80) return { tag, start: at + 2, length: first };
  const octets = first & 0x7f;
  if (octets === 0 || octets > 4 || bytes.length < at + 2 + octets) return undefined;
  return { tag, start: at + 2 + octets, length: bytes.readUIntBE(at + 2, octets) };
}

function berElement(bytes: Buffer, at: number, tag: number): { start: number; end: number } | undefined {
  const header = berHeader(bytes, at);
  if (header?.tag !== tag || header.start + header.length > bytes.length) return undefined;
  return { start: header.start, end: header.start + header.length };
}
