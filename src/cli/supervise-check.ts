/**
 * The supervisor's side of a check: starts the scanning process, follows it, and prints the report. It reads no list, no
 * config and no certificate file itself: what a dead disk or a stuck reader can hold up is in the other process.
 */
import { parseFlags } from '../config/resolve-run.ts';
import { DEFAULT_RUN } from '../config/run-settings.ts';
import { Looker } from '../scan/look.ts';
import { describeEnd, followScan, letGo } from '../scan/supervised/follow-scan.ts';
import { type Frame, readFrames } from '../scan/supervised/frames.ts';
import type { ScannerProcess } from '../scan/supervised/scanner-process.ts';
import { Deadline } from '../time/deadline.ts';
import { ChainReader } from '../x509/chain-reader.ts';
import type { Asked } from './check-settings.ts';
import { RENEW_KEY, settingFlags } from './check-settings.ts';
import { inputErrorTeller, refuse } from './input-errors.ts';
import type { ExitCode, Io } from './io.ts';
import { outputSpecs } from './output-specs.ts';
import { type Produce, runCheck } from './run-check.ts';
import { HASTY_PING_MS, PATIENT_PING_MS } from './run-heartbeat.ts';
import type { SupervisedRun } from './scanner.ts';

export async function superviseCheck(asked: Asked, io: Io): Promise<ExitCode> {
  const { raw } = asked;
  const flags = parseFlags(settingFlags(raw));
  if (!flags.ok) return refuse(flags.error, io);
  const scanner = await io.spawnScanner();
  const frames = readFrames<SupervisedRun>(scanner.frames);
  const patience = Deadline.after(flags.value.run.deadline ?? (DEFAULT_RUN.deadline as number));
  const release = io.onInterrupt(() => patience.expire());
  const first = await patience.race(frames.next().catch(() => undefined));
  release();
  patience.release();
  if (first?.value?.kind === 'run') {
    const { code, due } = await follow(scanner, frames, first.value.run, io);
    if (!raw.has(RENEW_KEY) || due.length === 0) return code;
    const { renewAfterCheck } = await import('./renew-after-check.ts');
    return renewAfterCheck({ code, due, raw, run: first.value.run.run }, io);
  }
  return neverBegan(scanner, first === undefined, io);
}

async function neverBegan(scanner: ScannerProcess, late: boolean, io: Io): Promise<ExitCode> {
  if (late) await io.stderr.write('certwatch: the config could not be read before the deadline; nothing was scanned\n');
  // Otherwise the scanner has said on the standard error what is wrong, and is ending by itself.
  const patience = Deadline.after(late ? 0 : 1_000);
  const ended = await patience.race(scanner.ended);
  patience.release();
  if (!ended) scanner.kill();
  else if (ended.status !== 3) {
    await io.stderr.write(`certwatch: the scanning process ${describeEnd(ended)}; nothing was scanned\n`);
  }
  return 3;
}

async function follow(
  scanner: ScannerProcess,
  frames: AsyncGenerator<Frame<SupervisedRun>, void, undefined>,
  { run, judgedAt, total }: SupervisedRun,
  io: Io,
): Promise<{ code: ExitCode; due: readonly string[] }> {
  const due = new Set<string>();
  const produce: Produce = ({ deadline, interrupted, onVerdict, onRendered, onInputError }) => {
    deadline.onExpire(() => {
      if (interrupted()) scanner.interrupt();
    });
    return followScan({
      scanner,
      frames,
      deadline,
      chainReader: new ChainReader(),
      notLooked: (target) => Looker.notLooked(target, { judgedAt, reason: interrupted() ? 'interrupted' : 'deadline' }),
      onVerdict,
      onRendered,
      onInputError,
      onDue: (name) => void due.add(name),
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
