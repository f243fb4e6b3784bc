/**
 * The boundary seconds, through `--now`: one second before and at each moment of the window, at notAfter and after it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAY, NOW, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('www');
});
afterAll(() => scene[Symbol.asyncDispose]());

/** One second after notAfter: notAfter is inclusive. */
const end = (): number => scene.leaf('www').notAfter + 1_000;

async function at(ms: number, ...options: string[]) {
  const now = new Date(ms).toISOString().replace('.000Z', 'Z');
  const args = ['check', scene.line('www'), '--ca-file', 'root.pem', '--now', now, ...options];
  const { report, status } = await scene.report(args);
  const [result] = report.results;
  const codes = result.findings.map(({ code }: { code: string }) => code);
  return { codes, status, remaining: result.window.remainingSeconds };
}

test('it was minted for 90 days', () => {
  const { notAfter, notBefore } = scene.leaf('www');
  expect([notAfter + 1_000 - notBefore, notAfter + 1_000 - NOW].map((ms) => Math.round(ms / DAY))).toEqual([90, 60]);
});

describe('auto, 90 days', () => {
  test.each([
    ['a second before renewal opens', 30 * DAY + 1_000, [], 0],
    ['renewal opens', 30 * DAY, ['renewal-open'], 0],
    ['a second before it is due', 27 * DAY + 1_000, ['renewal-open'], 0],
    ['it is due', 27 * DAY, ['renewal-due'], 1],
    ['a second before it is critical', 7 * DAY + 1_000, ['renewal-due'], 1],
    ['it is critical', 7 * DAY, ['expires-soon'], 2],
    ['the last day', DAY, ['expires-soon'], 2],
    ['its last second, notAfter itself', 1_000, ['expires-soon'], 2],
    ['one second after notAfter', 0, ['expired'], 2],
    ['a second later', -1_000, ['expired'], 2],
  ])('%s', async (_, left, codes, status) => {
    expect(await at(end() - left)).toEqual({ codes, status, remaining: left / 1_000 });
  });
});

describe('thresholds that were given', () => {
  const given = ['-w', '10d', '-c', '36h'];
  test.each([
    ['a second before -w', 10 * DAY + 1_000, given, 0],
    ['at -w', 10 * DAY, given, 1],
    ['a second before -c', 1.5 * DAY + 1_000, given, 1],
    ['at -c', 1.5 * DAY, given, 2],
    ['a share of the lifetime: a second before', 18 * DAY + 1_000, ['-w', '20%'], 0],
    ['a share of the lifetime', 18 * DAY, ['-w', '20%'], 1],
    ['--grace: a second before', 25 * DAY + 1_000, ['--grace', '2d'], 0],
    ['--grace', 25 * DAY, ['--grace', '2d'], 1],
    ['--grace does not delay what is critical', 7 * DAY, ['--grace', '60d'], 2],
  ])('%s', async (_, left, options, status) => {
    expect((await at(end() - left, ...options)).status).toBe(status);
  });
});

test('not valid yet: a second before notBefore, and at it', async () => {
  const { notBefore } = scene.leaf('www');
  expect(await at(notBefore - 1_000)).toMatchObject({ codes: ['not-yet-valid'], status: 2 });
  expect(await at(notBefore)).toMatchObject({ codes: [], status: 0 });
});
