/**
 * The last line of defence: a supervisor that follows the scanning process and has the last word.
 *
 * Why a process and not a watchdog thread: at the deadline the run has to end with a report and an exit status of 2 or 3
 * whatever is stuck. A thread cannot end a process whose main thread is blocked in native code with a status of its
 * choice, cannot outlive a crash or an out-of-memory kill, and cannot get past a thread of libuv's pool that is stuck in a
 * read of a dead file system, which the end of a process waits for. A parent that touches no network, no list and no
 * config can do all three, and costs one start of Node. A check of a few hosts named on the command line, which reads none
 * of these, runs without one, so that it starts fast; a thread (`cli/loop-guard.ts`) watches over its event loop.
 */
import type { Status } from '../../model/finding.ts';
import type { InputError, Target } from '../../model/target.ts';
import type { Verdict } from '../../model/verdict.ts';
import { Deadline } from '../../time/deadline.ts';
import { internalErrorVerdict } from '../../verdict/failed-verdicts.ts';
import type { ChainReader } from '../../x509/chain-reader.ts';
import type { Frame } from './frames.ts';
import type { ScannerEnd, ScannerProcess } from './scanner-process.ts';
import { VerdictDecoder } from './verdict-codec.ts';

export interface FollowOptions<S> {
  readonly scanner: ScannerProcess;
  /** Behind the frame that told the run. */
  readonly frames: AsyncIterator<Frame<S>, void, undefined>;
  /** Of the run; the scanner has the same one, and keeps it unless it is stuck. */
  readonly deadline: Deadline;
  readonly chainReader: ChainReader;
  readonly notLooked: (target: Target) => Verdict;
  readonly onVerdict: (verdict: Verdict) => void | Promise<void>;
  readonly onRendered: (status: Status, text: string) => void | Promise<void>;
  readonly onInputError: (error: InputError) => void;
  readonly onDue: (name: string) => void;
}

/** After the deadline, how long the scanner may take to name what it had not finished. */
const LAST_WORD_MS = 650;
/** After its last word, how long it may take to leave its connections politely, unless it has more to do. */
const LEAVE_MS = 400;

/** @returns when each target that was named has its verdict. */
export async function followScan<S>(options: FollowOptions<S>): Promise<void> {
  const { scanner, deadline, onInputError } = options;
  const pending: Target[] = [];
  const patience = Deadline.shortlyAfter(deadline, LAST_WORD_MS);
  try {
    const how = await takeFrames(options, pending, patience);
    if (how === 'done') return;
    if (how === 'stuck') {
      scanner.kill();
      onInputError({
        origin: 'run',
        code: 'scanner-stuck',
        message:
          'the scanning process did not answer at its deadline and was ended; what it had not reported counts as timed out, and what it had not read yet of its list is missing',
      });
      for (const target of pending) await options.onVerdict(options.notLooked(target));
      return;
    }
    const end = await patience.race(scanner.ended);
    const words = describeEnd(end);
    onInputError({
      origin: 'run',
      code: 'scanner-ended',
      message: `the scanning process ${words} before it was done; targets may be missing`,
    });
    for (const target of pending) {
      await options.onVerdict(internalErrorVerdict(target, `the scanning process ${words}`, 'queue'));
    }
  } finally {
    patience.release();
  }
}

async function takeFrames<S>(
  { frames, chainReader, onVerdict, onRendered, onInputError, onDue }: FollowOptions<S>,
  pending: Target[],
  patience: Deadline,
): Promise<'done' | 'stuck' | 'crashed'> {
  const decoder = new VerdictDecoder(chainReader);
  try {
    for (;;) {
      const next = await patience.race(frames.next());
      if (next === undefined) return 'stuck';
      if (next.done) return 'crashed';
      const frame = next.value;
      if (frame.kind === 'target') pending.push(frame.target);
      else if (frame.kind === 'input-error') onInputError(frame.error);
      else if (frame.kind === 'due') onDue(frame.name);
      else if (frame.kind === 'done') return 'done';
      else if (frame.kind === 'rendered') {
        pending.shift();
        await onRendered(frame.status, frame.text);
      } else if (frame.kind === 'verdict') {
        const verdict = decoder.decode(pending[0] as Target, frame.verdict);
        pending.shift();
        await onVerdict(verdict);
      }
    }
  } catch {
    // A pipe that breaks, or bytes that are no frame.
    return 'crashed';
  }
}

/**
 * Waits for the scanner to end by itself: its connections are left politely, and a heartbeat tells how it went. To be
 * called once the report has been printed.
 * @param graceMs how long it may take for that.
 */
export async function letGo(scanner: ScannerProcess, graceMs = LEAVE_MS): Promise<void> {
  const patience = Deadline.after(graceMs);
  const ended = await patience.race(scanner.ended);
  patience.release();
  if (ended === undefined) scanner.kill();
}

/** How it ended, as the words behind `the scanning process`. */
export function describeEnd(end: ScannerEnd | undefined): string {
  if (!end) return 'closed its pipe';
  return end.signal ? `was ended by ${end.signal}` : `ended with status ${end.status}`;
}
