/**
 * `json` and `ndjson`: the promised shape, validated by the schema that certwatch itself prints.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/model/verdict.ts';
import { json } from '../../src/report/formats/json.ts';
import { ndjson } from '../../src/report/formats/ndjson.ts';
import { internalErrorVerdict } from '../../src/verdict/failed-verdicts.ts';
import { endpoint } from '../verdict/builders.ts';
import { inputErrors, verdicts } from './arbitrary.ts';
import { FLEET, outcomeOf, render } from './fleet.ts';
import { openReader, strictReader } from './readers/json.ts';

const all: readonly Verdict[] = Object.values(FLEET);

type Node = Record<string, unknown>;

const open = openReader();
const strict = strictReader();

test('a report of every kind of verdict is as the schema says, and has nothing that the schema does not name', () => {
  const report = JSON.parse(
    render(json, all, { run: { errors: [{ origin: 'hosts.txt:3', message: 'expected a port' }] } }),
  );
  expect(strict.report(report)).toEqual([]);
  expect(report.results.map((result: { target: { name: string } }) => result.target.name)).toEqual(
    all.map(({ target }) => target.name),
  );
});

test('the schema refuses what is not so', () => {
  const report = JSON.parse(render(json, [FLEET.expired]));
  const broken: [string, (report: Record<string, never>) => void][] = [
    ['no status', (r: Node) => delete r.status],
    [
      'another exit code',
      (r: Node) => {
        r.exitCode = 4;
      },
    ],
    [
      'an unknown code',
      (r: Node) => {
        (r.results as { findings: Node[] }[])[0]!.findings[0]!.code = 'nonsense';
      },
    ],
    [
      'data of another code',
      (r: Node) => {
        (r.results as { findings: Node[] }[])[0]!.findings[0]!.data = { bits: 1 };
      },
    ],
    ['no observation', (r: Node) => delete (r.results as Node[])[0]!.observation],
    [
      'milliseconds in a time',
      (r: Node) => {
        (r.run as Node).startedAt = '2026-11-24T08:00:00.000Z';
      },
    ],
  ];
  for (const [what, spoil] of broken) {
    const copy = structuredClone(report);
    spoil(copy);
    expect(open.report(copy), what).not.toEqual([]);
  }
});

test('keys come in the promised order', () => {
  const report = JSON.parse(render(json, [FLEET.expired]));
  expect(Object.keys(report)).toEqual(['schema', 'status', 'exitCode', 'run', 'summary', 'results']);
  const [result] = report.results;
  expect(Object.keys(result)).toEqual(['target', 'status', 'findings', 'observation', 'trust', 'window']);
  expect(Object.keys(result.target).slice(0, 6)).toEqual(['input', 'name', 'host', 'port', 'protocol', 'servername']);
  expect(Object.keys(result.observation)).toEqual(['kind', 'address', 'tlsVersion', 'timingsMs', 'chain']);
  expect(Object.keys(result.observation.chain[0])).toEqual([
    'subject',
    'issuer',
    'serial',
    'notBefore',
    'notAfter',
    'sans',
    'key',
    'signature',
    'sha256',
    'spkiSha256',
    'role',
  ]);
  expect(Object.keys(result.window)).toEqual([
    'lifetimeSeconds',
    'remainingSeconds',
    'renewAt',
    'warnAt',
    'criticalAt',
    'source',
    'expiresAt',
  ]);
});

test('figures and roles of one verdict', () => {
  const [result] = JSON.parse(render(json, [FLEET.misordered])).results;
  expect(result).toMatchObject({
    status: 'warning',
    observation: {
      kind: 'presented',
      timingsMs: { resolve: 1, connect: 2, starttls: 0, handshake: 3.25 },
      chain: [
        { role: 'leaf', sans: ['dns:misordered.shop.example'], key: { type: 'ec', bits: 256, curve: 'P-256' } },
        { role: 'root' },
        { role: 'intermediate', subject: 'CN=Second CA' },
      ],
    },
    trust: { trusted: true, path: [0, 2, 1] },
    window: { lifetimeSeconds: 7_776_000, remainingSeconds: 89 * 86_400, source: 'auto' },
  });
});

describe('observations', () => {
  test('one per address, and none on its own, where all addresses were asked for', () => {
    const [result] = JSON.parse(render(json, [FLEET.disagreeing])).results;
    expect(result).not.toHaveProperty('observation');
    expect(result.observations.map(({ address }: { address: string }) => address)).toEqual([
      '192.0.2.11',
      '192.0.2.12',
    ]);
    expect(result.target.labels).toEqual({ team: 'shop' });
  });

  test('bytes that are no certificate: what is wrong, how many, their hash', () => {
    const [result] = JSON.parse(render(json, [FLEET.malformed])).results;
    expect(result.observation.chain).toEqual([
      { error: expect.any(String), bytes: 14, sha256: expect.stringMatching(/^[0-9a-f]{64}$/), role: 'malformed' },
    ]);
  });

  test('the stack of a bug only with -v', () => {
    const bug = [internalErrorVerdict(endpoint(), new TypeError('x'))];
    expect(JSON.parse(render(json, bug)).results[0].observation.detail).toBe('TypeError: x');
    expect(JSON.parse(render(json, bug, { verbose: true })).results[0].observation.detail).toMatch(/\n\s+at /);
  });
});

test('an empty run is a report too', () => {
  const report = JSON.parse(render(json, []));
  expect(strict.report(report)).toEqual([]);
  expect(report).toMatchObject({ status: 'unknown', exitCode: 3, results: [] });
});

test('ndjson: a result a line as it comes, then the run', () => {
  const renderer = ndjson.create({ verbose: false, quiet: false, color: false, columns: 80, now: 0 });
  expect(renderer.begin()).toBe('');
  for (const verdict of all) {
    const text = renderer.verdict(verdict);
    expect(text).toMatch(/^\{"target":.*\}\n$/);
    expect(strict.result(JSON.parse(text))).toEqual([]);
  }
  const last = renderer.end(outcomeOf(all));
  expect(last).toMatch(/^\{"run":\{.*\}\n$/);
  expect(strict.line(JSON.parse(last))).toEqual([]);
});

test('property: whatever comes, it is JSON by the schema and plain to a terminal', () => {
  fc.assert(
    fc.property(verdicts, inputErrors, (some, errors) => {
      const whole = render(json, some, { run: { errors } });
      expect(whole).not.toMatch(/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
      const report = JSON.parse(whole);
      expect(strict.report(report)).toEqual([]);
      const lines = render(ndjson, some, { run: { errors } }).split('\n');
      expect(lines).toHaveLength(some.length + 2);
      expect(lines.slice(0, some.length).map((line) => JSON.parse(line))).toEqual(report.results);
      // What was escaped on the way out is whole again on the way in.
      expect(report.results.map(({ target }: { target: { name: string } }) => target.name)).toEqual(
        some.map(({ target }) => target.name),
      );
    }),
    { numRuns: 100 },
  );
});
