/**
 * Verdicts of a small fleet, one of each kind that a report has to tell about, at a fixed time.
 */
import type { Outcome, Run, Verdict } from '../../src/model/verdict.ts';
import type { Format, RenderOptions } from '../../src/report/format.ts';
import { DAY, HOUR, MINUTE } from '../../src/time/duration.ts';
import { internalErrorVerdict } from '../../src/verdict/failed-verdicts.ts';
import { Tally } from '../../src/verdict/status.ts';
import { createCa, selfSigned } from '../support/pki/pki.ts';
import { anchors, endpoint, failed, file, judged, NOW, presented } from '../verdict/builders.ts';

export { NOW };

const root = createCa({ now: NOW, subject: 'CN=Test Root,O=certwatch tests' });
const issuing = root.issueCa({ subject: 'CN=Test Issuing CA,O=certwatch tests' });
const trusting = { anchors: anchors([root]) };
const named = (host: string) => ({ target: endpoint(host, {}, { input: host, name: `${host}:443` }), ...trusting });

/** @param remainingMs until one second after notAfter. */
function served(host: string, remainingMs: number, lifetimeMs = 90 * DAY): Verdict {
  return judged(presented([issuing.issue({ sans: [`dns:${host}`], remainingMs, lifetimeMs }), issuing]), named(host));
}

const missing = issuing.issue({
  sans: ['dns:missing.shop.example'],
  authorityInfo: { caIssuers: ['http://ca.shop.example/issuing.der'] },
});
const weak = root.issueCa({ subject: 'CN=Second CA' });

export const FLEET = {
  healthy: served('healthy.shop.example', 61 * DAY + 3 * HOUR),
  short: served('short.shop.example', 5 * DAY, 6 * DAY),
  open: served('open.shop.example', 28 * DAY),
  due: served('due.shop.example', 20 * DAY + 90 * MINUTE),
  ending: served('ending.shop.example', 2 * DAY + 4 * HOUR),
  lastDay: served('lastday.shop.example', 5 * HOUR + 10 * MINUTE),
  expired: served('expired.shop.example', -3 * DAY - 4 * HOUR),
  wrongName: judged(
    presented([issuing.issue({ sans: ['dns:other.shop.example', 'dns:www.other.example'] }), issuing]),
    named('wrong.shop.example'),
  ),
  incomplete: judged(presented([missing]), named('missing.shop.example')),
  misordered: judged(
    presented([weak.issue({ sans: ['dns:misordered.shop.example'] }), root, weak]),
    named('misordered.shop.example'),
  ),
  selfSigned: judged(
    presented([selfSigned({ now: NOW, subject: 'CN=printer', sans: ['dns:printer.shop.example'], key: 'rsa1024' })]),
    named('printer.shop.example'),
  ),
  refused: judged(failed({ address: '192.0.2.9' }), named('refused.shop.example')),
  stuck: judged(
    failed({ code: 'timeout', phase: 'handshake', reason: 'deadline', address: '192.0.2.8' }),
    named('stuck.shop.example'),
  ),
  malformed: judged(presented([Buffer.from('no certificate')]), named('broken.shop.example')),
  disagreeing: judged(
    [
      presented([issuing.issue({ sans: ['dns:multi.shop.example'] }), issuing], { address: '192.0.2.11' }),
      presented([issuing.issue({ sans: ['dns:multi.shop.example'], remainingMs: 10 * DAY }), issuing], {
        address: '192.0.2.12',
      }),
    ],
    { ...trusting, target: endpoint('multi.shop.example', { allAddresses: true, labels: { team: 'shop' } }) },
  ),
  file: judged(presented([issuing.issue({ sans: ['dns:www.shop.example'] }), issuing]), {
    ...trusting,
    target: file(),
  }),
  bug: internalErrorVerdict(endpoint('bug.shop.example'), new TypeError('x is not a function')),
} as const satisfies Record<string, Verdict>;

/** Text that would break an output that did not escape it. */
export const HOSTILE = [
  'esc\u001b[31mred\u001b[0m',
  'line\nbreak\r\n',
  'nul\u0000tab\t',
  'pipe|perf=1;2;3',
  `quotes'"\`and\\`,
  '<script>alert(1)</script>',
  'rtl\u202egnp.exe\u2066',
  'zero\u200bwidth\ufeff',
  'csi\u009b31m',
  'lone\ud800surrogate',
  'bad\ufffdbytes',
  '=cmd()',
  '{}[]=,;#',
  'sep\u2028\u2029',
  '',
  '日本語🔒',
] as const;

export const run = (over: Partial<Run> = {}): Run => ({
  startedAt: NOW,
  finishedAt: NOW + 3_200,
  judgedAt: NOW,
  deadlineReached: false,
  interrupted: false,
  errors: [],
  version: '0.1.0',
  ...over,
});

export function outcomeOf(verdicts: readonly Verdict[], over: Partial<Run> = {}): Outcome {
  const tally = new Tally();
  for (const { status } of verdicts) tally.add(status);
  return tally.outcome(run(over));
}

export const options = (over: Partial<RenderOptions> = {}): RenderOptions => ({
  verbose: false,
  quiet: false,
  color: false,
  columns: 100,
  now: NOW,
  ...over,
});

/** Everything that a format says of a run. */
export function render(
  format: Format,
  verdicts: readonly Verdict[],
  { run: runOver, ...over }: Partial<RenderOptions> & { run?: Partial<Run> } = {},
): string {
  const renderer = format.create(options(over));
  let text = renderer.begin();
  for (const verdict of verdicts) text += renderer.verdict(verdict);
  return text + renderer.end(outcomeOf(verdicts, runOver));
}
