/**
 * Scores certwatch's validator over limbo cases and holds the outcome against the recorded floor.
 */
import { ALLOWED_ACCEPTANCES, type AllowedAcceptance } from './expectations.ts';
import { judgeCase, type LimboCase } from './limbo.ts';

export interface Misjudged {
  readonly id: string;
  /** Why it was refused; empty for what was accepted. */
  readonly why: string;
}

export interface Score {
  readonly total: number;
  readonly right: number;
  readonly falseAccepts: readonly Misjudged[];
  readonly falseRejects: readonly Misjudged[];
  readonly msPerCase: number;
}

/** @param now milliseconds since the epoch, for cases that bring no time of their own. */
export function scoreCases(cases: readonly LimboCase[], now: number): Score {
  const falseAccepts: Misjudged[] = [];
  const falseRejects: Misjudged[] = [];
  const begin = performance.now();
  for (const test of cases) {
    const { accepted, why } = judgeCase(test, now);
    if (accepted === (test.expected_result === 'SUCCESS')) continue;
    (accepted ? falseAccepts : falseRejects).push({ id: test.id, why });
  }
  return {
    total: cases.length,
    right: cases.length - falseAccepts.length - falseRejects.length,
    falseAccepts,
    falseRejects,
    msPerCase: cases.length === 0 ? 0 : (performance.now() - begin) / cases.length,
  };
}

/**
 * What falls short of the floor, one sentence each; empty when nothing does.
 * @param ids of all cases that were scored: an allowed one that was not among them is no news.
 */
export function shortfalls(
  score: Score,
  ids: readonly string[],
  allowed: readonly AllowedAcceptance[] = ALLOWED_ACCEPTANCES,
): string[] {
  const allowedIds = new Set(allowed.flatMap((one) => one.ids));
  const accepted = new Set(score.falseAccepts.map(({ id }) => id));
  return [
    ...(score.total === 0 ? ['no case was scored'] : []),
    ...score.falseRejects.map(({ id, why }) => `${id} should be accepted and is refused: ${why}`),
    ...score.falseAccepts
      .filter(({ id }) => !allowedIds.has(id))
      .map(({ id }) => `${id} should be refused and is accepted; no reason for it is on record in expectations.ts`),
    ...ids
      .filter((id) => allowedIds.has(id) && !accepted.has(id))
      .map((id) => `${id} is judged rightly by now: take it off expectations.ts`),
  ];
}

/** Everything before the last `::`, its first two parts at most. */
export const namespaceOf = (id: string): string => id.split('::').slice(0, -1).slice(0, 2).join('::') || id;

function group(title: string, misjudged: readonly Misjudged[]): string[] {
  const namespaces = new Map<string, Misjudged[]>();
  for (const one of misjudged) {
    const namespace = namespaceOf(one.id);
    namespaces.set(namespace, [...(namespaces.get(namespace) ?? []), one]);
  }
  const lines = [`${title}: ${misjudged.length}`];
  for (const [namespace, ones] of [...namespaces].sort(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push(`  ${namespace}: ${ones.length}`);
    for (const { id, why } of ones) lines.push(`    ${id}${why && ` (${why})`}`);
  }
  return lines;
}

export function formatScore(score: Score): string {
  return [
    `${score.total} cases: ${score.right} right, ${score.falseAccepts.length} false accepts, ${score.falseRejects.length} false rejects, ${score.msPerCase.toFixed(2)} ms each`,
    ...group('false accepts', score.falseAccepts),
    ...group('false rejects', score.falseRejects),
  ].join('\n');
}
