/**
 * dns-01 by dynamic update (RFC 2136) at the zone's primary server: what nsupdate does, over TCP, so that an answer is
 * never truncated and a forged one is hard. Records are added and deleted one by one: others at the same name stay.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { isIP } from 'node:net';
import { err, ok, type Result } from '../../../model/result.ts';
import { dial } from '../../../net/dial.ts';
import { Deadline } from '../../../time/deadline.ts';
import { Questions, serverAt } from '../dns-questions.ts';
import { fail, type Trouble } from '../failure.ts';
import type { Rfc2136 } from '../job.ts';
import { decodeUpdateAnswer, encodeUpdate, type Signing, type TxtUpdate } from './dns-update.ts';
import { readTsigKey } from './tsig-key.ts';

export interface RecordPlace {
  readonly rfc2136: Rfc2136;
  readonly zone: string;
  readonly name: string;
  readonly value: string;
  readonly nameServers?: readonly string[] | undefined;
}

export interface UpdateContext {
  readonly deadline: Deadline;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** One update, connect to answer. */
const UPDATE_MS = 15_000;
const DEFAULT_TTL = 60;

export const addRecord = (place: RecordPlace, context: UpdateContext): Promise<Result<void, Trouble>> =>
  update(place, 'add', context);

/** A record that is gone already is no error (RFC 2136 3.4.2.4). */
export const removeRecord = (place: RecordPlace, context: UpdateContext): Promise<Result<void, Trouble>> =>
  update(place, 'delete', context);

async function update(
  place: RecordPlace,
  action: TxtUpdate['action'],
  context: UpdateContext,
): Promise<Result<void, Trouble>> {
  const { rfc2136, zone, name, value } = place;
  const key = rfc2136.keyFile ? await readTsigKey(rfc2136.keyFile) : undefined;
  if (key && !key.ok) return fail('tsig-key', key.error);
  const signing: Signing | undefined = key && { key: key.value, time: Math.floor(context.now() / 1_000) };
  const request = encodeUpdate(
    { id: randomInt(0x10000), zone, action, name, value, ttl: rfc2136.ttl ?? DEFAULT_TTL },
    signing,
  );
  const what = `the update (${action} ${name} TXT in zone ${zone}) at ${rfc2136.server}`;
  const limit = Deadline.after(UPDATE_MS, context.deadline);
  try {
    const answer = await exchange(place, request.message, limit);
    if (!answer.ok) return fail('update-failed', `${what}: ${answer.error}`);
    const read = decodeUpdateAnswer(answer.value, request, signing);
    if (!read.ok) return fail('update-failed', `${what}: the answer ${read.error}`);
    if (read.value.rcode === 0) return ok(undefined);
    return fail('update-refused', `${what}: ${RCODE[read.value.rcode] ?? `code ${read.value.rcode}`}`);
  } finally {
    limit.release();
  }
}

/** RFC 1035 4.1.1, 2136 2.2, 8945 3. */
const RCODE: Readonly<Record<number, string>> = {
  1: 'FORMERR: the server cannot read the message',
  2: 'SERVFAIL: the server has failed',
  4: 'NOTIMP: the server does no updates',
  5: 'REFUSED: the server does not allow this update; does the key have the right to it?',
  9: 'NOTAUTH: the server is not authoritative for the zone, or does not know the key',
  10: 'NOTZONE: the name is not within the zone',
  16: 'BADSIG: the secret is wrong',
  17: 'BADKEY: the server does not know this key and algorithm',
  18: 'BADTIME: the clocks differ by more than 5 minutes',
};

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** `HOST[:PORT]`, `[IPv6]:PORT` or a bare IPv6 address. */
export function parseServer(text: string): Result<ServerAddress, string> {
  if (isIP(text) !== 0) return ok({ host: text, port: 53 });
  const [, bracketed, plain, digits = '53'] = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || (bracketed !== undefined && isIP(bracketed) !== 6) || port < 1 || port > 65_535) {
    return err(`expected a DNS server as HOST[:PORT], got ${JSON.stringify(text)}`);
  }
  return ok({ host, port });
}

/** The primary server's addresses. */
export async function serverAddresses(
  server: string,
  options: { readonly deadline: Deadline; readonly nameServers?: readonly string[] | undefined },
): Promise<Result<{ readonly addresses: readonly string[]; readonly port: number }, string>> {
  const parsed = parseServer(server);
  if (!parsed.ok) return parsed;
  const questions = new Questions({ deadline: options.deadline, servers: options.nameServers });
  const found = await questions.addresses(parsed.value.host);
  if (!found.ok) return err(`${parsed.value.host} has no address (${found.error.code})`);
  return ok({ addresses: found.value, port: parsed.value.port });
}

/** Asks the primary server itself which of its zones a name lies in: it may be a zone that the world does not see. */
export async function zoneAtServer(
  name: string,
  place: Pick<RecordPlace, 'rfc2136' | 'nameServers'>,
  deadline: Deadline,
): Promise<Result<string, Trouble>> {
  if (place.rfc2136.zone) return ok(place.rfc2136.zone.toLowerCase().replace(/\.$/, ''));
  const server = await serverAddresses(place.rfc2136.server, { deadline, nameServers: place.nameServers });
  if (!server.ok) return fail('zone-not-found', server.error);
  const { addresses, port } = server.value;
  const questions = new Questions({ deadline, servers: addresses.map((address) => serverAt(address, port)) });
  const zone = await questions.zoneOf(name);
  if (zone.ok) return zone;
  const why = zone.error.kind === 'none' ? 'it has no zone for it' : `no answer (${zone.error.code})`;
  return fail('zone-not-found', `cannot find the zone of ${name} at ${place.rfc2136.server}: ${why}`);
}

/** RFC 1035 4.2.2: over TCP a message goes behind its length. */
async function exchange(place: RecordPlace, message: Buffer, deadline: Deadline): Promise<Result<Buffer, string>> {
  const server = await serverAddresses(place.rfc2136.server, { deadline, nameServers: place.nameServers });
  if (!server.ok) return server;
  const dialled = await dial(server.value.addresses, server.value.port, { deadline });
  if (!dialled.ok) return err(`cannot connect (${dialled.error.detail ?? dialled.error.reason})`);
  const { socket } = dialled.value;
  const forget = deadline.onExpire(() => socket.destroy());
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  socket.write(Buffer.concat([length, message]));
  const answer = await readMessage(socket);
  forget();
  socket.destroy();
  if (answer) return ok(answer);
  return err(deadline.expired ? 'no answer in time' : 'the server closed the connection without an answer');
}

async function readMessage(socket: Socket): Promise<Buffer | undefined> {
  let held = Buffer.alloc(0);
  const closed = once(socket, 'close');
  return new Promise((resolve) => {
    closed.then(
      () => resolve(undefined),
      () => resolve(undefined),
    );
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      // A length of two octets bounds what is held.
      if (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        resolve(held.subarray(2, 2 + held.readUInt16BE(0)));
      }
    });
    if (socket.destroyed) resolve(undefined);
    else socket.resume();
  });
}
