/**
 * `certwatch renew`: renew what is due, install it, reload, and see it served. Only the flags are here: the rest is loaded
 * when it runs, so that no other command pays for it.
 */
import type { Command } from 'commander';
import { CONFIG_KEY } from './check-settings.ts';
import type { Finish, Io } from './io.ts';
import { addFlag, addRunFlags, createCommand, type RawFlags } from './option-parser.ts';
import type { RenewFlags } from './renewal/renew-settings.ts';

const RUN_FLAGS: ReadonlySet<string> = new Set([
  'deadline',
  'quiet',
  'verbose',
  'color',
  'resolver',
  'state',
  'end-stuck',
  'ping',
]);

export function renewCommand(io: Io, finish: Finish): Command {
  const raw: RawFlags = new Map();
  const command = createCommand('renew', io)
    .description('Renew the certificates of the config that are due, install them, reload, and see them served.')
    .argument('[name...]', 'only these, as the config names them (default: all)')
    .option('--force', 'Renew though it is not due, and though it has failed a moment ago.')
    .option('--dry-run', 'Say what would be done, from what is on disk; ask nobody and change nothing.')
    .option(
      '--rehearse',
      "Go through it at the CA's staging directory, into a scratch folder; see rehearse: in the config.",
    )
    .option('--status', 'Say what is on disk, and how the last attempt at each ended.')
    .option('-j, --concurrency <number>', 'Renew this many at once (default 4).')
    .option('--format <format>', 'Report as human or json (default human).');
  addFlag(command, raw, { spec: '--config <file>', doc: 'Read this config file.', key: CONFIG_KEY });
  addRunFlags(command, raw, RUN_FLAGS);
  return command.action(async (names: string[], flags: RenewFlags) => {
    const { renew } = await import('./renewal/run-renew.ts');
    finish(await renew({ names, flags, raw }, io));
  });
}
