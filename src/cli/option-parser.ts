/**
 * Commander, set up the way both programs want it: it throws instead of leaving the process, writes through Io, and takes
 * its flags from the settings table. Flags are gathered unread; `config` reads them as it reads everything else.
 */
import { Command, CommanderError, Option } from 'commander';
import { RUN_SETTINGS } from '../config/run-settings.ts';
import { settingsFor } from '../targets/resolve-settings.ts';
import type { ExitCode, Io } from './io.ts';

/** What was given on the command line, unread: texts by setting key, in the order given; `yes` for a switch. */
export type RawFlags = Map<string, string[]>;

export function createCommand(name: string, io: Io): Command {
  return configure(new Command(name), io).helpOption('-h, --help', 'Show this help.');
}

/** Subcommands do not inherit these from their parent when they are made apart from it. */
export function configure(command: Command, io: Io): Command {
  return command
    .exitOverride()
    .configureHelp({ helpWidth: Math.min(io.stdout.columns || 100, 120) })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'certwatch: ')),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

export interface Flag {
  /** As commander spells it: `-w, --warning <spec>`, `-4`. */
  readonly spec: string;
  readonly doc: string;
  /** The key it is gathered under. */
  readonly key: string;
  /** What a flag without a value says. */
  readonly implies?: string;
}

export function addFlag(command: Command, raw: RawFlags, flag: Flag): void {
  const option = new Option(flag.spec, flag.doc);
  command.addOption(option);
  command.on(`option:${option.name()}`, (text?: string) => {
    const texts = raw.get(flag.key) ?? [];
    raw.set(flag.key, [...texts, flag.implies ?? text ?? 'yes']);
  });
}

/** Every flag of the settings table, but those in `except`. */
export function addSettingFlags(command: Command, raw: RawFlags, except: ReadonlySet<string> = new Set()): void {
  for (const { key, doc, flags } of settingsFor('flag')) {
    if (except.has(key)) continue;
    for (const flag of flags ?? []) addFlag(command, raw, { doc, ...flag, key });
  }
}

/** The flags of the run settings' table that are named, or all of them. */
export function addRunFlags(command: Command, raw: RawFlags, only?: ReadonlySet<string>): void {
  for (const { key, doc, flags } of Object.values(RUN_SETTINGS)) {
    if (only && !only.has(key)) continue;
    for (const flag of flags ?? []) addFlag(command, raw, { doc, ...flag, key });
  }
}

/** Runs the parser: undefined when a command ran; help and version end well, what commander refuses is bad usage. */
export async function parseArguments(command: Command, io: Io): Promise<ExitCode | undefined> {
  try {
    await command.parseAsync([...io.argv], { from: 'user' });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Asked for by `help`, help ends well; commander's own status for it is what the process would exit with by now.
    if (error.code === 'commander.help' && io.argv.includes('help')) return 0;
    return error.exitCode === 0 ? 0 : 3;
  }
}
