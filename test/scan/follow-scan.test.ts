/**
 * A supervisor that follows a scanner, with frames as a test says: when it gives a scanner up, and for whom it speaks then.
 */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { Target } from '../../src/model/target.ts';
import { followScan } from '../../src/scan/supervised/follow-scan.ts';
import { type Frame, FrameWriter, readFrames } from '../../src/scan/supervised/frames.ts';
import { SecondReading } from '../../src/scan/supervised/second-reading.ts';
import type { SupervisedProcess } from '../../src/scan/supervised/supervised-process.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';
import { Deadline } from '../../src/time/deadline.ts';
import { notLookedVerdicts } from '../../src/verdict/failed-verdicts.ts';
import { ChainReader } from '../../src/x509/chain-reader.ts';

const target = (i: number): Target => ({
  kind: 'file',
  input: `${i}`,
  name: `${i}`,
  origin: `hosts.txt:${i}`,
  settings: DEFAULT_SETTINGS,
  path: `${i}.pem`,
});
const targets = (count: number): Frame<string>[] =>
  Array.from({ length: count }, (_, i) => ({ kind: 'target', target: target(i) }));
const rendered: Frame<string> = { kind: 'rendered', status: 'ok', text: 'fine\n' };
const ALL_TOLD: Frame<string> = { kind: 'all-told' };

/** A process that says this, later that, and then nothing. */
function processThatSays(frames: readonly Frame<string>[], later?: { afterMs: number; frames: Frame<string>[] }) {
  const pipe = new PassThrough();
  const writer = new FrameWriter<string>(pipe);
  for (const frame of frames) void writer.write(frame);
  const timer = setTimeout(() => {
    for (const frame of later?.frames ?? []) void writer.write(frame);
  }, later?.afterMs ?? 0);
  let killed = false;
  const supervised: SupervisedProcess = {
    frames: pipe,
    interrupt: () => {},
    tellWritten: () => {},
    kill: () => {
      killed = true;
      clearTimeout(timer);
    },
    ended: new Promise(() => {}),
  };
  return { supervised, killed: () => killed };
}

interface Play {
  readonly scanner: ReturnType<typeof processThatSays>;
  /** So many targets are in the list, for who reads it again. */
  readonly inList?: number;
  readonly deadlineMs: number;
  /** What each verdict costs. */
  readonly busyMs?: number;
}

async function follow({ scanner, inList = 0, deadlineMs, busyMs = 0 }: Play) {
  const deadline = Deadline.after(deadlineMs);
  const verdicts: string[] = [];
  const errors: string[] = [];
  await followScan<string>({
    scanner: scanner.supervised,
    frames: readFrames<string>(scanner.supervised.frames),
    secondReading: new SecondReading(async (told) => {
      const left = Array.from({ length: inList }, (_, i) => target(i)).slice(told.targets);
      return processThatSays([{ kind: 'targets', targets: left }, ALL_TOLD]).supervised;
    }),
    known: () => ({ targets: [], all: false }),
    deadline,
    chainReader: new ChainReader(),
    notLooked: notLookedVerdicts(() => false),
    onVerdict: ({ target, status }) => {
      const until = performance.now() + busyMs;
      while (performance.now() < until);
      verdicts.push(`${target.name} ${status}`);
    },
    onRendered: (status) => void verdicts.push(status),
    onInputError: ({ message }) => void errors.push(message),
    onDue: () => {},
    endFiles: async () => [],
    onGivenUp: () => {},
  });
  deadline.release();
  return { verdicts, errors, killed: scanner.killed() };
}

test('a scanner that is done needs nobody to speak for it', async () => {
  const scanner = processThatSays([...targets(2), ALL_TOLD, rendered, rendered, { kind: 'done' }]);
  expect(await follow({ scanner, deadlineMs: 5_000 })).toEqual({ verdicts: ['ok', 'ok'], errors: [], killed: false });
});

test('one that says nothing at its deadline is stuck: its targets, and those that it had not told, have timed out', async () => {
  const scanner = processThatSays([...targets(2), rendered]);
  const { verdicts, errors, killed } = await follow({ scanner, inList: 4, deadlineMs: 500 });
  expect(verdicts).toEqual(['ok', '1 unknown', '2 unknown', '3 unknown']);
  expect(errors).toEqual([expect.stringMatching(/did not answer .* counts as timed out$/)]);
  expect(killed).toBe(true);
});

test('one that is heard at its deadline is given the time to say the rest', async () => {
  const later = { afterMs: 550, frames: [rendered, { kind: 'done' } as const] };
  const scanner = processThatSays([...targets(1), ALL_TOLD], later);
  const pulse = setTimeout(() => {
    void new FrameWriter<string>(scanner.supervised.frames).write({ kind: 'alive' });
  }, 150);
  expect(await follow({ scanner, deadlineMs: 100 })).toEqual({ verdicts: ['ok'], errors: [], killed: false });
  clearTimeout(pulse);
});

test('for whom there is no time is told as a number', async () => {
  const scanner = processThatSays([...targets(4_000), ALL_TOLD]);
  const { verdicts, errors } = await follow({ scanner, deadlineMs: 50, busyMs: 1 });
  const missing = Number(/ (\d+) targets at most, is missing$/.exec(errors[0] ?? '')?.[1]);
  expect(missing).toBeGreaterThan(0);
  expect(verdicts).toEqual(Array.from({ length: 4_000 - missing }, (_, i) => `${i} unknown`));
});
