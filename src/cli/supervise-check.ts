/**
 * The supervisor's side of a check: starts the scanning process, follows it, and prints the report. It reads no list, no
 * config and no certificate file itself: what a dead disk or a stuck reader can hold up is in another process.
 */
import { parseFlags, resolveRun, type SettingsLayer } from '../config/resolve-run.ts';
import { DEFAULT_RUN } from '../config/run-settings.ts';
import { endOf, followScan, type Loss, letGo } from '../scan/supervised/follow-scan.ts';
import { type Frame, readFrames } from '../scan/supervised/frames.ts';
import type { ScannerProcess } from '../scan/supervised/scanner-process.ts';
import { NOTHING_TOLD, SecondReading } from '../scan/supervised/second-reading.ts';
import { Deadline } from '../time/deadline.ts';
import { notLookedVerdicts } from '../verdict/failed-verdicts.ts';
import { ChainReader } from '../x509/chain-reader.ts';
import type { Asked } from './check-settings.ts';
import { RENEW_KEY, settingFlags } from './check-settings.ts';
import { inputErrorTeller, refuse } from './input-errors.ts';
import type { ExitCode, Io } from './io.ts';
import { outputSpecs } from './output-specs.ts';
import { type Produce, runCheck } from './run-check.ts';
import { HASTY_PING_MS, PATIENT_PING_MS } from './run-heartbeat.ts';
import type { SupervisedRun } from './scanner.ts';

interface Supervised {
  readonly scanner: ScannerProcess;
  readonly frames: AsyncGenerator<Frame<SupervisedRun>, void, undefined>;
  readonly secondReading: SecondReading<SupervisedRun>;
}

export async function superviseCheck(asked: Asked, io: Io): Promise<ExitCode> {
  const { raw } = asked;
  const flags = parseFlags(settingFlags(raw));
  if (!flags.ok) return refuse(flags.error, io);
  const scanner = await io.spawnScanner();
  const frames = readFrames<SupervisedRun>(scanner.frames);
  const secondReading = new SecondReading<SupervisedRun>((told) => io.spawnScanner(told));
  const supervised: Supervised = { scanner, frames, secondReading };
  const begun = await begin(supervised, flags.value, io);
  if (!begun) return 3;
  const { code, due } = await follow(supervised, begun, io);
  if (!raw.has(RENEW_KEY) || due.length === 0) return code;
  const { renewAfterCheck } = await import('./renew-after-check.ts');
  return renewAfterCheck({ code, due, raw, run: begun.run.run }, io);
}

interface Begun {
  readonly run: SupervisedRun;
  /** The scanner was lost before it had told the run. */
  readonly loss?: Loss;
}

/** With so much of the time gone and the config not read, somebody else had better begin to read it, too. */
const SUSPICIOUS_SHARE = 0.5;
/** To speak for many targets takes a while: so much of the time is kept for that. */
const SPEAKING_SHARE = 0.25;
const LONGEST_SPEAKING_MS = 2_000;
/** Somebody wants it to end, and the scanner is only just starting: it may still say so itself. */
const START_MS = 1_000;
/** What the second reading knows by then, it has said. */
const LAST_RUN_MS = 150;

/** @returns undefined where the scanner has refused to begin, and said why on the standard error. */
async function begin(supervised: Supervised, flags: SettingsLayer, io: Io): Promise<Begun | undefined> {
  const { scanner, secondReading } = supervised;
  const deadlineMs = flags.run.deadline ?? (DEFAULT_RUN.deadline as number);
  const speakingMs = Math.min(deadlineMs * SPEAKING_SHARE, LONGEST_SPEAKING_MS);
  const patience = Deadline.after(Math.max(0, deadlineMs - speakingMs - io.sinceStart()));
  const suspicion = Deadline.after(patience.remainingMs * SUSPICIOUS_SHARE);
  suspicion.onExpire(() => secondReading.begin(NOTHING_TOLD));
  const hurried = Deadline.shortlyAfter(suspicion, Math.min(START_MS, patience.remainingMs));
  const release = io.onInterrupt(() => {
    scanner.interrupt();
    hurried.onExpire(() => patience.expire());
    suspicion.expire();
  });
  try {
    return await runOf(supervised, patience, () => ({ run: resolveRun({ flags }).run, judgedAt: io.now() }));
  } finally {
    release();
    for (const deadline of [suspicion, hurried, patience]) deadline.release();
  }
}

async function runOf(
  { scanner, frames, secondReading }: Supervised,
  patience: Deadline,
  byFlagsAlone: () => SupervisedRun,
): Promise<Begun | undefined> {
  const first = await patience.race(frames.next().catch(() => undefined));
  if (first?.value?.kind === 'run') return { run: first.value.run };
  if (first !== undefined && (await endOf(scanner))?.status === 3) {
    secondReading.end();
    return undefined;
  }
  const last = Deadline.shortlyAfter(patience, LAST_RUN_MS);
  const run = await secondReading.run(last);
  last.release();
  return { run: run ?? byFlagsAlone(), loss: first ? 'crashed' : 'stuck' };
}

async function follow(
  { scanner, frames, secondReading }: Supervised,
  { run: { run, judgedAt, total }, loss }: Begun,
  io: Io,
): Promise<{ code: ExitCode; due: readonly string[] }> {
  const due = new Set<string>();
  const produce: Produce = ({ deadline, interrupted, onVerdict, onRendered, onInputError, onGivenUp }) => {
    deadline.onExpire(() => {
      if (interrupted()) scanner.interrupt();
    });
    return followScan({
      scanner,
      frames: loss ?? frames,
      secondReading,
      deadline,
      chainReader: new ChainReader(),
      notLooked: notLookedVerdicts(interrupted),
      onVerdict,
      onRendered,
      onInputError,
      onDue: (name) => void due.add(name),
      onGivenUp,
    });
  };
  const { code } = await runCheck(
    {
      produce,
      deadlineMs: run.deadline,
      judgedAt,
      outputs: (await outputSpecs(run, io)).filter(({ file }) => file === undefined),
      progress: !run.quiet,
      total,
      onInputError: inputErrorTeller(run, io),
    },
    io,
  );
  const left = Math.max(0, run.deadline - io.sinceStart());
  await letGo(scanner, run.ping === undefined ? undefined : Math.min(PATIENT_PING_MS, left) + HASTY_PING_MS);
  return { code, due: [...due] };
}
