/**
 * What is said of many targets alike is what each would have been judged to by itself.
 */
import { expect, test } from 'vitest';
import type { Target } from '../../src/model/target.ts';
import { lostVerdicts, notLookedVerdicts } from '../../src/verdict/failed-verdicts.ts';
import { judge } from '../../src/verdict/judge.ts';
import { endpoint, file, NOW } from './builders.ts';

const TARGETS: readonly Target[] = [
  endpoint(),
  endpoint('critical.shop.example', { unreachable: 'critical', allAddresses: true }),
  endpoint('ok.shop.example', { unreachable: 'ok', expect: { issuer: 'Some CA', file: 'some.pem' } }),
  endpoint('again.shop.example', { warning: { kind: 'share', fraction: 0.5 }, trust: 'none' }),
  file('site.pem', { unreachable: 'critical' }),
];
const NO_TIME = { resolve: 0, connect: 0, starttls: 0, handshake: 0 };

test.each(['deadline', 'interrupted'])('their turn never came: %s', (reason) => {
  const verdictOf = notLookedVerdicts(() => reason === 'interrupted');
  for (const target of TARGETS) {
    const observation = { kind: 'failed', code: 'timeout', phase: 'queue', reason, timings: NO_TIME } as const;
    expect(verdictOf(target)).toEqual(judge({ target, now: NOW, observations: [observation] }));
  }
});

test('lost with the process that was to look at them', () => {
  const verdictOf = lostVerdicts('the process has gone');
  for (const target of TARGETS) {
    const verdict = verdictOf(target);
    expect(verdict).toMatchObject({ target, status: 'unknown' });
    expect(verdict.findings).toMatchObject([{ code: 'internal-error', data: { detail: 'the process has gone' } }]);
  }
});
