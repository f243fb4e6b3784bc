/**
 * What is remembered from run to run, and what is said to have changed.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryFile, TargetMemory } from '../../src/health/memory.ts';
import type { Status } from '../../src/model/finding.ts';
import type { Observation, Phase } from '../../src/model/observation.ts';
import type { Target } from '../../src/model/target.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { DAY } from '../../src/time/duration.ts';
import { createCa } from '../support/pki/pki.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { endpoint, NOW, presented } from '../verdict/builders.ts';

const ca = createCa({ now: NOW, subject: 'CN=First CA' });
const otherCa = createCa({ now: NOW, subject: 'CN=Second CA' });
const SANS = ['dns:www.shop.example', 'dns:shop.example'];

const first = ca.issue({ sans: SANS, remainingMs: 30 * DAY });
const renewed = ca.issue({ sans: SANS, remainingMs: 90 * DAY });
const wider = ca.issue({ sans: [...SANS, 'dns:new.shop.example'], remainingMs: 90 * DAY });
const narrower = ca.issue({ sans: SANS.slice(0, 1), remainingMs: 90 * DAY });
const older = ca.issue({ sans: SANS, remainingMs: 29 * DAY });
const elsewhere = otherCa.issue({ sans: SANS, remainingMs: 90 * DAY });

type Seen = (typeof first)[] | Phase;

function verdict(seen: Seen, status: Status = 'ok', target: Target = endpoint()): Verdict {
  const timings = { resolve: 0, connect: 0, starttls: 0, handshake: 0 };
  const observations: Observation[] =
    typeof seen === 'string'
      ? [{ kind: 'failed', code: 'timeout', phase: seen, reason: 'deadline', timings }]
      : seen.map((leaf) => presented([leaf]));
  return {
    target,
    status,
    findings: [],
    observations: observations as [Observation],
    roles: observations.map(() => ['leaf']),
  };
}

/** A run over these; what has changed at each, as text. */
async function run(dir: string, verdicts: readonly Verdict[], now = NOW): Promise<string[][]> {
  const { memory, note } = await TargetMemory.open(dir, now);
  expect(note).toBe(undefined);
  const changes: string[][] = [];
  for (const each of verdicts) {
    const findings = await memory.changes(each);
    changes.push(
      findings.map(({ code, data }) => (code === 'changed' ? `${data.what}: ${data.old} → ${data.new}` : code)),
    );
  }
  expect(await memory.commit()).toEqual({ ok: true, value: { damagedLines: 0 } });
  return changes;
}

const parsedSha = ({ der }: { der: Uint8Array }) => {
  const element = presented([der]).chain[0];
  return element?.kind === 'certificate' ? element.certificate.sha256 : '';
};

describe('from one run to the next', () => {
  const cases: [string, Verdict, Verdict, (string | RegExp)[]][] = [
    ['nothing', verdict([first]), verdict([first]), []],
    ['the status', verdict([first]), verdict([first], 'warning'), ['status: ok → warning']],
    ['renewed', verdict([first]), verdict([renewed]), [/^renewed: 2026-12-24T.*Z → 2027-02-22T.*Z$/]],
    ['renewed with a name more', verdict([first]), verdict([wider]), [/^renewed: /]],
    [
      'a name less',
      verdict([first]),
      verdict([narrower]),
      [/^certificate: /, 'names-lost: dns:shop.example → dns:www.shop.example'],
    ],
    [
      'an older one is back',
      verdict([first]),
      verdict([older]),
      [`certificate: ${parsedSha(first)} → ${parsedSha(older)}`],
    ],
    ['another issuer', verdict([first]), verdict([elsewhere]), [/^renewed: /, 'issuer: CN=First CA → CN=Second CA']],
    ['not reachable', verdict([first]), verdict('connect', 'unknown'), ['status: ok → unknown']],
    ['reachable at last', verdict('connect', 'unknown'), verdict([first]), ['status: unknown → ok']],
    ['its turn never came', verdict([first]), verdict('queue', 'unknown'), []],
    ['the order of its addresses', verdict([first, renewed]), verdict([renewed, first]), []],
    ['one of its addresses is renewed, the other not', verdict([first, first]), verdict([renewed, first]), []],
    ['all of its addresses are renewed', verdict([first, renewed]), verdict([renewed, renewed]), [/^renewed: /]],
  ];
  test.each(cases)('%s', async (_name, before, now, expected) => {
    await using dir = await tempFolder();
    expect(await run(dir.path, [before])).toEqual([[]]);
    const [changes] = await run(dir.path, [now]);
    expect(changes).toEqual(expected.map((text) => (typeof text === 'string' ? text : expect.stringMatching(text))));
    // Said once.
    expect(await run(dir.path, [now])).toEqual([[]]);
    expect(await readdir(dir.path)).toEqual(['targets.jsonl']);
  });

  test('what could not be seen for a while is held against what was seen last', async () => {
    await using dir = await tempFolder();
    await run(dir.path, [verdict([first])]);
    await run(dir.path, [verdict('connect', 'unknown')]);
    await run(dir.path, [verdict('queue', 'unknown')]);
    expect(await run(dir.path, [verdict([older])])).toEqual([
      ['status: unknown → ok', expect.stringMatching(/^certificate: /)],
    ]);
  });

  test('another threshold, label or way of writing is the same target; another name or port is not', async () => {
    await using dir = await tempFolder();
    const on = (target: Target) => [verdict([renewed], 'ok', target)];
    await run(dir.path, [verdict([first])]);
    const same = endpoint(
      undefined,
      { warning: { kind: 'duration', ms: DAY }, labels: { team: 'x' } },
      { input: 'https://…' },
    );
    expect(await run(dir.path, on(same))).toEqual([[expect.stringMatching(/^renewed/)]]);
    expect(await run(dir.path, on(endpoint(undefined, {}, { port: 8443 })))).toEqual([[]]);
    expect(await run(dir.path, on(endpoint(undefined, {}, { name: 'web', named: true })))).toEqual([[]]);
  });

  test('two targets that look at the same thing are held apart, by their order', async () => {
    await using dir = await tempFolder();
    const both = [verdict([first], 'ok'), verdict([first], 'warning')];
    await run(dir.path, both);
    expect(await run(dir.path, both)).toEqual([[], []]);
    expect(await run(dir.path, [both[0]!, verdict([first], 'critical')])).toEqual([[], ['status: warning → critical']]);
  });

  test('a run over another list leaves the rest as it was, until it is forgotten', async () => {
    await using dir = await tempFolder();
    const other = endpoint('other.example');
    await run(dir.path, [verdict([first]), verdict([first], 'ok', other)]);
    await run(dir.path, [verdict([first])], NOW + 80 * DAY);
    expect(await run(dir.path, [verdict([first], 'critical', other)], NOW + 81 * DAY)).toEqual([
      ['status: ok → critical'],
    ]);
    await run(dir.path, [verdict([first])], NOW + 172 * DAY);
    expect(await run(dir.path, [verdict([first], 'ok', other)], NOW + 173 * DAY)).toEqual([[]]);
  });

  test('a run that is broken off leaves the memory as it was', async () => {
    await using dir = await tempFolder();
    await run(dir.path, [verdict([first])]);
    const { memory } = await TargetMemory.open(dir.path, NOW);
    await memory.changes(verdict([renewed]));
    await memory.abort();
    expect(await run(dir.path, [verdict([first])])).toEqual([[]]);
    expect(await readdir(dir.path)).toEqual(['targets.jsonl']);
  });

  test('an empty run, then one that is not', async () => {
    await using dir = await tempFolder();
    await run(dir.path, []);
    expect(await run(dir.path, [verdict([first])])).toEqual([[]]);
  });

  test('many targets in any order are each found again', async () => {
    await using dir = await tempFolder();
    const targets = Array.from({ length: 5_000 }, (_, i) => endpoint(`h${i}.example`));
    await run(
      dir.path,
      targets.map((target) => verdict([first], 'ok', target)),
    );
    const shuffled = targets.map((target, i) => ({ target, order: (i * 7919) % 5_000 }));
    shuffled.sort((a, b) => a.order - b.order);
    const changes = await run(
      dir.path,
      shuffled.map(({ target }) => verdict([first], 'warning', target)),
    );
    expect(changes.filter((each) => each[0] === 'status: ok → warning')).toHaveLength(5_000);
  });
});

describe('damage', () => {
  const whole = async (dir: string) => {
    const targets = ['a', 'b', 'c'].map((host) => endpoint(`${host}.example`));
    await run(
      dir,
      targets.map((target) => verdict([first], 'ok', target)),
    );
    return { targets, text: await readFile(memoryFile(dir), 'utf8') };
  };

  test.each([
    ['empty', () => ''],
    ['another version', (text: string) => text.replace('targets@1', 'targets@2')],
    ['not text', () => '\0'.repeat(5_000)],
  ])('a file that is %s is not used, and that is said', async (_name, bend) => {
    await using dir = await tempFolder();
    await writeFile(memoryFile(dir.path), bend((await whole(dir.path)).text));
    const { memory, note } = await TargetMemory.open(dir.path, NOW);
    expect(note).toMatch(/^the memory of the last run, .*targets\.jsonl, is not used: /);
    expect(await memory.changes(verdict([renewed], 'critical', endpoint('a.example')))).toEqual([]);
    expect((await memory.commit()).ok).toBe(true);
    expect(await run(dir.path, [verdict([renewed], 'ok', endpoint('a.example'))])).toEqual([['status: critical → ok']]);
  });

  test.each([
    ['cut in its middle', (line: string) => line.slice(0, 60)],
    ['of something else', () => 'hello'],
    ['with a status that is none', (line: string) => line.replace('"ok"', '"fine"')],
    ['that is very long', (line: string) => line.replace('"ok"', `"${'x'.repeat(1 << 20)}"`)],
  ])('a line %s is ignored and counted; the others stand', async (_name, bend) => {
    await using dir = await tempFolder();
    const { targets, text } = await whole(dir.path);
    const lines = text.split('\n');
    lines[2] = bend(lines[2]!);
    await writeFile(memoryFile(dir.path), lines.join('\n'));
    const { memory, note } = await TargetMemory.open(dir.path, NOW);
    expect(note).toBe(undefined);
    const changes = [];
    for (const target of targets) changes.push((await memory.changes(verdict([first], 'warning', target))).length);
    expect(changes).toEqual([1, 0, 1]);
    expect(await memory.commit()).toMatchObject({ ok: true, value: { damagedLines: expect.toSatisfy((n) => n > 0) } });
    expect(
      await run(
        dir.path,
        targets.map((target) => verdict([first], 'warning', target)),
      ),
    ).toEqual([[], [], []]);
  });

  test('whatever is in the file, a run goes through', async () => {
    await using dir = await tempFolder();
    const { text } = await whole(dir.path);
    const bent = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .record({ at: fc.nat({ max: text.length - 1 }), bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) })
        .map(({ at, bytes }) =>
          Buffer.concat([Buffer.from(text.slice(0, at)), bytes, Buffer.from(text.slice(at + 4))]),
        ),
    );
    await fc.assert(
      fc.asyncProperty(bent, async (content) => {
        await writeFile(memoryFile(dir.path), content);
        const { memory } = await TargetMemory.open(dir.path, NOW);
        await memory.changes(verdict([renewed], 'ok', endpoint('b.example')));
        expect((await memory.commit()).ok).toBe(true);
        expect((await run(dir.path, [verdict([renewed], 'ok', endpoint('b.example'))]))[0]).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('a folder in its place is a sentence; verdicts go on', async () => {
    await using dir = await tempFolder();
    await mkdir(memoryFile(dir.path));
    const { memory, note } = await TargetMemory.open(dir.path, NOW);
    expect(note).toMatch(/targets\.jsonl: is a folder/);
    expect(await memory.changes(verdict([first]))).toEqual([]);
    expect(await memory.commit()).toEqual({ ok: false, error: note });
  });
});
