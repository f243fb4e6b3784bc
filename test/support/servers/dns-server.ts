/**
 * A name server on loopback that answers from a table, and misbehaves where the table says so; UDP and TCP on one port.
 *
 *     await using dns = await dnsServer({ 'www.shop.example': { addresses: ['127.0.0.1'] }, 'dead.example': 'silent' });
 *     resolveHost('www.shop.example', { resolver: dns.address, … })
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  type Answer,
  addressRecord,
  aliasRecord,
  domainName,
  type Question,
  RCODE,
  type ReplyOptions,
  readQuestion,
  reply,
  TYPE,
} from './dns-message.ts';
import { serve, type TestServer } from './server.ts';

export type DnsMood =
  /** Never answers. */
  | 'silent'
  | 'nxdomain'
  | 'servfail'
  | 'refused'
  /** An answer under another id, or to another question: a forger's, to be passed over. */
  | 'wrong-id'
  | 'wrong-question'
  /** Bytes that are no message; a record longer than the message; a name that points at itself. */
  | 'garbage'
  | 'short-record'
  | 'pointer-loop'
  /** TCP: closes without an answer. UDP: truncated, so that TCP is asked. */
  | 'tcp-closes'
  | 'tcp-silent';

export interface DnsEntry {
  readonly addresses?: readonly string[];
  /** Goes on at another name of the table; a loop of them is answered as the loop that it is. */
  readonly cname?: string;
  readonly mood?: DnsMood;
  /** Only for questions of this type is `mood` in force; the other type is answered in order. */
  readonly moodFor?: 'A' | 'AAAA';
  readonly delayMs?: number;
  /** UDP answers come empty and truncated, TCP has them whole (RFC 1035 4.2.1). */
  readonly truncated?: boolean;
}

/** Names in lower case; the rest is NXDOMAIN. An address list or a mood alone stands for the entry that holds it. */
export type DnsTable = Readonly<Record<string, DnsEntry | readonly string[] | DnsMood>>;

export interface DnsServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** What was asked, oldest first. */
  readonly queries: readonly { readonly name: string; readonly type: number; readonly transport: 'udp' | 'tcp' }[];
  close(): Promise<void>;
}

export async function dnsServer(table: DnsTable): Promise<DnsServer> {
  const queries: { name: string; type: number; transport: 'udp' | 'tcp' }[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const answer = (message: Buffer, transport: 'udp' | 'tcp', send: (reply: Buffer | 'close') => void) => {
    const question = readQuestion(message);
    if (!question) return;
    queries.push({ name: question.name, type: question.type, transport });
    const entry = entryOf(table, question.name);
    const answered = answerFor(table, question, transport);
    if (!answered) return;
    if (!entry?.delayMs) return send(answered);
    const timer = setTimeout(() => {
      timers.delete(timer);
      send(answered);
    }, entry.delayMs);
    timers.add(timer);
  };
  const { udp, tcp } = await bindBoth(answer);
  const close = async () => {
    for (const timer of timers) clearTimeout(timer);
    const closed = once(udp, 'close');
    udp.close();
    await Promise.all([closed, tcp.close()]);
  };
  const { host, port } = tcp;
  return { host, port, address: `${host}:${port}`, queries, close, [Symbol.asyncDispose]: close };
}

type Answering = (message: Buffer, transport: 'udp' | 'tcp', send: (reply: Buffer | 'close') => void) => void;

async function bindBoth(answer: Answering): Promise<{ udp: UdpSocket; tcp: TestServer }> {
  for (let attempt = 0; ; attempt += 1) {
    const tcp = await serveTcp(answer);
    const udp = createSocket('udp4');
    try {
      udp.bind(tcp.port, tcp.host);
      await once(udp, 'listening');
    } catch (error) {
      // Somebody else has this number on UDP.
      udp.close();
      await tcp.close();
      if (attempt === 10) throw error;
      continue;
    }
    udp.on('message', (message, from) =>
      answer(message, 'udp', (data) => {
        // A late answer may come when the server has gone.
        if (data !== 'close') udp.send(data, from.port, from.address, () => {});
      }),
    );
    return { udp, tcp };
  }
}

/** RFC 1035 4.2.2: each message behind its length. */
const serveTcp = (answer: Answering): Promise<TestServer> =>
  serve((socket) => {
    let held = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0);
        answer(held.subarray(2, end), 'tcp', (data) => {
          if (data === 'close') return socket.end();
          const length = Buffer.alloc(2);
          length.writeUInt16BE(data.length);
          socket.write(Buffer.concat([length, data]));
        });
        held = held.subarray(end);
      }
    });
  });

function entryOf(table: DnsTable, name: string): DnsEntry | undefined {
  if (!Object.hasOwn(table, name)) return undefined;
  const entry = table[name]!;
  if (typeof entry === 'string') return { mood: entry };
  return Array.isArray(entry) ? { addresses: entry } : (entry as DnsEntry);
}

function answerFor(table: DnsTable, question: Question, transport: 'udp' | 'tcp'): Buffer | 'close' | undefined {
  const entry = entryOf(table, question.name);
  if (!entry) return reply(question, { rcode: RCODE.nxdomain });
  const asked = question.type === TYPE.A ? 'A' : question.type === TYPE.AAAA ? 'AAAA' : undefined;
  if (entry.mood && (entry.moodFor === undefined || entry.moodFor === asked)) {
    return moody(entry.mood, question, transport);
  }
  if (entry.truncated && transport === 'udp') return reply(question, { truncated: true });
  return reply(question, { answers: recordsFor(table, question) });
}

function recordsFor(table: DnsTable, { name, type }: Question): Answer[] {
  const records: Answer[] = [];
  const seen = new Set<string>();
  let at = name;
  for (let entry = entryOf(table, at); entry && !seen.has(at); entry = entryOf(table, at)) {
    seen.add(at);
    const here = at;
    records.push(...(entry.addresses ?? []).map((address) => addressRecord(here, address)));
    if (entry.cname === undefined) break;
    records.push(aliasRecord(here, entry.cname));
    at = entry.cname;
  }
  return records.filter((record) => record.type === TYPE.CNAME || record.type === type);
}

function moody(mood: DnsMood, question: Question, transport: 'udp' | 'tcp'): Buffer | 'close' | undefined {
  const forged: ReplyOptions = { answers: [addressRecord(question.name, '127.0.0.66')] };
  switch (mood) {
    case 'silent':
      return undefined;
    case 'nxdomain':
    case 'servfail':
    case 'refused':
      return reply(question, { rcode: RCODE[mood] });
    case 'wrong-id':
      return reply(question, { ...forged, id: question.id ^ 0xffff });
    case 'wrong-question':
      return reply(question, {
        ...forged,
        section: Buffer.concat([domainName('forged.example'), Buffer.of(0, 1, 0, 1)]),
      });
    case 'garbage':
      return Buffer.concat([reply(question).subarray(0, 7), Buffer.from('no DNS at all')]);
    case 'short-record':
      return reply(question, { rawAnswers: Buffer.from('c00c00010001000000010400', 'hex') });
    case 'pointer-loop': {
      const at = 12 + question.section.length;
      return reply(question, {
        rawAnswers: Buffer.from([0xc0 | (at >> 8), at & 0xff, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]),
      });
    }
    case 'tcp-closes':
      return transport === 'udp' ? reply(question, { truncated: true }) : 'close';
    case 'tcp-silent':
      return transport === 'udp' ? reply(question, { truncated: true }) : undefined;
  }
}
