/**
 * `certwatch config check|show|schema|init`.
 */
import type { Command } from 'commander';
import type { Io } from './io.ts';
import { createCommand } from './option-parser.ts';
import type { Finish } from './program.ts';

export function configCommand(io: Io, finish: Finish): Command {
  void finish;
  return createCommand('config', io).description('Work with the config file.');
}
