/**
 * `certwatch config check|show|schema|init`.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CONFIG_NAME, configSearchPath, locateConfig } from '../config/locate.ts';
import { parseFlags } from '../config/resolve-run.ts';
import type { InputError } from '../model/target.ts';
import { CONFIG_KEY, settingFlags } from './check-settings.ts';
import { answersFor } from './files-answer.ts';
import { refuse } from './input-errors.ts';
import type { Finish, Io } from './io.ts';
import { addFlag, addRunFlags, addSettingFlags, createCommand, type RawFlags } from './option-parser.ts';

export function configCommand(io: Io, finish: Finish): Command {
  return createCommand('config', io)
    .description('Validate the config file, show what is in force, print its schema, or a starter file.')
    .addCommand(checkSubcommand(io, finish))
    .addCommand(showSubcommand(io, finish))
    .addCommand(schemaSubcommand(io, finish))
    .addCommand(initSubcommand(io, finish));
}

const FILE = 'the config file (default: the one that would be used)';

const pathOf = (file: string | undefined, raw: RawFlags, io: Io): string | undefined =>
  file ?? raw.get(CONFIG_KEY)?.at(-1) ?? locateConfig({ env: io.env, folder: io.cwd });

function checkSubcommand(io: Io, finish: Finish): Command {
  const raw: RawFlags = new Map();
  const command = createCommand('check', io)
    .description('Is the file right? Every error with file, line and column; exit status 3 where there is one.')
    .argument('[file]', FILE)
    .option('--strict', 'Files, folders and programs that it names and are not there are errors, too, not only told.');
  addFlag(command, raw, { spec: '--config <file>', doc: 'The same.', key: CONFIG_KEY });
  return command.action(async (file: string | undefined, { strict = false }: { strict?: boolean }) => {
    const path = pathOf(file, raw, io);
    if (path === undefined) return finish(await refuse([noConfig(io)], io));
    const { checkConfig } = await import('../config/check-config.ts');
    const checked = await checkConfig(path, { answers: answersFor(io), strict });
    if (!checked.ok) return finish(await refuse(checked.error, io));
    await io.stdout.write(checked.value);
    finish(0);
  });
}

function showSubcommand(io: Io, finish: Finish): Command {
  const raw: RawFlags = new Map();
  const command = createCommand('show', io)
    .description('Print the values in force, and where each came from.')
    .argument('[file]', FILE);
  addFlag(command, raw, { spec: '--config <file>', doc: 'Read this config file.', key: CONFIG_KEY });
  addSettingFlags(command, raw);
  addRunFlags(command, raw);
  return command.action(async (file: string | undefined) => {
    const flags = parseFlags(settingFlags(raw));
    if (!flags.ok) return finish(await refuse(flags.error, io));
    const path = pathOf(file, raw, io);
    const [{ loadConfig }, { showConfig }] = await Promise.all([
      import('../config/load-config.ts'),
      import('../config/show-config.ts'),
    ]);
    const config = path === undefined ? undefined : await loadConfig(path, answersFor(io));
    if (config && !config.ok) return finish(await refuse(config.error, io));
    await io.stdout.write(showConfig({ config: config?.value, flags: flags.value }));
    finish(0);
  });
}

function schemaSubcommand(io: Io, finish: Finish): Command {
  return createCommand('schema', io)
    .description('Print the JSON Schema of the config file.')
    .option('--report', 'Print the JSON Schema of the JSON report instead.')
    .action(async ({ report }: { report?: true }) => {
      if (report) {
        const { reportSchema } = await import('../report/report-schema.ts');
        await io.stdout.write(`${JSON.stringify(reportSchema(), null, 2)}\n`);
      } else {
        const { configJsonSchema } = await import('../config/json-schema.ts');
        await io.stdout.write(configJsonSchema());
      }
      finish(0);
    });
}

function initSubcommand(io: Io, finish: Finish): Command {
  return createCommand('init', io)
    .description(`Print a commented starter file: certwatch config init > ${CONFIG_NAME}`)
    .action(async () => {
      const { starterConfig } = await import('../config/starter-config.ts');
      await io.stdout.write(starterConfig());
      finish(0);
    });
}

function noConfig(io: Io): InputError {
  const tried = configSearchPath(io.env).map((path) => resolve(io.cwd, path));
  return {
    origin: 'config',
    message: `there is no config file (looked for ${tried.join(', ')}); certwatch config init prints one to start from`,
  };
}
