/**
 * Where a solver listens: `ADDRESS:PORT` or `[ADDRESS]:PORT`, and what to say when it cannot.
 */
import { isIP, type Server } from 'node:net';
import { err, ok, type Result } from '../../../model/result.ts';
import type { Deadline } from '../../../time/deadline.ts';
import { type AcmeReason, fail, type Trouble } from '../failure.ts';
import { sleep } from '../retrying.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export function parseListen(text: string): Result<ListenAddress, string> {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  const good = bracketed === undefined ? isIP(host) === 4 : isIP(host) === 6;
  if (!good || !(port >= 1 && port <= 65_535)) {
    return err(`expected ADDRESS:PORT to listen at, such as 0.0.0.0:80 or [::]:80, got ${JSON.stringify(text)}`);
  }
  return ok({ host, port });
}

/** Another renewal may hold the port for the moment that its challenge takes. */
const TAKEN_WAIT_MS = 5_000;
const TAKEN_PAUSE_MS = 100;

export async function listenAt(server: Server, text: string, deadline: Deadline): Promise<Result<void, Trouble>> {
  const address = parseListen(text);
  if (!address.ok) return fail('bad-job', address.error);
  const giveUpAt = performance.now() + TAKEN_WAIT_MS;
  for (;;) {
    const code = await listenOnce(server, address.value);
    if (code === undefined) return ok(undefined);
    if (code === 'EADDRINUSE' && performance.now() < giveUpAt && (await sleep(TAKEN_PAUSE_MS, deadline))) continue;
    const [reason, why] = WHY[code] ?? (['listen-failed', code] as const);
    return fail(reason, `cannot listen at ${text}: ${why}`);
  }
}

const WHY: Readonly<Record<string, readonly [AcmeReason, string]>> = {
  EADDRINUSE: ['port-taken', 'another program listens there; stop it for the renewal, or use webroot or another port'],
  EACCES: ['port-not-permitted', 'ports below 1024 need root, CAP_NET_BIND_SERVICE or a forwarded port'],
  EPERM: ['port-not-permitted', 'this system does not permit it'],
  EADDRNOTAVAIL: ['address-not-here', 'this machine does not have that address'],
};

function listenOnce(server: Server, address: ListenAddress): Promise<string | undefined> {
  return new Promise((resolve) => {
    const failed = (cause: NodeJS.ErrnoException) => resolve(cause.code ?? cause.message);
    server.once('error', failed);
    server.listen({ ...address, exclusive: true }, () => {
      server.off('error', failed);
      resolve(undefined);
    });
  });
}
