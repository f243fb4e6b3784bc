/**
 * Who still holds a lock: a table of owners against what can be seen of processes here and now.
 */
import { describe, expect, test } from 'vitest';
import { judgeHolding } from '../../src/health/holder.ts';
import type { LockOwner } from '../../src/health/lock-file.ts';
import { processDouble, type Scene } from './process-double.ts';

const NOW = Date.UTC(2030, 0, 1);
const HERE = { bootId: 'boot-1', pidNamespace: 'pid:[1]' };
const INIT = { pid: 1, start: '1' };

const owner = (over: Partial<LockOwner> = {}): LockOwner => ({
  token: 't',
  command: 'check',
  pid: 7,
  start: '500',
  host: 'here',
  takenAt: NOW - 60_000,
  takenSinceBootMs: 1_000_000,
  deadlineMs: 30_000,
  ...HERE,
  ...over,
});

const scene = (over: Scene = {}): Scene => ({
  place: HERE,
  sinceBootMs: 1_010_000,
  processes: [INIT, { pid: 7, start: '500' }],
  ...over,
});

const without = (o: LockOwner, ...keys: (keyof LockOwner)[]): LockOwner => {
  const copy: Record<string, unknown> = { ...o };
  for (const key of keys) delete copy[key];
  return copy as unknown as LockOwner;
};

const cases: [string, LockOwner, Scene, 'held' | 'stuck' | 'abandoned'][] = [
  ['a live holder within its deadline', owner(), scene(), 'held'],
  ['one past its deadline', owner(), scene({ sinceBootMs: 1_032_000 }), 'stuck'],
  ['one in the second that it has to leave', owner(), scene({ sinceBootMs: 1_030_900 }), 'held'],
  ['one without a deadline, however old', without(owner(), 'deadlineMs'), scene({ sinceBootMs: 9e9 }), 'held'],
  ['a number that nobody has', owner(), scene({ processes: [INIT] }), 'abandoned'],
  ['a number that is used again', owner(), scene({ processes: [INIT, { pid: 7, start: '501' }] }), 'abandoned'],
  ['another boot, same number and start', owner({ bootId: 'boot-0' }), scene(), 'abandoned'],
  ['a zombie: there, but not shown', owner(), scene({ processes: [INIT], hidden: [7] }), 'abandoned'],
  ['/proc hides the processes of others', owner(), scene({ processes: [], hidden: [7] }), 'held'],
  [
    'hidden, and past its deadline',
    owner(),
    scene({ processes: [], hidden: [7], sinceBootMs: 1_032_000 }),
    'abandoned',
  ],
  ['another container, within its time', owner({ pidNamespace: 'pid:[2]', host: 'box' }), scene(), 'held'],
  [
    'another container, past its deadline',
    owner({ pidNamespace: 'pid:[2]', host: 'box' }),
    scene({ sinceBootMs: 1_032_000 }),
    'abandoned',
  ],
  [
    'another machine, within its time',
    owner({ bootId: 'x', host: 'other', takenAt: NOW - 20_000 }),
    scene({ sinceBootMs: 5 }),
    'held',
  ],
  ['another machine, past its deadline', owner({ bootId: 'x', host: 'other' }), scene(), 'abandoned'],
  [
    'another machine without a deadline, two days on',
    without(owner({ bootId: 'x', host: 'other', takenAt: NOW - 2 * 86_400_000 }), 'deadlineMs'),
    scene(),
    'abandoned',
  ],
  [
    'no /proc: the number is in use and its time is not over',
    without(owner({ takenAt: NOW - 20_000 }), 'bootId', 'pidNamespace', 'start'),
    { hidden: [7] },
    'held',
  ],
  [
    'no /proc: the number is in use, its time is over',
    without(owner(), 'bootId', 'start'),
    { hidden: [7] },
    'abandoned',
  ],
  ['no /proc: nobody has the number', without(owner({ takenAt: NOW }), 'bootId', 'start'), {}, 'abandoned'],
  // A machine without a clock of its own starts in the past, and the clock jumps while the run is on.
  ['the clock was set forward by a year', owner({ takenAt: NOW - 365 * 86_400_000 }), scene(), 'held'],
  [
    'the clock was set back by a year, past its deadline',
    owner({ takenAt: NOW + 365 * 86_400_000 }),
    scene({ sinceBootMs: 1_032_000 }),
    'stuck',
  ],
];

describe('a lock that was not given back', () => {
  test.each(cases)('%s', async (_name, holder, sight, expected) => {
    const holding = await judgeHolding({ owner: holder, released: false, doing: '' }, NOW, processDouble(sight));
    const found = holding.kind === 'held' && holding.held.stuck ? 'stuck' : holding.kind;
    expect(found).toBe(expected);
  });

  test('given back, it is free even while its owner lives', async () => {
    const holding = await judgeHolding({ owner: owner(), released: true, doing: '' }, NOW, processDouble(scene()));
    expect(holding.kind).toBe('free');
  });
});
