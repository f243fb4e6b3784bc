/**
 * Dynamic update messages (RFC 2136) for one TXT record, signed by TSIG (RFC 8945). Pure: bytes in, bytes out.
 *
 * Written here because the DNS packages at hand stop short of it: dns-packet has no class NONE (the deletion of a single
 * record, RFC 2136 2.5.4) and neither it nor dns2 has TSIG.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { err, ok, type Result } from '../../../model/result.ts';
import { TSIG_HASHES, type TsigKey } from './tsig-key.ts';

const TYPE = { SOA: 6, TXT: 16, TSIG: 250 } as const;
const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;
const OPCODE_UPDATE = 5 << 11;
const QR = 0x8000;

/** Seconds that the two clocks may differ (RFC 8945 10 recommends 300). */
const FUDGE = 300;

export interface TxtUpdate {
  readonly id: number;
  readonly zone: string;
  readonly action: 'add' | 'delete';
  readonly name: string;
  /** At most 255 octets: one character-string. */
  readonly value: string;
  readonly ttl: number;
}

export interface Signing {
  readonly key: TsigKey;
  /** Seconds since the epoch. */
  readonly time: number;
}

export interface SignedMessage {
  readonly message: Buffer;
  /** The request's MAC, which the answer's signature covers; undefined where it is not signed. */
  readonly mac?: Buffer;
}

export function encodeUpdate(update: TxtUpdate, signing?: Signing): SignedMessage {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(update.id, 0);
  header.writeUInt16BE(OPCODE_UPDATE, 2);
  header.writeUInt16BE(1, 4); // ZOCOUNT
  header.writeUInt16BE(1, 8); // UPCOUNT
  const zone = Buffer.concat([encodeName(update.zone), u16(TYPE.SOA), u16(CLASS.IN)]);
  const text = Buffer.from(update.value);
  const record = encodeRecord(update.name, {
    type: TYPE.TXT,
    // RFC 2136 2.5.1 adds with the zone's class; 2.5.4 deletes exactly this record with class NONE and TTL 0.
    class: update.action === 'add' ? CLASS.IN : CLASS.NONE,
    ttl: update.action === 'add' ? update.ttl : 0,
    data: Buffer.concat([Buffer.of(text.length), text]),
  });
  const unsigned = Buffer.concat([header, zone, record]);
  return signing ? sign(unsigned, signing) : { message: unsigned };
}

function sign(unsigned: Buffer, { key, time }: Signing): SignedMessage {
  const variables = tsigVariables(key, { time, error: 0, other: Buffer.alloc(0) });
  const mac = createHmac(TSIG_HASHES[key.algorithm], key.secret).update(unsigned).update(variables).digest();
  const data = Buffer.concat([
    encodeName(key.algorithm),
    u48(time),
    u16(FUDGE),
    u16(mac.length),
    mac,
    unsigned.subarray(0, 2), // original ID
    u16(0), // error
    u16(0), // other length
  ]);
  const message = Buffer.concat([
    unsigned,
    encodeRecord(key.name, { type: TYPE.TSIG, class: CLASS.ANY, ttl: 0, data }),
  ]);
  message.writeUInt16BE(1, 10); // ARCOUNT
  return { message, mac };
}

interface Variables {
  readonly time: number;
  readonly error: number;
  readonly other: Buffer;
  readonly fudge?: number;
}

/** RFC 8945 4.3.3 */
function tsigVariables(key: TsigKey, { time, error, other, fudge = FUDGE }: Variables): Buffer {
  return Buffer.concat([
    encodeName(key.name),
    u16(CLASS.ANY),
    Buffer.alloc(4), // TTL
    encodeName(key.algorithm),
    u48(time),
    u16(fudge),
    u16(error),
    u16(other.length),
    other,
  ]);
}

export interface UpdateAnswer {
  /** RFC 1035, 2136 and 8945: 0 is done. A TSIG error (16 BADSIG, 17 BADKEY, 18 BADTIME) takes the header's place. */
  readonly rcode: number;
}

/**
 * Reads the answer to a signed or unsigned update and checks its signature where it claims success.
 * @returns the error as a short phrase: whoever sent this is not the server that has the key, or it is no answer.
 */
export function decodeUpdateAnswer(
  message: Buffer,
  request: SignedMessage,
  signing?: Signing,
): Result<UpdateAnswer, string> {
  if (message.length < 12) return err('too short');
  if (message.readUInt16BE(0) !== request.message.readUInt16BE(0)) return err('answers another request');
  const flags = message.readUInt16BE(2);
  if ((flags & QR) === 0 || (flags & 0x7800) !== OPCODE_UPDATE) return err('is no answer to an update');
  const rcode = flags & 0x0f;
  if (!signing) return ok({ rcode });
  const tsig = findTsig(message);
  if (!tsig) return rcode === 0 ? err('is not signed') : ok({ rcode });
  if (tsig.error !== 0) return ok({ rcode: tsig.error });
  const stripped = Buffer.from(message.subarray(0, tsig.start));
  stripped.writeUInt16BE(message.readUInt16BE(10) - 1, 10);
  stripped.writeUInt16BE(tsig.originalId, 0);
  const mac = createHmac(TSIG_HASHES[signing.key.algorithm], signing.key.secret)
    .update(u16(request.mac?.length ?? 0))
    .update(request.mac ?? Buffer.alloc(0))
    .update(stripped)
    .update(tsigVariables(signing.key, tsig))
    .digest();
  const same = mac.length === tsig.mac.length && timingSafeEqual(mac, tsig.mac);
  return same ? ok({ rcode }) : err('has a wrong signature');
}

interface Tsig extends Required<Variables> {
  readonly start: number;
  readonly mac: Buffer;
  readonly originalId: number;
}

/** The TSIG is the last record of the message (RFC 8945 5.1). */
function findTsig(message: Buffer): Tsig | undefined {
  let at = 12;
  for (let i = 0; i < message.readUInt16BE(4); i += 1) at = afterName(message, at) + 4;
  const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
  for (let i = 0; i < records; i += 1) {
    const start = at;
    const fixed = afterName(message, at);
    if (fixed + 10 > message.length) return undefined;
    const data = fixed + 10;
    at = data + message.readUInt16BE(fixed + 8);
    if (at > message.length) return undefined;
    if (i === records - 1 && message.readUInt16BE(fixed) === TYPE.TSIG) return readTsig(message, { start, data, at });
  }
  return undefined;
}

function readTsig(message: Buffer, { start, data, at }: { start: number; data: number; at: number }): Tsig | undefined {
  const body = message.subarray(0, at);
  const time = afterName(body, data);
  if (time + 10 > at) return undefined;
  const macLength = body.readUInt16BE(time + 8);
  const rest = time + 10 + macLength;
  if (rest + 6 > at) return undefined;
  const otherLength = body.readUInt16BE(rest + 4);
  if (rest + 6 + otherLength > at) return undefined;
  return {
    start,
    time: body.readUIntBE(time, 6),
    fudge: body.readUInt16BE(time + 6),
    mac: body.subarray(time + 10, rest),
    originalId: body.readUInt16BE(rest),
    error: body.readUInt16BE(rest + 2),
    other: body.subarray(rest + 6, rest + 6 + otherLength),
  };
}

/** @returns where the name at `at` ends; beyond the message where it is none. Compressed names end at the pointer. */
function afterName(message: Buffer, at: number): number {
  let here = at;
  for (;;) {
    const length = message[here];
    if (length === undefined) return message.length + 1;
    if (length === 0) return here + 1;
    if (length >= 0xc0) return here + 2;
    here += 1 + length;
  }
}

interface RecordParts {
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: Buffer;
}

function encodeRecord(name: string, { type, class: klass, ttl, data }: RecordParts): Buffer {
  const time = Buffer.alloc(4);
  time.writeUInt32BE(ttl);
  return Buffer.concat([encodeName(name), u16(type), u16(klass), time, u16(data.length), data]);
}

/** Canonical wire form: lower case, not compressed (RFC 8945 4.3.3). Labels are valid by the time they come here. */
function encodeName(name: string): Buffer {
  const labels = name
    .toLowerCase()
    .split('.')
    .filter((label) => label !== '');
  return Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), Buffer.from(label)]), Buffer.of(0)]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u48(value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  return bytes;
}
