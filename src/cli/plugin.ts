/**
 * `check_certwatch`: the check of one host in the manner of the Monitoring Plugins guidelines. One line with performance
 * data on the standard output, whatever happens, before its `-t` has passed.
 */

import { type Command, Option } from 'commander';
import { type ResolvedRun, resolveRunSettings } from '../config/resolve-run.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { InputError } from '../model/target.ts';
import { escapeNagios } from '../report/escape.ts';
import { parseDuration } from '../time/duration.ts';
import type { ExitCode, Io } from './io.ts';
import {
  addFlag,
  addRunFlags,
  addSettingFlags,
  createCommand,
  parseArguments,
  type RawFlags,
} from './option-parser.ts';
import { runCheck } from './run/run-check.ts';
import { scanHere } from './run/scan-here.ts';

/** The guidelines' default. */
const DEFAULT_TIMEOUT = '10';
/** Of the `-t`, what is kept for starting up and for saying how it went: whoever calls may kill at `-t` sharp. */
const ANSWER_MS = 300;
const BARE_NUMBER = /^\d+$/;
/** A threshold is a range of the guidelines, of which `21:` and no more can be meant: alert below 21. */
const DAYS = /^(\d+(?:\.\d+)?):?$/;

/** Flags that the guidelines spell in their own way, and those that make no sense for one host. */
const OWN_FLAGS = new Set(['warning', 'critical', 'timeout', 'connect-to', 'name', 'port', 'family', 'label']);

interface PluginFlags {
  hostname?: string;
  port?: string;
  ipAddress?: string;
  timeout?: string;
}

export async function runPlugin(io: Io): Promise<ExitCode> {
  const raw: RawFlags = new Map();
  const own: PluginFlags = {};
  const problems: string[] = [];
  const quietIo: Io = { ...io, stderr: { ...io.stderr, write: async (text) => void problems.push(text) } };
  const command = pluginCommand(raw, own, quietIo);
  let code: ExitCode = 3;
  command.action(async () => {
    code = await checkHost(raw, own, io);
  });
  const ended = await parseArguments(command, quietIo);
  // Monitoring reads the standard output only: bad usage is an answer like any other.
  if (problems.length > 0) await io.stdout.write(unknownLine(inOneLine(problems.join(' '))));
  // Help and version are no verdict (Monitoring Plugins guidelines, "Plugin return codes").
  return ended === undefined ? code : 3;
}

function pluginCommand(raw: RawFlags, own: PluginFlags, io: Io): Command {
  const command = createCommand('check_certwatch', io)
    .description('Check the certificate that a host presents, as Nagios, Icinga and their like call it.')
    .version(`check_certwatch ${io.version}`, '-V, --version', 'Show the version.');
  const take = (spec: string, doc: string, put: (text: string) => void): void => {
    command.option(spec, doc);
    command.on(`option:${command.options.at(-1)?.name()}`, put);
  };
  take('-H, --hostname <name>', 'The host; also the name to ask for and to match.', (text) => {
    own.hostname = text;
  });
  take('-p, --port <port>', 'The port (default: the one of the scheme or of --starttls, else 443).', (text) => {
    own.port = text;
  });
  take('-I, --ip-address <address>', 'Connect to this address, and keep the name.', (text) => {
    own.ipAddress = text;
  });
  // As check_http and its like spell it.
  command.addOption(new Option('--IP-address <address>').hideHelp());
  command.on('option:IP-address', (text: string) => {
    own.ipAddress = text;
  });
  take('-t, --timeout <seconds>', `An answer comes before this (default ${DEFAULT_TIMEOUT}).`, (text) => {
    own.timeout = text;
  });
  const threshold = 'a bare number is days; 33% of the lifetime, 12h or auto will do, too';
  addFlag(command, raw, { spec: '-w, --warning <spec>', doc: `Warn when less is left: ${threshold}.`, key: 'warning' });
  addFlag(command, raw, {
    spec: '-c, --critical <spec>',
    doc: `Critical when less is left: ${threshold}.`,
    key: 'critical',
  });
  addFlag(command, raw, { spec: '-4, --use-ipv4', doc: 'Use IPv4 addresses only.', key: 'family', implies: '4' });
  addFlag(command, raw, { spec: '-6, --use-ipv6', doc: 'Use IPv6 addresses only.', key: 'family', implies: '6' });
  addSettingFlags(command, raw, OWN_FLAGS);
  addRunFlags(command, raw, new Set(['verbose', 'now', 'resolver']));
  return command;
}

async function checkHost(raw: RawFlags, own: PluginFlags, io: Io): Promise<ExitCode> {
  const asked = readPluginFlags(raw, own);
  const resolved = asked.ok ? resolveRunSettings({ flags: asked.value.flags }) : asked;
  if (!asked.ok || !resolved.ok) {
    await io.stdout.write(unknownLine(sentencesOf(asked.ok ? resolved : asked)));
    return 3;
  }
  const { defaults, endpoint, run } = resolved.value as ResolvedRun;
  const { word, deadlineMs } = asked.value;
  const { nagiosPlugin } = await import('../report/formats/nagios.ts');
  const renderer = nagiosPlugin.create({
    verbose: run.verbose,
    quiet: false,
    color: false,
    columns: io.stdout.columns || 100,
    now: run.now ?? io.now(),
  });
  const { code } = await runCheck(
    {
      produce: scanHere(
        {
          run: { ...run, concurrency: 1 },
          oneTarget: true,
          sources: { words: [word], lists: [], made: [], stdin: () => io.stdin(), options: { defaults, endpoint } },
        },
        io,
      ),
      deadlineMs,
      judgedAt: run.now,
      outputs: [{ renderer, streams: false }],
      guard: { overMs: deadlineMs, lastWords: unknownLine('certwatch was blocked past its time and was ended') },
      progress: false,
    },
    io,
  );
  return code;
}

interface Asked {
  /** The target, as `check` would be given it. */
  readonly word: string;
  readonly flags: RawFlags;
  readonly deadlineMs: number;
}

/** From the guidelines' spellings to those of `check`. */
function readPluginFlags(raw: RawFlags, own: PluginFlags): Result<Asked, readonly InputError[]> {
  const refuse = (message: string) => err([{ origin: 'command line', message }]);
  if (own.hostname === undefined) return refuse('-H HOST is missing: which host is to be checked?');
  // `check` would read options of a list line behind a blank.
  for (const word of [own.hostname, own.port ?? '']) {
    if (/\s/.test(word)) return refuse(`expected a host and a port without blanks, got ${JSON.stringify(word)}`);
  }
  const timeout = own.timeout ?? DEFAULT_TIMEOUT;
  const timeoutMs = parseDuration(BARE_NUMBER.test(timeout) ? `${timeout}s` : timeout);
  if (!timeoutMs.ok || timeoutMs.value === 0) {
    return refuse(`--timeout: expected seconds, more than 0, got ${JSON.stringify(timeout)}`);
  }
  const flags: RawFlags = new Map(raw);
  for (const key of ['warning', 'critical']) {
    const texts = flags.get(key);
    if (texts)
      flags.set(
        key,
        texts.map((text) => text.replace(DAYS, '$1d')),
      );
  }
  if (own.ipAddress !== undefined) flags.set('connect-to', [own.ipAddress]);
  flags.set('timeout', [`${timeoutMs.value}ms`]);
  const deadlineMs = Math.max(timeoutMs.value / 2, timeoutMs.value - ANSWER_MS);
  // As an option: behind a URL with a path, a colon and a port would be a part of the path.
  return ok({ word: own.port === undefined ? own.hostname : `${own.hostname} port=${own.port}`, flags, deadlineMs });
}

function sentencesOf(failed: Result<unknown, readonly InputError[]>): string {
  if (failed.ok) return '';
  return failed.error.map(({ message }) => message.replace(/^--connect-to: /, '--ip-address: ')).join('; ');
}

/** What commander says, as part of an answer: without the program's name, line ends, and what HTML would take for a tag. */
function inOneLine(text: string): string {
  return text
    .replace(/^certwatch: /, '')
    .replace(/\s+/g, ' ')
    .replace(/ <[\w-]+>/g, '');
}

function unknownLine(text: string): string {
  return `CERTWATCH UNKNOWN - ${escapeNagios(text.trim())}\n`;
}
