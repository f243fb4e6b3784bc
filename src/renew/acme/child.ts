/**
 * The child process that runs one order. It gets its job by IPC, since a job holds secrets, tells how far it is, hands
 * back the result and ends: by itself, on SIGTERM, at its deadline, or when whoever started it is gone. Whatever the way,
 * it takes its challenges back first, within a time of its own.
 */
import { Deadline } from '../../time/deadline.ts';
import type { Kill } from '../commands/kill.ts';
import { signalGroup } from '../commands/process-group.ts';
import { atStep, trouble } from './failure.ts';
import type { AcmeEvent, AcmeJob, AcmeResult, AcmeWarning, FromChild, ToChild } from './job.ts';
import type { Work } from './work.ts';

/** What of `process` the child needs. */
export interface Channel {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly send?: ((message: FromChild, handle: undefined, options: object, done: () => void) => unknown) | undefined;
  readonly kill: Kill;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect' | 'SIGTERM' | 'SIGINT' | 'SIGHUP', listener: () => void): unknown;
  exit(code: number): never;
}

/** Nobody has sent a job: whoever started this is stuck or gone. */
const JOB_WAIT_MS = 30_000;

/** How long the result may take to leave. */
const FLUSH_MS = 2_000;

/** Runs until the process ends. */
export function runAcmeChild(channel: Channel): void {
  const patience = setTimeout(() => channel.exit(1), JOB_WAIT_MS);
  let running: Running | undefined;
  channel.on('message', (message) => {
    if (running || !isJob(message)) return;
    clearTimeout(patience);
    running = start(channel, message);
  });
  for (const end of ['disconnect', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    channel.on(end, () => {
      if (running) running.cancel();
      else channel.exit(1);
    });
  }
  send(channel, { kind: 'ready' });
}

interface Running {
  cancel(): void;
}

const isJob = (message: unknown): message is ToChild =>
  typeof message === 'object' && message !== null && (message as ToChild).kind === 'job';

function start(channel: Channel, { job, workMs, lifeMs, now }: ToChild): Running {
  const startedAt = performance.now();
  const clock = () => now + (performance.now() - startedAt);
  const life = Deadline.after(lifeMs);
  const deadline = Deadline.after(Math.min(workMs, lifeMs), life);
  const groups = new Set<number>();
  let cancelled = false;
  // Beyond its life there is no clean-up any more: end, and take the hooks along.
  life.onExpire(() => {
    for (const group of groups) signalGroup(channel.kill, group, 'SIGKILL');
    channel.exit(1);
  });
  const warnings: AcmeWarning[] = [];
  const emit = (event: AcmeEvent) => {
    if (event.kind === 'group-started') groups.add(event.pgid);
    if (event.kind === 'group-ended') groups.delete(event.pgid);
    send(channel, { kind: 'event', event: { ...event, at: Math.round(event.at) } });
  };
  const warn = (warning: AcmeWarning) => {
    warnings.push(warning);
    emit({ kind: 'warning', warning, at: clock() });
  };
  const env = { ...channel.env, ...job.environment };
  const work: Work = { job, deadline, life, now: clock, env, kill: channel.kill, emit, warn };
  perform(work, warnings, () => cancelled).then((result) => {
    setTimeout(() => channel.exit(1), FLUSH_MS).unref();
    send(channel, { kind: 'result', result }, () => channel.exit(0));
  });
  return {
    cancel() {
      // Out of time already: the signal only says so again.
      if (deadline.expired) return;
      cancelled = true;
      deadline.expire();
    },
  };
}

async function perform(work: Work, warnings: readonly AcmeWarning[], cancelled: () => boolean): Promise<AcmeResult> {
  try {
    const { obtain } = await import('./order.ts');
    const done = await obtain(work);
    if (done.ok) return { ok: true, ...done.value, warnings };
    const failure = cancelled()
      ? { ...done.error, ...trouble('cancelled', `ended by a signal at step ${done.error.step}`) }
      : done.error;
    return { ok: false, ...failure, warnings };
  } catch (bug) {
    const detail = bug instanceof Error ? (bug.stack ?? bug.message) : String(bug);
    return { ok: false, ...atStep('prepare', trouble('internal-error', withoutSecrets(detail, work.job))), warnings };
  }
}

/** A bug's message may quote what it choked on. */
function withoutSecrets(text: string, { account }: AcmeJob): string {
  const secret = account.eab?.hmacKey;
  const bare = text.replace(/-----BEGIN [^-]*PRIVATE KEY-----[\s\S]*?(-----END|$)/g, '[private key]');
  return secret ? bare.replaceAll(secret, '[hmac key]') : bare;
}

/** When nobody listens any more there is nobody to tell. */
function send(channel: Channel, message: FromChild, done: () => void = () => {}): void {
  try {
    if (channel.send) channel.send(message, undefined, {}, () => done());
    else done();
  } catch {
    done();
  }
}
