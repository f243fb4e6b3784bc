/**
 * What the interop tests of STARTTLS do with a daemon: the whole way of a look, from dialing to the presented chain.
 */
import { once } from 'node:events';
import { expect } from 'vitest';
import type { Failure } from '../../src/model/observation.ts';
import type { StartTlsProtocol } from '../../src/model/target.ts';
import { dial } from '../../src/net/dial.ts';
import { negotiateStartTls } from '../../src/net/starttls/negotiate.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { readChain } from '../../src/tls/read-chain.ts';
import { readChainWithNodeTls } from '../../src/tls/second-opinion.ts';
import { createCa } from '../support/pki/pki.ts';
import type { TempFolder } from '../support/temp-folder.ts';
import { hex, presented } from '../tls/dial.ts';

/** Daemons look at the dates of their own certificate, so it is valid on the day of the test. */
const root = createCa({ now: Date.now() });
const intermediate = root.issueCa({ subject: 'CN=Test Intermediate' });
const leaf = intermediate.issue({ sans: ['dns:mail.shop.example'] });

/** Long, for a daemon on a busy machine: time is not what these tests are about. */
const PATIENCE_MS = 15_000;

/** Writes chain, key and root where a daemon's configuration names them. */
export async function writeIdentity(folder: TempFolder): Promise<void> {
  await folder.write('chain.pem', leaf.chainPem);
  await folder.write('key.pem', leaf.keyPem);
  await folder.write('root.pem', root.certificate.pem);
}

/** Both readers come through STARTTLS to the chain that the daemon was given, to the byte and in order. */
export async function expectChain(port: number, protocol: StartTlsProtocol): Promise<void> {
  for (const reader of [readChain, readChainWithNodeTls]) {
    const deadline = Deadline.after(PATIENCE_MS);
    const dialed = await dial(['127.0.0.1'], port, { deadline });
    if (!dialed.ok) throw new Error(dialed.error.detail);
    const { socket } = dialed.value;
    const servername = 'mail.shop.example';
    const negotiated = await negotiateStartTls(socket, protocol, { servername, deadline });
    if (!negotiated.ok) throw new Error(`${negotiated.error.reason}: ${negotiated.error.detail}`);
    const outcome = presented(await reader(socket, { servername, deadline }));
    deadline.release();
    if (!socket.closed) await once(socket, 'close');
    expect(hex(outcome.chain)).toEqual(hex(leaf.chain.map((each) => each.der)));
  }
}

/** @returns why STARTTLS failed. */
export async function failureAt(port: number, protocol: StartTlsProtocol): Promise<Failure> {
  const deadline = Deadline.after(PATIENCE_MS);
  const dialed = await dial(['127.0.0.1'], port, { deadline });
  if (!dialed.ok) throw new Error(dialed.error.detail);
  const { socket } = dialed.value;
  const negotiated = await negotiateStartTls(socket, protocol, { servername: 'mail.shop.example', deadline });
  deadline.release();
  if (negotiated.ok) {
    socket.destroy();
    throw new Error('STARTTLS succeeded');
  }
  if (!socket.closed) await once(socket, 'close');
  return negotiated.error;
}
