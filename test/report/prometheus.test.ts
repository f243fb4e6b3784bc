/**
 * `prometheus`, read back by a strict reader of the text format.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/model/verdict.ts';
import { prometheus } from '../../src/report/formats/prometheus.ts';
import { endpoint } from '../verdict/builders.ts';
import { inputErrors, verdicts } from './arbitrary.ts';
import { FLEET, HOSTILE, NOW, render } from './fleet.ts';
import { readPrometheus as parse } from './readers/prometheus.ts';

const all: readonly Verdict[] = Object.values(FLEET);
const renamed = (each: Verdict, name: string): Verdict => ({ ...each, target: endpoint('x.example', {}, { name }) });

const samplesOf = (verdicts: readonly Verdict[]) => {
  const samples = parse(render(prometheus, verdicts));
  return (metric: string, labels: Record<string, string> = {}) =>
    samples.filter(
      (sample) => sample.metric === metric && Object.entries(labels).every(([k, v]) => sample.labels[k] === v),
    );
};

test('certificates: from, until, left, lifetime; in seconds', () => {
  const of = samplesOf([FLEET.expired]);
  const leaf = {
    target: 'expired.shop.example:443',
    chain_no: '0',
    role: 'leaf',
    cn: 'expired.shop.example',
    issuer_cn: 'Test Issuing CA',
  };
  const notAfter = Math.floor(NOW / 1_000) - (3 * 24 + 4) * 3_600 - 1;
  expect(of('certwatch_cert_not_after', leaf).map(({ value }) => value)).toEqual([notAfter]);
  expect(of('certwatch_cert_not_before', leaf).map(({ value }) => value)).toEqual([notAfter + 1 - 90 * 86_400]);
  expect(of('certwatch_cert_remaining_seconds', leaf).map(({ value }) => value)).toEqual([-(3 * 24 + 4) * 3_600]);
  expect(of('certwatch_cert_lifetime_seconds', leaf).map(({ value }) => value)).toEqual([90 * 86_400]);
  expect(of('certwatch_cert_not_after')).toHaveLength(2);
});

test('targets: status, findings, probes', () => {
  const of = samplesOf([FLEET.healthy, FLEET.due, FLEET.expired, FLEET.stuck]);
  expect(of('certwatch_target_status').map(({ value }) => value)).toEqual([0, 1, 2, 3]);
  expect(of('certwatch_finding').map(({ labels }) => labels)).toEqual([
    { target: 'due.shop.example:443', code: 'renewal-due', severity: 'warning' },
    { target: 'expired.shop.example:443', code: 'expired', severity: 'critical' },
    { target: 'stuck.shop.example:443', code: 'timeout', severity: 'unknown' },
  ]);
  expect(of('certwatch_probe_success').map(({ value }) => value)).toEqual([1, 1, 1, 0]);
  expect(
    of('certwatch_probe_duration_seconds', { target: 'healthy.shop.example:443', phase: 'handshake' })[0]!.value,
  ).toBe(0.00325);
});

test('the run', () => {
  const of = samplesOf(all);
  expect(of('certwatch_run_status')[0]!.value).toBe(2);
  expect(Object.fromEntries(of('certwatch_run_targets').map(({ labels, value }) => [labels.status, value]))).toEqual({
    ok: 4,
    warning: 3,
    critical: 7,
    unknown: 3,
  });
  expect(of('certwatch_run_finish_timestamp_seconds')[0]!.value).toBe(NOW / 1_000 + 3.2);
});

test('each address has its series', () => {
  const of = samplesOf([FLEET.disagreeing]);
  expect(of('certwatch_probe_success').map(({ labels }) => labels.address)).toEqual(['192.0.2.11', '192.0.2.12']);
  expect(of('certwatch_target_info')[0]!.labels).toMatchObject({ target: 'multi.shop.example', label_team: 'shop' });
});

describe('names', () => {
  test('two targets of one name are two', () => {
    const of = samplesOf([renamed(FLEET.healthy, 'a'), renamed(FLEET.expired, 'a')]);
    expect(of('certwatch_target_status').map(({ labels, value }) => [labels.target, value])).toEqual([
      ['a', 0],
      ['a#2', 2],
    ]);
  });

  test.each(HOSTILE)('a target named %j', (name) => {
    expect(samplesOf([renamed(FLEET.due, name)])('certwatch_target_status')).toHaveLength(1);
  });

  test('a quote and a backslash come back as they were', () => {
    const of = samplesOf([renamed(FLEET.due, 'a"b\\c')]);
    expect(of('certwatch_target_status')[0]!.labels.target).toBe('a"b\\c');
  });
});

test('property: whatever comes, it reads back', () => {
  fc.assert(
    fc.property(verdicts, inputErrors, (some, errors) => {
      const text = render(prometheus, some, { run: { errors } });
      const samples = parse(text);
      expect(samples.filter(({ metric }) => metric === 'certwatch_target_status')).toHaveLength(some.length);
      expect(text).not.toMatch(/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
    }),
    { numRuns: 100 },
  );
});
