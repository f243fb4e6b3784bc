/**
 * DNS messages (RFC 1035) as a test server needs them: one question in, any answer out, right or wrong.
 */
import { addressBytes } from '../pki/names.ts';

export const TYPE = { A: 1, CNAME: 5, SOA: 6, AAAA: 28 } as const;
export const RCODE = { noerror: 0, formerr: 1, servfail: 2, nxdomain: 3, notimp: 4, refused: 5 } as const;

export interface Question {
  readonly id: number;
  /** Lower case, without the last dot. */
  readonly name: string;
  readonly type: number;
  /** The question section as it came. */
  readonly section: Buffer;
}

export interface Answer {
  readonly name: string;
  readonly type: number;
  readonly data: Uint8Array;
}

/** @returns undefined where the bytes are no query with one question. */
export function readQuestion(message: Buffer): Question | undefined {
  if (message.length < 17 || message.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    if (length > 63) return undefined;
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  if (at + 5 > message.length) return undefined;
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at + 1),
    section: message.subarray(12, at + 5),
  };
}

export interface ReplyOptions {
  readonly answers?: readonly Answer[];
  readonly rcode?: number;
  readonly truncated?: boolean;
  readonly ttl?: number;
  /** Wrong on purpose: another id, another question, records that are no records. */
  readonly id?: number;
  readonly section?: Buffer;
  readonly rawAnswers?: Uint8Array;
}

export function reply(question: Question, options: ReplyOptions = {}): Buffer {
  const { answers = [], rcode = 0, truncated = false, ttl = 1 } = options;
  const header = Buffer.alloc(12);
  header.writeUInt16BE(options.id ?? question.id, 0);
  // QR, RD, RA; TC where the answer did not fit.
  header.writeUInt16BE(0x8180 | (truncated ? 0x0200 : 0) | rcode, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(options.rawAnswers ? 1 : answers.length, 6);
  const records = options.rawAnswers ?? Buffer.concat(answers.map((answer) => record(answer, ttl)));
  return Buffer.concat([header, options.section ?? question.section, records]);
}

function record({ name, type, data }: Answer, ttl: number): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([domainName(name), fixed, data]);
}

export function domainName(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.');
  return Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), Buffer.from(label)]), Buffer.of(0)]);
}

export const addressRecord = (name: string, address: string): Answer => ({
  name,
  type: address.includes(':') ? TYPE.AAAA : TYPE.A,
  data: addressBytes(address),
});

export const aliasRecord = (name: string, target: string): Answer => ({
  name,
  type: TYPE.CNAME,
  data: domainName(target),
});
