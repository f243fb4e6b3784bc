/**
 * `nagios` and the one line of `check_certwatch`, read back by the grammar of the Monitoring Plugins guidelines.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/model/verdict.ts';
import { nagios, nagiosPlugin } from '../../src/report/formats/nagios.ts';
import { endpoint } from '../verdict/builders.ts';
import { inputErrors, verdict, verdicts } from './arbitrary.ts';
import { FLEET, HOSTILE, render } from './fleet.ts';
import { readNagios as read } from './readers/nagios.ts';

const all: readonly Verdict[] = Object.values(FLEET);
const renamed = (each: Verdict, name: string): Verdict => ({ ...each, target: endpoint('x.example', {}, { name }) });

test('the worst, the counts, one figure a target, then what is not OK', () => {
  const { status, said, figures, long } = read(render(nagios, [FLEET.healthy, FLEET.due, FLEET.expired, FLEET.stuck]));
  expect(status).toBe('CRITICAL');
  expect(said).toMatchInlineSnapshot(
    `"expired.shop.example:443: The certificate expired 3d 4h ago, on 2026-11-21 03:59 UTC; 1 critical, 1 warning, 1 unknown, 1 ok"`,
  );
  expect(figures).toEqual([
    { label: 'healthy.shop.example:443', value: '61.125', unit: '', warn: '27:', critical: '7:' },
    { label: 'due.shop.example:443', value: '20.062', unit: '', warn: '27:', critical: '7:' },
    { label: 'expired.shop.example:443', value: '-3.167', unit: '', warn: '27:', critical: '7:' },
    { label: 'stuck.shop.example:443', value: 'U', unit: '', warn: '', critical: '' },
  ]);
  expect(long.map((line) => line.split(':')[0])).toEqual([
    'CRITICAL expired.shop.example',
    'WARNING due.shop.example',
    'UNKNOWN stuck.shop.example',
  ]);
});

test('all is well', () => {
  expect(render(nagios, [FLEET.healthy, FLEET.open])).toMatchInlineSnapshot(`
    "CERTWATCH OK - first to end: open.shop.example:443: 28d left, until 2026-12-22; 2 ok | healthy.shop.example:443=61.125;27:;7: open.shop.example:443=28;27:;7:
    "
  `);
});

test('nothing checked, and nothing understood', () => {
  expect(render(nagios, [])).toMatchInlineSnapshot(`
    "CERTWATCH UNKNOWN - nothing was checked
    "
  `);
  expect(
    render(nagios, [], { run: { errors: [{ origin: 'hosts.txt:3', message: 'expected | a host' }] } }),
  ).toMatchInlineSnapshot(`
    "CERTWATCH UNKNOWN - hosts.txt:3: expected \\u{7c} a host; nothing was checked
    hosts.txt:3: expected \\u{7c} a host
    "
  `);
});

test('two targets of one name have figures of their own', () => {
  const names = ['a', 'a', 'a#2', 'a', "a'", 'a=', 'b', 'b#2', 'b'].map((name) => renamed(FLEET.healthy, name));
  const { figures } = read(render(nagios, names));
  expect(figures.map(({ label }) => label)).toEqual(['a', 'a#2', 'a#2#2', 'a#3', 'a_', 'a_#2', 'b', 'b#2', 'b#3']);
});

test('less than a day is not nothing', () => {
  expect(read(render(nagios, [FLEET.lastDay])).figures[0]!.value).toBe('0.215');
});

test('long output is capped, the first line is whole', () => {
  const many = Array.from({ length: 500 }, (_, i) => renamed(FLEET.expired, `host${i}`));
  const text = render(nagios, many);
  const { figures, long } = read(text);
  expect(figures).toHaveLength(500);
  expect(long.at(-1)).toMatch(/^… and \d+ more lines$/);
  expect(Buffer.byteLength(long.join('\n'))).toBeLessThan(2_100);
  const few = render(nagios, many.slice(0, 100));
  expect(Buffer.byteLength(few)).toBeLessThan(8_100);
});

describe('check_certwatch', () => {
  test.each(Object.entries(FLEET))('%s: one line', (_, each) => {
    const output = render(nagiosPlugin, [each]);
    expect(output.match(/\n/g)).toHaveLength(1);
    const { status, figures } = read(output);
    expect(status).toBe(each.status.toUpperCase());
    expect(figures.map(({ unit }) => unit)).toEqual(['', 's']);
  });

  test('what it says', () => {
    expect(render(nagiosPlugin, [FLEET.healthy])).toMatchInlineSnapshot(`
      "CERTWATCH OK - healthy.shop.example:443: 61d 3h left, until 2027-01-24 | healthy.shop.example:443=61.125;27:;7: time=0.006250s;;;0;10
      "
    `);
    expect(render(nagiosPlugin, [FLEET.selfSigned])).toMatchInlineSnapshot(`
      "CERTWATCH CRITICAL - printer.shop.example:443: The certificate is self-signed ("CN=printer"): no client trusts it by itself (also weak-key) | printer.shop.example:443=89;27:;7: time=0.006250s;;;0;10
      "
    `);
    expect(
      render(nagiosPlugin, [], { run: { errors: [{ origin: '-H', message: 'expected a host' }] } }),
    ).toMatchInlineSnapshot(`
      "CERTWATCH UNKNOWN - -H: expected a host
      "
    `);
  });

  test('-v: the findings, what to do, the chain', () => {
    const { long } = read(render(nagiosPlugin, [FLEET.selfSigned], { verbose: true }));
    expect(long.join('\n')).toMatch(
      /self-signed: .*\n {2}Install .*\nweak-key: [\s\S]*#0 leaf\n {2}subject +CN=printer\n/,
    );
  });

  test('a target that is named like our own figure', () => {
    expect(read(render(nagiosPlugin, [renamed(FLEET.healthy, 'time')])).figures.map(({ label }) => label)).toEqual([
      'time#2',
      'time',
    ]);
  });
});

test.each(HOSTILE)('a target named %j', (name) => {
  const { figures } = read(render(nagios, [renamed(FLEET.due, name)]));
  expect(figures).toHaveLength(1);
});

test('property: whatever comes, it reads back, every label once, nothing unprintable, no markup', () => {
  const check = (output: string, targets: number, extra: number) => {
    const { figures } = read(output);
    expect(figures).toHaveLength(targets + extra);
    expect(new Set(figures.map(({ label }) => label)).size).toBe(figures.length);
    expect(output).not.toMatch(/[<>\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
  };
  fc.assert(
    fc.property(verdicts, inputErrors, (some, errors) =>
      check(render(nagios, some, { run: { errors } }), some.length, 0),
    ),
    { numRuns: 100 },
  );
  fc.assert(
    fc.property(verdict, fc.boolean(), (each, verbose) => check(render(nagiosPlugin, [each], { verbose }), 1, 1)),
    { numRuns: 100 },
  );
});

test('the fleet as a whole', () => {
  expect(read(render(nagios, all)).figures).toHaveLength(all.length);
});
