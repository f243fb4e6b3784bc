/**
 * What a reader is told to do next: fit for what has happened and for what the config has already.
 */
import { expect, test } from 'vitest';
import type { RenewalProblem } from '../../src/model/renewal.ts';
import { type AcmeReason, trouble } from '../../src/renew/acme/failure.ts';
import { adviseProblem, problemLines } from '../../src/report/messages/renewal.ts';

const advised = (reason: AcmeReason) => adviseProblem(trouble(reason, ''));

test.each<[AcmeReason, RegExp]>([
  ['webroot-missing', /webroot/],
  ['webroot-not-writable', /may write/],
  ['not-a-directory', /acme\.directory/],
  ['ca-not-found', /acme\.directory/],
  ['connect-failed', /reached from here/],
  ['update-refused', /key-file/],
  ['update-failed', /name server/],
  ['child-killed', /memory|person/],
  ['child-died', /bug/],
])('%s: %s', (reason, said) => {
  expect(advised(reason)).toMatch(said);
});

test('a command that printed nothing is not said to have printed what is below', () => {
  const commands: readonly RenewalProblem[] = [
    { reason: 'hook-failed', detail: '', advice: 'fix-hook' },
    { reason: 'reload-failed', detail: '' },
  ];
  for (const problem of commands) {
    expect(adviseProblem(problem)).toMatch(/nothing/);
    expect(adviseProblem({ ...problem, output: ' \n' })).toMatch(/nothing/);
    expect(adviseProblem({ ...problem, output: 'no such zone' })).toMatch(/below/);
  }
  expect(adviseProblem({ reason: 'reload-not-started', detail: '' })).toBe('Correct the command.');
});

test('another CA is advised only where none is configured', () => {
  const notBefore = Date.UTC(2026, 0, 2);
  for (const advice of ['wait-until', 'ask-ca'] as const) {
    for (const when of [{}, { notBefore }]) {
      expect(adviseProblem({ reason: 'x', detail: '', advice, ...when })).toMatch(/(give|take) another/);
    }
  }
  for (const advice of ['wait-or-fallback', 'ask-ca-or-fallback'] as const) {
    for (const when of [{}, { notBefore }]) {
      const text = adviseProblem({ reason: 'x', detail: '', advice, ...when });
      expect(text).toMatch(/acme\.fallback has its turn/);
      expect(text).not.toMatch(/another/);
    }
  }
  expect(adviseProblem({ reason: 'x', detail: '', advice: 'try-again', notBefore })).toContain('2026-01-02');
});

test('the type of the CA’s problem, and of what it says of single names', () => {
  const type = 'urn:ietf:params:acme:error:rejectedIdentifier';
  const lines = problemLines({
    reason: 'acme-rejected-identifier',
    detail: 'the new order: no',
    type,
    subproblems: [
      { type, detail: 'forbidden by policy', identifier: 'a.example' },
      { type: '', detail: 'nor this' },
    ],
  });
  expect(lines).toEqual([
    `acme-rejected-identifier: the new order: no [${type}]`,
    `"a.example": forbidden by policy [${type}]`,
    'nor this',
  ]);
});
