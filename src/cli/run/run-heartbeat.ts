/**
 * The heartbeat of a run, in the run's time: begun beside it, and told how it ended last of all. It can never change what
 * the run came to; what goes wrong with it is said.
 */
import type { Heartbeat } from '../../alert/heartbeat.ts';
import { byResolver } from '../../net/http-exchange.ts';
import { createResolver } from '../../net/resolve.ts';
import { Deadline } from '../../time/deadline.ts';
import { errorLine } from '../input-errors.ts';
import type { Io } from '../io.ts';
import { tellingReserve } from './run-times.ts';

/** A run that is over long before its deadline tells so for this long at most. */
const PATIENT_PING_MS = 15_000;
/** Past the deadline, a last attempt. */
const HASTY_PING_MS = 300;

export interface RunHeartbeatOptions {
  /** Undefined: nobody wants to be told. */
  readonly url: string | undefined;
  /** A UUID. */
  readonly runId: string;
  /** Name servers, in place of the system's. */
  readonly servers: readonly string[] | undefined;
  /** Until the run's deadline. */
  readonly leftMs: number;
  /** Where what goes wrong is said; without it, on the standard error. */
  readonly say?: (message: string) => void;
}

export class RunHeartbeat {
  readonly #heartbeat: Heartbeat | undefined;
  readonly #deadline: Deadline;
  readonly #say: (message: string) => void;

  private constructor(heartbeat: Heartbeat | undefined, leftMs: number, say: (message: string) => void) {
    this.#heartbeat = heartbeat;
    this.#deadline = Deadline.after(leftMs);
    this.#say = say;
    // Not waited for: the run begins at once.
    void heartbeat?.start(this.#deadline).then((sent) => {
      if (!sent.ok) say(sent.error);
    });
  }

  static async begin(options: RunHeartbeatOptions, io: Io): Promise<RunHeartbeat> {
    const { url, runId, servers, leftMs } = options;
    const { say = (message) => void io.stderr.write(errorLine({ origin: 'ping', message })) } = options;
    if (url === undefined) return new RunHeartbeat(undefined, leftMs, say);
    const { createHeartbeat } = await import('../../alert/heartbeat.ts');
    const heartbeat = createHeartbeat({
      url: new URL(url),
      runId,
      version: io.version,
      resolve: byResolver(createResolver(servers ? { servers } : {})),
    });
    return new RunHeartbeat(heartbeat, leftMs, say);
  }

  /** How much of the time that is left the work itself may take. */
  workMs(leftMs: number): number {
    return this.#heartbeat ? leftMs - tellingReserve(leftMs) : leftMs;
  }

  /** Tells of the end; last of all, since nothing else should wait for it. @param body a few lines for a person. */
  async tell(exitStatus: number, body: string): Promise<void> {
    const limit = Deadline.after(Math.min(PATIENT_PING_MS, this.#deadline.remainingMs + HASTY_PING_MS));
    this.#deadline.release();
    const sent = await this.#heartbeat?.end(exitStatus, body, limit);
    limit.release();
    if (sent && !sent.ok) this.#say(sent.error);
  }
}
