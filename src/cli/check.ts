/**
 * `certwatch check`: scan, report, exit with the status.
 */
import type { Command } from 'commander';
import type { InputError } from '../model/target.ts';
import { escapeTerminal } from '../report/escape.ts';
import { targetsOf } from '../scan/target-source.ts';
import { type CheckSettings, CONFIG_KEY, LIST_KEY, readSettings } from './check-settings.ts';
import { fileExists } from './file-exists.ts';
import type { ExitCode, Io } from './io.ts';
import { addFlag, addRunFlags, addSettingFlags, createCommand, type RawFlags } from './option-parser.ts';
import { outputSpecs } from './output-specs.ts';
import type { Finish } from './program.ts';
import { runCheck } from './run-check.ts';

export function checkCommand(io: Io, finish: Finish): Command {
  const raw: RawFlags = new Map();
  const command = createCommand('check', io)
    .description('Look at targets, report, and exit with the status.')
    .argument('[target...]', 'host, host:port, SCHEME://host[:port] or file:PATH');
  addFlag(command, raw, {
    spec: '-f, --file <list>',
    doc: 'Read targets from this list, one a line, "-" for the standard input; repeatable.',
    key: LIST_KEY,
  });
  addFlag(command, raw, { spec: '--config <file>', doc: 'Read this config file.', key: CONFIG_KEY });
  addSettingFlags(command, raw);
  addRunFlags(command, raw);
  return command.action(async (words: string[]) => finish(await check(words, raw, io)));
}

async function check(words: readonly string[], raw: RawFlags, io: Io): Promise<ExitCode> {
  const settings = await readSettings(raw, io);
  if (!settings.ok) {
    for (const error of settings.error) await io.stderr.write(errorLine(error));
    return 3;
  }
  const { run, config } = settings.value;
  const given = raw.get(LIST_KEY) ?? [];
  // Whoever names something wants to know about that; the config's own targets are for when nothing is named.
  const named = words.length + given.length > 0;
  const lists = named ? given : (config?.lists ?? []);
  const made = named ? [] : settings.value.targets;
  const known = words.length + made.length;
  if (known + lists.length === 0) {
    await io.stderr.write(
      'certwatch: nothing to check: name a target (certwatch check example.org), a list (-f hosts.txt) or a config file (--config)\n',
    );
    return 3;
  }
  return runCheck(
    {
      targets: targetsOf({
        words,
        lists,
        made,
        stdin: () => io.stdin(),
        options: targetOptions(settings.value),
        ...(run.shard ? { shard: run.shard } : {}),
      }),
      concurrency: run.concurrency,
      deadlineMs: run.deadline,
      ...(run.now === undefined ? {} : { judgedAt: run.now }),
      ...(run.resolver ? { nameServers: run.resolver } : {}),
      outputs: outputSpecs(run, io),
      progress: !run.quiet,
      ...(lists.length === 0 ? { total: known } : {}),
      onInputError: (error) => void io.stderr.write(errorLine(error)),
    },
    io,
  );
}

function targetOptions({ defaults, endpoint }: CheckSettings) {
  return { defaults, endpoint, fileExists };
}

/** The words of a line that is no target come from a file that anybody may have written. */
export function errorLine({ origin, message }: InputError): string {
  return `certwatch: ${escapeTerminal(origin)}: ${escapeTerminal(message)}\n`;
}
