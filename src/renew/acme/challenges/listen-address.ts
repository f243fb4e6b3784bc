/**
 * Where a solver listens: `ADDRESS:PORT` or `[ADDRESS]:PORT`, and what to say when it cannot.
 */
import { isIP, type Server } from 'node:net';
import { err, ok, type Result } from '../../../model/result.ts';
import { Deadline } from '../../../time/deadline.ts';
import { pause } from '../../../time/pause.ts';
import { type AcmeReason, fail, type Trouble } from '../failure.ts';

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

/** Another program may just be on its way out. */
const TAKEN_WAIT_MS = 3_000;
const TAKEN_PAUSE_MS = 100;

/** Asked at the very moment that it lets go, one of our kind does not answer as such: so often in a row it is believed. */
const MOST_STRANGERS = 3;

/** Another renewal that holds the port will let go of it: it is waited for up to this share of the time that is left. */
const OWN_SHARE = 1 / 2;

export interface Listening {
  readonly server: Server;
  readonly at: string;
  readonly deadline: Deadline;
  /** Is it another renewal of certwatch that listens there? */
  readonly isOurs: (address: ListenAddress, deadline: Deadline) => Promise<boolean>;
}

export async function listenAt({ server, at, deadline, isOurs }: Listening): Promise<Result<void, Trouble>> {
  const parsed = parseListen(at);
  if (!parsed.ok) return fail('bad-job', parsed.error);
  const address = parsed.value;
  const begun = performance.now();
  const ownUntil = begun + Math.min(deadline.remainingMs, LONGEST_WAIT_MS) * OWN_SHARE;
  let strangers = 0;
  for (;;) {
    const code = await listenOnce(server, address);
    if (code === undefined) return ok(undefined);
    if (code === 'EADDRINUSE' && !deadline.expired) {
      const now = performance.now();
      if (now > begun + TAKEN_WAIT_MS) strangers = (await asked(address, { deadline, isOurs })) ? 0 : strangers + 1;
      if (strangers < MOST_STRANGERS && now < Math.max(ownUntil, begun + TAKEN_WAIT_MS)) {
        await pause(TAKEN_PAUSE_MS, deadline);
        if (!deadline.expired) continue;
      }
    }
    const [reason, why] = WHY[code] ?? (['listen-failed', code] as const);
    return fail(reason, `cannot listen at ${at}: ${why}`);
  }
}

const LONGEST_WAIT_MS = 600_000;
const ASK_MS = 1_000;

async function asked(
  address: ListenAddress,
  { deadline, isOurs }: Pick<Listening, 'deadline' | 'isOurs'>,
): Promise<boolean> {
  const limit = Deadline.after(ASK_MS, deadline);
  // Whoever listens everywhere also listens at loopback.
  const host = address.host === '0.0.0.0' ? '127.0.0.1' : address.host === '::' ? '::1' : address.host;
  const ours = await isOurs({ ...address, host }, limit);
  limit.release();
  return ours;
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
