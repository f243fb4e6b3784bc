/**
 * certwatch's own health: a table of records and locks, and the line that is printed for each.
 */
import { describe, expect, test } from 'vitest';
import type { HeldBy } from '../../src/health/lock.ts';
import { readHealth } from '../../src/health/read-health.ts';
import { EMPTY_RECORD, type RunEnd, type RunRecord, type RunStart } from '../../src/health/run-record.ts';
import { writeRecord } from '../../src/health/run-record-file.ts';
import { DEFAULT_MAX_AGE_MS, type HealthInput, judgeHealth } from '../../src/health/status.ts';
import { formatHealth } from '../../src/health/status-text.ts';
import { err, ok } from '../../src/model/result.ts';
import { HOUR, MINUTE } from '../../src/time/duration.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { processDouble } from './process-double.ts';

const NOW = Date.UTC(2030, 0, 2, 12);

const start = (agoMs: number): RunStart => ({
  id: 'id',
  command: 'check',
  pid: 7,
  startedAt: NOW - agoMs,
  version: '0.1.0',
});

const complete = (agoMs: number, over: Partial<RunEnd> = {}): RunEnd => ({
  ...start(agoMs + 2 * MINUTE),
  finishedAt: NOW - agoMs,
  exitStatus: 0,
  summary: { targets: 5, ok: 5, warning: 0, critical: 0, unknown: 0 },
  deadlineReached: false,
  interrupted: false,
  ...over,
});

const record = (over: Partial<RunRecord> = {}): HealthInput['record'] => ok({ ...EMPTY_RECORD, ...over });

const held = (over: Partial<HeldBy> = {}): HeldBy => ({
  kind: 'held',
  owner: { token: 't', command: 'check', pid: 99, host: 'here', takenAt: 0, deadlineMs: 10 * MINUTE },
  doing: 'check, 3 of 5 targets',
  ageMs: 2 * MINUTE,
  stuck: false,
  turnedAway: 0,
  ...over,
});

const line = (input: Partial<HealthInput>) =>
  formatHealth(
    [
      judgeHealth({
        command: 'check',
        record: record(),
        lock: ok(undefined),
        now: NOW,
        maxAgeMs: DEFAULT_MAX_AGE_MS,
        ...input,
      }),
    ],
    NOW,
  );

const unknownAll = { targets: 5, ok: 0, warning: 0, critical: 0, unknown: 5 };
const expired = { targets: 5, ok: 3, warning: 0, critical: 2, unknown: 0 };

const cases: [string, Partial<HealthInput>, 0 | 1 | 2 | 3, RegExp][] = [
  ['a fresh run', { record: record({ complete: complete(3 * HOUR) }) }, 0, /last check ended 3h ago \(OK, 5 targets\)/],
  [
    'a run that found something: it did its job',
    { record: record({ complete: complete(HOUR, { exitStatus: 2, summary: expired }) }) },
    0,
    /\(CRITICAL, 5 targets: 2 critical\)/,
  ],
  ['at the age that is allowed', { record: record({ complete: complete(26 * HOUR) }) }, 0, /ended 1d 2h ago/],
  [
    'a second older',
    { record: record({ complete: complete(26 * HOUR + 1) }) },
    2,
    /no check has come to its end within 1d 2h/,
  ],
  ['no record', { record: ok(undefined) }, 3, /no check has been recorded/],
  ['a corrupt record', { record: err('the run record x is corrupt: it is empty') }, 3, /corrupt: it is empty/],
  ['a record from the future', { record: record({ complete: complete(-HOUR) }) }, 3, /1h from the future/],
  ['a clock that is a little off', { record: record({ complete: complete(-MINUTE) }) }, 0, /ended 0ms ago/],
  [
    'a run that is on',
    { record: record({ complete: complete(HOUR), unfinished: start(2 * MINUTE) }), lock: ok(held()) },
    0,
    /running since 2m \(process 99, at: check, 3 of 5 targets\)/,
  ],
  [
    'the first run, still on',
    { record: record({ unfinished: start(MINUTE) }), lock: ok(held()) },
    3,
    /no check has come to its end yet/,
  ],
  [
    'a stuck run',
    { record: record({ complete: complete(HOUR) }), lock: ok(held({ stuck: true, ageMs: HOUR, turnedAway: 70 })) },
    2,
    /process 99 is stuck, 50m past its own deadline, at: check, 3 of 5 targets, 70 runs turned away by it/,
  ],
  [
    'runs turned away by one that takes its time',
    { record: record({ complete: complete(HOUR) }), lock: ok(held({ turnedAway: 2 })) },
    1,
    /2 runs turned away by it/,
  ],
  [
    'a run that died',
    { record: record({ complete: complete(HOUR), unfinished: start(MINUTE) }) },
    1,
    /1 check run in a row never came to an end \(the last started 1m ago\)/,
  ],
  [
    'the third in a row that died',
    { record: record({ complete: complete(HOUR), unfinished: start(MINUTE), lostInARow: 2 }) },
    2,
    /3 check runs in a row/,
  ],
  [
    'a lock that cannot be read: no run is called dead',
    { record: record({ complete: complete(HOUR), unfinished: start(MINUTE) }), lock: err('the lock x cannot be used') },
    3,
    /^CERTWATCH UNKNOWN - the lock x cannot be used, last check/,
  ],
  [
    'never complete, and waited for too long',
    { record: record({ unfinished: start(27 * HOUR) }), lock: ok(held({ ageMs: 27 * HOUR })) },
    2,
    /no check has come to its end within/,
  ],
  [
    'one that could judge nothing',
    { record: record({ complete: complete(HOUR, { exitStatus: 3, summary: unknownAll }), unknownInARow: 4 }) },
    1,
    /4 check runs in a row could judge none of its 5 targets/,
  ],
  [
    'one with one unreachable target',
    { record: record({ complete: complete(HOUR, { exitStatus: 3, summary: { ...unknownAll, ok: 4, unknown: 1 } }) }) },
    0,
    /\(UNKNOWN, 5 targets: 1 unknown\)/,
  ],
  [
    'one cut off',
    { record: record({ complete: complete(HOUR, { deadlineReached: true }) }) },
    1,
    /cut off by its deadline/,
  ],
  ['one interrupted', { record: record({ complete: complete(HOUR, { interrupted: true }) }) }, 1, /was interrupted/],
];

/** Monitoring Plugins guidelines, "Performance data": 'label'=value[UOM];[warn];[crit];[min];[max]. */
const PERFDATA = /^[a-z_-]+=\d+(\.\d+)?s?;\d*;\d*;\d*$/;

describe('certwatch status', () => {
  test.each(cases)('%s', (_name, input, exitCode, expected) => {
    const answer = line(input);
    expect(answer.text).toMatch(expected);
    expect(answer.exitCode).toBe(exitCode);
    expect(answer.text).toMatch(
      new RegExp(`^CERTWATCH ${['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'][exitCode]} - .+\\n$`),
    );
    const [, data, ...more] = answer.text.trim().split(' | ');
    expect(more).toEqual([]);
    for (const item of data?.split(' ') ?? []) expect(item).toMatch(PERFDATA);
    const labels = data?.split(' ').map((item) => item.split('=')[0]);
    expect(new Set(labels).size).toBe(labels?.length);
  });

  test('the whole line', () => {
    const { text } = line({ record: record({ complete: complete(3 * HOUR) }) });
    expect(text).toMatchInlineSnapshot(`
      "CERTWATCH OK - last check ended 3h ago (OK, 5 targets) | age=10800s;;93600;0 duration=120.000s;;;0 targets=5;;;0 ok=5;;;0 warning=0;;;0 critical=0;;;0 unknown=0;;;0 lost=0;;;0 turned_away=0;;;0
      "
    `);
  });

  test('what a file says cannot break the line', () => {
    const { text } = line({
      record: record({ complete: complete(HOUR, { command: 'a|b\nc\u001b[2J' }) }),
      lock: ok(held({ doing: 'x | y=1\r\n\u001b]0;owned\u0007\u202e' })),
    });
    expect(text.match(/\|/g)).toHaveLength(1);
    expect(text.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('of a state directory', () => {
  const read = (dir: string, command?: string) =>
    readHealth({
      dir,
      now: () => NOW,
      maxAgeMs: DEFAULT_MAX_AGE_MS,
      processes: processDouble({}),
      ...(command === undefined ? {} : { command }),
    });
  const write = (dir: string, command: string, agoMs: number) =>
    writeRecord(dir, command, { ...EMPTY_RECORD, complete: complete(agoMs, { command }) });

  test('that is not there: unknown', async () => {
    await using dir = await tempFolder();
    const answer = formatHealth(await read(dir.at('none')), NOW);
    expect(answer).toMatchObject({ exitCode: 3, text: expect.stringContaining('no check has been recorded') });
  });

  test('a renewal of last month is shown and not judged; a check of last month is', async () => {
    await using dir = await tempFolder();
    await write(dir.path, 'check', HOUR);
    await write(dir.path, 'renew', 720 * HOUR);
    expect(formatHealth(await read(dir.path), NOW)).toMatchObject({
      exitCode: 0,
      text: expect.stringMatching(
        /last check ended 1h ago.*; last renew ended 30d ago.*age_check=3600s;;93600;0 .*age_renew=/,
      ),
    });
    await write(dir.path, 'check', 720 * HOUR);
    await write(dir.path, 'renew', HOUR);
    expect(formatHealth(await read(dir.path), NOW).exitCode).toBe(2);
    expect(formatHealth(await read(dir.path, 'renew'), NOW).exitCode).toBe(0);
  });
});
