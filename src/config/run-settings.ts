/**
 * The one table of settings that belong to a run and not to a target. As with `targets/settings.ts`: flags, config keys,
 * defaults, docs and JSON Schema are all made from it.
 */
import { resolve } from 'node:path';
import { err, ok, type Result } from '../model/result.ts';
import { parseNameServer } from '../net/name-server.ts';
import { didYouMean, quote } from '../targets/nearest.ts';
import type { Shape } from '../targets/setting.ts';
import { parseDurationBetween, parseInteger, parsePath, parseYesNo } from '../targets/setting-values.ts';
import { formatShard, parseShard, type Shard } from '../targets/shard.ts';
import { exactDuration } from '../targets/threshold.ts';
import { DAY, HOUR } from '../time/duration.ts';
import { formatInstant } from '../verdict/instant.ts';
import { parseInstant } from './instant.ts';
import { HIDDEN } from './secret.ts';

/** A format and the file that it goes to; absent: the standard output. */
export interface FormatRequest {
  readonly format: string;
  readonly file?: string;
}

/** What each run setting's text means once parsed. */
export interface RunValues {
  /** Milliseconds. */
  deadline: number;
  concurrency: number;
  format: readonly FormatRequest[];
  quiet: boolean;
  verbose: boolean;
  color: boolean;
  /** Milliseconds since the epoch. */
  now: number;
  shard: Shard;
  /** As `createResolver({ servers })` takes them. */
  resolver: readonly string[];
  state: string;
  lock: boolean;
  'end-stuck': boolean;
  /** An http or https URL. It lets whoever has it report in this run's name: never printed. */
  ping: string;
  'renew-ping': string;
}

export type RunKey = keyof RunValues;
export type RunPatch = { [K in RunKey]?: RunValues[K] };

export interface RunSetting<K extends RunKey = RunKey> {
  readonly key: K;
  /** Absent: the config only. */
  readonly flags?: readonly { readonly spec: string; readonly doc?: string; readonly implies?: string }[];
  /** May stand in a config file. */
  readonly inConfig: boolean;
  /** One sentence, with the default where there is one. */
  readonly doc: string;
  readonly shape: Shape;
  readonly combine?: (a: RunValues[K], b: RunValues[K]) => RunValues[K];
  /** A relative path in it is relative to the config file. */
  readonly place?: (value: RunValues[K], place: (path: string) => string) => RunValues[K];
  readonly parse: (text: string) => Result<RunValues[K], string>;
  readonly format: (value: RunValues[K]) => readonly string[];
}

/** The names of `src/report`'s formats: a test holds them against the registry. */
export const FORMAT_NAMES: readonly string[] = ['human', 'json', 'ndjson', 'nagios', 'prometheus', 'csv'];

/** Ways to name it. It is nothing that could be replaced, and what is written to it comes in order with the rest. */
const STANDARD_OUTPUT: ReadonlySet<string> = new Set(['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']);

function parseFormat(text: string): Result<readonly FormatRequest[], string> {
  const at = text.indexOf('=');
  const format = (at < 0 ? text : text.slice(0, at)).trim().toLowerCase();
  if (!FORMAT_NAMES.includes(format)) {
    return err(`expected one of ${FORMAT_NAMES.join(', ')}, got ${quote(format)}${didYouMean(format, FORMAT_NAMES)}`);
  }
  if (at < 0) return ok([{ format }]);
  const file = parsePath(text.slice(at + 1));
  if (file.ok && STANDARD_OUTPUT.has(file.value)) return ok([{ format }]);
  return file.ok ? ok([{ format, file: file.value }]) : err(`${file.error} after "${format}="`);
}

function parseServers(text: string): Result<readonly string[], string> {
  const server = parseNameServer(text);
  return server.ok ? ok([server.value]) : server;
}

/** Whoever has the URL can report in this run's name, so no message repeats it. */
function parsePing(text: string): Result<string, string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return ok(url.href);
  return err('expected an http or https URL, got something else');
}

const yesNo = (value: boolean): readonly string[] => [value ? 'yes' : 'no'];

export const RUN_SETTINGS: { readonly [K in RunKey]: RunSetting<K> } = {
  deadline: {
    key: 'deadline',
    flags: [{ spec: '--deadline <duration>' }],
    inConfig: true,
    doc: 'End the whole run after this long; what is unfinished is reported as timeout (default 1h).',
    shape: { kind: 'text', examples: ['30s', '10m'] },
    parse: parseDurationBetween({ min: 1, max: 30 * DAY }),
    format: (value) => [exactDuration(value)],
  },
  concurrency: {
    key: 'concurrency',
    flags: [{ spec: '-j, --concurrency <number>' }],
    inConfig: true,
    doc: 'Look at this many targets at once (default 64).',
    shape: { kind: 'integer', min: 1, max: 4_096 },
    parse: parseInteger({ min: 1, max: 4_096 }),
    format: (value) => [String(value)],
  },
  format: {
    key: 'format',
    flags: [{ spec: '--format <format[=file]>' }],
    inConfig: true,
    doc: `Report as ${FORMAT_NAMES.join(', ')}, on the standard output or into a file; repeatable (default human).`,
    shape: { kind: 'text', examples: ['human', 'json=/var/lib/certwatch/report.json'] },
    combine: (a, b) => [...a, ...b],
    place: (value, place) =>
      value.map(({ format, file }) => ({ format, ...(file !== undefined && { file: place(file) }) })),
    parse: parseFormat,
    format: (value) => value.map(({ format, file }) => (file === undefined ? format : `${format}=${file}`)),
  },
  quiet: {
    key: 'quiet',
    flags: [{ spec: '-q, --quiet' }],
    inConfig: true,
    doc: 'Report only what is not OK, and nothing at all when everything is (default no).',
    shape: { kind: 'switch' },
    parse: parseYesNo,
    format: yesNo,
  },
  verbose: {
    key: 'verbose',
    flags: [{ spec: '-v, --verbose' }],
    inConfig: true,
    doc: 'Report more: the chain, timings, what is only information (default no).',
    shape: { kind: 'switch' },
    parse: parseYesNo,
    format: yesNo,
  },
  color: {
    key: 'color',
    flags: [{ spec: '--no-color', doc: 'Use no colour, not even on a terminal.', implies: 'no' }],
    inConfig: true,
    doc: 'Use colour (default: on a terminal, as NO_COLOR and FORCE_COLOR say).',
    shape: { kind: 'switch' },
    parse: parseYesNo,
    format: yesNo,
  },
  now: {
    key: 'now',
    flags: [{ spec: '--now <time>' }],
    inConfig: false,
    doc: 'Judge as of this time (default: the start of the run).',
    shape: { kind: 'text', examples: ['2026-11-24', '2026-11-24T08:00Z'] },
    parse: parseInstant,
    format: (value) => [formatInstant(value)],
  },
  shard: {
    key: 'shard',
    flags: [{ spec: '--shard <i/n>' }],
    inConfig: false,
    doc: 'Look only at the I-th of N parts of the targets; a target is always in the same part.',
    shape: { kind: 'text', examples: ['1/3'] },
    parse: parseShard,
    format: (value) => [formatShard(value)],
  },
  resolver: {
    key: 'resolver',
    flags: [{ spec: '--resolver <address[:port]>' }],
    inConfig: true,
    doc: "Ask this name server instead of the system's; repeatable.",
    shape: { kind: 'text', examples: ['192.0.2.53', '[2001:db8::53]:5353'] },
    combine: (a, b) => [...new Set([...a, ...b])],
    parse: parseServers,
    format: (value) => value,
  },
  state: {
    key: 'state',
    flags: [{ spec: '--state <folder>' }],
    inConfig: true,
    doc: 'The folder of the run record, the lock, the journal and the accounts.',
    shape: { kind: 'text', examples: ['/var/lib/certwatch'] },
    place: (value, place) => place(value),
    parse: parsePath,
    format: (value) => [value],
  },
  lock: {
    key: 'lock',
    flags: [{ spec: '--lock' }],
    inConfig: false,
    doc: 'One run at a time, by a lock in the state folder (always so with --state).',
    shape: { kind: 'switch' },
    parse: parseYesNo,
    format: yesNo,
  },
  'end-stuck': {
    key: 'end-stuck',
    flags: [{ spec: '--end-stuck' }],
    inConfig: true,
    doc: 'End a previous run that is stuck past its own deadline, and take its place (default no: say so, exit 2).',
    shape: { kind: 'switch' },
    parse: parseYesNo,
    format: yesNo,
  },
  ping: {
    key: 'ping',
    flags: [{ spec: '--ping <url>' }],
    inConfig: true,
    doc: 'Tell this URL when the run starts and how it ended, in the manner of Healthchecks.',
    shape: { kind: 'text', examples: ['https://hc.example.org/ping/UUID'] },
    parse: parsePing,
    format: () => [HIDDEN],
  },
  // One of its own: a renewal that went well must not pass for a check that did.
  'renew-ping': {
    key: 'renew-ping',
    inConfig: true,
    doc: 'As ping, for the runs of certwatch renew.',
    shape: { kind: 'text', examples: ['https://hc.example.org/ping/UUID'] },
    parse: parsePing,
    format: () => [HIDDEN],
  },
};

export const RUN_KEYS = Object.keys(RUN_SETTINGS) as readonly RunKey[];

export const DEFAULT_RUN: RunPatch = Object.freeze({
  deadline: HOUR,
  concurrency: 64,
  format: [{ format: 'human' }],
  quiet: false,
  verbose: false,
});

/** The row of `key`, its types forgotten: what `parse` gives is what `format` and `combine` take. */
export function runSettingOf(key: RunKey): RunSetting {
  return RUN_SETTINGS[key] as unknown as RunSetting;
}

export function isRunKey(word: string): word is RunKey {
  return Object.hasOwn(RUN_SETTINGS, word);
}

/** Formats that get in each other's way: two on the standard output, or two into one file. */
export function refuseFormats(requests: readonly FormatRequest[]): string | undefined {
  const [first, second] = requests.filter(({ file }) => file === undefined);
  if (first && second) {
    return `two formats want the standard output, ${first.format} and ${second.format}: give one a file (${second.format}=FILE)`;
  }
  const files = requests.flatMap(({ file }) => (file === undefined ? [] : [file]));
  const places = files.map((file) => resolve(file));
  const twice = files.find((_, i) => places.indexOf(places[i]!) !== i);
  return twice === undefined ? undefined : `two formats want the same file ${quote(twice)}`;
}
