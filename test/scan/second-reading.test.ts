/**
 * The supervisor's side of a second reading: where it goes on, what it makes of lists that have changed, and what it says
 * when there is no more time.
 */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { Target } from '../../src/model/target.ts';
import { type Frame, FrameWriter } from '../../src/scan/supervised/frames.ts';
import { NOTHING_TOLD, SecondReading, type ToldSoFar } from '../../src/scan/supervised/second-reading.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';
import { Deadline } from '../../src/time/deadline.ts';

const target = (i: number): Target => ({
  kind: 'file',
  input: `file:${i}.pem`,
  name: `${i}`,
  origin: `hosts.txt:${i}`,
  settings: DEFAULT_SETTINGS,
  path: `${i}.pem`,
});
const targets = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => target(first + i));
const told = (count: number): ToldSoFar => ({ targets: count, errors: 0, all: false, last: target(count) });

/** A process that says this, and then nothing: what it was asked for is noted down. */
function reading(frames: readonly Frame<string>[]) {
  const asked: unknown[] = [];
  const pipe = new PassThrough();
  let killed = false;
  const second = new SecondReading<string>(async (from) => {
    asked.push(from);
    const writer = new FrameWriter<string>(pipe);
    for (const frame of frames) await writer.write(frame);
    return {
      frames: pipe,
      interrupt: () => {},
      tellWritten: () => {},
      kill: () => {
        killed = true;
        pipe.end();
      },
      ended: new Promise(() => {}),
    };
  });
  const named: string[] = [];
  const rest = async (now: ToldSoFar) => {
    const until = Deadline.after(500);
    const onTarget = ({ name }: Target) => void named.push(name);
    const result = await second.rest({
      told: now,
      until,
      onTarget,
      onInputError: ({ message }) => named.push(message),
    });
    until.release();
    return { result, named, asked, killed };
  };
  return { second, rest };
}

test('begins with the last one that was told, and names what is behind it', async () => {
  const { rest } = reading([{ kind: 'targets', targets: targets(3, 6) }, { kind: 'all-told' }]);
  expect(await rest(told(3))).toMatchObject({
    asked: [{ targets: 2, errors: 0 }],
    named: ['4', '5', '6'],
    result: { complete: true },
  });
});

test('what the scanner has told since it began is not told twice', async () => {
  const error = (message: string) => ({ kind: 'input-error', error: { origin: 'hosts.txt:1', message } }) as const;
  const { second, rest } = reading([
    { kind: 'run', run: 'x' },
    { kind: 'targets', targets: targets(3, 5) },
    error('one'),
    { kind: 'targets', targets: targets(6, 7) },
    error('two'),
    { kind: 'all-told' },
  ]);
  second.begin(told(3));
  expect(await rest({ ...told(6), errors: 1 })).toMatchObject({ named: ['7', 'two'], result: { complete: true } });
});

test.each([
  ['has another target in its place', [{ kind: 'targets', targets: targets(2, 6) }, { kind: 'all-told' }]],
  ['ends before that place', [{ kind: 'targets', targets: [] }, { kind: 'all-told' }]],
] as const)('a list that %s is not guessed at', async (_, frames) => {
  expect(await reading(frames).rest(told(3))).toMatchObject({ named: [], result: { complete: false }, killed: true });
});

test('no more time: says how many are missing at most, and ends the process', async () => {
  const { rest } = reading([
    { kind: 'lines', count: 100 },
    { kind: 'targets', targets: targets(3, 7) },
  ]);
  const { result, killed, named } = await rest(told(3));
  expect({ result, killed, named: named.length }).toEqual({
    result: { complete: false, missing: 93 },
    killed: true,
    named: 4,
  });
});

test('the run, where the scanner had not even told that', async () => {
  const { second, rest } = reading([
    { kind: 'run', run: 'as the config says' },
    { kind: 'targets', targets: targets(1, 2) },
    { kind: 'all-told' },
  ]);
  const until = Deadline.after(500);
  expect(await second.run(until)).toBe('as the config says');
  until.release();
  expect(await rest(NOTHING_TOLD)).toMatchObject({ named: ['1', '2'], result: { complete: true } });
});
