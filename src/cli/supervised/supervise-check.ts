/**
 * The supervisor's side of a check: starts the scanning process, follows it, prints the report and tells the heartbeat. It
 * reads no list, no config and no certificate file itself, and writes none: what a dead disk or a stuck reader can hold up is
 * in another process.
 */
import { randomUUID } from 'node:crypto';
import { parseFlags, resolveRun, type SettingsLayer } from '../../config/resolve-run.ts';
import { DEFAULT_RUN } from '../../config/run-settings.ts';
import type { Target } from '../../model/target.ts';
import { followScan, type Known, type Loss, letGo } from '../../scan/supervised/follow-scan.ts';
import { type Frame, readFrames } from '../../scan/supervised/frames.ts';
import { NOTHING_TOLD, SecondReading } from '../../scan/supervised/second-reading.ts';
import { endOf, LEAVE_MS, type SupervisedProcess } from '../../scan/supervised/supervised-process.ts';
import { isGlob } from '../../targets/glob.ts';
import { parseTarget } from '../../targets/parse-target.ts';
import { isInShard } from '../../targets/shard.ts';
import { Deadline } from '../../time/deadline.ts';
import { notLookedVerdicts } from '../../verdict/failed-verdicts.ts';
import { ChainReader } from '../../x509/chain-reader.ts';
import type { Asked } from '../check-settings.ts';
import { LIST_KEY, RENEW_KEY, settingFlags } from '../check-settings.ts';
import { inputErrorTeller, refuse } from '../input-errors.ts';
import type { ExitCode, Io } from '../io.ts';
import { stdoutSpecs } from '../run/output-specs.ts';
import { type Produce, runCheck } from '../run/run-check.ts';
import { RunHeartbeat } from '../run/run-heartbeat.ts';
import { reserveOf } from '../run/run-times.ts';
import type { SupervisedRun } from './scanner.ts';
import { Surroundings } from './surroundings.ts';

const DEFAULT_DEADLINE_MS = DEFAULT_RUN.deadline as number;

interface Supervised {
  readonly asked: Asked;
  readonly flags: SettingsLayer;
  readonly scanner: SupervisedProcess;
  readonly frames: AsyncGenerator<Frame<SupervisedRun>, void, undefined>;
  readonly secondReading: SecondReading<SupervisedRun>;
}

export async function superviseCheck(asked: Asked, io: Io): Promise<ExitCode> {
  const { raw } = asked;
  const flags = parseFlags(settingFlags(raw));
  if (!flags.ok) return refuse(flags.error, io);
  const scanner = await io.startSupervised({ kind: 'scanner' });
  const frames = readFrames<SupervisedRun>(scanner.frames);
  const secondReading = new SecondReading<SupervisedRun>((told) => io.startSupervised({ kind: 'reader', told }));
  const supervised: Supervised = { asked, flags: flags.value, scanner, frames, secondReading };
  const begun = await begin(supervised, io);
  if (!begun) return refused(flags.value, io);
  const { code, due } = await follow(supervised, begun, io);
  if (!raw.has(RENEW_KEY) || due.length === 0) return code;
  const { renewAfterCheck } = await import('../renewal/renew-after-check.ts');
  return renewAfterCheck({ code, due, raw, run: begun.run.run }, io);
}

/** The scanner has said why it cannot begin; whoever waits for the heartbeat hears that it has not. */
async function refused(
  { run: { ping, resolver, deadline = DEFAULT_DEADLINE_MS } }: SettingsLayer,
  io: Io,
): Promise<ExitCode> {
  const leftMs = Math.max(0, deadline - io.sinceStart());
  const heartbeat = await RunHeartbeat.begin({ url: ping, runId: randomUUID(), servers: resolver, leftMs }, io);
  await heartbeat.tell(3, 'The run could not begin: its standard error says why.');
  return 3;
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
async function begin(supervised: Supervised, io: Io): Promise<Begun | undefined> {
  const { flags, scanner, secondReading } = supervised;
  const deadlineMs = flags.run.deadline ?? DEFAULT_DEADLINE_MS;
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
    return await runOf(supervised, patience, () => {
      const { run } = resolveRun({ flags });
      return { run, startedAt: io.now(), runId: randomUUID() };
    });
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

/** Those of the command line, for whom nothing could be read. */
function knownTargets({ asked: { words, raw }, flags }: Supervised): Known {
  const { run, ...options } = resolveRun({ flags });
  const parsed = words.map((word) => parseTarget(word, { ...options, origin: 'command line' }));
  const read = parsed.flatMap((target) => (target.ok ? [target.value] : []));
  const all = read.length === words.length && !read.some(isPattern) && !raw.has(LIST_KEY) && words.length > 0;
  return { targets: read.filter((target) => !run.shard || isInShard(target, run.shard)), all };
}

const isPattern = (target: Target): boolean => target.kind === 'file' && isGlob(target.path);

async function follow(
  supervised: Supervised,
  begun: Begun,
  io: Io,
): Promise<{ code: ExitCode; due: readonly string[] }> {
  const { scanner, frames, secondReading } = supervised;
  const { run, startedAt, total } = begun.run;
  const due = new Set<string>();
  const around = await Surroundings.begin(begun.run, io);
  const produce: Produce = (to) => {
    around.reportTo(to.onInputError);
    to.deadline.onExpire(() => {
      if (to.interrupted()) scanner.interrupt();
    });
    return followScan({
      ...to,
      scanner,
      frames: begun.loss ?? frames,
      secondReading,
      known: () => knownTargets(supervised),
      files: around.files,
      chainReader: new ChainReader(),
      notLooked: notLookedVerdicts(to.interrupted),
      onDue: (name) => void due.add(name),
    });
  };
  const { code, outcome } = await runCheck(
    {
      produce,
      deadlineMs: run.deadline,
      reserveMs: reserveOf(run),
      startedAt,
      judgedAt: run.now,
      outputs: await stdoutSpecs(run, io),
      files: around.files,
      onOutcome: (outcome) => around.tell(outcome),
      progress: !run.quiet,
      total,
      onInputError: inputErrorTeller(run, io),
    },
    io,
  );
  await Promise.all([around.tell(outcome), letGo(scanner, io.within(LEAVE_MS))]);
  return { code, due: [...due] };
}
