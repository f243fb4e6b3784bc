/**
 * Plays a scripted server against the handshake, without sockets and without time.
 */
import { expect } from 'vitest';
import { ClientHandshake } from '../../src/tls/client-handshake.ts';
import type { ReadOutcome } from '../../src/tls/outcome.ts';
import { Cursor } from '../../src/tls/wire.ts';
import { MiniServer } from './mini-server.ts';

export interface Run {
  readonly outcome: ReadOutcome;
  /** What the client sent behind its first flight. */
  readonly sent: readonly Uint8Array[];
}

export type Script = (server: MiniServer, answer: (bytes: Uint8Array) => Uint8Array | undefined) => Uint8Array;

/** Runs a script to the end of the connection; `answer` pushes a part of it and gives what the client says to it. */
export function run(script: Script): Run {
  const client = new ClientHandshake({ servername: 'www.shop.example' });
  const server = new MiniServer(client.start());
  const sent: Uint8Array[] = [];
  let outcome: ReadOutcome | undefined;
  const push = (bytes: Uint8Array): Uint8Array | undefined => {
    const action = client.push(bytes);
    if (action.send) sent.push(action.send);
    outcome ??= action.outcome;
    return action.send;
  };
  push(script(server, push));
  return { outcome: outcome ?? client.end('closed'), sent };
}

/** The types of the records in a write. */
export function recordTypes(bytes: Uint8Array): number[] {
  const types: number[] = [];
  const cursor = new Cursor(bytes);
  while (cursor.ok && cursor.remaining > 0) {
    types.push(cursor.u8());
    cursor.u16();
    cursor.vector16();
  }
  expect(cursor.complete).toBe(true);
  return types;
}
