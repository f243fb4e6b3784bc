/**
 * `nagios`: plug-in output after the Monitoring Plugins guidelines. The first line has the worst thing, the counts and the
 * performance data (days left, one label a target, `w:;c:` ranges: alert below); what is not OK follows line by line.
 */
import type { Status } from '../../model/finding.ts';
import type { Outcome, Verdict, Window } from '../../model/verdict.ts';
import { DAY, SECOND } from '../../time/duration.ts';
import { statusRank } from '../../verdict/status.ts';
import { capText, escapeNagios, nagiosLabel, quoteNagiosLabel } from '../escape.ts';
import type { Format, Renderer, RenderOptions } from '../format.ts';
import { describe } from '../messages.ts';
import { lastDay, leftText, rowOf } from '../rows.ts';
import { countsText, formatCount } from '../summary.ts';
import { UniqueNames } from '../unique-names.ts';

/** Nagios reads 8 KiB of output; what lies beyond is cut in the middle of whatever it is. */
const MOST_BYTES = 8_000;
/** The long output has at least this much, for readers that take more. */
const LEAST_LONG_BYTES = 2_000;
const LONGEST_TEXT = 400;

/** What is kept of a verdict. All text is escaped. */
interface Line {
  readonly status: Status;
  readonly remaining: number;
  readonly text: string;
}

export const nagios: Format = {
  name: 'nagios',
  summary: 'Nagios and Icinga: one line with performance data, then what is not OK',
  streams: false,
  create: () => new NagiosRenderer(),
};

class NagiosRenderer implements Renderer {
  readonly #names = new UniqueNames();
  readonly #perfdata: string[] = [];
  readonly #bad: Line[] = [];
  #worst: Line | undefined;

  begin(): string {
    return '';
  }

  verdict(verdict: Verdict): string {
    const { target, status, window } = verdict;
    const label = quoteNagiosLabel(this.#names.of(nagiosLabel(target.name)));
    this.#perfdata.push(`${label}=${daysLeft(window)}`);
    const line = { status, remaining: window?.remainingSeconds ?? Number.POSITIVE_INFINITY, text: lineOf(verdict) };
    if (!this.#worst || isWorse(line, this.#worst)) this.#worst = line;
    if (status !== 'ok') this.#bad.push(line);
    return '';
  }

  end(outcome: Outcome): string {
    const counts = outcome.summary.targets > 0 ? [countsText(outcome.summary)] : ['nothing was checked'];
    const worst =
      this.#worst && (this.#worst.status !== 'ok' || outcome.summary.targets === 1) ? [this.#worst.text] : [];
    const next = worst.length === 0 && this.#worst ? [`first to end: ${this.#worst.text}`] : [];
    const errors = errorLines(outcome);
    const said = [...worst, ...(worst.length ? [] : errors.slice(0, 1)), ...next, ...counts].join('; ');
    const first = `CERTWATCH ${outcome.status.toUpperCase()} - ${said}${perfdataOf(this.#perfdata)}`;
    const bad = [...this.#bad].sort((a, b) => (isWorse(a, b) ? -1 : isWorse(b, a) ? 1 : 0));
    const long = [...errors, ...bad.map(({ status, text }) => `${status.toUpperCase()} ${text}`)];
    return `${[first, ...capLines(long, MOST_BYTES - Buffer.byteLength(first))].join('\n')}\n`;
  }
}

/** What `check_certwatch` prints: one host, one line; more with `-v`. */
export const nagiosPlugin: Format = {
  name: 'nagios-plugin',
  summary: 'the one line of check_certwatch',
  streams: false,
  create: (options) => {
    const verdicts: Verdict[] = [];
    return {
      begin: () => '',
      verdict(verdict) {
        verdicts.push(verdict);
        return '';
      },
      end: (outcome) => pluginOutput(verdicts, outcome, options),
    };
  },
};

function pluginOutput(verdicts: readonly Verdict[], outcome: Outcome, options: RenderOptions): string {
  const begin = `CERTWATCH ${outcome.status.toUpperCase()} - `;
  const verdict = verdicts[0];
  if (!verdict) return `${begin}${errorLines(outcome)[0] ?? 'nothing was checked'}\n`;
  const names = new UniqueNames();
  names.of('time');
  const label = quoteNagiosLabel(names.of(nagiosLabel(verdict.target.name)));
  const seconds = Object.values(verdict.observations[0].timings).reduce((sum, ms) => sum + ms, 0) / SECOND;
  const time = `time=${seconds.toFixed(6)}s;;;0;${verdict.target.settings.timeoutMs / SECOND}`;
  const first = `${begin}${lineOf(verdict)}${perfdataOf([`${label}=${daysLeft(verdict.window)}`, time])}`;
  if (!options.verbose) return `${first}\n`;
  const { entries, details } = rowOf(verdict, options);
  const long = [...entries.flatMap(({ code, message, advice }) => [`${code}: ${message}`, `  ${advice}`]), ...details];
  return `${[first, ...capLines(long.map(escapeNagios), MOST_BYTES - Buffer.byteLength(first))].join('\n')}\n`;
}

/** `name: what is wrong`, or how long it has left; all findings that are not information, worst first. */
function lineOf(verdict: Verdict): string {
  const { target, findings, window } = verdict;
  const grave = findings.filter((finding) => finding.severity !== 'info');
  // What was not seen is said though it should not count (`--unreachable ok`): nobody should take it for seen.
  const [worst, ...more] = window ? grave : findings;
  const said = worst
    ? describe(worst, verdict).replace(/\.$/, '')
    : window
      ? `${leftText(window.remainingSeconds)}, until ${lastDay(window)}`
      : 'not judged';
  const others = more.length > 0 ? ` (also ${[...new Set(more.map((finding) => finding.code))].join(', ')})` : '';
  return escapeNagios(`${capText(target.name, 100)}: ${capText(said, LONGEST_TEXT)}${others}`);
}

function isWorse(a: Line, b: Line): boolean {
  return (statusRank(a.status) - statusRank(b.status) || a.remaining - b.remaining) < 0;
}

/** Days left, and the ranges: `30:` alerts below 30 days. `U`: could not be found out. */
function daysLeft(window: Window | undefined): string {
  if (!window) return 'U';
  const before = (moment: number): string => `${days((window.expiresAt - moment) / DAY)}:`;
  return `${days((window.remainingSeconds * SECOND) / DAY)};${before(window.warnAt)};${before(window.criticalAt)}`;
}

/** Three decimals are a minute and a half; never more than is left. */
function days(n: number): string {
  return String(Math.floor(n * 1_000 + 1e-6) / 1_000 || 0);
}

function perfdataOf(figures: readonly string[]): string {
  return figures.length > 0 ? ` | ${figures.join(' ')}` : '';
}

function errorLines({ run }: Outcome): string[] {
  return run.errors.map(({ origin, message }) => escapeNagios(capText(`${origin}: ${message}`, LONGEST_TEXT)));
}

function capLines(lines: readonly string[], bytes: number): string[] {
  let left = Math.max(LEAST_LONG_BYTES, bytes);
  const kept: string[] = [];
  for (const line of lines) {
    left -= Buffer.byteLength(line) + 1;
    if (left < 0) return [...kept, `… and ${formatCount(lines.length - kept.length)} more lines`];
    kept.push(line);
  }
  return kept;
}
