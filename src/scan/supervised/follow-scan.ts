/**
 * The last line of defence: a supervisor that follows the scanning process and has the last word.
 *
 * Why a process and not a watchdog thread: at the deadline the run has to end with a report and an exit status of 2 or 3
 * whatever is stuck. A thread cannot end a process whose main thread is blocked in native code with a status of its
 * choice, cannot outlive a crash or an out-of-memory kill, and cannot get past a thread of libuv's pool that is stuck in a
 * read of a dead file system, which the end of a process waits for. A parent that touches no list, no config and no target
 * can do all three, and costs one start of Node. A check of a few hosts named on the command line, which reads none
 * of these, runs without one, so that it starts fast; a thread (`cli/run/loop-guard.ts`) watches over its event loop.
 *
 * What a supervisor cannot do is to act after its own death. A scanner whose supervisor is killed (SIGKILL) sees its pipe
 * close and ends at once, unless it is stuck at that very moment: then it stays behind. Linux would end it by itself for a
 * process that has asked for that (PR_SET_PDEATHSIG), which Node cannot; `setpriv --pdeathsig` can, but is missing or
 * without that option on systems that Node 20 runs on. It would also be told (SIGHUP) when it is stopped and its process
 * group loses its last tie to its session, but Node starts a group of its own only together with a session of its own, and in
 * the supervisor's group Ctrl-C would end it before it could say what it knows. So it is left to the next run: with a state
 * folder, the lock is the scanner's. Past its deadline it is reported as stuck, by the next run and by `certwatch status`,
 * and ended by `--end-stuck`. Without a state folder nobody looks for it: it holds some memory and the standard error open,
 * and looks at nothing any more.
 */
import type { Status } from '../../model/finding.ts';
import type { InputError, Target } from '../../model/target.ts';
import type { Verdict } from '../../model/verdict.ts';
import { Deadline } from '../../time/deadline.ts';
import { lostVerdicts } from '../../verdict/failed-verdicts.ts';
import type { ChainReader } from '../../x509/chain-reader.ts';
import type { FileWriter } from './file-writer.ts';
import type { Frame } from './frames.ts';
import { Patience } from './patience.ts';
import { NOTHING_TOLD, type Rest, type SecondReading, type ToldSoFar } from './second-reading.ts';
import { describeEnd, endOf, type SupervisedProcess } from './supervised-process.ts';
import { VerdictDecoder, VerdictEncoder } from './verdict-codec.ts';

/** How a scanner is lost: it does not answer any more, or it has ended before it was done. */
export type Loss = 'stuck' | 'crashed';

/** Targets that are known without anything having been read: those named on the command line. */
export interface Known {
  readonly targets: readonly Target[];
  /** There are no others. */
  readonly all: boolean;
}

export interface FollowOptions<S> {
  readonly scanner: SupervisedProcess;
  /** Behind the frame that told the run; for a scanner that was lost before that: how. */
  readonly frames: AsyncIterator<Frame<S>, void, undefined> | Loss;
  /** Names the targets that a lost scanner had not told. */
  readonly secondReading: SecondReading<S>;
  /** For whom nothing could be read, neither by the scanner nor by who was to read again. */
  readonly known: () => Known;
  /** Where reports go into files. */
  readonly files?: FileWriter<S> | undefined;
  /** Of the run; the scanner has the same one, and keeps it unless it is stuck. */
  readonly deadline: Deadline;
  readonly chainReader: ChainReader;
  readonly notLooked: (target: Target) => Verdict;
  readonly onVerdict: (verdict: Verdict) => void | Promise<void>;
  readonly onRendered: (status: Status, text: string) => void | Promise<void>;
  readonly onInputError: (error: InputError) => void;
  readonly onDue: (name: string) => void;
  /** Every verdict has been handed on. @returns what could not be written of the reports that go into files. */
  readonly endFiles: () => Promise<readonly InputError[]>;
  /** The run is ended by its deadline, a little before that: what is left is to speak for the targets. */
  readonly onGivenUp: () => void;
}

/** So long before the deadline a second reading is begun, where the first is not over: it takes a while to start. */
const START_MS = 700;
/** After the deadline, how long the targets of a lost scanner may yet be named: the report has to be written after that. */
const LAST_NAMES_MS = 250;
/** With more time than that, a list that is still not read is on a dead disk. */
const LONGEST_READING_MS = 60_000;

/** So many verdicts may be given in one turn of the event loop; no timer rings meanwhile. */
const VERDICTS_A_TURN = 256;

/** What is known of the targets at any moment. */
interface Progress {
  told: ToldSoFar;
  /** Told, and without a verdict yet. */
  readonly pending: Target[];
}

/** @returns when each target has its verdict, those too that a lost scanner had not told of, or it was said that some are missing. */
export async function followScan<S>(options: FollowOptions<S>): Promise<void> {
  const { frames, deadline, secondReading } = options;
  const progress: Progress = { told: NOTHING_TOLD, pending: [] };
  const soon = Deadline.after(deadline.remainingMs - START_MS, deadline);
  soon.onExpire(() => beginReading(options, progress));
  try {
    const how = typeof frames === 'string' ? frames : await takeFrames(frames, options, progress);
    if (how !== 'done') await speakForTheLost(how, options, progress);
  } finally {
    soon.release();
    secondReading.end();
  }
}

async function takeFrames<S>(
  frames: AsyncIterator<Frame<S>, void, undefined>,
  options: FollowOptions<S>,
  progress: Progress,
): Promise<'done' | Loss> {
  const { scanner, deadline, chainReader, files, onVerdict, onRendered, onInputError, onDue } = options;
  const { pending } = progress;
  const decoder = new VerdictDecoder(chainReader);
  const patience = new Patience(deadline, () => beginReading(options, progress));
  try {
    for (;;) {
      const next = await patience.race(frames.next());
      if (next === undefined) return 'stuck';
      if (next.done) return 'crashed';
      const frame = next.value;
      progress.told = toldWith(progress.told, frame);
      if (frame.kind === 'target') {
        pending.push(frame.target);
        files?.target(frame.target);
      } else if (frame.kind === 'input-error') onInputError(frame.error);
      else if (frame.kind === 'due') onDue(frame.name);
      else if (frame.kind === 'done') return 'done';
      else if (frame.kind === 'scanned') {
        if (frame.deadlineReached) options.onGivenUp();
        if (files) scanner.tellWritten(await options.endFiles());
      } else if (frame.kind === 'rendered') {
        pending.shift();
        await onRendered(frame.status, frame.text);
      } else if (frame.kind === 'verdict') {
        const { verdict, text } = frame;
        const decoded = text === undefined ? decoder.decode(pending[0] as Target, verdict) : undefined;
        pending.shift();
        await files?.verdict(verdict, deadline);
        if (decoded) await onVerdict(decoded);
        else await onRendered(verdict.status, text as string);
      }
    }
  } catch {
    // A pipe that breaks, or bytes that are no frame.
    return 'crashed';
  } finally {
    patience.release();
  }
}

/** It may not be needed: it starts before that is known, since a start takes a while. */
function beginReading<S>({ secondReading }: FollowOptions<S>, { told }: Progress): void {
  if (!told.all) secondReading.begin(told);
}

function toldWith<S>(told: ToldSoFar, frame: Frame<S>): ToldSoFar {
  if (frame.kind === 'target') return { ...told, targets: told.targets + 1, last: frame.target };
  if (frame.kind === 'all-told') return { ...told, all: true };
  // An error with a code is about the run itself, and stands in no list.
  if (frame.kind === 'input-error' && frame.error.code === undefined) return { ...told, errors: told.errors + 1 };
  return told;
}

/** What befell the scanner, and verdicts for the targets that it has left without one. */
async function speakForTheLost<S>(how: Loss, options: FollowOptions<S>, progress: Progress): Promise<void> {
  const { scanner, onInputError, onGivenUp } = options;
  if (how === 'stuck') {
    onGivenUp();
    scanner.kill();
    const rest = await speakForAll(options.notLooked, options, progress);
    onInputError({ origin: 'run', code: 'scanner-stuck', message: `${STUCK}${describeRest(rest)}` });
    return;
  }
  const words = `the scanning process ${describeEnd(await endOf(scanner))}`;
  const rest = await speakForAll(lostVerdicts(words), options, progress);
  const message = `${words} before it was done${describeRest(rest)}`;
  onInputError({ origin: 'run', code: 'scanner-ended', message });
}

/** Targets that were told and have no verdict yet, and those that were not told, for as long as there is time. */
async function speakForAll<S>(
  verdictOf: (target: Target) => Verdict,
  options: FollowOptions<S>,
  progress: Progress,
): Promise<Rest> {
  const { told, pending } = progress;
  const { secondReading, deadline, files, onVerdict, onInputError } = options;
  beginReading(options, progress);
  const encoder = new VerdictEncoder();
  let spoken = 0;
  const speakFor = async (target: Target): Promise<void> => {
    const verdict = verdictOf(target);
    await files?.verdict(encoder.encode(verdict), deadline);
    await onVerdict(verdict);
    spoken += 1;
    if (spoken % VERDICTS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  const onTarget = (target: Target): Promise<void> => {
    files?.target(target);
    return speakFor(target);
  };
  const last = Deadline.shortlyAfter(deadline, LAST_NAMES_MS);
  const until = Deadline.after(LONGEST_READING_MS, last);
  for (const target of pending) if (!until.expired) await speakFor(target);
  const unspoken = pending.length - spoken;
  const rest: Rest = told.all ? { complete: true } : await secondReading.rest({ told, until, onTarget, onInputError });
  until.release();
  last.release();
  if (unspoken > 0) return withUnspoken(rest, unspoken);
  if (rest.complete || told.targets + spoken > 0) return rest;
  const known = options.known();
  for (const target of known.targets) await onTarget(target);
  return known.all ? { complete: true } : rest;
}

const STUCK =
  'the scanning process did not answer at its deadline and was ended; what it had not reported counts as timed out';

/** There was not even time for those that had been told. */
function withUnspoken(rest: Rest, unspoken: number): Rest {
  if (rest.complete) return { complete: false, missing: unspoken };
  return rest.missing === undefined ? rest : { complete: false, missing: rest.missing + unspoken };
}

function describeRest(rest: Rest): string {
  if (rest.complete) return '';
  const most = rest.missing === undefined ? '' : `, ${rest.missing} targets at most,`;
  return `; what it had not read yet of its list${most} is missing`;
}

/**
 * Waits for the scanner to end by itself: its connections are left politely. To be called once the report has been printed.
 * @param graceMs how long it may take for that.
 */
export async function letGo(scanner: SupervisedProcess, graceMs: number): Promise<void> {
  const patience = Deadline.after(graceMs);
  const ended = await patience.race(scanner.ended);
  patience.release();
  if (ended === undefined) scanner.kill();
}
