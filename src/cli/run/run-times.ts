/**
 * The moments of a run, in their order: until when it is scanned, until when reports are written, and when it is gone. The
 * deadline is absolute, and the process is gone within a second behind it.
 */
import type { RunSettings } from '../../config/resolve-run.ts';
import { Deadline } from '../../time/deadline.ts';
import { SECOND } from '../../time/duration.ts';
import type { Io } from '../io.ts';

/** Of the time before the deadline, what is kept for writing files, and for telling how the run ended. */
const SHARE = 0.1;
const LONGEST_WRITING_MS = SECOND;
const LONGEST_TELLING_MS = 5 * SECOND;

/** A disk that takes longer over a small file, or a piece of a list, is dead; a short run's time is not wasted on it. */
const LONGEST_DISK_MS = 10 * SECOND;
const DISK_SHARE = 0.3;

/** Behind the deadline, files may take this long to be put in place, */
const FILES_MS = 700;
/** the report to be written in full, */
const REPORT_MS = 850;
/** and the process to be gone. */
const GONE_MS = 950;
/** Whoever interrupts a run does not want to wait; but what is known is to be written down. */
const INTERRUPTED_MS = 600;

/** @returns for how many milliseconds a disk is waited for. @param leftMs until the run's deadline. */
export const diskPatience = (leftMs: number): number => Math.min(LONGEST_DISK_MS, leftMs * DISK_SHARE);

/** @returns how many of the milliseconds that are left are kept for telling a heartbeat how the run ended. */
export const tellingReserve = (leftMs: number): number => Math.min(LONGEST_TELLING_MS, leftMs * SHARE);

/** @returns how many milliseconds before its deadline a run stops scanning. */
export function reserveOf({ deadline, ping, format }: RunSettings): number {
  if (ping !== undefined) return tellingReserve(deadline);
  return format.some(({ file }) => file !== undefined) ? Math.min(LONGEST_WRITING_MS, deadline * SHARE) : 0;
}

export interface RunTimesOptions {
  /** From the start of the process. */
  readonly deadlineMs: number;
  /** Before it, for what comes behind the scan. */
  readonly reserveMs: number;
}

export class RunTimes {
  /** What is not scanned by then is reported as timed out. */
  readonly scanned: Deadline;
  readonly filesWritten: Deadline;
  readonly reported: Deadline;
  readonly #run: Deadline;

  constructor({ deadlineMs, reserveMs }: RunTimesOptions, io: Io) {
    const leftMs = Math.max(0, deadlineMs - io.sinceStart());
    this.#run = Deadline.after(leftMs);
    this.scanned = Deadline.after(Math.max(0, leftMs - reserveMs), this.#run);
    this.filesWritten = Deadline.shortlyAfter(this.#run, FILES_MS);
    this.reported = Deadline.shortlyAfter(this.#run, REPORT_MS);
    this.#run.onExpire(() => io.goneBy(io.sinceStart() + GONE_MS));
  }

  interrupt(): void {
    this.scanned.expire();
    setTimeout(() => this.#run.expire(), INTERRUPTED_MS).unref();
  }

  release(): void {
    for (const each of [this.scanned, this.filesWritten, this.reported, this.#run]) each.release();
  }
}
