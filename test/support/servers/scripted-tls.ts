/**
 * A TLS server written by hand: it sends any bytes as certificates, which OpenSSL would refuse to load, and misbehaves at
 * any step of the handshake. TLS 1.2 and 1.3, one cipher suite each; it completes a handshake like a real one.
 *
 *     await using server = await scriptedTlsServer({ certificates: [Buffer.from('no certificate')], key: makeKey() });
 */
import type { Socket } from 'node:net';
import type { Issued, KeyPair } from '../pki/pki.ts';
import { type ListenOptions, serve, type TestServer } from './server.ts';
import { afterHandshake, certificatesFor, deliver, type TlsMood } from './tls-moods.ts';
import type { Script } from './tls-script.ts';
import { type ClientHello, MESSAGE, RECORD, readClientHello, record, SECP256R1 } from './tls-wire.ts';
import { script12 } from './tls12-script.ts';
import { retryRequest, script13 } from './tls13-script.ts';

export interface ScriptedTlsOptions extends ListenOptions {
  readonly version?: 'TLSv1.2' | 'TLSv1.3';
  /** Sent as they are, in this order. */
  readonly certificates: readonly (Issued | Uint8Array)[];
  /** Proves possession; it need not be the key of any certificate. */
  readonly key: KeyPair;
  readonly mood?: TlsMood;
  /** Handshake bytes a record; 16,384 unless told otherwise. */
  readonly recordSize?: number;
}

export interface ScriptedTlsServer extends TestServer {
  /** What clients said first, oldest first; a second hello of one connection too. */
  readonly hellos: readonly ClientHello[];
  /** How many handshakes clients finished, with the right Finished message. */
  readonly finished: number;
}

export async function scriptedTlsServer(options: ScriptedTlsOptions): Promise<ScriptedTlsServer> {
  const seen: Seen = { hellos: [], finished: 0 };
  const server = await serve((socket) => scriptedTls(socket, options, seen), options);
  return Object.defineProperties(server, {
    hellos: { value: seen.hellos },
    finished: { get: () => seen.finished },
  }) as ScriptedTlsServer;
}

interface Seen {
  readonly hellos: ClientHello[];
  finished: number;
}

/** The same on a connection that is already there: `takeOver` of a STARTTLS server. */
export function scriptedTls(
  socket: Socket,
  options: ScriptedTlsOptions,
  seen: Seen = { hellos: [], finished: 0 },
): void {
  let held = Buffer.alloc(0);
  let script: Script | undefined;
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 5 && held.length >= 5 + held.readUInt16BE(3)) {
      const header = held.subarray(0, 5);
      const body = held.subarray(5, 5 + header.readUInt16BE(3));
      held = held.subarray(5 + body.length);
      const type = header[0]!;
      if (type === RECORD.alert && !script) continue;
      // Later records may be sealed, and begin with any byte.
      if (!script && type === RECORD.handshake && body[0] === MESSAGE.clientHello) {
        const hello = readClientHello(body);
        seen.hellos.push(hello);
        script = answerHello(socket, hello, options);
        continue;
      }
      const outcome = script && settle(() => script?.onRecord(type, header, body));
      if (!outcome) continue;
      if (outcome.finished) seen.finished += 1;
      if (outcome.answer) socket.write(outcome.answer);
      if (outcome.finished && script) afterHandshake(socket, script, options.mood);
    }
  });
}

/** What a client sends under keys that we do not follow (application data, alerts) is passed over. */
function settle<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Sends the flight as the mood will have it. @returns undefined where there is nothing to go on with. */
function answerHello(socket: Socket, hello: ClientHello, options: ScriptedTlsOptions): Script | undefined {
  const mood = options.mood ?? 'proper';
  if (typeof mood === 'object') {
    const level = mood.level ?? 2;
    socket.write(record(RECORD.alert, Buffer.of(level, mood.alert)));
    if (level === 2) socket.end();
    return undefined;
  }
  if (mood === 'silent') return undefined;
  if (mood === 'retries-without-end') {
    socket.write(retryRequest(hello, SECP256R1));
    return undefined;
  }
  const make = options.version === 'TLSv1.2' ? script12 : script13;
  const script = make(hello, {
    certificates: certificatesFor(
      mood,
      options.certificates.map((each) => ('der' in each ? each.der : each)),
    ),
    signWith: options.key,
    wrongSignature: mood === 'wrong-signature',
    ...(mood === 'one-byte-records' ? { recordSize: 1 } : options.recordSize ? { recordSize: options.recordSize } : {}),
  });
  deliver(socket, script, mood);
  return script;
}
